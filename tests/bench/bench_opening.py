"""Last approval → secret in hand on a warm connection; `breakglass open` as a process against curl that sends the same bytes,
and against `clevis decrypt` with two of three local tang servers."""
import base64, contextlib, json, pathlib, re, shutil, socket, subprocess, tempfile, threading, time

from support import AT_LEAST, AT_MOST, BUILD, LIMITS, free_port, median, ms, row, wait_for
from harness import BREAKGLASS, World

OPENING = str(BUILD / "tests" / "bench" / "opening")
ROUNDS = 11
CREDENTIAL = "prod/db/root"


def ready(world):
    """A request of erin's that two holders have approved."""
    asked = world.request()
    for who in ("alice", "bob"):
        done = world.approve(who, asked)
        if done.code != 0:
            raise RuntimeError(repr(done))
    return asked


def finish(world, asked):
    world.must("erin", "close", asked["request"])


# ---- warm ----

class Fsyncs:
    """How often the broker synced, from its strace."""

    def __init__(self, world):
        self.path = world.dir / "trace"
        broker = world.broker
        self.strace = subprocess.Popen(["strace", "-f", "-qq", "-e", "trace=fsync,fdatasync", "-o", str(self.path), "-p", str(broker.pid)],
                                       stderr=subprocess.DEVNULL)
        wait_for("strace", lambda: self.path.exists() and "TracerPid:\t0" not in pathlib.Path(f"/proc/{broker.pid}/status").read_text())

    def count(self):
        return len(re.findall(r"sync\(|sync resumed>", re.sub(r"sync\([^\n]*<unfinished", "", self.path.read_text())))

    def close(self):
        self.strace.terminate()
        self.strace.wait(60)


def warm_once(world, fsyncs=None):
    """Erin is signed in and waits; bob's approval is the last; how long until she has it, and the fsyncs of both sides."""
    asked = world.request()
    if world.approve("alice", asked).code != 0:
        raise RuntimeError("not approved")
    p = subprocess.Popen([OPENING, "warm", asked["request"], world.identity("erin")], env=world.env("erin"), stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, text=True)
    if p.stdout.readline() != "ready\n":
        raise RuntimeError("no warm client")
    if world.approve("bob", asked).code != 0:
        raise RuntimeError("not approved")
    before = fsyncs.count() if fsyncs else 0
    p.stdin.write("go\n")
    p.stdin.flush()
    got = json.loads(p.stdout.readline())
    p.wait(60)
    broker = fsyncs.count() - before if fsyncs else 0
    finish(world, asked)
    return got["seconds"], got["fsyncs"] + broker


def warm(world):
    ours, floor = [], []
    for _ in range(ROUNDS):
        ours.append(warm_once(world)[0])
        parts = json.loads(subprocess.run([OPENING, "floor", str(world.dir)], stdout=subprocess.PIPE, check=True).stdout)
        # the opening's own signature at the broker, and each approval's at the opener
        floor.append(parts["commit"] + 3 * parts["verify"] + parts["openings"])
    t, u = median(ours), median(floor)
    row("last approval to secret, warm connection", ms(t), ms(u), t / u, AT_MOST, 4.0)
    fsyncs = Fsyncs(world)
    counted = median([warm_once(world, fsyncs)[1] for _ in range(3)])
    fsyncs.close()
    row("fsyncs of such an opening, both sides", str(counted), "3", counted, AT_MOST, 3)


# ---- beside curl ----

class Recorder:
    """Passes requests on to the broker and keeps their bytes; hangs up instead of passing an `open` on when told to."""

    def __init__(self, path, broker):
        self.broker, self.requests, self.withholds = broker, [], False
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(8)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            with contextlib.suppress(OSError):
                threading.Thread(target=self._serve, args=(self.listener.accept()[0],), daemon=True).start()

    @staticmethod
    def _message(stream):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = stream.readline()
            if not line:
                return None
            head += line
        length = re.search(rb"(?i)\r\nContent-Length: *(\d+)", head)
        return head, stream.read(int(length[1])) if length else b""

    def _serve(self, client):
        with client, socket.socket(socket.AF_UNIX) as broker:
            broker.connect(self.broker)
            asks, answers = client.makefile("rb"), broker.makefile("rb")
            while (ask := self._message(asks)):
                line, *headers = ask[0].decode().strip().split("\r\n")
                method, path, _ = line.split(" ")
                self.requests.append((method, path, headers, ask[1]))
                if self.withholds and method == "POST" and path == "/v1/statements":
                    return
                broker.sendall(ask[0] + ask[1])
                if not (answer := self._message(answers)):
                    return
                client.sendall(answer[0] + answer[1])


class Replay:
    """curl's command line for what `breakglass open` of this request sends. It is recorded from a copy of erin's folder up to
    the statement `open`, which is held back so that curl is the one to send it; what follows is known from the log."""

    def __init__(self, world, asked, shape):
        self.world, self.dir = world, pathlib.Path(tempfile.mkdtemp(dir=world.dir))
        home = self.dir / "home"
        shutil.copytree(world.home("erin"), home)
        requests = record(world, home, self.dir / "proxy.sock", asked, True)
        lines = (next((home / "state" / "breakglass").iterdir()) / "log.jsonl").read_text().splitlines()
        token = next(h for _, _, headers, _ in requests for h in headers if h.lower().startswith("authorization:"))
        shares = self._blobs(lines, asked)
        for method, path, headers, body in shape:
            if path.startswith("/v1/log?"):
                path = re.sub(r"after=\d+", f"after={len(lines)}", path)
            elif path.startswith("/v1/blobs/"):
                path = "/v1/blobs/" + shares.pop(0)
            requests.append((method, path, [token], body))
        self.args = ["curl", "-s", "-K", str(self._config(requests))]

    @staticmethod
    def _blobs(lines, asked):
        """The shares in the order of their approvals, then the ciphertext."""
        said = [(json.loads(l)["type"], json.loads(base64.b64decode(json.loads(l)["payload"]))) for l in lines
                if json.loads(l)["type"] in ("approval", "version")]
        shares = [p["share"] for t, p in said if t == "approval" and p["request"] == asked["id"]]
        return shares + [p["ciphertext"]["sha256"] for t, p in said if t == "version"][-1:]

    def _config(self, requests):
        text = []
        for i, (method, path, headers, body) in enumerate(requests):
            part = [f'url = "http://broker{path}"', f'unix-socket = "{self.world.socket}"', f'output = "{self.dir}/answer-{i}"']
            part += [f'header = "{h}"' for h in headers if h.lower().startswith("authorization:")]
            if method == "POST":
                (self.dir / f"body-{i}").write_bytes(body)
                part += [f'data-binary = "@{self.dir}/body-{i}"', 'header = "Content-Type: application/json"']
            text.append("\n".join(part))
        path = self.dir / "curl.conf"
        path.write_text("\nnext\n".join(text) + "\n")
        return path

    def check(self, shape):
        """The last answers are the blobs: curl has sent what opens."""
        got = sorted(self.dir.glob("answer-*"), key=lambda p: int(p.name.split("-")[1]))
        blobs = [p.read_bytes() for p in got[-sum(path.startswith("/v1/blobs/") for _, path, _, _ in shape):]]
        if not blobs or not all(b.startswith(b"age-encryption.org/v1\n") for b in blobs):
            raise RuntimeError("curl did not get the blobs")


def record(world, home, proxy, asked, withholds):
    """What `breakglass open` sends, with this copy of erin's folder."""
    recorder = Recorder(str(proxy), world.socket)
    recorder.withholds = withholds
    env = {**world.env("erin"), "HOME": str(home), "XDG_STATE_HOME": f"{home}/state", "XDG_CONFIG_HOME": f"{home}/config"}
    done = subprocess.run([BREAKGLASS, "open", asked["request"], "--show", "--field", "password", "--broker", f"unix:{proxy}",
                           "--identity", world.identity("erin")], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)
    recorder.listener.close()
    if done.returncode != (8 if withholds else 0):
        raise RuntimeError(f"recording: {done.returncode}: {done.stderr}")
    requests = recorder.requests
    if withholds:  # held back once: whatever came after was a second try
        at = next(i for i, r in enumerate(requests) if r[0] == "POST" and r[1] == "/v1/statements")
        requests = requests[:at + 1]
    return requests


def shape_after_open(world):
    """The calls behind the statement `open`, from one whole opening."""
    asked = ready(world)
    home = world.dir / "erin-shape"
    shutil.copytree(world.home("erin"), home)
    requests = record(world, home, world.dir / "shape.sock", asked, False)
    finish(world, asked)
    at = next(i for i, r in enumerate(requests) if r[0] == "POST" and r[1] == "/v1/statements")
    return requests[at + 1:]


def timed(args, env=None, stdin=subprocess.DEVNULL):
    began = time.monotonic()
    done = subprocess.run(args, env=env, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    took = time.monotonic() - began
    if done.returncode != 0:
        raise RuntimeError(f"{args[:3]}: {done.returncode}: {done.stderr.decode(errors='replace')}")
    return took, done.stdout


def open_once(world):
    asked = ready(world)
    took, out = timed([BREAKGLASS, "open", asked["request"], "--show", "--field", "password", "--identity", world.identity("erin")],
                      env=world.env("erin"))
    if b"battery" not in out:
        raise RuntimeError("another secret")
    finish(world, asked)
    return took


def curl_once(world, shape):
    asked = ready(world)
    replay = Replay(world, asked, shape)
    took, _ = timed(replay.args)
    replay.check(shape)
    finish(world, asked)
    return took


# ---- beside clevis ----

@contextlib.contextmanager
def tangs(folder):
    """Three tang servers on loopback."""
    servers, urls = [], []
    try:
        for i in range(3):
            keys, port = folder / f"tang-{i}", free_port()
            keys.mkdir()
            subprocess.run(["/usr/libexec/tangd-keygen", str(keys)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            servers.append(subprocess.Popen(["socat", f"TCP-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr",
                                             f"EXEC:/usr/libexec/tangd {keys}"], stderr=subprocess.DEVNULL))
            urls.append(f"http://127.0.0.1:{port}")
        for url in urls:
            wait_for(url, lambda: subprocess.run(["curl", "-sf", "-o", "/dev/null", url + "/adv"]).returncode == 0)
        yield urls
    finally:
        for s in servers:
            s.terminate()
            s.wait(60)


def clevis_sealed(folder, urls):
    advertised = []
    for i, url in enumerate(urls):
        path = folder / f"adv-{i}"
        subprocess.run(["curl", "-sf", "-o", str(path), url + "/adv"], check=True)
        advertised.append({"url": url, "adv": str(path)})
    sealed = folder / "clevis.jwe"
    with open(sealed, "wb") as out:
        subprocess.run(["clevis", "encrypt", "sss", json.dumps({"t": 2, "pins": {"tang": advertised}})],
                       input=b"correct horse battery staple", stdout=out, check=True)
    return sealed


def clevis_once(sealed):
    with open(sealed, "rb") as f:
        took, out = timed(["clevis", "decrypt"], stdin=f)
    if out != b"correct horse battery staple":
        raise RuntimeError("clevis opened something else")
    return took


def processes(world):
    shape = shape_after_open(world)
    ours, curl, clevis = [], [], []
    with tangs(world.dir) as urls:
        sealed = clevis_sealed(world.dir, urls)
        for _ in range(ROUNDS):
            ours.append(open_once(world))
            curl.append(curl_once(world, shape))
            clevis.append(clevis_once(sealed))
    t, u, v = median(ours), median(curl), median(clevis)
    row("breakglass open, of curl with the same bytes", ms(t), ms(u), t / u, AT_MOST, 1.3)
    row("times faster than clevis (2 of 3 tang)", ms(t), ms(v), v / t, AT_LEAST, 12)


def main():
    with World(config_extra=LIMITS) as world:
        world.seal(CREDENTIAL)
        warm(world)
        processes(world)


main()
