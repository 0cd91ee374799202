#!/usr/bin/python3
"""Clocks that are off, shares spent elsewhere, rosters that lock out, and rotators whose turn it isn't."""
import hashlib, json, os, pathlib, sys, time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import harness
from harness import BREAKGLASSD, World, finish, is_sanitized, ok, skip, wait_for
from page_file import PageFile
from sealing import Sealing
from wire import Line, Wire, age_to, sha256

A, B = "prod/db/root", "prod/db/other"
SECRET = "correct horse battery staple"
DAY_MS = 86400000
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"


def refused(what, answer, status, word):
    ok(f"{what}: {status} {word}", answer.status == status and answer.word == word and set(answer.json) == {"error", "message"}, answer)


def said(what, done, code, word):
    ok(f"{what}: exit {code} {word}", done.code == code and done.word() == word, repr(done))


def shifted(by):
    """A program that lives at another time; only the wall clock is off."""
    return {"LD_PRELOAD": FAKETIME, "FAKETIME": by, "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}


# ---- 44: clocks of people ----


def people_off(w, wire):
    ask = ("request", A, "--emergency", "E1", "--incident", "CLOCK", "--reason", "down")
    for by in ("-1d", "+1d", "-15m", "+15m"):
        said(f"a request by a machine {by} off", w.run("erin", *ask, env=shifted(by)), 6, "clock")
    near = w.run("erin", *ask, "--json", env=shifted("+5m"))
    ok("five minutes off are taken", near.code == 0, repr(near))
    w.must("erin", "cancel", near.json["request"])
    asked = w.request("erin")
    before = wire.size()
    for by in ("-1d", "-15m", "+1d"):
        done = w.run("bob", "approve", asked["request"], "--code", asked["code"], env=shifted(by))
        ok(f"an approval by a machine {by} off: refused, `clock` or `expired`", (done.code, done.word()) in ((6, "clock"), (7, "expired")), repr(done))
    late = [Line(raw) for raw in wire.lines()[before:]]  # what became of the pages is said when the courier knows it
    ok("none of them is in the log", not [l for l in late if l.type == "approval"], [(l.type, l.says) for l in late])
    for who in ("alice", "bob"):
        w.must(who, "approve", asked["request"], "--code", asked["code"])
    for by in ("-1d", "+15m"):
        done = w.run("erin", "open", asked["request"], "--show", env=shifted(by))
        ok(f"an opening by a machine {by} off: exit 6 clock, nothing shown", (done.code, done.word()) == (6, "clock") and SECRET not in done.out, repr(done))
    ok("it opens with the right time", SECRET in w.open(asked).out)
    w.must("erin", "close", asked["request"])


# ---- 44: the broker's clock ----


class Shifted:
    """Starts the broker at another time."""

    def __init__(self, w, by):
        self.program = w.dir / f"breakglassd{by}"
        settings = " ".join(f"{k}={v}" for k, v in shifted(by).items())
        self.program.write_text(f"#!/bin/sh\nexec env {settings} {BREAKGLASSD} \"$@\"\n")
        os.chmod(self.program, 0o755)

    def __enter__(self):
        self.was, harness.BREAKGLASSD = harness.BREAKGLASSD, str(self.program)

    def __exit__(self, *_):
        harness.BREAKGLASSD = self.was


def broker_behind(w, wire, pages):
    short = wire.say("request", "erin", **wire.asking(expires_at=int(time.time() * 1000) + 1000))
    short = wire.line_of(short.json["id"])
    blob = age_to(short.says["reply_to"], wire.reshare_line("bob", short).encode())
    wait_for("its expiry in the log", lambda: [l for l in map(Line, wire.lines()) if l.type == "close" and l.says.get("request") == short.id])
    last = Line(wire.lines()[-1])
    w.stop()
    with Shifted(w, "-1d"):
        w.start(expect=False)
        code = w.broker.wait(harness.PATIENCE)
        ok("a broker a day behind its log doesn't start: exit 6, and says what to do", code == 6 and "accept-clock" in w.broker_log(), (code, w.broker_log()[-800:]))
        ok("it never listened", not pathlib.Path(w.socket).exists())
        w.start("--accept-clock")
        said_at = wire.about()["now"]
        ok("with --accept-clock it goes on from the last line", 0 <= said_at - last.at < 120000, (said_at, last.at))
        paged = wait_for("the page", lambda: pages.of("clock-behind"))
        ok("which pages, once", len(paged) == 1, paged)
        fields = wire.approving("bob", short, blob)
        refused("an expired request lives again: an approval", wire.say("approval", "bob", [blob], made_at=said_at, **{**fields, "expires_at": said_at + 600000}), 410, "expired")
        refused("an expired request lives again: its opening", wire.say("open", "erin", made_at=said_at, request=short.id), 410, "expired")
        lines = [Line(raw) for raw in wire.lines()]
        ok("no line goes back in time", all(a.at <= b.at for a, b in zip(lines, lines[1:])))
        w.stop()
    w.start()
    ok("with the right time it starts again by itself", wire.call("GET", "/v1/about").status == 200)


def expiry_without_a_line(w, wire):
    """A request expires while the broker is down; it comes back a minute before that: still inside the ten minutes, so it starts."""
    request = wire.line_of(wire.say("request", "frank", **wire.asking(expires_at=int(time.time() * 1000) + 1500)).json["id"])
    w.stop(how=9)
    wait_for("its expiry", lambda: time.time() * 1000 > request.says["expires_at"])
    w.start()
    blob = age_to(request.says["reply_to"], wire.reshare_line("bob", request).encode())
    now = int(time.time() * 1000)
    answer = wire.say("approval", "bob", [blob], **wire.approving("bob", request, blob, expires_at=now + 60000))
    ok("what expired while the broker was down is expired: 410", answer.status == 410 and answer.word in ("expired", "ended"), answer)


def broker_ahead(w, wire):
    w.stop()
    with Shifted(w, "+1d"):
        w.start()
        ahead = wire.about()["now"]
        refused("a broker a day ahead: everybody else's statements", wire.say("request", "erin", **wire.asking(expires_at=ahead + 600000)), 409, "clock")
        w.stop()


# ---- 45a: shares spent elsewhere ----


def spent(w, wire, pages):
    first, second = w.request("erin", incident="SPENT-1"), w.request("frank", incident="SPENT-2")
    w.must("alice", "approve", first["request"], "--code", first["code"])
    request = wire.line_of(second["id"])
    blob = age_to(request.says["reply_to"], wire.reshare_line("bob", request).encode())
    refused("a second holder's approval of another request", wire.say("approval", "bob", [blob], **wire.approving("bob", request, blob)), 409, "spent-limit")
    ok("its blob is discarded", not any(blob[-150:] in p.read_bytes() for p in w.state.iterdir() if p.is_file()))
    done = w.run("bob", "approve", second["request"], "--code", second["code"])
    ok("the command explains it: exit 6 spent-limit, --override", done.code == 6 and done.word() == "spent-limit" and "--override" in done.err, repr(done))
    refused("override that isn't true", wire.say("approval", "bob", [blob], **wire.approving("bob", request, blob, override=False)), 400, "bad-statement")
    ok("the same holder's approval of the other is free", w.approve("alice", second).code == 0)
    done = w.approve("bob", second)
    ok("which bob's completes: free", done.code == 0, repr(done))
    third = w.request("erin", incident="SPENT-3")
    done = w.approve("carol", third)
    said("a third holder's for a third request", done, 6, "spent-limit")
    done = w.approve("carol", third, "--override")
    recorded = [l for l in map(Line, wire.lines()) if l.type == "approval" and l.says["request"] == third["id"]]
    ok("with --override it is taken, and the statement records it", done.code == 0 and recorded and recorded[0].says.get("override") is True, repr(done))
    for asked, who in ((first, "erin"), (third, "erin"), (second, "frank")):
        w.must(who, "cancel", asked["request"])
    due = [r for r in w.must("alice", "status", "--json").json["rotations"] if r["credential"] == A]
    ok("requests that end with an approval, unopened, make rotation due", due and due[0]["due"] != "none", due)
    wait_for("the page", lambda: [e for e in pages.of("rotation-due") if e.get("credential") == A] or [e for e in pages.all() if e.get("credential") == A and "rotat" in e["text"]])
    ok("which is paged")


def after_the_first_opening(w, wire):
    """Who opened it once knows it all the same: nothing is spent by more."""
    one, two = w.request("erin", credential=B, incident="ONE"), w.request("frank", credential=B, incident="TWO")
    for who in ("alice", "bob"):
        w.must(who, "approve", one["request"], "--code", one["code"])
    assert SECRET in w.open(one, field="password").out
    done = w.approve("carol", two)
    ok("after an opening an approval elsewhere needs no override", done.code == 0, repr(done))
    w.must("erin", "close", one["request"])
    w.must("frank", "cancel", two["request"])


# ---- 45b: rosters and rotators ----


def locks_out(w, wire):
    def candidate(**changes):
        kept = dict(vars(w))
        text = w.roster_yaml(**changes)
        vars(w).clear()
        vars(w).update(kept)
        return text

    for what, changes in (("two of three holders replaced", {"holders": ["alice", "erin", "frank"], "requesters": ["bob"]}), ("two of three holders left out", {"holders": ["alice", "frank"], "requesters": ["bob"]}),
                          ("more approvals than old holders stay", {"holders": ["alice", "bob", "frank"], "requesters": ["erin"], "approvals": 3})):
        text = candidate(**changes)
        refused(f"a roster with {what}", wire.post(wire.signed("roster", text.encode(), "alice", "bob")), 409, "locks-out")
        path = w.dir / "locks.yaml.signed"
        path.write_text(json.dumps(wire.signed("roster", text.encode(), "alice", "bob")) + "\n")
        said(f"a roster with {what}, by the command", w.run("alice", "roster", "submit", path), 6, "locks-out")
    fresh = candidate()
    keys = {n: w.lines[n] for n in ("alice", "bob")}
    for name in keys:
        w.must(name, "keygen", name, "--out", f"{w.home(name)}/new-{name}", "--no-passphrase")
        signs, opens = pathlib.Path(f"{w.home(name)}/new-{name}").read_text().splitlines()[0].removeprefix("# signs: ").split(" opens: ")
        fresh = fresh.replace(keys[name], f"{name}: {{signs: {signs}, opens: {opens}}}")
    new_keys = []
    from wire import person_key
    for name in keys:
        new_keys.append(person_key(f"{w.home(name)}/new-{name}"))
    refused("a roster that gives two of three holders other keys", wire.post(wire.signed("roster", fresh.encode(), "alice", "bob", keys=new_keys)), 409, "locks-out")
    retire = candidate(holders=["alice", "erin", "frank"], requesters=["bob"], credentials={"prod/new": {"opens_what": "x", "sealers": ["alice"]}})
    signed = wire.post(wire.signed("roster", retire.encode(), "alice", "bob"))
    ok("credentials that are left out lock nobody out", signed.status == 200, signed)


def not_due(w, wire):
    old = wire.version(B)
    holders = {h: w.lines[h].split("opens: ")[1].rstrip("}") for h in w.holders}

    def next_version(**more):
        made = Sealing(B, holders, 2, {"password": b"new"}, number=2, previous=old.id, reason=f"rotation of {old.id}")
        return made.blobs, {**made.fields, **more}

    blobs, fields = next_version()
    refused("a rotator's version while no rotation is due", wire.say("version", "rot-1", blobs, **fields), 403, "not-due")
    refused("a rotator's `initial` version", wire.say("version", "rot-1", blobs, **{**fields, "reason": "initial"}), 403, "sealer")
    refused("a sealer's `rotation` version", wire.say("version", "alice", blobs, **fields), 403, "sealer")
    for who in ("rot-1", "alice", "erin"):
        answer = wire.say("rotation", who, version=old.id, step="claim", until=int(time.time() * 1000) + 60000)
        ok(f"a claim by {who} while no rotation is due: refused", answer.status == 403, answer)
    for kind, fields_ in (("request", wire.asking("rot-1", old)), ("order", {"versions": [old.id], "why": "x"}), ("custody", {"versions": [old.id]})):
        answer = wire.say(kind, "rot-1", **fields_)
        ok(f"a rotator's {kind}: refused", answer.status == 403, answer)
    for who in ("erin", "carol"):
        refused(f"an order by {who}, who is no admin", wire.say("order", who, versions=[old.id], why="x"), 403, "not-allowed")
    ordered = wire.say("order", "alice", versions=[old.id], why="suspicion")
    ok("an admin's order is taken", ordered.status == 200, ordered)
    blobs, fields = next_version()
    refused("then a version by a rotator whom the policy does not name", wire.say("version", "rot-2", blobs, **fields), 403, "sealer")
    for step, more in (("set", {"outcome": "started"}), ("promoted", {}), ("revoke", {"outcome": "started"}), ("done", {"evidence": {"old": "replaced", "new": "works"}})):
        answer = wire.say("rotation", "rot-1", version=old.id, step=step, pending="ab" * 32, **more)
        ok(f"`{step}` of a version that is none: refused", answer.status in (403, 404, 409), answer)
    taken = wire.say("version", "rot-1", blobs, **fields)
    ok("and one by its own rotator is taken as pending", taken.status == 200, taken)
    pending = taken.json["id"]
    for step, more in (("promoted", {}), ("done", {"evidence": {"old": "replaced", "new": "works"}}), ("revoke", {"outcome": "started"})):
        answer = wire.say("rotation", "rot-1", version=old.id, step=step, pending=pending, **more)
        ok(f"`{step}` before its time: refused", answer.status in (403, 409), answer)
    refused("`set` before the holders have proven their shares", wire.say("rotation", "rot-1", version=old.id, step="set", pending=pending, outcome="started"), 409, "custody")
    refused("a request for the pending version before its `set`", wire.say("request", "erin", **{**wire.asking(version=old), "version": pending}), 409, "stale-version")
    for n in range(4):
        made = Sealing(B, holders, 2, {"password": b"more"}, number=3 + n, previous=old.id, reason=f"rotation of {old.id}")
        answer = wire.say("version", "rot-1", made.blobs, **made.fields)
        ok(f"pending version {n + 2} is taken", answer.status == 200, answer)
    made = Sealing(B, holders, 2, {"password": b"more"}, number=7, previous=old.id, reason=f"rotation of {old.id}")
    refused("a sixth pending version of one credential", wire.say("version", "rot-1", made.blobs, **made.fields), 429, "rate")


def closes(w, wire):
    """close: time before its time, webhook: people can't say them; that a broker's are refused too is shown in abuse_log.py."""
    asked = w.request("erin", credential=A, incident="CLOSES")
    for who in ("alice", "bob"):
        w.must(who, "approve", asked["request"], "--code", asked["code"], "--override")
    assert SECRET in w.open(asked).out
    for who in ("erin", "alice", "rot-1", "bob"):
        for why, more in (("time", {"request": asked["id"]}), ("expired", {"request": asked["id"]}), ("webhook", {"incident": "CLOSES"})):
            refused(f"close: {why} by {who}", wire.say("close", who, why=why, **more), 403, "not-allowed")
    refused("a hold by somebody who has no part in it", wire.say("hold", "rot-1", incident="CLOSES"), 403, "not-allowed")
    refused("a hold of an incident that is none", wire.say("hold", "erin", incident="NONE"), 404, "not-found")
    refused("an extension by one holder for longer than the policy", wire.say("extend", "bob", request=asked["id"], open_for=3600001), 403, "too-long")
    refused("an extension to what it is", wire.say("extend", "bob", request=asked["id"], open_for=1), 409, "duplicate")
    refused("an extension by the requester", wire.say("extend", "erin", request=asked["id"], open_for=3600000), 403, "not-allowed")
    w.must("erin", "close", asked["request"])
    refused("a post-mortem by somebody who has no part in it", wire.say("postmortem", "frank", incident="CLOSES", criterion_met="yes", text="x"), 403, "not-allowed")
    refused("a post-mortem of an incident that is none", wire.say("postmortem", "erin", incident="NONE", criterion_met="yes", text="x"), 404, "not-found")
    refused("a post-mortem of 65,537 characters", wire.say("postmortem", "erin", incident="CLOSES", criterion_met="yes", text="x" * 65537), 400, "bad-statement")


def page_first():
    """A policy that wants a page accepted before anything opens."""
    policy = "page_before_open: accepted"
    with World(policy_extra=policy) as w:
        w.seal()
        asked = w.request("erin")
        for who in ("alice", "bob"):
            w.must(who, "approve", asked["request"], "--code", asked["code"])
        wire = Wire(w)
        refused("an opening that nobody was paged about, where the policy wants it", wire.say("open", "erin", request=asked["id"]), 403, "too-early")
        said("by the command", w.open(asked), 3, "too-early")
        ok("--dark goes on, and says so for ever", SECRET in w.run("erin", "open", asked["request"], "--dark", "--show").out and wire.find("open", request=asked["id"]).says["dark"] is True)
    with PageFile() as pages, World(policy_extra=policy, channels=pages.channels) as w:
        w.seal()
        asked = w.request("erin")
        for who in ("alice", "bob"):
            w.must(who, "approve", asked["request"], "--code", asked["code"])
        done = wait_for("an opening", lambda: (lambda d: d if d.code == 0 else None)(w.open(asked)))
        ok("where a page was accepted it opens without", SECRET in done.out)


class WithRotators(World):
    """rot-2 is in the roster, but in no policy."""

    def roster_yaml(self, **changes):
        return super().roster_yaml(**changes).replace("rotators: [rot-1, rot-2]", "rotators: [rot-1]")


def main():
    page_first()
    limits = "limits: {statements_per_minute: 100000, sessions_per_minute: 100000, failures_per_minute: 100000, open_requests: 1000}\n"
    with PageFile() as pages, WithRotators(rotators=["rot-1", "rot-2"], channels=pages.channels, config_extra=limits,
                                           credentials={n: {"opens_what": "a database", "sealers": ["alice"]} for n in (A, B)}) as w:
        w.seal(A)
        w.seal(B)
        wire = Wire(w)
        not_due(w, wire)
        spent(w, wire, pages)
        closes(w, wire)
        after_the_first_opening(w, wire)
        expiry_without_a_line(w, wire)
        if is_sanitized() or not pathlib.Path(FAKETIME).exists():
            skip("no other time: libfaketime is missing, or doesn't go with a sanitizer")
        else:
            people_off(w, wire)
            broker_behind(w, wire, pages)
        locks_out(w, wire)
        ok("the log holds", w.run("erin", "log", "verify").code == 0)
        if not is_sanitized() and pathlib.Path(FAKETIME).exists():
            broker_ahead(w, wire)
    finish()


main()
