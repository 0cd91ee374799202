#!/usr/bin/python3
"""The command line as a person meets it: what it asks, what it refuses to take for a yes, how it ends, what it leaves behind."""
import hashlib, json, os, pathlib, pty, re, select, signal, subprocess, sys, termios, time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from harness import BREAKGLASS, PATIENCE, World, finish, ok, wait_for

NAME = "prod/db/root"


class Terminal:
    """breakglass at a terminal of its own."""

    def __init__(self, w, name, *args, env=None):
        self.seen = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(BREAKGLASS, [BREAKGLASS, *args], {**w.env(name), "TERM": "xterm", "COLUMNS": "80", **(env or {})})
        self.before = termios.tcgetattr(self.fd)

    def look(self, wait=PATIENCE):
        if not select.select([self.fd], [], [], wait)[0]:
            raise TimeoutError(f"nothing more came after: {self.seen[-300:]}")
        try:
            part = os.read(self.fd, 4096)
        except OSError:
            part = b""
        self.seen += part.decode(errors="replace")
        return part != b""

    def until(self, text):
        """Waits for text beyond what was waited for before."""
        start = getattr(self, "mark", 0)
        while text not in self.seen[start:]:
            if not self.look():
                raise EOFError(f"ended without {text!r}: {self.seen}")
        self.mark = start + self.seen[start:].index(text) + len(text)

    def type(self, keys):
        os.write(self.fd, keys.encode())

    def modes_are_back(self):
        return termios.tcgetattr(self.fd)[3] == self.before[3]

    def end(self):
        while self.look():
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def person(w, name, *args, env=None):
    return Terminal(w, name, args[0], "--identity", w.identity(name), *args[1:], env=env)


# ---- usage ----

def usage(w):
    rows = [
        ([], 0, None), (["--help"], 0, None), (["help", "open"], 0, None), (["version"], 0, None), (["nonsense"], 2, "usage"),
        (["open"], 2, "usage"), (["open", "R1", "--nonsense"], 2, "usage"), (["status", "extra"], 2, "usage"),
        (["request", "../../etc", "--reason", "x"], 2, "usage"), (["request", "x; rm -rf /", "--reason", "x"], 2, "usage"),
        (["seal", "--", "-oProxyCommand=x"], 2, "usage"), (["seal", NAME, "--field", "password=hunter2"], 2, "usage"),
        (["open", "R1", "--show", "--output", "/dev/shm/x"], 2, "usage"), (["open", "R1", "--exec"], 2, "usage"),
        (["open", "R1", "--exec", "--", "no-such-program"], 5, "no-file"), (["open", "R1", "--output", "/nowhere/x"], 5, "no-file"),
        (["open", "R999", "--show"], 5, "not-found"), (["approve", "R999"], 5, "not-found"), (["close", "INC-none"], 5, "not-found"),
        (["request", "prod/none", "--emergency", "E1", "--incident", "I-1", "--reason", "x"], 5, "not-found"),
        (["request", NAME, "--emergency", "E9", "--incident", "I-1", "--reason", "x"], 3, "emergency"),
        (["request", NAME, "--emergency", "E1", "--reason", "x"], 2, "usage"),
        (["request", NAME, "--emergency", "E1", "--incident", "I-1"], 2, "usage"),
        (["request", NAME, "--emergency", "E1", "--incident", "I-1", "--reason", "x" * 501], 2, "usage"),
        (["request", NAME, "--emergency", "E1", "--incident", "I-1", "--reason", b"\xff"], 2, "usage"),
        (["request", NAME, "--emergency", "E1", "--incident", "I-1", "--reason", "x", "--for", "9h"], 3, "too-long"),
        (["status", "--broker", "ftp://x"], 2, "usage"), (["inbox", "--broker", "unix:/nowhere"], 8, "unreachable"),
        (["inbox", "--installation", "other"], 4, "no-pin"),
    ]
    for args, code, word in rows:
        done = subprocess.run([BREAKGLASS, *args, *(["--identity", w.identity("erin")] if args and args[0] not in ("help", "version", "--help", "nonsense") and "--" not in args else [])],
                              env=w.env("erin"), capture_output=True, stdin=subprocess.DEVNULL)
        said = done.stderr.decode(errors="replace")
        found = re.findall(r"^breakglass: ([a-z-]+): ", said, re.M)
        ok(f"`{' '.join(map(str, args))}` ends with {code} {word or ''}", done.returncode == code and (word is None or found[-1:] == [word]),
           f"{done.returncode} {said}")


# ---- passphrases ----

def passphrases(w):
    good, other = "correct horse battery", "another long passphrase"
    path = w.home("erin") + "/second"
    t = Terminal(w, "erin", "keygen", "erin", "--out", path)
    t.until("New passphrase: ")
    t.type("short\r")
    ok("a weak passphrase is refused", t.end() == 2 and "easy to guess" in t.seen and not os.path.exists(path), t.seen)
    t = Terminal(w, "erin", "keygen", "erin", "--out", path)
    t.until("New passphrase: "), t.type(good + "\r"), t.until("again: "), t.type(good + "x\r")
    ok("two different passphrases write nothing", t.end() == 2 and not os.path.exists(path), t.seen)
    t = Terminal(w, "erin", "keygen", "erin", "--out", path)
    t.until("New passphrase: "), t.type(good + "\r"), t.until("again: "), t.type(good + "\r")
    ok("a passphrase typed twice makes an identity", t.end() == 0 and os.stat(path).st_mode & 0o777 == 0o600, t.seen)
    ok("no passphrase is ever shown", good not in t.seen)
    ok("an identity is never overwritten", w.run("erin", "keygen", "erin", "--out", path, "--no-passphrase", identity=False).code == 6)

    nowhere = {**w.env("erin"), "XDG_STATE_HOME": str(w.dir / "nothing-joined")}

    def whoami(text, *more):
        return subprocess.run([BREAKGLASS, "whoami", "--identity", path, "--json", *more], input=text, env=nowhere, capture_output=True, text=True)

    ok("the passphrase comes by descriptor", whoami(good + "\n", "--passphrase-fd", "0").returncode == 0)
    done = whoami("wrong wrong wrong\n", "--passphrase-fd", "0")
    ok("a wrong one says that damage looks the same", done.returncode == 4 and "wrong passphrase or damaged" in done.stderr, done.stderr)
    ok("nothing is asked with --no-input", whoami("", "--no-input").returncode == 2)
    done = whoami("", "--passphrase", good)
    ok("a passphrase as an argument is refused", done.returncode == 2 and good not in done.stderr, done.stderr)
    done = subprocess.run([BREAKGLASS, "whoami", "--identity", path, "--no-input"], env={**w.env("erin"), "BREAKGLASS_PASSPHRASE": good},
                          capture_output=True, text=True)
    ok("a passphrase in the environment is ignored with a warning", done.returncode == 2 and "BREAKGLASS_PASSPHRASE is ignored" in done.stderr, done.stderr)

    t = Terminal(w, "erin", "passphrase", "--identity", path)
    t.until("Passphrase of"), t.type("nope\r"), t.until("Try again"), t.until("Passphrase of"), t.type(good + "\r")
    t.until("New passphrase: "), t.type("\x03")
    ok("^C changes nothing and ends with 12", t.end() == 12, t.seen)
    ok("then the old passphrase works", whoami(good + "\n", "--passphrase-fd", "0").returncode == 0)
    for how in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        t = Terminal(w, "erin", "passphrase", "--identity", path)
        t.until("Passphrase of")
        os.kill(t.pid, how)
        back = wait_for("the terminal's modes", lambda: t.modes_are_back())
        ok(f"{how.name} puts the terminal back and ends with 12", back and t.end() == 12, t.seen)
    for n in range(8):
        # At some moment of the change, wherever it is then.
        p = subprocess.Popen([BREAKGLASS, "passphrase", "--identity", path, "--passphrase-fd", "0"], stdin=subprocess.PIPE, env=w.env("erin"),
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        p.stdin.write(f"{good}\n{other}\n".encode()), p.stdin.close()
        time.sleep(0.15 * n)
        p.kill(), p.wait()
        codes = [whoami(good + "\n", "--passphrase-fd", "0").returncode, whoami(other + "\n", "--passphrase-fd", "0").returncode]
        ok(f"kill -9 during a change ({n}) leaves the old or the new passphrase", sorted(codes) == [0, 4], codes)
        if codes[1] == 0:
            good, other = other, good

    os.chmod(path, 0o644)
    ok("an identity that others can read is refused", whoami("", "--no-input").returncode == 10)
    os.chmod(path, 0o600)
    os.symlink(path, path + ".link")
    ok("a symlink is refused", subprocess.run([BREAKGLASS, "whoami", "--identity", path + ".link"], env=w.env("erin"), capture_output=True).returncode == 10)
    os.mkfifo(path + ".fifo", 0o600)
    ok("a FIFO is refused", subprocess.run([BREAKGLASS, "whoami", "--identity", path + ".fifo"], env=w.env("erin"), capture_output=True).returncode == 10)


# ---- asking and approving ----

def confirmation(w):
    asked = w.request(incident="INC-1")
    r, code = asked["request"], asked["code"]
    prompt = "(XXXX-XXXX): "

    t = person(w, "alice", "approve", r)
    t.until(prompt), t.type("y\r"), t.until(prompt), t.type("\r"), t.until(prompt), t.type("AAAA-AAAA\r")
    ok("y, Enter and a wrong code approve nothing, and the third ends it", t.end() == 12, t.seen)
    ok("the code is never on an approver's screen", code not in t.seen and code.replace("-", "") not in t.seen)
    t = person(w, "alice", "approve", r)
    t.until(prompt), t.type(f"{code}\r{code}\r"), t.until(prompt), t.type("\x1b[200~" + code + "\r\x1b[201~\r"), t.until(prompt), t.type("\x03")
    ok("pasted lines approve nothing, even with the right code", t.end() == 12 and "pasted" in t.seen, t.seen)
    ok("nobody has approved by now", w.must("erin", "status", "--json").json["requests"][0]["approvals"] == 0)

    t = person(w, "alice", "approve", r)
    t.until(prompt), t.type(code.lower().replace("-", " ") + "\r")
    ok("the code as one types it approves", t.end() == 0 and "1 of 2" in t.seen, t.seen)
    for label in ("who", "credential", "opens", "emergency", "incident", "reason", "asked", "expires", "now", "approvals", "in 24 h", "owes"):
        ok(f"the screen says {label}", re.search(rf"^  {label} +\S", t.seen, re.M), t.seen)
    t = person(w, "alice", "approve", r)
    ok("once is enough", t.end() == 6)

    t = person(w, "bob", "approve", r)
    t.until(prompt)
    ok("a last approval is announced as such", "YOURS IS THE LAST ONE NEEDED" in t.seen, t.seen)
    w.must("erin", "cancel", r)
    t.type(code + "\r")
    ok("a request that changed meanwhile is refused", t.end() != 0 and "You approved" not in t.seen, t.seen)

    again = w.request(incident="INC-2")
    done = w.approve("bob", again)
    ok("a share spent elsewhere wants an override", done.code == 6 and done.word() == "spent-limit", done)
    t = person(w, "bob", "approve", again["request"])
    t.until("type OVERRIDE: "), t.type("override\r")
    ok("which is typed exactly", t.end() == 12)
    t = person(w, "bob", "approve", again["request"])
    t.until("type OVERRIDE: "), t.type("OVERRIDE\r"), t.until(prompt), t.type(again["code"] + "\r")
    ok("and the code is wanted, too", t.end() == 0, t.seen)
    ok("the log says so", "OVERRIDE" in w.must("bob", "log", "tail").out)
    return again


def hostile_words(w):
    reason = "fine\n  approvals    2 of 2\x1b[2J\u202e\u200b<!channel>" + "e" + "\u0301" * 400
    asked = w.must("frank", "request", NAME, "--emergency", "E1", "--incident", "INC-3", "--reason", reason, "--json").json
    t = person(w, "carol", "approve", asked["request"])
    t.until("(XXXX-XXXX): "), t.type("\x03"), t.end()
    screen = t.seen.replace("\x1b[?2004h", "").replace("\x1b[?2004l", "")
    ok("a reason cannot forge a line, move the cursor or hide a character",
       len(re.findall(r"^  approvals", screen, re.M)) == 1 and not re.search("[\x1b\u202e\u200b]", screen), screen)
    ok("a pile of marks is shown for what it is", screen.count("\u0301") <= 3 and "\\u{301}" in screen)
    ok("every label stands in its place", all(re.search(rf"^  {l} +\S", screen, re.M) for l in ("incident", "reason", "asked", "expires")))
    w.must("frank", "cancel", asked["request"])


def waiting(w):
    p = subprocess.Popen([BREAKGLASS, "request", NAME, "--emergency", "E1", "--incident", "INC-4", "--reason", "x", "--wait", "--json", "--identity",
                          w.identity("frank")], env=w.env("frank"), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    asked = json.loads(p.stdout.readline())
    w.must("alice", "deny", asked["request"], "--reason", "no voice on the phone", "--suspicious")
    w.must("bob", "deny", asked["request"], "--reason", "me neither")
    events = [json.loads(line) for line in p.stdout]
    ok("--wait tells each denial and ends with 7", p.wait() == 7 and [e["event"] for e in events] == ["denied-by", "denied-by", "denied"], events)


# ---- opening ----

def opening(w, asked):
    r = asked["request"]
    done = w.run("erin", "open", r, "--show")
    ok("too few approvals open nothing", done.code == 3 and done.word() == "not-ready", done)
    ok("the last approval makes it ready", w.approve("alice", asked, "--override").code == 0)
    ok("stdout that is no terminal must be meant", w.run("erin", "open", r).code == 2)
    ok("a disk must be meant", w.run("erin", "open", r, "--output", str(w.dir / "secret")).code in (0, 10))
    ok("none of that opened it", w.must("erin", "status", "--json").json["requests"][0]["state"] == "ready")
    ok("another person cannot open it", w.run("frank", "open", r, "--show").code == 3)
    ok("--field is raw", w.must("erin", "open", r, "--show", "--field", "password").out == "correct horse battery staple")
    done = w.run("erin", "open", r, "--exec", "--", "sh", "-c", "cat {password} | tr a-z A-Z; exit 9")
    ok("--exec reads the field and passes the exit code on", done.code == 9 and done.out == "CORRECT HORSE BATTERY STAPLE", done)
    path = f"/dev/shm/breakglass-{os.getpid()}"
    w.must("erin", "open", r, "--output", path)
    ok("--output is private", os.stat(path).st_mode & 0o777 == 0o600 and open(path).read() == "correct horse battery staple")
    ok("and never over a file", w.run("erin", "open", r, "--output", path).code == 6)
    os.unlink(path)
    t = person(w, "erin", "open", r)
    ok("a terminal shows it", t.end() == 0 and "password: correct horse battery staple" in t.seen, t.seen)
    done = w.must("erin", "close", "INC-2", "--json")
    ok("close tells what gets rotated", done.json["rotates"] == [NAME], done)
    ok("after close nothing opens", w.run("erin", "open", r, "--show").code == 7)


def debts(w):
    time.sleep(1.1)  # the policy of this world: a post-mortem within 1 s
    args = ["request", NAME, "--emergency", "E1", "--incident", "INC-5", "--reason", "x"]
    done = w.run("erin", *args)
    ok("an owed post-mortem must be acknowledged", done.code == 2 and "--acknowledge INC-2" in done.err, done)
    t = person(w, "erin", *args)
    t.until("acknowledge that: "), t.type("yes\r")
    ok("by name", t.end() == 12)
    t = person(w, "erin", *args)
    t.until("acknowledge that: "), t.type("INC-2\r")
    ok("then the request goes out", t.end() == 0 and "CODE" in t.seen, t.seen)
    w.must("erin", "close", "INC-5")
    editor = w.dir / "editor"
    editor.write_text("#!/bin/sh\ncp \"$1\" \"$0.draft\"\nsed -i 's/^What happened.*/It broke./' \"$1\"\n")
    editor.chmod(0o755)
    t = person(w, "erin", "postmortem", "INC-2", env={"EDITOR": str(editor)})
    t.until("(yes, no, drill)? "), t.type("maybe\r"), t.until("(yes, no, drill)? "), t.type("yes\r")
    ok("a post-mortem is written in one's editor", t.end() == 0, t.seen)
    draft = (w.dir / "editor.draft").read_text()
    ok("from a draft with the time line", "erin OPENS" in draft and "bob approves" in draft and "INC-3" not in draft, draft)
    t = person(w, "erin", "postmortem", "INC-5", env={"EDITOR": str(editor)})
    t.until("? "), t.type("\x03")
    ok("a text that could not be sent is kept", t.end() == 12 and "is kept in" in t.seen, t.seen)


def by_hand(w):
    ok("a new value waits for its holders", w.run("alice", "seal", NAME, "--json", input="new value").json["state"] == "sealed")
    for name in ("alice", "bob"):
        w.must(name, "inbox")
    state = {v["number"]: v["state"] for v in w.must("alice", "status", "--json").json["versions"]}
    ok("who checked their shares by looking into the inbox", state == {2: "current"}, state)
    done = w.run("alice", "rotate", NAME, "--done", "--old", "refused", "--new", "works")
    ok("an admin records that the old value is dead", done.code == 0, done)
    ok("nothing is owed then", w.must("alice", "status", "--json").json["rotations"] == [])
    ok("an empty value is refused", w.run("alice", "seal", NAME, input="\n").code == 2)
    large = w.dir / "large"
    large.write_bytes(b"x" * (1 << 20))
    ok("a value over 1 MiB is refused", w.run("alice", "seal", NAME, "--field", f"a=@{large}").word() == "too-large")


def extending(w):
    asked = w.request(incident="INC-6", **{"for": "10m", "acknowledge": "INC-5"})
    w.approve("alice", asked), w.approve("bob", asked), w.open(asked)
    until = w.must("erin", "status", "--json").json["requests"][0]["access_until"]
    ok("one holder alone lengthens nothing", w.must("alice", "extend", asked["request"], "--for", "30m", "--json").json["in_effect"] is False)
    got = w.must("bob", "extend", asked["request"], "--for", "30m", "--json").json
    ok("two do", got["in_effect"] and got["access_until"] == until + 20 * 60 * 1000, got)
    ok("a holder can hold an incident open", w.run("carol", "hold", "INC-6", "--reason", "still at it").code == 0)
    ok("a request without incident is closed by its name", w.run("erin", "close", asked["request"]).code == 0)


# ---- the log ----

def log(w):
    export = w.dir / "export"
    w.must("erin", "log", "export", str(export))
    good = export.read_bytes()
    ok("the own copy is consistent", w.run("erin", "log", "verify").code == 0)
    behind = w.run("frank", "log", "verify", "--json", "--broker", f"unix:{w.dir}/nobody.sock")
    ok("without the broker the own copy is judged, and said to be old", behind.code == 0 and "not brought up to date" in behind.err, repr(behind))
    fresh = w.run("frank", "log", "verify", "--json").json["entries"]
    ok("with it the newest entries are judged too", fresh > behind.json["entries"] and fresh >= good.count(b'{"n":'), (fresh, behind.json))
    ok("the export is consistent", w.run("erin", "log", "verify", str(export), "--json").json["verdict"] == "consistent")
    ok("under its genesis", w.run("erin", "log", "verify", str(export), "--genesis", w.genesis).code == 0)
    ok("not under another", w.run("erin", "log", "verify", str(export), "--genesis", "0" * 64).code == 9)
    lines = good.split(b"\n\n")[0].split(b"\n")
    unanchored = w.dir / "unanchored"
    unanchored.write_bytes(b"\n".join(lines[:-2]) + b"\n")
    done = w.run("erin", "log", "verify", str(unanchored))
    ok("a tail that was cut is said", done.code == 0 and f"consistent up to {len(lines) - 2}, tail unanchored" in done.out, done)
    root = w.run("erin", "log", "verify", str(export), "--json").json["root"]
    ok("and found by who knows a later head", w.run("erin", "log", "verify", str(unanchored), "--head", f"{len(lines)}:{root}").code == 9)
    ok("or has a copy", w.run("erin", "log", "verify", str(unanchored), "--installation", "acme-test").code == 9)
    bad = w.dir / "bad"
    for what, text in {"deleted": lines[:3] + lines[4:], "swapped": lines[:3] + [lines[4], lines[3]] + lines[5:], "doubled": lines[:4] + lines[3:]}.items():
        bad.write_bytes(b"\n".join(text) + b"\n")
        done = w.run("erin", "log", "verify", str(bad))
        ok(f"an entry {what} is named", done.code == 9 and re.search(r"entry [34]", done.err), done)
    for at in range(0, len(good), max(1, len(good) // 40)):
        bad.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1:])
        if (code := w.run("erin", "log", "verify", str(bad)).code) != 9:
            return ok("every changed byte is found", False, f"byte {at}: {code}")
    ok("every changed byte is found")
    raw = w.must("erin", "log", "tail", "--all", "--json").out.encode()
    ok("tail --json gives the raw lines", raw == b"\n".join(lines) + b"\n")


# ---- rosters ----

def rosters(w):
    next_file = str(w.dir / "next.yaml")
    w.must("alice", "roster", "next", "--out", next_file)
    text = pathlib.Path(next_file).read_text().replace("requesters: [erin, frank]", "requesters: [erin]")
    pathlib.Path(next_file).write_text(text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    t = person(w, "alice", "roster", "sign", next_file)
    t.until("digits of the hash: ")
    ok("a roster's change is told in words", "requesters: REMOVES frank" in t.seen, t.seen)
    t.type("y\r")
    ok("y signs nothing", t.end() == 12 and not os.path.exists(next_file + ".signed"))
    t = person(w, "alice", "roster", "sign", next_file)
    t.until("digits of the hash: "), t.type(digest[:8] + "\r")
    ok("the hash's first digits do", t.end() == 0 and "1 of the 2" in t.seen, t.seen)
    done = w.run("alice", "roster", "submit", next_file + ".signed")
    ok("one signature of two is not enough", done.code == 4 and done.word() == "threshold", done)
    ok("another hash is refused", w.run("bob", "roster", "sign", next_file, "--yes-sha256", "0" * 64).code == 6)
    ok("who is no admin cannot sign", w.run("carol", "roster", "sign", next_file, "--yes-sha256", digest).code == 3)
    w.must("alice", "roster", "sign", next_file, "--yes-sha256", digest)
    w.must("bob", "roster", "sign", next_file, "--yes-sha256", digest)
    ok("signing twice is one signature", len(json.loads(pathlib.Path(next_file + ".signed").read_text())["signatures"]) == 2)
    pathlib.Path(next_file).write_text(text + "\n# edited\n")
    done = w.run("bob", "roster", "sign", next_file, "--yes-sha256", hashlib.sha256((text + "\n# edited\n").encode()).hexdigest())
    ok("an edited file does not keep earlier signatures", done.code == 6 and done.word() == "mismatch", done)
    ok("two are enough", w.run("alice", "roster", "submit", next_file + ".signed").code == 0)
    ok("the same again is a conflict", w.run("alice", "roster", "submit", next_file + ".signed").code == 6)
    done = w.run("frank", "request", NAME, "--emergency", "E1", "--incident", "INC-9", "--reason", "x")
    ok("and it is in force", done.code == 3 and done.word() == "not-allowed", done)
    bad = w.dir / "bad.yaml"
    bad.write_text(text.replace("approvals: 2", "approvals: 9"))
    done = w.run("alice", "roster", "lint", str(bad))
    ok("lint names line and column", done.code == 4 and re.search(r"line \d+, column \d+", done.err), done)


def doctor(w):
    done = w.run("erin", "doctor")
    ok("doctor finds this world in order", done.code == 0 and "OK" in done.out and "FAIL" not in done.out, done)
    os.chmod(w.identity("erin"), 0o644)
    done = w.run("erin", "doctor")
    os.chmod(w.identity("erin"), 0o600)
    ok("and an open identity broken", done.code == 1 and "FAIL identity" in done.out, done)
    w.stop()
    done = w.run("erin", "doctor", "--json")
    ok("and a broker that is away", done.code == 1 and any(f["finding"] == "FAIL" and "broker.sock" in f["what"] for f in done.json["findings"]), done)
    done = w.run("erin", "status")
    ok("status goes on with the own copy and says so", done.code == 0 and "STALE" in done.out and "unreachable" in done.out, done)
    ok("a command that needs the broker ends with 8", w.run("erin", "inbox").code == 8)


with World(policy_extra="postmortem_within: 1s") as w:
    w.seal()
    usage(w)
    passphrases(w)
    hostile_words(w)
    again = confirmation(w)
    waiting(w)
    opening(w, again)
    debts(w)
    by_hand(w)
    extending(w)
    log(w)
    rosters(w)
    doctor(w)
finish()
