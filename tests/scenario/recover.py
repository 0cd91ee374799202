"""Even the broker is gone: with a vault's export, identities and the program, in an empty network namespace, in bare folders, a credential
opens. Wrong answers are named and stop nothing; a damaged export is refused; no clock is believed."""
import base64, hashlib, json, os, pathlib, pty, re, select, shutil, subprocess, time

from harness import BREAKGLASS, BREAKGLASSD, PATIENCE, Done, World, finish, ok, skip

SECRET = "hunter2-of-the-recovery"
ASK = ("--emergency", "E1", "--incident", "INC-7", "--reason", "the broker's host burnt down")
NO_NETWORK = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]


class Bare:
    """A folder with nothing but the program, the export and one identity; no installation was ever joined here."""

    def __init__(self, w, name, export):
        self.dir = w.dir / f"bare-{name}-{time.monotonic_ns()}"
        self.dir.mkdir(mode=0o700)
        self.name = name
        shutil.copy(BREAKGLASS, self.dir / "breakglass")
        shutil.copy(export, self.dir / "vault.export")
        shutil.copy(w.identity(name), self.dir / "identity")
        os.chmod(self.dir / "identity", 0o600)

    def command(self, *arguments, before=()):
        args = ["./breakglass", *map(str, arguments)]
        at = args.index("--") if "--" in args else len(args)
        args[at:at] = ["--identity", "identity"]
        return [*NO_NETWORK, *before, *args]

    def run(self, *arguments, input=None, before=()):
        done = subprocess.run(self.command(*arguments, before=before), cwd=self.dir, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(self.dir)},
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=PATIENCE * 2, errors="replace",
                              **({"input": input} if input is not None else {"stdin": subprocess.DEVNULL}))
        return Done(arguments, done)

    def ask(self, genesis, *more, before=()):
        return self.run("recover", "ask", "prod/db/root", "--from", "vault.export", "--genesis", genesis, *(more or ASK), "--json", before=before)

    def approve(self, genesis, asked, *more, block=None, before=()):
        return self.run("recover", "approve", "--from", "vault.export", "--genesis", genesis, "--code", asked["code"], *more,
                        input=block or asked["block"], before=before)

    def open(self, genesis, *answers, more=("--show", "--field", "password"), input=None):
        return self.run("recover", "open", *answers, "--from", "vault.export", "--genesis", genesis, *more, input=input)

    def put(self, name, text):
        (self.dir / name).write_text(text)
        return name


def unblock(text):
    body = re.search(r"-----BEGIN BREAKGLASS \w+-----(.*?)-----END", text, re.S)[1]
    raw = base64.b64decode("".join(body.split()))
    head, _, rest = raw.partition(b"\n")
    payload, signature, file = map(int, head.split(b" ")[2:])
    return head, rest[:payload], rest[payload:payload + signature], rest[payload + signature:payload + signature + file]


def block(title, word, payload, signature, file):
    raw = f"breakglass-block/v1 {word} {len(payload)} {len(signature)} {len(file)}\n".encode() + payload + signature + file
    raw += hashlib.sha256(raw).digest()[:4]
    return f"-----BEGIN BREAKGLASS {title}-----\n{base64.b64encode(raw).decode()}\n-----END BREAKGLASS {title}-----\n"


def stock_verifies(folder, w, who, kind, payload, signature):
    """ssh-keygen knows nothing of us."""
    (folder / "allowed").write_text(f"{who} " + re.search(r"ssh-ed25519 [A-Za-z0-9+/=]+", w.lines[who])[0] + "\n")
    body = base64.b64encode(signature).decode()
    (folder / "signature").write_text("-----BEGIN SSH SIGNATURE-----\n" + "\n".join(body[i:i + 70] for i in range(0, len(body), 70)) + "\n-----END SSH SIGNATURE-----\n")
    return subprocess.run(["ssh-keygen", "-Y", "verify", "-f", folder / "allowed", "-I", who, "-n", f"breakglass/{kind}", "-s", folder / "signature"],
                          input=payload, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def at_a_terminal(bare, arguments, answers):
    """Runs it with a terminal of its own; answers: (what must have been shown, what is typed then)."""
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(bare.dir)
        command = bare.command(*arguments)
        os.execvpe(command[0], command, {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(bare.dir), "TERM": "xterm", "COLUMNS": "100"})
    seen, end, todo = "", time.monotonic() + PATIENCE, list(answers)
    while time.monotonic() < end:
        if select.select([fd], [], [], 0.05)[0]:
            try:
                got = os.read(fd, 65536)
            except OSError:
                break
            seen += got.decode(errors="replace")
        elif todo and todo[0][0] in seen:
            os.write(fd, todo.pop(0)[1].encode())
    os.close(fd)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), seen.replace("\r", "")


def export(w, name):
    path = w.dir / name
    args = [BREAKGLASSD, "export", str(path), "--config", w.config]
    subprocess.run(args, check=True, stdout=subprocess.DEVNULL)
    return path


def damaged(w, bare):
    good = (bare.dir / "vault.export").read_bytes()
    step = max(1, len(good) // 120)
    wrong = []
    for at in range(3, len(good), step):
        for what, text in (("changed", good[:at] + bytes([good[at] ^ 1]) + good[at + 1:]), ("cut", good[:at])):
            (bare.dir / "bad.export").write_bytes(text)
            done = bare.run("recover", "verify", "bad.export", "--genesis", w.genesis)
            if done.code != 9:
                wrong.append((what, at, done.code, done.err))
    ok(f"an export changed or cut at any of {len(range(3, len(good), step))} bytes is refused (exit 9)", not wrong, wrong)
    done = bare.run("recover", "ask", "prod/db/root", "--from", "bad.export", "--genesis", w.genesis, *ASK)
    ok("and nothing is asked from it", done.code == 9 and not (bare.dir / ".local").exists(), done)


def main():
    with World() as w:
        w.seal(fields={"password": SECRET})
        older = export(w, "older.export")
        for holder in ("alice", "bob"):
            w.must(holder, "inbox")
        vault = export(w, "vault.export")
        w.must("alice", "status")
        w.stop()
        shutil.rmtree(w.state)
        erin, bob, carol, alice, frank = (Bare(w, name, vault) for name in ("erin", "bob", "carol", "alice", "frank"))
        g = w.genesis

        # ---- the export ----
        done = erin.run("recover", "verify", "vault.export", "--genesis", g)
        ok("an export is verified and says what it opens with whom", done.code == 0 and "opens with 2 of" in done.out
           and "1 of 1 credentials can be opened" in done.out and re.search(r"carol +has NEVER proved", done.out)
           and re.search(r"bob +proved their share", done.out), done)
        said = erin.run("recover", "verify", "vault.export", "--genesis", g, "--json").json
        ok("the same as JSON", said["openable"] == 1 and said["is_pinned"] and said["versions"][0]["need"] == 2
           and [h["holder"] for h in said["versions"][0]["holders"]] == ["alice", "bob", "carol"], said)
        done = erin.run("recover", "verify", "vault.export", "--genesis", "0" * 64)
        ok("another installation's pin refuses it (exit 9)", done.code == 9, done)
        damaged(w, erin)

        # ---- asking ----
        done = erin.run("recover", "ask", "prod/db/root", "--from", "vault.export", *ASK)
        ok("without a pin nothing is believed (exit 4)", done.code == 4 and done.word() == "no-pin", done)
        done = erin.run("recover", "ask", "prod/db/root", "--from", "vault.export", "--genesis", g, *ASK)
        ok("asking prints a short block, and the code apart from it", done.code == 0 and len(done.out) < 2500
           and done.out.startswith("-----BEGIN") and "The code is" in done.err and "The code" not in done.out, done)
        again = done.out
        asked = erin.ask(g).json
        ok("the same ask again is the same request", asked["block"] == again, asked)
        done = bob.ask(g)
        ok("who may not ask can't ask this way either (exit 3)", done.code == 3 and done.word() == "not-allowed", done)
        done = erin.ask(g, "--emergency", "E9", "--reason", "x")
        ok("only a written emergency counts (exit 3)", done.code == 3 and done.word() == "emergency", done)

        # ---- approving ----
        done = bob.run("recover", "approve", "--from", "vault.export", "--genesis", g, "--code", "0000-0000", input=asked["block"])
        ok("another code gives nothing away (exit 12)", done.code == 12 and "BEGIN" not in done.out, done)
        done = frank.approve(g, asked)
        ok("who holds no share can't answer (exit 3)", done.code == 3, done)
        done = erin.approve(g, asked)
        ok("nobody answers their own request (exit 3)", done.code == 3, done)
        _, payload, signature, _ = unblock(asked["block"])
        forged = payload.replace(b"burnt down", b"burnt_down")
        done = bob.approve(g, asked, block=block("REQUEST", "request", forged, signature, b""))
        ok("a changed request is refused (exit 4)", done.code == 4 and done.word() == "auth", done)
        lines = asked["block"].split("\n")
        done = bob.approve(g, asked, block="\n".join(lines[:3] + [lines[3][::-1]] + lines[4:]))
        ok("a block damaged on its way says so (exit 4)", done.code == 4 and "sent again" in done.err, done)
        done = bob.approve(g, asked, block=asked["block"][:-40])
        ok("so does one that was cut", done.code == 4 and "cut" in done.err, done)
        ok("stock ssh-keygen verifies the request", stock_verifies(erin.dir, w, "erin", "request", payload, signature))

        bobs = bob.approve(g, asked, "--block", "answer")
        ok("a holder sees the request and answers", bobs.code == 0 and "RECOVERY" in bobs.out and "burnt down" in bobs.out
           and "NO CLOCK IS TRUSTED" in bobs.out and "superuser of the main database" in bobs.out and "MAY BE THE LAST" in bobs.out, bobs)
        ok("the code is never on an approver's screen", asked["code"] not in bobs.out + bobs.err)
        erin.put("from-bob", (bob.dir / "answer").read_text())
        quoted = "Hi, here it is:\r\n" + "".join(f"> {l}\r\n" for l in asked["block"].splitlines()) + "\r\nErin\r\n"
        carols = carol.approve(g, asked, block=quoted)
        ok("a block that a mail program quoted reads as well", carols.code == 0, carols)
        erin.put("from-carol", carols.out)
        code, seen = at_a_terminal(alice, ["recover", "approve", alice.put("request", asked["block"]), "--from", "vault.export", "--genesis", g,
                                           "--block", "answer"], [("reads out to you", asked["code"].lower() + "\n")])
        ok("at a terminal the code is typed", code == 0 and "Approve only if you are talking to erin" in seen and (alice.dir / "answer").exists(), (code, seen))
        erin.put("from-alice", (alice.dir / "answer").read_text())
        code, seen = at_a_terminal(alice, ["recover", "approve", "request", "--from", "vault.export", "--genesis", g, "--block", "no"],
                                   [("reads out to you", "\x03")])
        ok("and ^C gives nothing away (exit 12)", code == 12 and not (alice.dir / "no").exists(), (code, seen))

        # ---- opening ----
        done = erin.open(g, "from-bob")
        ok("one answer of two opens nothing, and is kept (exit 3)", done.code == 3 and done.word() == "not-ready" and SECRET not in done.out, done)
        other = erin.ask(g, "--emergency", "E1", "--incident", "INC-8", "--reason", "another one").json
        foreign = carol.approve(g, other, "--override")
        ok("an answer to another request", foreign.code == 0, foreign)
        erin.put("foreign", foreign.out)
        _, c_payload, c_signature, c_file = unblock(carols.out)
        _, b_payload, b_signature, b_file = unblock((bob.dir / "answer").read_text())
        erin.put("swapped", block("ANSWER", "answer", c_payload, c_signature, b_file))
        erin.put("garbage", "no block at all\n")
        wrong = ("foreign", "swapped", "garbage", "from-bob", "from-bob")
        done = erin.open(g, *wrong, more=("--show", "--field", "password", "--request", asked["request"][:12]))
        ok("foreign, forged and doubled answers count for nothing, and are named", done.code == 3 and "mismatch: answer=foreign holder=carol" in done.err
           and "bad-blob: answer=swapped holder=carol" in done.err and "bad-statement: answer=garbage" in done.err and "bob's answer is here already" in done.err
           and SECRET not in done.out, done)
        done = erin.open(g, *wrong, "from-carol", "from-alice")
        ok("with enough good ones among them, in any order, it opens", done.code == 0 and done.out == SECRET, done)
        done = erin.open(g, more=("--show", "--field", "password", "--request", asked["request"][:12]))
        ok("once more from what was kept", done.code == 0 and done.out == SECRET, done)
        done = erin.open(g, "--request", asked["request"], more=("--exec", "--field", "password", "--", "sh", "-c", 'test "$(cat "$1")" = ' + SECRET, "sh", "{password}"))
        ok("it is handed to a program as `open` does", done.code == 0, done)

        kept = erin.dir / ".local/state/breakglass-recover"
        opened = json.loads((kept / "opened" / asked["request"]).read_text())
        ok("the opening is signed and kept", opened["type"] == "open" and stock_verifies(
            erin.dir, w, "erin", "open", base64.b64decode(opened["payload"]), base64.b64decode(opened["signatures"][0])))
        ok("the answers kept are signed as well", stock_verifies(erin.dir, w, "carol", "approval", c_payload, c_signature))
        done = frank.open(g, frank.put("answer", carols.out))
        ok("who did not ask can't open (exit 5)", done.code == 5, done)
        shutil.copytree(kept, frank.dir / ".local/state/breakglass-recover")
        done = frank.open(g, "answer", more=("--show", "--request", asked["request"]))
        ok("not with a copy of the folder either (exit 4)", done.code == 4 and SECRET not in done.out, done)

        # ---- stock age ----
        done = erin.open(g, more=("--show", "--field", "age-identity", "--age-identity", "--request", asked["request"]))
        (erin.dir / "key").write_text(done.out + "\n")
        sealed = next(blob for blob in map(json.loads, filter(lambda l: l.startswith('{"sha256"'), vault.read_text().splitlines()))
                      if len(base64.b64decode(blob["blob"])) > 400)
        stock = subprocess.run(["age", "-d", "-i", erin.dir / "key"], input=base64.b64decode(sealed["blob"]), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        ok("stock age opens the export's credential with the joined key", done.code == 0 and SECRET.encode() in stock.stdout, (done.code, stock.stderr))
        (erin.dir / "key").unlink()

        # ---- clocks and exports that differ ----
        if shutil.which("faketime"):
            early, late = Bare(w, "erin", vault), Bare(w, "bob", vault)
            asked = early.ask(g, before=("faketime", "-f", "-400d")).json
            done = late.approve(g, asked, before=("faketime", "-f", "+300d"))
            ok("a clock years off refuses nothing, and is told", done.code == 0 and "NO CLOCK IS TRUSTED" in done.out, done)
            early.put("from-bob", done.out)
            early.put("from-carol", carol.approve(g, asked).out)
            done = early.open(g, "from-carol", "from-bob")
            ok("nor does it when opening", done.code == 0 and done.out == SECRET, done)
        else:
            skip("no faketime: clocks that are off were not tried")
        short = Bare(w, "erin", older)
        asked = short.ask(g).json
        answers = [short.put(f"from-{one.name}", one.approve(g, asked).out) for one in (bob, carol)]
        done = short.open(g, *answers)
        ok("approvers may have a later export than the requester", done.code == 0 and done.out == SECRET, done)
        done = Bare(w, "bob", older).approve(g, erin.ask(g, "--emergency", "E1", "--incident", "INC-9", "--reason", "later").json)
        ok("with an older one they are told to take the later (exit 6)", done.code == 6 and "later export" in done.err, done)

        # ---- a joined machine ----
        done = w.run("erin", "recover", "verify", vault, "--installation", "acme-test")
        ok("a joined machine has the pin itself", done.code == 0 and "compare it" not in done.out, done)
        done = w.run("alice", "recover", "verify", older, "--installation", "acme-test")
        ok("and says that it knows more than an old export", done.code == 0 and "behind the export" in done.err, done)

        found = [str(p) for p in w.dir.rglob("*") if p.is_file() and SECRET.encode() in p.read_bytes()]
        ok("the secret is in no file", not found, found)


main()
finish()
