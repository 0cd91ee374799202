#!/usr/bin/python3
"""kill -9 of a person's program at every write, rename, send and receive: whoever tries again gets on, nothing is said twice, and the
one-time key of a request is there as long as the request is."""
import pathlib, subprocess, sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from harness import ROOT, World, finish, is_sanitized, ok, skip
from lying_broker import Line, Store

PASSWORD = "correct horse battery staple"
LIMITS = "limits: {sessions_per_minute: 100000, statements_per_minute: 100000, requests_per_hour: 100000}\n"


class Tries:
    def __init__(self, w, shim):
        self.w, self.shim, self.n = w, str(shim), 0
        self.broken = []

    def count(self, kind, by):
        lines = map(Line, Store(next(self.w.state.glob("*.db"))).lines)
        return sum(e.type == kind and e.says["by"] == [by] for e in lines)

    def folder(self, who, name):
        return [p for p in pathlib.Path(self.w.home(who)).glob(f"state/breakglass/*/{name}/*") if ".tmp-" not in p.name]

    def asked(self):
        self.n += 1
        return self.w.request("erin", incident=f"INC-{self.n}")

    def approved(self):
        asked = self.asked()
        for holder in ("bob", "carol"):
            done = self.w.approve(holder, asked)
            assert done.code == 0, repr(done)
        return asked

    def opened(self):
        asked = self.approved()
        assert self.w.open(asked).code == 0
        return asked

    def end(self, asked):
        """Whatever state it is in; the next round starts with a new one."""
        if self.w.run("erin", "cancel", asked["request"]).code != 0:
            self.w.run("erin", "close", asked["request"])

    def every_write(self, who, kind, prepare, command, check, good=(0,)):
        """prepare → the thing acted on; command(thing) → arguments; check(thing, Done of the retry, said twice?)."""
        at = 1
        while at < 300 and len(self.broken) < 3:
            thing = prepare()
            before = self.count(kind, who)
            killed = self.w.run(who, *command(thing), env={"LD_PRELOAD": self.shim, "KILL_AT": str(at), "KILL_NAMES": "1"})
            logged = self.count(kind, who) - before
            was_pending = bool(self.folder(who, "outgoing"))
            again = killed if killed.code == 0 else self.w.run(who, *command(thing))
            said = self.count(kind, who) - before
            # Once it is off the list of what goes out, its number was known: asking again is asking twice.
            may_be_two = kind == "request" and logged == 1 and not was_pending
            try:
                assert killed.code in (0, -9), f"killed: {killed!r}"
                assert again.code in good or again.word() in good, f"again: {again!r}"
                assert said == 1 or (may_be_two and said == 2), f"said {said} times"
                assert not self.folder(who, "outgoing"), "something is left to be sent"
                check(thing, again)
            except AssertionError as why:
                self.broken.append(f"{kind}, write {at}: {why}")
            self.end(thing or again.json)
            if killed.code == 0:
                break
            at += 1
        ok(f"{kind}: tried again after kill -9 at each of {at - 1} places, it is said once and goes on", not self.broken and at > 10,
           self.broken or at)


def ask_arguments(t):
    return lambda _: ("request", "prod/db/root", "--emergency", "E1", "--incident", f"INC-{t.n}", "--reason", "all is down", "--json")


def check_asked(t):
    def check(_, again):
        done = t.w.run("erin", "open", again.json["request"], "--show")
        assert done.word() == "not-ready", f"its key: {done!r}"  # without the key: no-file

    return check


def prepare_ask(t):
    def prepare():
        t.n += 1
        for path in t.folder("erin", "requests"):  # of a round that asked twice
            t.w.run("erin", "cancel", path.name[:16])

    return prepare


def check_opened(_, again):
    assert PASSWORD in again.out, repr(again)


def check_closed(t):
    def check(asked, _):
        t.w.must("erin", "status")
        assert asked["id"] not in [p.name for p in t.folder("erin", "requests")], "a one-time key outlives its request"

    return check


def main():
    if is_sanitized():
        return skip("a preloaded shim and a sanitizer don't go together")
    with World(config_extra=LIMITS) as w:
        shim = w.dir / "kill_at_write.so"
        subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", shim, ROOT / "tests/scenario/kill_at_write.c", "-ldl"], check=True)
        w.seal(fields={"password": PASSWORD})
        for name in w.people:
            w.must(name, "status")
        t = Tries(w, shim)
        t.every_write("erin", "request", prepare_ask(t), ask_arguments(t), check_asked(t))
        t.every_write("bob", "approval", t.asked, lambda a: ("approve", a["request"], "--code", a["code"]), lambda *_: None,
                      good=(0, "duplicate"))
        t.every_write("erin", "open", t.approved, lambda a: ("open", a["request"], "--show", "--field", "password"), check_opened)
        t.every_write("erin", "close", t.opened, lambda a: ("close", a["request"]), check_closed(t), good=(0, "not-found", "ended"))
        done = w.run("alice", "log", "verify")
        ok("the log holds", done.code == 0, repr(done))


main()
finish()
