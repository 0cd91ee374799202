"""Planted secrets are found nowhere they may not be: not in state folders, write-ahead logs, exports or logs, not in argv or environ, and
not in a core of any process (locked memory is left out of cores; everything else is in). Searched raw, as hex, as base64 at every
alignment, and with stride 28 (a terminal library's cells).

Processes are stopped where they hold the most: an approver's client at its confirmation, a requester's client after opening, a rotator
in the middle of `set`."""
import base64, json, os, pathlib, pty, select, shutil, signal, subprocess, time

from harness import BREAKGLASS, BUILD, ROTATOR, World, finish, ok, wait_for
from planted import Search, identity_secrets, search_core

PASSWORD = "Planted-Passw0rd-9f2c71aa-Zq"


def traces(pid):
    return b"".join(pathlib.Path(f"/proc/{pid}/{x}").read_bytes() for x in ("cmdline", "environ"))


def look_into(search, folder, what, pid, marker=b"prod/db/root"):
    search_core(search, what, pid, folder, marker)
    found = search.bytes(f"argv and environ of {what}", traces(pid))
    ok(f"no planted secret in argv and environ of {what}", not found, found)


def children(pid):
    listed = subprocess.run(["ps", "--ppid", str(pid), "-o", "pid="], stdout=subprocess.PIPE, text=True).stdout
    return [int(x) for x in listed.split()]


class Terminal:
    """A program on a pseudo-terminal of its own."""

    def __init__(self, args, env):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(args[0], args, env)
        self.seen = b""

    def wait(self, text):
        def there():
            while select.select([self.fd], [], [], 0)[0]:
                try:
                    self.seen += os.read(self.fd, 4096)
                except OSError:
                    break
            return text.encode() in self.seen
        wait_for(text, there)

    def type(self, text):
        os.write(self.fd, text.encode())

    def end(self, how=signal.SIGKILL):
        os.kill(self.pid, how)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


def main():
    search = Search()
    search.plant("password", PASSWORD.encode())
    folder = pathlib.Path(os.environ.get("TMPDIR", "/tmp")) / f"breakglass-cores-{os.getpid()}"
    folder.mkdir(mode=0o700)
    vault, caught = folder / "vault", folder / "caught"
    rotate = {"hook": "file", "config": {"path": str(vault)}}
    with World(rotators=["rot-1"], channels={"null": {"program": "/usr/bin/true"}}, credentials={"prod/db/root": {"opens_what": "the vault", "sealers": ["alice"], "rotate": rotate}}) as w:
        for name in w.people + w.rotators:
            for what, secret in identity_secrets(w.identity(name)):
                search.plant(f"{name}'s {what}", secret)
        w.seal(fields={"password": PASSWORD})
        for holder in w.holders:
            w.must(holder, "inbox")
        asked = w.request()
        w.must("bob", "approve", asked["request"], "--code", asked["code"])

        # An approver's client at its confirmation: identity unlocked, share opened.
        t = Terminal([BREAKGLASS, "approve", asked["request"], "--identity", w.identity("carol")], {**w.env("carol"), "TERM": "vt100"})
        t.wait("code")
        look_into(search, folder, "the approver's client at its confirmation", t.pid)
        t.end()
        w.must("carol", "approve", asked["request"], "--code", asked["code"])

        # A requester's client after opening, its child still running.
        opener = subprocess.Popen([BREAKGLASS, "open", asked["request"], "--identity", w.identity("erin"), "--exec", "--", "sleep", "600"],
                                  env=w.env("erin"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        wait_for("the child of open", lambda: children(opener.pid))
        wait_for("its exec", lambda: b"sleep" in pathlib.Path(f"/proc/{children(opener.pid)[0]}/cmdline").read_bytes())
        look_into(search, folder, "the requester's client after opening", opener.pid)
        for child in children(opener.pid):
            found = search.bytes("the child", traces(child))
            ok("the child gets nothing by argv or environment", not found, found)
            os.kill(child, signal.SIGKILL)
        opener.wait(60)

        # The broker and its courier, which must know nothing at any time.
        look_into(search, folder, "the broker", w.broker.pid)
        for child in children(w.broker.pid):
            look_into(search, folder, "the courier", child, marker=b"null")
        found = search.tree(w.dir, skip=[str(w.dir / "people"), str(w.dir / "keys")])
        ok("nothing in the broker's folder, write-ahead log and log lines while it is open", not found, found)

        # A rotator stopped in `set`: it holds the new value and the old one.
        hook = folder / "slow-hook"
        hook.write_text(f"#!/usr/bin/python3\nimport os, subprocess, sys, time\ninput = sys.stdin.buffer.read()\n"
                        f"if sys.argv[1] == 'set':\n    open('{caught}.part', 'wb').write(input)\n    os.rename('{caught}.part', '{caught}')\n"
                        f"    while not os.path.exists('{caught}.go'): time.sleep(0.02)\n"
                        f"sys.exit(subprocess.run(['{BUILD}/rotators/hooks/file', sys.argv[1]], input=input).returncode)\n")
        os.chmod(hook, 0o755)
        config = folder / "rotator.yaml"
        (folder / "rotator").mkdir(mode=0o700)
        config.write_text(f"brokers: ['unix:{w.socket}']\ngenesis: {w.genesis}\nidentity: {w.identity('rot-1')}\nstate: {folder}/rotator\n"
                          f"hooks: {{file: {{program: {hook}}}}}\n")
        os.chmod(config, 0o600)
        first = json.dumps({"step": "set", "idempotency_key": "x", "credential": "prod/db/root", "config": rotate["config"], "deadline": 2 ** 50,
                            "pending": {"password": base64.b64encode(PASSWORD.encode()).decode()}})
        subprocess.run([BUILD / "rotators/hooks/file", "set"], input=first, text=True, check=True, stdout=subprocess.DEVNULL)
        rotator_log = open(folder / "rotator.log", "ab")
        rotator = subprocess.Popen([ROTATOR, "--config", str(config)], env=w.env("rot-1"), stdout=rotator_log, stderr=rotator_log,
                                   stdin=subprocess.DEVNULL)
        w.must("erin", "close", "INC-7")
        wait_for("the rotator's set", caught.exists)
        given = json.loads(caught.read_bytes())
        caught.unlink()
        fresh = base64.b64decode(given["pending"]["password"])
        search.plant("new password", fresh)
        look_into(search, folder, "the rotator in the middle of `set`", rotator.pid)
        pathlib.Path(f"{caught}.go").touch()
        wait_for("the end of the rotation", lambda: '"step":"done"' in decoded(w))
        look_into(search, folder, "the rotator afterwards", rotator.pid)
        rotator.terminate()
        rotator.wait(60)

        look_into(search, folder, "the broker after it all", w.broker.pid)
        export = w.dir / "vault.export"
        w._plain([str(BUILD / "broker" / "breakglassd"), "export", "--config", w.config, str(export)])
        w.stop()
        found = search.tree(w.dir, skip=[str(w.dir / "people"), str(w.dir / "keys")])
        ok("nothing in the broker's folder, export and log lines afterwards", not found, found)
        found = [f for n in w.people + w.rotators for f in search.tree(w.home(n), skip=[w.identity(n)])]
        ok("nothing in anybody's own folder beside the identity file", not found, found)
        found = search.tree(folder / "rotator") + search.bytes("rotator.log", (folder / "rotator.log").read_bytes())
        ok("nothing in the rotator's folder and log lines", not found, found)
        # The test itself must be able to find something.
        ok("the search finds what is there", search.tree(w.dir / "people") != [])
    shutil.rmtree(folder, ignore_errors=True)


def decoded(w):
    lines = w.must("alice", "log", "tail", "--all", "--json").out.splitlines()
    return "\n".join(base64.b64decode(json.loads(l)["payload"]).decode() for l in lines if l.startswith("{"))


main()
finish()
