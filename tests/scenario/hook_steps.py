"""One rotation hook under test: its steps with a real request, the conformance runner, one whole rotation.

    case = Hook("redis", config, field="password")
    case("set", pending="…").is_ok()"""
import base64, json, os, pathlib, subprocess, tempfile, time
from harness import BUILD, ROTATOR, ok

CLEAN = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}


def conformance(name, program, config, *more):
    """Runs the conformance runner; with a name, every line of it must hold."""
    with tempfile.TemporaryDirectory(prefix="breakglass-hook-") as folder:
        os.chmod(folder, 0o700)
        path = pathlib.Path(folder, "config.yaml")
        path.write_text(json.dumps({k: v if isinstance(v, (dict, list)) else str(v) for k, v in config.items()}))
        os.chmod(path, 0o600)
        done = subprocess.run([ROTATOR, "hook", "test", str(program), "--config", str(path), *more], capture_output=True, text=True)
    if name:
        held = done.stdout.count("\nok - ")
        ok(f"{name}: keeps every rule of the contract ({held + 1} lines)", done.returncode == 0 and held > 15, done.stdout + done.stderr)
    return done.returncode, done.stdout + done.stderr


class Answer:
    def __init__(self, done, secrets):
        self.code, self.out, self.err, self.secrets = done.returncode, done.stdout, done.stderr, secrets
        lines = [l for l in done.stdout.splitlines() if l.startswith("{")]
        self.last = json.loads(lines[-1]) if lines else {}
        self.why, self.handle = self.last.get("why", ""), self.last.get("handle")

    def is_ok(self, evidence=None):
        return self.code == 0 and self.last.get("status") == "ok" and self.last.get("evidence") == evidence and not self.leaks()

    def failed(self, code, *words):
        return self.code == code and all(w in self.why for w in words) and not self.leaks()

    def leaks(self):
        return any(s in self.out + self.err for s in self.secrets)

    def __repr__(self):
        return f"exit {self.code} {self.out!r} {self.err!r}"


class Hook:
    def __init__(self, name, config, field="password"):
        self.name, self.config, self.field = name, config, field
        self.program = str(BUILD / "rotators" / "hooks" / name)

    def request(self, step, pending=None, opened=None, handle=None, seconds=30, old_handle=None, **changes):
        config = {k: v for k, v in {**self.config, **changes}.items() if v is not None}
        request = {"step": step, "idempotency_key": "k-1", "credential": "prod/test/root", "config": config,
                   "deadline": int(time.time() * 1000) + seconds * 1000}
        for key, value in (("handle", handle), ("old_handle", old_handle)):
            if value is not None:
                request[key] = value
        for key, value in (("pending", pending), ("opened", opened)):
            if value is not None:
                request[key] = {self.field: base64.b64encode(value.encode()).decode()}
        return json.dumps(request)

    def words(self):
        return self.program if isinstance(self.program, list) else [self.program]

    def start(self, step, *values, **more):
        """The step's process, its request already with it."""
        process = subprocess.Popen([*self.words(), step], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=CLEAN, cwd="/")
        process.stdin.write(self.request(step, *values, **more))
        process.stdin.close()
        process.stdin = None
        return process

    def __call__(self, step, pending=None, opened=None, **more):
        """more: handle, old_handle, seconds; and configuration keys for this run, None takes one away."""
        done = subprocess.run([*self.words(), step], input=self.request(step, pending, opened, **more), capture_output=True, text=True, env=CLEAN, cwd="/")
        return Answer(done, [v for v in (pending, opened) if v])

    def grammar(self, pending):
        """What every hook of ours refuses before it does anything."""
        got = self("set", pending, hots="x")
        ok(f"{self.name}: an unknown configuration key is a mistake", got.failed(78, "hots"), got)
        got = self("set", pending, seconds=-1)
        ok(f"{self.name}: nothing is begun after the deadline", got.failed(75, "deadline"), got)
        got = self("set")
        ok(f"{self.name}: nothing to set is a mistake", got.failed(78), got)

    def conforms(self):
        conformance(self.name, self.program, self.config)


def rotation(hook, first, accepts, evidence="refused", more=None):
    """Sealed, opened, closed, rotated by the real rotator: the new value works at the target, the handed-over old one is dead."""
    from harness import World
    from rotator_process import Rotator, statements
    from second_reader import values
    credential = "prod/test/root"
    with World(rotators=["rot-1"], credentials={credential: {"opens_what": "the target", "sealers": ["alice"], "rotate": {"hook": hook.name}}}) as w:
        w.seal(credential, {hook.field: first, **(more or {})})
        for holder in ("alice", "bob", "carol"):
            w.must(holder, "inbox")
        rotator = Rotator(w, {hook.name: {"program": hook.program, "config": {k: str(v) for k, v in hook.config.items()}}}, timeout="60s")
        asked = w.request(credential=credential)
        for who in ("bob", "carol"):
            w.approve(who, asked)
        ok(f"{hook.name}: it is opened", w.open(asked, field=hook.field).code == 0)
        w.must("erin", "close", "INC-7")
        rotator.once()
        for holder in ("alice", "bob", "carol"):
            w.must(holder, "inbox")
        code = rotator.once()
        done, found = statements(w, "rotation")[-1], values(w, field=hook.field)
        ok(f"{hook.name}: closed, rotated, the old one {evidence}", code == 0 and done["step"] == "done" and done["evidence"]["old"] == evidence and
           done["evidence"]["new"] == "works", (code, done, rotator.text()[-3000:]))
        number = max(found)
        ok(f"{hook.name}: the sealed new value works at the target, the old one does not", number == 2 and accepts(found[number]) and not accepts(first), found)
        ok(f"{hook.name}: the rotator's log has none of both", found[number] not in rotator.text() and first not in rotator.text())
