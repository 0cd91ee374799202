#!/usr/bin/python3
"""A full disk, the end of the process and a broken configuration: nothing leaves or is promised without a durable entry."""
import base64, concurrent.futures, os, pathlib, shutil, signal, sqlite3, subprocess, sys, threading, time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from harness import BREAKGLASSD, PATIENCE, World, finish, ok, skip, wait_for
from wire import Line, Wire, http_bytes, read_answer

SECRET = "correct horse battery staple"
LIMITS = ("limits: {open_requests: 1000, requests_per_hour: 100000, statements_per_minute: 100000, sessions_per_minute: 100000, failures_per_minute: 100000, "
          "answer_deadline: 2s, request_deadline: 2s}\n")


def logged(w):
    with sqlite3.connect(f"file:{next(w.state.glob('*.db'))}?mode=ro", uri=True) as db:
        return [Line(line.encode()) for (line,) in db.execute("SELECT line FROM log ORDER BY n")]


def entries(w, kind):
    return [line for line in logged(w) if line.type == kind]


# ---- 16: a full disk ----


class Quota:
    """No file may grow: the kernel refuses every write beyond its present size (EFBIG)."""
    name = "no file may grow"

    def __init__(self, w):
        self.w = w

    def fill(self):
        subprocess.run(["prlimit", "--pid", str(self.w.broker.pid), "--fsize=4096:4096"], check=True)

    def free(self):
        pass  # a new process has its own limits

    def end(self):
        pass


class Tmpfs:
    """The state on a small file system of its own, filled to the last byte (ENOSPC)."""
    name = "no space left"

    def __init__(self, w):
        self.w, self.filler = w, w.state / "filler"
        aside = w.dir / "aside"
        os.rename(w.state, aside)
        os.makedirs(w.state, mode=0o700)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=0700", "breakglass-test", str(w.state)], check=True, stderr=subprocess.DEVNULL)
        shutil.copytree(aside, w.state, dirs_exist_ok=True)

    def fill(self):
        with open(self.filler, "wb", buffering=0) as f:
            for size in (65536, 4096, 1):
                try:
                    while True:
                        f.write(b"x" * size)
                except OSError:
                    pass

    def free(self):
        self.filler.unlink()

    def end(self):
        subprocess.run(["umount", "-l", str(self.w.state)], check=False)


def restart(w, disk):
    code = w.broker.wait(PATIENCE)
    disk.free()
    w.start()
    return code


def full_disk(w, disk):
    wire = Wire(w)
    asked = w.request("erin")
    for who in ("alice", "bob"):
        assert w.approve(who, asked).code == 0
    w.must("erin", "status")
    blobs = [line.says["share"] for line in entries(w, "approval") if line.says["request"] == asked["id"]]
    token = wire.token("erin")
    raw = wire.signed("open", wire.payload("open", "erin", request=asked["id"]), "erin")
    disk.fill()
    answer = wire.post(raw)
    ok(f"{disk.name}: `open` gets 503 not-durable", answer.status == 503 and answer.word == "not-durable" and "retry-after" in answer.headers, answer)
    left = []
    for sha in blobs:
        try:
            left.append(wire.get(f"/v1/blobs/{sha}", token=token).status)
        except OSError:
            left.append(0)  # it has stopped listening
    ok(f"{disk.name}: no blob leaves", 200 not in left, left)
    code = restart(w, disk)
    ok(f"{disk.name}: the broker stops: exit 8", code == 8, code)
    if isinstance(disk, Tmpfs):  # the quota is its log's too
        ok(f"{disk.name}: it says why", "store.failed" in w.broker_log(), w.broker_log()[-2000:])
    ok(f"{disk.name}: nothing of the opening is in the log", not [o for o in entries(w, "open") if o.says["request"] == asked["id"]])
    refused = wire.get(f"/v1/blobs/{blobs[0]}", by="erin")
    ok(f"{disk.name}: after the restart it isn't open", refused.word == "not-ready", refused)
    disk.fill()
    done = w.open(asked)
    ok(f"{disk.name}: the command says that it may be tried again, exit 8, and shows nothing", done.code == 8 and SECRET not in done.out + done.err, repr(done))
    restart(w, disk)
    done = w.open(asked)
    ok(f"{disk.name}: after space returned the same command opens", done.code == 0 and SECRET in done.out, repr(done))
    again = w.open(asked)
    opened = [o for o in entries(w, "open") if o.says["request"] == asked["id"]]
    ok(f"{disk.name}: one entry", len(opened) == 1 and again.code == 0, repr(again))
    w.must("erin", "close", asked["request"])


def full_disk_elsewhere(w, disk):
    """The same for a request and an approval: the client's retry is the same statement."""
    disk.fill()
    arguments = ("request", "prod/db/root", "--emergency", "E1", "--incident", f"INC-{disk.name[:2].upper()}9", "--reason", "everything is down", "--json")
    done = w.run("erin", *arguments)
    ok(f"{disk.name}: a request says exit 8", done.code == 8, repr(done))
    restart(w, disk)
    done = w.run("erin", *arguments)
    n = [r for r in entries(w, "request") if r.says["incident"] == arguments[5]]
    ok(f"{disk.name}: its retry is taken, once", done.code == 0 and len(n) == 1, repr(done))
    asked = done.json
    disk.fill()
    done = w.approve("alice", asked)
    ok(f"{disk.name}: an approval says exit 8", done.code == 8, repr(done))
    restart(w, disk)
    done = w.approve("alice", asked)
    n = [a for a in entries(w, "approval") if a.says["request"] == asked["id"]]
    ok(f"{disk.name}: its retry is taken, once", done.code == 0 and len(n) == 1, repr(done))
    w.must("erin", "cancel", asked["request"])
    ok(f"{disk.name}: the log holds", w.run("erin", "log", "verify").code == 0)


# ---- 17: shutting down ----


def writes_during_shutdown(w):
    wire = Wire(w)
    said = [wire.signed("request", wire.payload("request", "erin", **wire.asking(version=version)), "erin")
            for version in [wire.version()] for _ in range(400)]
    bodies = [(e, http_bytes("POST", "/v1/statements", wire.body(e))) for e in said]
    answers, stopping = {}, threading.Event()

    def speak(part):
        while part:
            try:
                with wire.connect() as sock:
                    while part:
                        envelope, data = part.pop()
                        sock.sendall(data)
                        answer = read_answer(sock)
                        answers[envelope["payload"]] = answer
                        if answer.status == 0:
                            break
            except OSError:
                if stopping.is_set():
                    return

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        parts = [bodies[i::8] for i in range(8)]
        running = [pool.submit(speak, part) for part in parts]
        wait_for("some answers", lambda: len(answers) > 40)
        stopping.set()
        code = w.stop()
        for r in running:
            r.result()
    kinds = {(a.status, a.word) for a in answers.values()}
    by_payload = {line.payload: line for line in logged(w)}
    good = {p: a for p, a in answers.items() if a.status == 200}
    lost = [a for p, a in good.items() if base64.b64decode(p) not in by_payload or by_payload[base64.b64decode(p)].n != a.json["n"]]
    ok(f"of {len(good)} statements answered with 200 around the end every one is in the log, under its number", not lost, lost)
    ok("everybody else was hung up on, or told 503 shutting-down", kinds <= {(200, None), (0, None), (503, "shutting-down")}, kinds)
    ok("the broker ended in order", code == 0, code)
    ok("the socket is gone", not pathlib.Path(w.socket).exists())


def ends_in_spite_of(w):
    """Idle callers, half a body, a long poll and an answer that nobody takes don't hold up the end."""
    w.start()
    wire = Wire(w)
    token, size = wire.token("erin"), wire.size()
    idle, half, poll = wire.connect(), wire.connect(), wire.connect()
    body = wire.body(wire.signed("request", wire.payload("request", "erin", **wire.asking()), "erin"))
    data = http_bytes("POST", "/v1/statements", body)
    half.sendall(data[:-1])
    poll.sendall(http_bytes("GET", f"/v1/log?after={size}&wait=25", headers={"Authorization": f"Bearer {token}"}))
    time.sleep(0.2)  # so that they are there; nothing depends on it
    began = time.monotonic()
    w.broker.send_signal(signal.SIGTERM)
    wait_for("the end of listening", lambda: not pathlib.Path(w.socket).exists())
    late = read_late(half, data[-1:])
    ok("a statement whose last byte comes after the signal: 503 or hung up on", late.status in (0, 503), late)
    ok("a long poll is answered at the end", read_answer(poll).status in (200, 503))
    w.broker.wait(PATIENCE)
    code, took = w.broker.returncode, time.monotonic() - began
    ok("the broker ends in order all the same, within its drain", code == 0 and took < 25, (code, took))
    ok("and nothing was taken", len(logged(w)) == size, len(logged(w)))
    idle.close()
    w.broker = None


def read_late(sock, rest):
    try:
        sock.sendall(rest)
    except OSError:
        pass
    return read_answer(sock)


# ---- 18: configuration ----


def broken_reloads(w):
    w.start()
    wire, good = Wire(w), pathlib.Path(w.config).read_text()
    cases = {"nothing": "", "no YAML": "state: [", "an unknown key": good + "surprise: 1\n", "a duplicate key": good + good.splitlines()[0] + "\n",
             "an alias": good + "heartbeat: *x\n", "a tag": good + "heartbeat: !!str 1d\n", "a NUL": good + "\0", "a limit below its least": good.replace("connections", "connections"),
             "another state": good.replace(f"state: {w.state}", "state: /nowhere"), "another socket": good.replace(w.socket, w.socket + "2"),
             "another key": good.replace("/keys/sign,", "/keys/other,"), "a relative program": good + "channels: {x: {program: bin/sh}}\n",
             "33 channels": good + "channels:\n" + "".join(f"  c{i}: {{program: /bin/true}}\n" for i in range(33)), "a megabyte": good + "#" * 1000000,
             "a limit of 0": good.replace("open_requests: 1000", "open_requests: 0"), "a limit that is no number": good.replace("open_requests: 1000", "open_requests: many")}
    del cases["a limit below its least"]
    for what, text in cases.items():
        pathlib.Path(w.config).write_text(text)
        refused = w.broker_log().count("config.refused")
        w.broker.send_signal(signal.SIGHUP)
        said = wait_for(f"a word about {what}", lambda: w.broker_log().count("config.refused") > refused)
        alive = wire.call("GET", "/v1/about").status == 200
        ok(f"a reload with {what} is refused, said, and the old one stays", said and alive)
    for what, change in (("no file", os.unlink), ("a folder", os.mkdir)):
        change(w.config)
        refused = w.broker_log().count("config.refused")
        w.broker.send_signal(signal.SIGHUP)
        said = wait_for(f"a word about {what}", lambda: w.broker_log().count("config.refused") > refused)
        ok(f"a reload with {what} is refused, said, and the old one stays", said and wire.call("GET", "/v1/about").status == 200)
    os.rmdir(w.config)
    pathlib.Path(w.config).write_text(good)
    asked = w.request("erin", incident="AFTER-RELOADS")
    ok("the old limits are in force", asked["request"])
    w.broker.send_signal(signal.SIGHUP)
    wait_for("the good one", lambda: "config.reloaded" in w.broker_log())
    ok("a good configuration is taken again", wire.call("GET", "/v1/about").status == 200)
    ok("a broken configuration is refused at start: exit 2", start_with(w, "state: [") == 2)
    pathlib.Path(w.config).write_text(good)
    w.stop()


def start_with(w, text):
    path = w.dir / "other.yaml"
    path.write_text(text)
    return subprocess.run([BREAKGLASSD, "--config", str(path)], stderr=subprocess.DEVNULL, timeout=PATIENCE).returncode


def start_fails(w, what, code=9):
    """Starts on the state as it is; nothing may ever listen."""
    listen = w.state / "listen.json"
    listen.unlink(missing_ok=True)
    done = subprocess.run([BREAKGLASSD, "--config", w.config], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=PATIENCE)
    never = not pathlib.Path(w.socket).exists() and not listen.exists() and "listener.opened" not in done.stderr
    ok(f"{what}: exit {code}, and the listener never opens", done.returncode == code and never, (done.returncode, done.stderr))
    return done.stderr


def roster_at_start():
    with World(start=False) as w:
        database = next(w.state.glob("*.db"))
        kept = w.dir / "kept"
        shutil.copytree(w.state, kept)

        def anew():
            shutil.rmtree(w.state)
            shutil.copytree(kept, w.state)

        def tamper(sql, *values):
            with sqlite3.connect(database) as db:
                triggers = db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
                for name, _ in triggers:
                    db.execute(f"DROP TRIGGER {name}")
                db.execute(sql, values)
                for _, text in triggers:
                    db.execute(text)

        tamper("DELETE FROM log")
        start_fails(w, "a log without a roster")
        for what, change in (("an empty roster", lambda l: setattr(l, "payload", b"")), ("a roster cut short", lambda l: setattr(l, "payload", l.payload[:-20])),
                             ("a roster by nobody", lambda l: setattr(l, "signatures", [])), ("a roster with one letter changed", lambda l: setattr(l, "payload", l.payload.replace(b"acme", b"acne"))),
                             ("a roster signed by one admin of two", lambda l: l.signatures.pop())):
            anew()
            with sqlite3.connect(database) as db:
                line = Line(db.execute("SELECT line FROM log").fetchone()[0].encode())
            change(line)
            tamper("UPDATE log SET line = ?", line.raw().decode())
            said = start_fails(w, what)
            ok(f"{what}: the entry is named", "entry 0" in said, said)
        anew()
        database.unlink()
        start_fails(w, "no database")
        shutil.rmtree(w.state)
        start_fails(w, "no state at all", 2)
        for what, text in (("empty", ""), ("no envelope", "{}"), ("a bare roster", w.roster_yaml()), ("a folder", None)):
            path = w.dir / f"signed-{len(what)}"
            os.mkdir(path) if text is None else path.write_text(text)
            done = subprocess.run([BREAKGLASSD, "init", "--config", w.config, "--roster", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            ok(f"init with a roster file that is {what} is refused and makes nothing", done.returncode > 0 and not database.exists(), (done.returncode, done.stderr))


def main():
    roster_at_start()
    for kind in (Quota, Tmpfs):
        with World(config_extra=LIMITS, start=False) as w:
            try:
                disk = kind(w)
            except subprocess.CalledProcessError:
                skip(f"{kind.name}: mounting a file system is not allowed here")
                continue
            try:
                w.start()
                for name in w.people:
                    w.join(name)
                w.seal()
                full_disk(w, disk)
                full_disk_elsewhere(w, disk)
                if kind is Quota:
                    writes_during_shutdown(w)
                    ends_in_spite_of(w)
                    broken_reloads(w)
            finally:
                w.kill()
                disk.end()
    finish()


main()
