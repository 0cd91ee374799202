"""What the benchmarks that run whole programs share: rows, medians, a bare broker without people, fsyncs counted."""
import contextlib, json, os, pathlib, random, shutil, signal, socket, statistics, subprocess, sys, tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenario"))
from harness import BREAKGLASSD, BUILD, wait_for  # noqa: E402

LOAD = str(BUILD / "tests" / "bench" / "load")
BARE_HTTP = str(BUILD / "tests" / "bench" / "bare_http")
BARE_COMMIT = str(BUILD / "tests" / "bench" / "bare_commit")
AT_MOST, AT_LEAST = "<=", ">="
median = statistics.median


def row(what, ours, floor, ratio, goal, wanted):
    """One figure: what, ours, floor, ratio, goal, met or MISSED."""
    met = ratio <= wanted if goal == AT_MOST else ratio >= wanted
    print(f"{what:<46} {ours:>13} {floor:>13} {ratio:>8.2f}   {goal} {wanted:4.2f}  {'met' if met else 'MISSED'}", flush=True)


def note(what, ours):
    print(f"{what:<46} {ours:>13}", flush=True)


def free_port():
    """Below the range from which the kernel takes ports for outgoing connections: nobody else gets it meanwhile."""
    while True:
        port = random.randrange(20000, 30000)
        with socket.socket() as s, contextlib.suppress(OSError):
            s.bind(("127.0.0.1", port))
            return port


def ms(seconds):
    return f"{seconds * 1e3:.1f} ms"


def mib(kib):
    return f"{kib / 1024:.1f} MiB"


LIMITS = ("limits: {open_requests: 1000, requests_per_hour: 1000000, statements_per_minute: 10000000, "
          "failures_per_minute: 1000000, sessions_per_minute: 1000000, connections: 512, connections_per_caller: 512}\n")


class BareWorld:
    """A broker whose only people are the load generator's."""

    def __init__(self, unix=True, tls=True, port=0):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="breakglass-bench-"))
        os.chmod(self.dir, 0o700)
        self.socket, self.state, self.config = str(self.dir / "broker.sock"), self.dir / "state", str(self.dir / "config.yaml")
        self.process = None
        listen = ", ".join(([f"unix: {self.socket}"] if unix else []) + ([f"tls: '127.0.0.1:{port}'"] if tls else []))
        keys = self.plain([BREAKGLASSD, "keygen", "--dir", str(self.dir / "keys")])
        line = next(l.strip() for l in keys.splitlines() if "signs:" in l)
        pathlib.Path(self.config).write_text(
            f"state: {self.state}\nlisten: {{{listen}}}\nadmin: unix:{self.dir}/admin.sock\n"
            f"keys: {{sign: {self.dir}/keys/sign, tls_key: {self.dir}/keys/tls_key.pem, tls_cert: {self.dir}/keys/tls_cert.pem}}\n{LIMITS}")
        os.chmod(self.config, 0o600)
        self.plain([LOAD, "roster", line, str(self.dir / "roster.signed")])
        self.plain([BREAKGLASSD, "init", "--config", self.config, "--roster", str(self.dir / "roster.signed")])

    @staticmethod
    def plain(args):
        done = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise RuntimeError(f"{args}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def start(self, wrapper=()):
        listen = self.state / "listen.json"
        listen.unlink(missing_ok=True)
        log = open(self.dir / "broker.log", "ab")
        self.process = subprocess.Popen([*wrapper, BREAKGLASSD, "--config", self.config], stdout=log, stderr=log,
                                        stdin=subprocess.DEVNULL, start_new_session=True)
        log.close()
        wait_for("the broker", lambda: (listen.exists() and listen.read_text().endswith("}\n")) or self.process.poll() is not None)
        if self.process.poll() is not None:
            raise RuntimeError("the broker ended:\n" + (self.dir / "broker.log").read_text()[-3000:])

    def address(self, how):
        if how == "unix":
            return "unix:" + self.socket
        return "tls:" + str(json.loads((self.state / "listen.json").read_text())["tls"]).rsplit(":", 1)[1]

    def pid(self):
        """The broker's own process, also under a wrapper."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for pid in [str(self.process.pid), *children]:
            if os.readlink(f"/proc/{pid}/exe").endswith("breakglassd"):
                return int(pid)
        raise RuntimeError("no broker")

    def stop(self):
        if self.process:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid() if self.process.poll() is None else self.process.pid, signal.SIGTERM)
            self.process.wait(60)
            self.process = None

    def close(self):
        with contextlib.suppress(Exception):
            self.stop()
        if self.process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Load:
    """The load generator, obeying."""

    def __init__(self, address):
        self.process = subprocess.Popen([LOAD, "drive", address], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._answer()

    def _answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the load generator ended")
        return json.loads(line)

    def approve(self, address, clients, requests):
        """Rate, and bytes of a line and a blob."""
        self.process.stdin.write(f"approve {address} {clients} {requests}\n")
        self.process.stdin.flush()
        got = self._answer()
        return got["accepted"] / got["seconds"], got

    def close(self):
        self.process.stdin.write("end\n")
        self.process.stdin.close()
        self.process.wait(60)


def bare_commits(folder, group, total, got):
    """The bare loop's rate for lines and blobs of the same length, in the same folder's file system."""
    path = pathlib.Path(folder) / "bare.db"
    try:
        return float(BareWorld.plain([BARE_COMMIT, str(path), str(group), str(total), str(got["line"]), str(got["blob"])]))
    finally:
        for end in ("", "-wal", "-shm"):
            pathlib.Path(str(path) + end).unlink(missing_ok=True)
