"""Even the broker is gone, and the holders have no export: the requester's block carries each holder's own sealed share, and everything that an
approver checks is checked against the log that the holder's machine has verified itself. No network; a block that lies is refused."""
import base64, hashlib, os, re, shutil, subprocess

from harness import BREAKGLASS, BREAKGLASSD, PATIENCE, Done, World, finish, ok, skip

SECRET = "hunter2-by-shares"
NO_NETWORK = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]
CREDENTIALS = {name: {"opens_what": name, "sealers": ["alice"]} for name in ("prod/db/root", "prod/db/spare")}


def parts_of(text):
    body = re.search(r"-----BEGIN BREAKGLASS REQUEST-----(.*?)-----END", text, re.S)[1]
    raw = base64.b64decode("".join(body.split()))
    head, _, rest = raw.partition(b"\n")
    payload, signature, file = map(int, head.split(b" ")[2:])
    return rest[:payload], rest[payload:payload + signature], rest[payload + signature:payload + signature + file]


def block(payload, signature, file):
    raw = f"breakglass-block/v1 request {len(payload)} {len(signature)} {len(file)}\n".encode() + payload + signature + file
    raw += hashlib.sha256(raw).digest()[:4]
    return f"-----BEGIN BREAKGLASS REQUEST-----\n{base64.b64encode(raw).decode()}\n-----END BREAKGLASS REQUEST-----\n"


def words(text):
    return " ".join(text.split())


def main():
    if subprocess.run([*NO_NETWORK, "true"], stderr=subprocess.DEVNULL).returncode != 0:
        skip("no network namespaces here")
        return
    with World(credentials=CREDENTIALS) as w:
        w.seal(fields={"password": SECRET})
        w.seal("prod/db/spare", fields={"password": "spare"})
        for holder in w.holders:
            w.must(holder, "inbox")
        for holder in w.holders:
            w.must(holder, "status")
        early = w.dir / "early-state"
        shutil.copytree(w.home("alice") + "/state", early)
        asked = w.request(incident="INC-1")
        w.approve("alice", asked)
        w.must("erin", "cancel", asked["request"])
        vault = w.dir / "vault.export"
        subprocess.run([BREAKGLASSD, "export", vault, "--config", w.config], check=True, stdout=subprocess.DEVNULL)
        for name in ("bob", "carol", "frank"):
            w.must(name, "status")
        w.stop()

        def run(who, *arguments, input=None, env=None):
            args = [*NO_NETWORK, BREAKGLASS, *map(str, arguments), "--identity", w.identity(who)]
            done = subprocess.run(args, env={**w.env(who), **(env or {})}, input=input, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=PATIENCE * 2,
                                  **({} if input is not None else {"stdin": subprocess.DEVNULL}))
            return Done(arguments, done)

        def ask(*more, credential="prod/db/root", incident="INC-2"):
            return run("erin", "recover", "ask", credential, "--from", vault, "--genesis", w.genesis, "--emergency", "E1", "--incident", incident,
                       "--reason", "the host burnt down", "--json", *more)

        # ---- a block for each holder ----
        plain = ask().json
        for_bob, for_carol = (ask("--with-share", name).json for name in ("bob", "carol"))
        ok("it is one request, with one code, whoever's share goes along", plain["request"] == for_bob["request"] == for_carol["request"] and plain["code"] == for_bob["code"])
        ok("the shares are theirs, and small", 0 < len(parts_of(for_bob["block"])[2]) < 600 and parts_of(for_bob["block"])[2] != parts_of(for_carol["block"])[2]
           and not parts_of(plain["block"])[2])
        done = ask("--with-share", "frank")
        ok("nobody else has one (exit 5)", done.code == 5, done)
        code = plain["code"]

        # ---- answering without an export ----
        def approve(who, text, *more, env=None, code=code):
            return run(who, "recover", "approve", "--code", code, *more, input=text, env=env)

        done = approve("bob", for_bob["block"], "--override")
        said = words(done.out)
        ok("a holder's own log and the share in the block will do", done.code == 0 and "BEGIN BREAKGLASS ANSWER" in done.out, done)
        entries = int(re.search(r"this machine's own log, (\d+) entries, the last of", said)[1])
        ok("the screen says what it was checked by, and up to where", entries > 8 and "what happened since, other openings included, can't be seen here" in said, said)
        ok("with every word that an approver must see", all(x in said for x in ("erin", "prod/db/root", "the host burnt down", "NO CLOCK IS TRUSTED", "Nobody is paged")), said)
        (w.dir / "from-bob").write_text(done.out)
        done = approve("bob", for_bob["block"])
        ok("a share that the own log saw spent wants an override, though no export is there", done.code == 6 and done.word() == "spent-limit" and "SPENT SHARES" in done.out, done)
        done = approve("bob", for_bob["block"], "--override", code="0000-0000")
        ok("a wrong code gives nothing away", done.code != 0 and "BEGIN" not in done.out, done)
        done = approve("carol", for_carol["block"], "--override", "--block", w.dir / "from-carol")
        ok("another one answers", done.code == 0, done)
        done = run("erin", "recover", "open", w.dir / "from-carol", w.dir / "from-bob", "--from", vault, "--genesis", w.genesis, "--show", "--field", "password")
        ok("and it opens", done.code == 0 and done.out == SECRET, done)
        done = run("bob", "recover", "approve", "--from", vault, "--code", code, "--override", input=for_bob["block"])
        ok("with an export such a block is as good as any", done.code == 0, done)

        if shutil.which("zbarimg"):
            done = ask("--with-share", "carol", "--qr-file", w.dir / "qr.pbm", incident="INC-4")
            read = subprocess.run(["zbarimg", "--raw", "-q", "-Sdisable", "-Sqrcode.enable", w.dir / "qr.pbm"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                  text=True).stdout
            again = approve("carol", read, "--override", code=done.json["code"])
            ok("such a block goes into a QR code, and out of it by another's decoder", read.startswith("BG1:") and again.code == 0, (done, read, again))
        else:
            skip("no zbarimg: a QR code with a share was not read back")

        # ---- blocks that lie ----
        payload, signature, share = parts_of(for_bob["block"])
        spare = parts_of(ask("--with-share", "bob", credential="prod/db/spare").json["block"])
        lies = {"another holder's share": for_carol["block"], "a share of another version": block(payload, signature, spare[2]),
                "a changed share": block(payload, signature, share[:-1] + bytes([share[-1] ^ 1])),
                "a share that is none": block(payload, signature, b"no share"),
                "a changed request": block(payload.replace(b"INC-2", b"INC-3"), signature, share),
                "another request's signature": block(payload, spare[1], share),
                "a signature that is none": block(payload, signature[:-1] + bytes([signature[-1] ^ 1]), share)}
        for what, text in lies.items():
            done = approve("bob", text, "--override")
            ok(f"{what}: exit 4, nothing is answered", done.code == 4 and "BEGIN BREAKGLASS" not in done.out, done)
        ok("whose share it is is said", "is carol's" in approve("bob", for_carol["block"]).err)
        done = approve("frank", for_bob["block"])
        ok("who holds no share can't answer (exit 3)", done.code == 3, done)
        mixed = w.dir / "mixed.identity"  # bob's signing key, carol's opening key
        mixed.touch(0o600)
        of = {name: open(w.identity(name)).read().splitlines() for name in ("bob", "carol")}
        mixed.write_text("\n".join([line for line in of["bob"] if "breakglass-sign/v1" in line] + [line for line in of["carol"] if "AGE-SECRET-KEY" in line]) + "\n")
        done = Done((), subprocess.run([*NO_NETWORK, BREAKGLASS, "recover", "approve", "--code", code, "--override", "--identity", str(mixed)], env=w.env("bob"),
                                       input=for_bob["block"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=PATIENCE * 2))
        ok("nor can an identity with another opening key than the roster's (exit 4)", done.code == 4 and "another opening key" in words(done.err), done)

        # ---- what a log can't tell ----
        done = approve("bob", plain["block"])
        ok("without a share an export is wanted (exit 2)", done.code == 2 and "--from EXPORT" in done.err and "--with-share" in done.err, done)
        bare = w.dir / "bare"
        bare.mkdir(mode=0o700)
        done = approve("bob", for_bob["block"], env={"XDG_STATE_HOME": str(bare), "HOME": str(bare)})
        ok("so it is on a machine that has no log of its own (exit 2)", done.code == 2 and "no log of its own" in done.err, done)
        for_alice = ask("--with-share", "alice").json["block"]
        done = approve("alice", for_alice, env={"XDG_STATE_HOME": str(early)})
        known = re.search(r"later export \((\d+) entries; this log has (\d+)\)", done.err)
        ok("a log that ends before the request's says how much is missing (exit 6)", done.code == 6 and known and int(known[1]) > int(known[2]), done)
        w.start()
        w.seal(fields={"password": "changed since"})
        for holder in w.holders:
            w.must(holder, "inbox")
        for holder in w.holders:
            w.must(holder, "status")
        w.stop()
        done = approve("bob", for_bob["block"], "--override")
        ok("a log that goes on behind the export knows that the value was changed (exit 6)", done.code == 6 and done.word() == "stale-version", done)

        # ---- an export that is older than what the holder's machine has seen ----
        def later_roster(**changes):
            w.start()
            w.must("alice", "roster", "submit", w.sign_roster(w.roster_yaml(**changes)))
            w.must("bob", "status")
            w.stop()

        def approve_old(*more, env=None):
            return run("bob", "recover", "approve", "--from", vault, "--code", code, "--override", *more, input=plain["block"], env=env)

        pinned = ("--genesis", w.genesis)
        done = approve_old(*pinned)
        ok("the own log is looked at whoever gave the pin, and an older export can be answered", done.code == 0 and "behind the export" in done.err, done)
        later_roster(requesters=("frank",))
        done = approve("bob", for_bob["block"], "--override")
        ok("a request under an older roster than the own log's says which export is wanted (exit 6)",
           done.code == 6 and done.word() == "stale-roster" and "takes the newer one" in words(done.err), done)
        for more in ((), pinned):
            done = approve_old(*more)
            ok("an old export lets nobody ask whom the machine's newest roster does not (exit 3)",
               done.code == 3 and done.word() == "not-allowed" and "erin may not ask" in words(done.err) and "BEGIN" not in done.out, done)
        done = approve_old(*pinned, env={"XDG_STATE_HOME": str(bare), "HOME": str(bare)})
        ok("a machine that has seen nothing can only believe the export", done.code == 0, done)
        made = w._plain([BREAKGLASS, "keygen", "erin", "--out", str(w.dir / "erin-new"), "--no-passphrase"])
        w.lines["erin"] = next(line.strip() for line in made.out.splitlines() if "signs:" in line)
        later_roster(requesters=("erin", "frank"))
        done = approve_old(*pinned)
        ok("nor does it bring back keys that were replaced (exit 3)",
           done.code == 3 and done.word() == "not-allowed" and "other keys" in words(done.err) and "BEGIN" not in done.out, done)


main()
finish()
