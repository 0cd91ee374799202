"""The broker exports the vault by itself: verified before it has its name, the oldest go only after that, a program takes it elsewhere, and who must
know of trouble is paged until it is over."""
import json, os, re, shutil, signal, subprocess

from exports_folder import NAME, Exports, events, get, metrics, size, value, verify
from harness import BREAKGLASSD, ROOT, World, finish, ok, skip, wait_for
from page_file import PageFile

TAKER = """#!/bin/sh
request=$(cat)
printf '%s\\n' "$request" >> {folder}/asked
[ -e {folder}/later ] && exit 75
[ -e {folder}/broken ] && {{ echo '{{"status":"failed","why":"the bucket is gone"}}'; exit 78; }}
path=$(printf '%s' "$request" | sed 's/.*"path":"\\([^"]*\\)".*/\\1/')
echo "$path" >> {folder}/accepted
cp "$path" {folder}/taken/ && echo '{{"status":"accepted","id":"kept"}}'
"""


def check_config(w):
    return subprocess.run([BREAKGLASSD, "--config", w.config, "--check-config"], capture_output=True, text=True)


# ---- made, verified, kept and pruned ----


def made(w, x):
    name = wait_for("a first export", lambda: x.holding(size(w)))
    path = x.folder / name
    ok("the broker exports the vault by itself, under a name that says of when and of how many entries", NAME.fullmatch(name), name)
    ok("nobody else may read it (0600)", path.stat().st_mode & 0o777 == 0o600, oct(path.stat().st_mode))
    done = verify(w, path)
    ok("it proves itself", done.code == 0 and "1 of 1 credentials can be opened" in done.out, done)
    said = json.loads(get(w, "/v1/exports"))
    ok("everybody can ask how old it is", said["every"] == 1000 and said["entries"] == size(w) and not said["is_failing"], said)
    ok("the metrics say age, size and entries", value(w, "export_entries") == size(w) and value(w, "export_bytes") == path.stat().st_size and
       value(w, "export_age_seconds") is not None and value(w, "export_failures_total") == 0, metrics(w))
    if shutil.which("promtool"):
        done = subprocess.run(["promtool", "check", "metrics"], input=metrics(w), capture_output=True, text=True)
        ok("promtool finds nothing wrong with them", done.returncode == 0 and not done.stderr.strip(), done)
    else:
        skip("promtool is not installed")


def unchanged(w, x):
    before = x.files()
    seen = len(events(w, "export.unchanged"))
    wait_for("two rounds in which nothing has happened", lambda: len(events(w, "export.unchanged")) >= seen + 2)
    ok("where nothing has happened nothing is written, and its age counts as fresh", x.files() == before, x.files())
    first = json.loads(get(w, "/v1/exports"))["last_at"]
    wait_for("a later age", lambda: json.loads(get(w, "/v1/exports"))["last_at"] > first)
    path = x.folder / x.newest()
    raw = path.read_bytes()
    path.write_bytes(raw[:-50] + b"x" + raw[-49:])
    wait_for("damage to be found", lambda: events(w, "export.damaged"))
    wait_for("a good one instead", lambda: verify(w, x.folder / x.newest()).code == 0)
    ok("what lies there is verified each time: a damaged one is said and made anew", True)


def pruned(w, x):
    strangers = [x.folder / n for n in ("notes.txt", "acme-test-000000000000-20010101T000000Z-9.export", "acme-test-20010101T000000Z-9.export")]
    for stranger in strangers:
        stranger.write_text("another's")
    x.keep = 2
    x.reload()
    for i in range(3):
        w.seal(fields={"password": f"value {i}"}) if i == 0 else w.must("alice", "roster", "show")
        asked = w.request(incident=f"INC-P{i}")
        w.must("erin", "cancel", asked["request"])
        wait_for("an export of it", lambda: x.holding(size(w)))
    wait_for("only two", lambda: len([f for f in x.files() if f not in [s.name for s in strangers]]) == 2)
    ok("`keep` of them stay, the newest", verify(w, x.folder / x.holding(size(w))).code == 0, x.files())
    ok("what is not this installation's export is never removed", all(s.exists() for s in strangers), x.files())
    for stranger in strangers:
        stranger.unlink()


# ---- trouble: paged once, over when it is over ----


def troubles(pages, word, kind="export-failed"):
    return [e for e in pages.of(kind) if e.get("exports") == word]


def unsafe(w, x, pages):
    aside = w.dir / "aside"
    for what, break_it, says in (("world-writable", lambda: os.chmod(x.folder, 0o777), "written by others"),
                                 ("gone", lambda: os.rename(x.folder, aside), "not there"),
                                 ("a link", lambda: (os.rename(x.folder, aside), os.symlink(aside, x.folder)), "symbolic link"),
                                 ("somebody else's", lambda: os.chown(x.folder, 12345, 12345), "somebody else")):
        if what == "somebody else's" and os.geteuid() != 0:
            skip("only root can give a folder away")
            continue
        seen, healed = len(troubles(pages, "making")), len(troubles(pages, "making", "export-recovered"))
        break_it()
        wait_for(f"the page that the folder is {what}", lambda: len(troubles(pages, "making")) > seen)
        page = troubles(pages, "making")[-1]
        ok(f"a folder that is {what} is not used, and the page says how to mend it", says in page["text"] and "install -d -m 0700" in page["text"] and
           page["severity"] == "error", page)
        done = check_config(w)
        ok("  nor does --check-config take it", done.returncode == 10 and says in done.stderr, done)
        ok("  a reload of it is refused", any("config.refused" in l for l in x.reload()[-3:]), w.broker_log()[-600:])
        ok("  the broker is as ready as before", get(w, "/readyz", "admin.sock") == "ready\n")
        if x.folder.is_symlink():
            x.folder.unlink()
        if aside.exists():
            os.rename(aside, x.folder)
        os.chown(x.folder, os.geteuid(), os.getegid())
        os.chmod(x.folder, 0o700)
        wait_for("the page that it works again", lambda: len(troubles(pages, "making", "export-recovered")) > healed)
    ok("each trouble was paged once, and its end once", len(troubles(pages, "making")) == len(troubles(pages, "making", "export-recovered")))
    ok("what failed is counted", value(w, "export_failures_total") > 0)


def overdue(w, x, pages):
    wait_for("an earlier one to be over", lambda: len(troubles(pages, "overdue")) == len(troubles(pages, "overdue", "export-recovered")))
    seen = len(troubles(pages, "overdue"))
    os.chmod(x.folder, 0o770)
    wait_for("the page that it is overdue", lambda: len(troubles(pages, "overdue")) > seen)
    ok("no good export for twice as long as there should be is paged by itself", "overdue" in troubles(pages, "overdue")[-1]["text"])
    done = w.run("alice", "doctor")
    ok("`breakglass doctor` finds it broken", done.code == 1 and re.search(r"FAIL +exports", done.out), done)
    age = json.loads(get(w, "/v1/exports"))
    ok("everybody who asks hears that it fails", age["is_failing"], age)
    w.kill()
    w.start()
    wait_for("another failure after a start", lambda: value(w, "export_failures_total"))
    ok("a start says nothing to be mended", len(troubles(pages, "overdue", "export-recovered")) == seen, pages.all()[-4:])
    os.chmod(x.folder, 0o700)
    wait_for("the page that it no longer is", lambda: len(troubles(pages, "overdue", "export-recovered")) > seen)
    ok("it was paged once, and is over also for a broker that was started in between", len(troubles(pages, "overdue")) == seen + 1, pages.all()[-4:])
    wait_for("an export", lambda: x.holding(size(w)))


# ---- elsewhere ----


def handed_over(w, x, pages):
    taker = w.dir / "taker"
    (taker / "taken").mkdir(parents=True)
    program = taker / "export-to-there"
    program.write_text(TAKER.format(folder=taker))
    program.chmod(0o755)
    (taker / "later").touch()
    x.program = program
    x.reload()
    wait_for("three tries", lambda: (taker / "asked").exists() and len((taker / "asked").read_text().splitlines()) >= 3)
    wait_for("the page that it is not handed over", lambda: troubles(pages, "handing-over"))
    asked = [json.loads(l) for l in (taker / "asked").read_text().splitlines()]
    ok("a program that says `later` is asked again and again, and three times in a row are trouble", [a["attempt"] for a in asked[:3]] == [1, 2, 3], asked[:3])
    ok("it is told which file, of which installation, and its own configuration", asked[0]["export"]["path"] == str(x.folder / asked[0]["export"]["file"]) and
       asked[0]["export"]["installation"] == w.genesis and asked[0]["config"] == {"bucket": "b1"}, asked[0])
    (taker / "later").unlink()
    wait_for("the page that it is", lambda: troubles(pages, "handing-over", "export-recovered"))
    wait_for("the newest to be there", lambda: (taker / "taken" / x.newest()).exists())
    seen = len(events(w, "export.unchanged"))
    wait_for("rounds in which nothing has happened", lambda: len(events(w, "export.unchanged")) >= seen + 2)
    accepted = (taker / "accepted").read_text().splitlines()
    ok("what was taken once is not handed over again", len(set(accepted)) == len(accepted), accepted)
    ok("what it took is whole", verify(w, taker / "taken" / x.newest()).code == 0)
    ok("the metrics count it", value(w, "exports_handed_over_total") > 0 and value(w, "export_hand_over_failures_total") >= 3, metrics(w))

    (taker / "broken").touch()
    seen = len(troubles(pages, "handing-over"))
    w.must("erin", "cancel", w.request(incident="INC-H")["request"])
    wait_for("the page of a program that needs a person", lambda: len(troubles(pages, "handing-over")) > seen)
    ok("one that can't do it is paged at once, with its own words", "the bucket is gone" in troubles(pages, "handing-over")[-1]["text"], troubles(pages, "handing-over"))
    (taker / "broken").unlink()
    healed = len(troubles(pages, "handing-over", "export-recovered"))
    wait_for("it to be taken", lambda: len(troubles(pages, "handing-over", "export-recovered")) > healed or (taker / "taken" / x.newest()).exists())
    os.chmod(program, 0o777)
    ok("a program that others can write to is refused", check_config(w).returncode == 10)
    os.chmod(program, 0o755)
    x.program = None
    x.reload()


def hung(w, x, pages):
    said, program = w.dir / "hung-pids", w.dir / "hangs"
    program.write_text(f"#!/bin/sh\necho $$ >> {said}\nexec sleep 1234\n")
    program.chmod(0o755)
    x.program, x.timeout, seen = program, "1s", len(troubles(pages, "handing-over"))
    x.reload()
    wait_for("the page of a program that hangs", lambda: len(troubles(pages, "handing-over")) > seen)
    ok("a program that hangs is killed at its `timeout`, and paged", "deadline: killed" in troubles(pages, "handing-over")[-1]["text"], troubles(pages, "handing-over")[-1])

    def alive():
        done = subprocess.run(["ps", "-o", "pid=", "-o", "comm=", "-p", ",".join(said.read_text().split()) or "0"], capture_output=True, text=True) if said.exists() else None
        return done and "sleep" in done.stdout

    for what, end in (("a reload that wants none", lambda: x.reload("exports: {every: 1h, folder: %s}\n" % x.folder)), ("the broker's end", w.stop),
                      ("the broker's death", lambda: w.broker.kill())):
        said.unlink(missing_ok=True)
        x.timeout = "10m"
        x.configure()
        w.broker.send_signal(signal.SIGHUP) if w.broker and w.broker.poll() is None else w.start()
        wait_for("it to hang", alive)
        end()
        wait_for(f"it to end with {what}", lambda: not alive())
        ok(f"{what} does not wait for one that hangs", True)
    x.program, x.timeout = None, "30s"
    x.configure()
    w.broker.wait()
    w.start()
    wait_for("the end of that trouble", lambda: len(troubles(pages, "handing-over", "export-recovered")) == len(troubles(pages, "handing-over")))


def by_the_template(w, x, pages):
    program, there = w.dir / "export-template", w.dir / "off-site"
    shutil.copy(ROOT / "packaging" / "export-template", program)
    x.program, x.config = program, {"to": str(there)}
    x.reload()
    wait_for("the template to ask for its folder", lambda: value(w, "export_hand_over_failures_total"))
    there.mkdir()
    name = wait_for("the export to be there", lambda: next((n for n in os.listdir(there) if n in x.files()), None))
    ok("packaging/export-template takes them elsewhere, whole", verify(w, there / name).code == 0 and "not there" in w.broker_log(), w.broker_log()[-500:])
    x.config = {}
    seen = len(troubles(pages, "handing-over"))
    x.reload()
    wait_for("the page of its mistaken configuration", lambda: len(troubles(pages, "handing-over")) > seen)
    ok("  and says what is wrong with its configuration", "config: to is missing" in troubles(pages, "handing-over")[-1]["text"])
    x.program = None
    x.reload()
    wait_for("the end of that trouble", lambda: len(troubles(pages, "handing-over", "export-recovered")) > seen)
    ok("who asks for no program any more has no trouble with it", True)


# ---- starts ----


def started_again(w, x):
    x.every = "1h"
    x.reload()
    wait_for("the exports to be looked at", lambda: value(w, "export_every_seconds") == 3600 and value(w, "export_entries"))
    before = x.files()
    (x.folder / ".breakglass-export.tmp").write_text("half an export")
    for _ in range(3):
        w.kill()
        w.start()
        wait_for("the exports to be looked at", lambda: value(w, "export_entries"))
    ok("a broker that is started again and again pushes no older export out", x.files() == before, (before, x.files()))
    ok("what was left half done is gone", not (x.folder / ".breakglass-export.tmp").exists())
    done = w.run("alice", "doctor")
    ok("`breakglass doctor` finds them in order", re.search(r"OK +exports", done.out), done)
    done = w.run("alice", "status")
    ok("`breakglass status` tells the age", done.code == 0 and re.search(r"^ *exports? .*(ago|now)", done.out, re.M), done)


def another_history(w, x):
    """The broker is put back to an older state, as from a disk's snapshot: what was exported since is no export of its log."""
    w.stop()
    shutil.copytree(w.state, w.dir / "older")
    w.start()
    x.every = "1s"
    x.reload()
    w.must("erin", "cancel", w.request(incident="INC-LOST")["request"])
    lost = wait_for("an export of what will be lost", lambda: x.holding(size(w)))
    w.stop()
    shutil.rmtree(w.state)
    os.rename(w.dir / "older", w.state)
    x.every = "1h"
    x.configure()
    w.start()
    wait_for("an export of this log", lambda: value(w, "export_entries") == size(w))
    ok("a young export of another history counts for nothing: one is made at once", value(w, "exports_written_total") == 1 and lost in x.files(), x.files())


def of_the_future(w, x):
    """The clock was wrong when the newest was made (a host that starts without a battery), and was set right since."""
    w.must("erin", "cancel", w.request(incident="INC-CLOCK")["request"])
    w.stop()
    newest = x.newest()
    for name in x.files():
        if name != newest:
            (x.folder / name).unlink()
    future = re.sub(r"-\d{8}T\d{6}Z-", "-20991231T235959Z-", newest)
    (x.folder / newest).rename(x.folder / future)
    w.start()
    wait_for("exports to be looked at", lambda: value(w, "export_entries"))
    ok("an export of the future is not waited for: one is made at once, and it stays", value(w, "export_entries") == size(w) and value(w, "exports_written_total") == 1
       and future in x.files() and len(x.files()) == 2, x.files())
    (x.folder / future).unlink()


def none(w, x):
    x.reload("")
    wait_for("no exports", lambda: "export_every_seconds" not in metrics(w))
    done = w.run("alice", "doctor")
    ok("`breakglass doctor` warns where none are configured", re.search(r"WARN +exports", done.out), done)
    ok("the broker's own log does, too", events(w, "exports.none"))


with PageFile() as pages, World(channels=pages.channels, start=False) as w:
    x = Exports(w)
    x.configure()
    w.start()
    for name in w.people:
        w.join(name)
    w.seal()
    wait_for("the seal to be exported", lambda: x.holding(size(w)))
    made(w, x)
    unchanged(w, x)
    pruned(w, x)
    unsafe(w, x, pages)
    overdue(w, x, pages)
    handed_over(w, x, pages)
    by_the_template(w, x, pages)
    hung(w, x, pages)
    started_again(w, x)
    of_the_future(w, x)
    another_history(w, x)
    none(w, x)
finish()
