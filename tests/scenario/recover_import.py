"""The broker is back: what was opened without it is brought to it in its signers' own words. It pages, rotation is due, a post-mortem is
owed, and everybody who reads the log can see what happened."""
import base64, json, os, pathlib, re, shutil, subprocess, sys

from harness import BREAKGLASSD, World, finish, ok, wait_for
from page_file import PageFile

SECRET = "opened while the broker was away"


def words(done):
    """Without the terminal's line breaks."""
    return " ".join(done.out.split())


def opened_offline(w, vault, incident):
    """erin asks, bob and carol answer, erin opens; the broker is down all the while."""
    at = ("--from", vault, "--genesis", w.genesis)
    asked = w.must("erin", "recover", "ask", "prod/db/root", *at, "--emergency", "E1", "--incident", incident, "--reason", "the host burnt down",
                   "--json").json
    answers = []
    for holder in ("bob", "carol"):
        done = w.must(holder, "recover", "approve", *at, "--code", asked["code"], "--override", input=asked["block"])
        path = w.dir / f"{incident}-{holder}"
        path.write_text(done.out[done.out.index("-----BEGIN"):])
        answers.append(path)
    done = w.must("erin", "recover", "open", *answers, *at, "--request", asked["request"], "--show", "--field", "password")
    ok("it opens while the broker is away", done.out == SECRET, done)
    return asked["request"]


def main():
    with PageFile() as pages, World(channels=pages.channels) as w:
        w.seal(fields={"password": SECRET})
        vault = w.dir / "vault.export"
        subprocess.run([BREAKGLASSD, "export", vault, "--config", w.config], check=True, stdout=subprocess.DEVNULL)
        w.stop()
        first = opened_offline(w, vault, "INC-9")
        folder = pathlib.Path(w.home("erin")) / "state/breakglass-recover"
        w.must("erin", "recover", "ask", "prod/db/root", "--from", vault, "--genesis", w.genesis, "--emergency", "E1", "--incident", "INC-10",
               "--reason", "asked, never opened")
        copy = w.dir / "copy"
        shutil.copytree(folder, copy)
        done = w.run("erin", "recover", "import")
        ok("without a broker there is nothing to bring it to (exit 8)", done.code == 8, done)
        w.start()

        # ---- who may, and what it says ----
        done = w.run("frank", "recover", "import", "--work", copy)
        ok("somebody else can't bring it (exit 3)", done.code == 3 and done.word() == "not-allowed", done)
        done = w.run("frank", "recover", "import")
        ok("who has opened nothing is told so (exit 5)", done.code == 5, done)
        done = w.run("erin", "recover", "import")
        ok("its requester brings it", done.code == 0 and "opened prod/db/root offline, with 2 shares" in words(done) and "INC-9 owes a post-mortem" in words(done)
           and "INC-10" not in done.out, done)
        again = w.run("erin", "recover", "import", "--json").json
        ok("once", again["told"] == 0 and again["known"] == 1 and again["recoveries"][0]["id"] == first, again)
        again = w.run("alice", "recover", "import", "--work", copy)
        ok("an admin with a copy of the folder hears that it is there", again.code == 0 and "already" in again.out, again)
        ok("and the copy's one-time key is dropped as well", not (copy / "requests" / first).exists() and (copy / "opened" / first).exists())
        ok("its one-time key is gone, what was signed is kept", not (folder / "requests" / first).exists() and (folder / "opened" / first).exists())

        # ---- what everybody sees ----
        page = wait_for("its page", lambda: next(iter(pages.of("opened")), None))
        ok("everybody is paged that it was opened offline", page.get("offline") is True and "GLASS BROKEN OFFLINE: erin" in page["text"]
           and page["severity"] == "critical" and page["incident"] == "INC-9", page)
        status = w.must("bob", "status", "--json").json
        said = json.dumps(status)
        ok("rotation is due, for spent shares", '"spent"' in said, status)
        ok("and a post-mortem is owed", any(i["incident"] == "INC-9" and i["owes_postmortem"] for i in status["incidents"]), status["incidents"])
        done = w.must("bob", "log", "tail")
        ok("the log says so in words", all(x in words(done) for x in ("OFFLINE, untimed: erin OPENED", "bob, carol", "the host burnt down")), done)
        done = w.run("carol", "log", "verify")
        ok("every client's own check of the log holds", done.code == 0, done)

        # ---- the log has the very words ----
        log = w.dir / "log"
        w.must("alice", "log", "export", log)
        line = next(l for l in map(json.loads, filter(lambda l: l.startswith('{"n"'), log.read_text().splitlines())) if l["type"] == "recovery")
        payload = json.loads(base64.b64decode(line["payload"]))
        kept = json.loads((folder / "opened" / first).read_text())
        ok("the kept `open` stands in it, byte for byte", payload["open"] == kept and payload["untimed"] is True and len(payload["approvals"]) == 2)
        if len(sys.argv) > 1:  # a seed for the fuzzer
            pathlib.Path(sys.argv[1]).write_bytes(bytes([15]) + base64.b64decode(line["payload"]))

        # ---- the broker forgets nothing of it ----
        w.stop()
        second = opened_offline(w, vault, "INC-11")
        w.start()
        done = w.run("alice", "recover", "import", "--work", folder)
        ok("a second opening is a second recovery; an admin brings it", done.code == 0 and "erin opened" in words(done) and "INC-11" in done.out, done)
        w.stop()
        w.start()
        status = w.must("bob", "status", "--json").json
        owed = {i["incident"] for i in status["incidents"] if i["owes_postmortem"]}
        ok("after a restart both are owed", owed >= {"INC-9", "INC-11"}, status["incidents"])
        (w.dir / "pm").write_text("The host burnt down.\n")
        done = w.run("erin", "postmortem", "INC-9", "--met", "yes", "--file", w.dir / "pm")
        ok("its requester writes the post-mortem", done.code == 0, done)
        asked = w.request(incident="INC-12")
        for holder in ("alice", "bob"):
            w.approve(holder, asked)
        done = w.open(asked)
        ok("life goes on: the credential opens with the broker again", done.code == 0 and done.out == SECRET, done)

        # ---- what this log can't take stops nothing else, and accuses nobody ----
        w.stop()
        kept = w.dir / "kept-state"
        shutil.copytree(w.state, kept)
        w.start()
        w.request(by="frank", incident="INC-13")
        later = w.dir / "later.export"
        subprocess.run([BREAKGLASSD, "export", later, "--config", w.config], check=True, stdout=subprocess.DEVNULL)
        w.stop()
        shutil.rmtree(w.state)
        shutil.copytree(kept, w.state)
        lost = [opened_offline(w, later, incident) for incident in ("INC-14", "INC-15")]
        good = [opened_offline(w, vault, incident) for incident in ("INC-16", "INC-17")]
        w.start()
        done = w.run("erin", "recover", "import")
        said = " ".join(done.err.split())
        ok("an opening from an export with entries that the log has lost is left out (exit 6), and said how to mend",
           done.code == 6 and done.word() == "mismatch" and "2 of 6 were left out" in said and all(x in said for x in lost) and "gives them back first" in said, done)
        ok("no lying broker is cried", "lying" not in done.err and not list(pathlib.Path(w.home("erin")).glob("state/breakglass/*/evidence/*")), done)
        ok("the others are brought", all(f"incident {x} owes" in words(done) for x in ("INC-16", "INC-17")), done)
        ok("what was left out keeps its key", all((folder / "requests" / x).exists() for x in lost) and not any((folder / "requests" / x).exists() for x in good))


main()
finish()
