"""A drill is real but for the showing: pages go out, people approve by voice, it opens, it is rotated, and its report is true."""
import json, pathlib, subprocess, sys, tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "demo"))
from harness import BREAKGLASS, World, finish, ok, wait_for
from page_file import PageFile
from rotator_process import Rotator, statements
from targets import Vault

SECRET = "tr0ub4dor-and-three-more-words"
A, BY_HAND = Vault.name, "prod/door/code"


class Drill:
    """`breakglass drill` of erin, at work while others approve."""

    def __init__(self, w, *arguments):
        self.w = w
        self.seen = len(statements(w, "request"))
        self.process = subprocess.Popen([BREAKGLASS, "drill", *arguments, "--identity", w.identity("erin"), "--no-input"], env=w.env("erin"),
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def approved_by(self, *people):
        wait_for("the drill's request", lambda: len(statements(self.w, "request")) > self.seen)
        waiting = next(r for r in self.w.must("erin", "status", "--json").json["requests"] if r["state"] == "waiting")
        for who in people:
            done = self.w.run(who, "approve", waiting["request"], "--code", waiting["code"])
            ok(f"{who} approves with the code as ever", done.code == 0, repr(done))
        return waiting

    def ends(self):
        self.out, self.err = self.process.communicate(timeout=120)
        return self.process.returncode


def refused(w):
    for what, arguments, code, word in (("without --yes and nobody to ask", (A,), 2, "usage"), ("of nothing", ("prod/x", "--yes"), 5, "not-found"),
                                        ("of no incident", (A, "--yes", "--incident", "a b"), 2, "usage")):
        done = w.run("erin", "drill", *arguments, "--no-input")
        ok(f"a drill {what}: exit {code} {word}", (done.code, done.word()) == (code, word), repr(done))
    done = w.run("bob", "drill", A, "--yes")
    ok("a holder's drill: exit 3, the rules are the same", done.code == 3 and done.word() in ("not-allowed", "holder-cannot-request"), repr(done))
    ok("none of them asked for anything", not statements(w, "request"))


def whole(w, target, pages):
    drill = Drill(w, A, "--yes")
    asked = drill.approved_by("bob", "carol")
    ok("it ends well", drill.ends() == 0, drill.out + drill.err)
    ok("the secret is nowhere in what it says", SECRET not in drill.out + drill.err)
    ok("everybody was paged as in earnest", [e["request"] for e in pages.of("opened")] == [asked["request"]], pages.of("opened"))
    ok("the request says that it is a drill", statements(w, "request")[-1]["reason"].startswith("DRILL") and asked["incident"].startswith("DRILL-"), asked)
    ok("the value that was opened is dead", not target.accepts(SECRET))
    said = statements(w, "postmortem")[-1]
    ok("its post-mortem is written: a drill", (said["criterion_met"], said["incident"]) == ("drill", asked["incident"]), said)
    for part in ("paged after", "file", "ready after", "bob after", "carol after", "opened after", "the old value is refused"):
        ok(f"the report says: {part}", part in " ".join(drill.out.split()) and part in said["text"], (drill.out, said["text"]))
    ok("nothing is owed afterwards", not [i for i in w.must("erin", "status", "--json").json["incidents"] if i["owes_postmortem"]])


def in_json(w):
    drill = Drill(w, BY_HAND, "--yes", "--json", "--incident", "DRILL-2")
    drill.approved_by("alice", "bob")
    code = drill.ends()
    report = json.loads(drill.out.splitlines()[-1])
    ok("by hand it ends without waiting for a rotation", code == 0 and report["opened_at"] > report["asked_at"] and report["rotated_at"] == 0, drill.out + drill.err)


def denied(w):
    drill = Drill(w, BY_HAND, "--yes", "--incident", "DRILL-3")
    wait_for("its request", lambda: statements(w, "request")[-1].get("incident") == "DRILL-3")
    for who in ("alice", "bob"):
        w.must(who, "deny", w.must("erin", "status", "--json").json["requests"][-1]["request"], "--reason", "nobody called me")
    code = drill.ends()
    ok("a drill that is denied: exit 7, and its report says how far it came", code == 7 and "NEVER" in drill.out and "nobody approved" in drill.out, (code, drill.out, drill.err))
    ok("what never opened owes nothing", len(statements(w, "postmortem")) == 2)


with PageFile() as pages:
    with tempfile.TemporaryDirectory(prefix="breakglass-drill-") as folder:
        target = Vault(pathlib.Path(folder), SECRET)
        with World(rotators=["rot-1"], channels=pages.channels,
                   credentials={A: {"opens_what": target.what, "sealers": ["alice"], "rotate": target.rotate},
                                BY_HAND: {"opens_what": "the door of the machine room", "sealers": ["alice"]}}) as w:
            w.seal(A, {"password": SECRET})
            w.seal(BY_HAND, {"code": "4711"})
            for holder in ("alice", "bob", "carol"):
                w.must(holder, "inbox")
            refused(w)
            rotator = Rotator(w, {"file": {"program": str(pathlib.Path(BREAKGLASS).parents[1] / "rotators/hooks/file"), "config": {}}}).start()
            try:
                whole(w, target, pages)
                in_json(w)
                denied(w)
            finally:
                rotator.stop()
            ok("the log holds", w.run("erin", "log", "verify").code == 0)
finish()
