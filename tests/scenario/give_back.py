"""The last hour of the broker's disk is lost: it was brought back from an older export and has started already. Those who had seen more say
exactly what is missing and give it back, entry for entry; what would fork is refused with what each side would lose."""
import contextlib, os, re, shlex, shutil, sqlite3, subprocess

from harness import PEOPLE, BREAKGLASS, BREAKGLASSD, ROOT, Done, World, finish, is_sanitized, ok, skip, wait_for
from page_file import PageFile

CREDENTIALS = {name: {"opens_what": name, "sealers": ["alice"]} for name in ("prod/db/root", "prod/late", "prod/new")}
WRITES_MAX = 500  # more than it ever makes


def broker_command(w, *arguments, env=None):
    args = [BREAKGLASSD, *map(str, arguments), "--config", w.config]
    return Done(arguments, subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})}))


def lines(w):
    """The log as it lies in the broker's database."""
    with contextlib.closing(sqlite3.connect(f"file:{w.state}/broker.db?mode=ro", uri=True)) as db:
        return [line for line, in db.execute("SELECT line FROM log ORDER BY n")]


def sealed_versions(w):
    """Of how many versions sealed parts lie there."""
    with contextlib.closing(sqlite3.connect(f"file:{w.state}/broker.db?mode=ro", uri=True)) as db:
        return db.execute("SELECT count(DISTINCT owner) FROM blobs WHERE kind IN (1, 2)").fetchone()[0]


def words(text):
    return " ".join(text.split())


def own_lines(w, name):
    return [l for l in w.run(name, "log", "tail", "--all", "--json").out.splitlines() if l.startswith("{")]


def restore(w, vault, *more):
    shutil.rmtree(w.state, ignore_errors=True)
    return broker_command(w, "init", "--from", vault, "--genesis", w.genesis, *more)


def lost_hour(w):
    """What happens after the export: an opening, a close, a new version, a value changed; bob sees the first part of it, erin and alice all."""
    asked = w.request()
    w.approve("bob", asked)
    w.must("bob", "status")
    w.approve("alice", asked)
    ok("it is opened after the export", w.open(asked).out.strip() == "first")
    w.must("erin", "close", "INC-7")
    w.seal("prod/late", fields={"password": "late"})
    w.seal("prod/new", fields={"password": "newer"})
    for name in ("alice", "dave"):
        w.must(name, "inbox")  # with their custody the newer value is the current one
    for name in ("erin", "alice"):
        w.must(name, "status")


def write_log(w, name, *more):
    path = w.dir / f"{name}.given"
    path.unlink(missing_ok=True)
    done = w.run(name, "log", "export", *more, path)
    return path, done


def kills(w, before, whole, given):
    """Wherever it dies: the log is the old one or the whole new one, and once more brings it all."""
    made = w.dir / "kill.so"
    if is_sanitized():
        skip("a preloaded killer and a sanitizer don't go together")
        return
    if subprocess.run(["cc", "-shared", "-fPIC", "-o", made, ROOT / "tests/scenario/kill_at_write.c", "-ldl"]).returncode != 0:
        skip("no compiler for the killer")
        return
    wrong, at, killed = [], 0, 0
    while at < WRITES_MAX and len(wrong) < 3:
        at += 1
        shutil.rmtree(w.state)
        shutil.copytree(before, w.state)
        had = lines(w)
        done = broker_command(w, "give-back", *given, env={"LD_PRELOAD": str(made), "KILL_AT": str(at)})
        if done.code == 0:
            break
        killed += done.code == -9
        now = lines(w)
        again = broker_command(w, "give-back", *given)
        if done.code != -9 or now not in (had, whole) or again.code != 0 or lines(w) != whole:
            wrong.append((at, done, len(now), again))
    ok(f"killed at each of its {killed} writes it leaves the old log or the whole one, and the next try brings it all", 3 < killed < WRITES_MAX and not wrong, (killed, wrong[:1]))


def main():
    with PageFile() as pages, World(people=[*PEOPLE, "dave"], holders=("alice", "bob", "carol", "dave"), credentials=CREDENTIALS, channels=pages.channels, config_extra="heartbeat: 1d\n") as w:
        w.seal(fields={"password": "first"})
        for holder in w.holders:
            w.must(holder, "inbox")
        wait_for("the notices so far", lambda: pages.of("heartbeat"))
        w.must("alice", "status")
        w.seal("prod/new", fields={"password": "new"})
        vault = w.dir / "vault.export"
        ok("an export", broker_command(w, "export", vault).code == 0)
        lost_hour(w)
        w.kill()
        whole = lines(w)

        # ---- restored from the export alone, and started ----
        done = restore(w, vault)
        ok("init says what to do before anything else", done.code == 0 and "breakglass status" in done.out and "give it back" in words(done.out), done)
        exported = lines(w)
        beats = len(pages.of("heartbeat"))
        w.start()
        wait_for("the restored broker's own page", lambda: len(pages.of("heartbeat")) > beats)
        done = w.run("frank", "status")
        ok("who has seen no more goes on", done.code == 0, done)
        done = w.run("carol", "inbox")
        ok("what her program would say by itself waits", done.code == 0 and "restored: custody of your shares could not be recorded now" in words(done.err), done)
        done = w.run("erin", "status")
        said = words(done.err)
        ok("who has seen more is told (exit 4)", done.code == 4 and done.word() == "lying-broker" and "a shorter log than seen before" in said, done)
        ok("which entries are missing, from when to when", re.search(rf"Only this machine has \d+ entries, {len(exported)} to \d+, of \S+ \S+ UTC to \S+ \S+ UTC", said), said)
        told = [l for l in done.err.splitlines() if re.match(r"  \d+, ", l)]
        ok("what they are, openings first", "erin OPENS" in told[0] and any("alice sealed prod/late" in l for l in told) and not any("page" in l for l in told), told)
        ok("and that they can be given back", "Ask an admin by voice" in said, said)
        here = re.search(r"^  breakglass (log export .*)$", done.err, re.M)[1]
        there = re.search(r"^  breakglassd (give-back .*)$", done.err, re.M)[1]
        again = w.run("erin", "request", "prod/late", "--emergency", "E1", "--incident", "I", "--reason", "x")
        ok("nothing can be asked there", again.code == 4, again)

        # ---- the very commands that it printed ----
        given = []
        for name in ("bob", "erin", "alice"):
            os.makedirs(w.dir / f"at-{name}", exist_ok=True)
            done = Done([name], subprocess.run([BREAKGLASS, *shlex.split(here), "--identity", w.identity(name)], cwd=w.dir / f"at-{name}", env=w.env(name),
                                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
            given.append(w.dir / f"at-{name}" / shlex.split(here)[-1])
            ok(f"{name} writes their copy while the broker contradicts it", done.code == 0 and given[-1].exists(), done)
            done = w.run(name, "log", "verify", given[-1], "--genesis", w.genesis)
            ok("which verifies like any export", done.code == 0, done)
        ok("the sealer's has the sealed parts", "15 sealed shares and ciphertexts are in it" in words(done.out), done)
        text = given[-1].read_bytes()
        (w.dir / "cut").write_bytes(text[:text.rindex(b'{"sha256"')])
        done = w.run("alice", "log", "verify", w.dir / "cut", "--genesis", w.genesis)
        ok("cut behind a part it is refused (exit 9)", done.code == 9, done)
        done = broker_command(w, "give-back", *given)
        ok("while the broker runs nothing is given back (exit 2)", done.code == 2 and "stop the broker" in done.err, done)
        w.stop()
        ok("the restored broker has added nothing of its own meanwhile", lines(w) == exported, lines(w)[len(exported):])
        done = broker_command(w, "give-back", w.dir / "cut")
        ok("what is damaged is refused (exit 9)", done.code == 9 and "cut" in done.err and lines(w) == exported, done)
        shutil.copytree(w.state, w.dir / "before")

        command = shlex.split(there.replace("FILE", str(w.config), 1))
        ok("the command names the log that was written", command[-1] == given[0].name, command)
        done = Done(command, subprocess.run([BREAKGLASSD, *command], cwd=given[0].parent, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        bobs = lines(w)
        ok("the shorter copy gives what it has", done.code == 0 and exported == bobs[:len(exported)] and len(exported) < len(bobs) < len(whole), done)
        done = broker_command(w, "give-back", given[1])
        ok("the longer one the rest, byte for byte as they were", done.code == 0 and lines(w) == whole[:len(lines(w))] and len(lines(w)) > len(bobs), done)
        ok("what only the sealer's machine has is named, with the way to it", "missing: the sealed parts of prod/late version 1, sealed by alice" in done.out
           and "log export --sealed" in done.out, done)
        done = broker_command(w, "give-back", given[2], given[0])
        ok("it has them", done.code == 0 and "missing" not in done.out, done)
        ok("what was replaced in the lost hour is erased", sealed_versions(w) == 3, sealed_versions(w))
        done = broker_command(w, "give-back", *given)
        ok("once more changes nothing", done.code == 0 and "no entry" in done.out and "missing" not in done.out, done)
        mended = lines(w)

        # ---- life goes on ----
        w.start()
        for name in ("alice", "bob", "carol", "dave", "erin"):
            done = w.run(name, "log", "verify")
            ok(f"{name} goes on where they were", done.code == 0, done)
        second = w.request(credential="prod/late", incident="INC-8")
        for holder in ("alice", "bob"):
            w.approve(holder, second)
        done = w.open(second)
        ok("what was sealed in the lost hour opens", done.out.strip() == "late", done)
        wait_for("the broker's own words, once somebody has said something",
                 lambda: any('"notice"' in l for l in own_lines(w, "alice")[len(mended):]))
        ok("the broker goes on by itself once somebody has said something")
        w.must("erin", "close", "INC-8")
        w.seal("prod/late", fields={"password": "later"})
        for holder in w.holders:
            w.must(holder, "inbox")
        w.must("alice", "status")
        folder = next((w.dir / "people/alice/state/breakglass").glob("*/sealed"))
        ok("a sealer keeps the parts of living versions only", len(list(folder.iterdir())) == 3, list(folder.iterdir()))
        later = []
        for name in ("bob", "erin", "alice"):
            w.must(name, "status")
            later.append(write_log(w, name, "--sealed")[0])
        longest = max(path.read_bytes().count(b'"at":') for path in later)
        w.stop()
        kills(w, w.dir / "before", mended, given)
        given = later

        # ---- the restored broker went on before anybody gave back ----
        restore(w, vault)
        w.start()
        asked = w.request(by="frank", incident="INC-9")
        w.must("carol", "status", "--offline")
        w.stop()
        forked = lines(w)
        w.start()
        done = w.run("erin", "status")
        said = words(done.err)
        ok("who has seen more is told of a fork, where it is, and both heads", done.code == 4 and f"fork: another log than seen before from entry {len(exported)} on" in said
           and len(re.findall(r"\d+ [0-9a-f]{64}", said)) >= 2, done)
        mine, theirs = said.split("Only the broker has")
        ok("what only they have and what only the broker has", "erin OPENS" in mine and "frank asks for prod/db/root" in theirs and "frank" not in mine.split("Only this machine")[1], said)
        w.stop()
        forked = lines(w)
        done = broker_command(w, "give-back", *given)
        ok("it is refused (exit 6)", done.code == 6 and done.word() == "fork" and lines(w) == forked, done)
        only = re.split(r"Only ", done.err)
        ok("with what each side has alone", len(only) == 3 and any("the log here" in part and re.search(r"request +frank +prod/db/root, INC-9", part) and "erin" not in part for part in only)
           and any(re.search(r"open +erin +R\d+ prod/late, INC-8", part) and "frank" not in part for part in only), done)
        ok("and the way out", "init --from EXPORT --log" in done.err and "joined" in done.err, done)

        # ---- a fresh folder, from all that there is ----
        w.start()
        franks, done = write_log(w, "frank")
        w.stop()
        done = restore(w, vault, *[x for g in given for x in ("--log", g)], "--log", franks)
        ok("logs that contradict each other are named, and nothing is made (exit 6)", done.code == 6 and str(franks) in done.err and not (w.state / "broker.db").exists(), done)
        done = restore(w, vault, *[x for g in given for x in ("--log", g)])
        ok("without the wrong one the longest gives all, and each says what it gave", done.code == 0 and "missing" not in done.out and len(lines(w)) == longest
           and len(re.findall(r"more than the export", done.out)) == 3, done)
        w.start()
        done = w.run("erin", "log", "verify")
        ok("who had seen all of it goes on", done.code == 0, done)
        done = w.run("frank", "status")
        ok("who had seen the other refuses it", done.code == 4, done)
        shutil.rmtree(w.dir / "people/frank/state")
        w.join("frank")
        third = w.request(by="frank", incident="INC-9")
        for holder in ("alice", "bob"):
            w.approve(holder, third, "--override")
        ok("until they have joined again, and say it once more", w.open(third, by="frank").out.strip() == "first")


main()
finish()
