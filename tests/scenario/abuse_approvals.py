#!/usr/bin/python3
"""Requests, approvals and openings that are not one's own, too many, too late, or of something else."""
import concurrent.futures, os, pathlib, sys, time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from harness import World, finish, ok, wait_for
from page_file import PageFile
from wire import Line, Wire, age_to, sha256

A, B = "prod/db/root", "prod/db/other"


def refused(what, answer, status, word):
    ok(f"{what}: {status} {word}", answer.status == status and answer.word == word and set(answer.json) == {"error", "message"}, answer)


def taken(what, answer):
    return ok(what, answer.status == 200, answer)


def ask(wire, by="erin", credential=A, **fields):
    """A request's line."""
    answer = wire.say("request", by, **wire.asking(version=wire.version(credential), **fields))
    assert answer.status == 200, answer
    return wire.line_of(answer.json["id"])


def end(wire, *requests):
    for request in requests:
        wire.say("cancel", request.says["by"][0], request=request.id)


def on_disk(w, data):
    """Whether these bytes are in any file of the broker's state."""
    return any(data in path.read_bytes() for path in w.state.iterdir() if path.is_file())


# ---- 11: whose request it is ----


def too_many(wire):
    asked = [ask(wire, incident=f"INC-{i}") for i in range(5)]
    sixth = wire.say("request", "erin", **wire.asking())
    refused("a sixth open request of one person", sixth, 429, "rate")
    ok("it says when to try again", int(sixth.headers.get("retry-after", 0)) > 0, sixth)
    other = ask(wire, by="frank", incident="INC-0")
    ok("another person still asks", other.id)
    return asked, other


def not_yours(wire, asked, frank_asked):
    refused("a cancel of another's request", wire.say("cancel", "frank", request=asked[0].id), 403, "not-allowed")
    refused("a close of another's request", wire.say("close", "frank", request=asked[0].id, why="done"), 404, "not-found")
    refused("an admin's close of one request", wire.say("close", "alice", request=asked[0].id, why="done"), 404, "not-found")
    refused("a close of another's incident", wire.say("close", "frank", incident="INC-1", why="done"), 404, "not-found")
    refused("a holder's close of an incident", wire.say("close", "carol", incident="INC-1", why="done"), 404, "not-found")
    for why in ("time", "expired"):
        refused(f"a close that only the broker says: {why}", wire.say("close", "erin", request=asked[0].id, why=why), 403, "not-allowed")
    refused("a webhook's close by a person", wire.say("close", "erin", incident="INC-0", why="webhook"), 403, "not-allowed")
    refused("a close of both an incident and a request", wire.say("close", "erin", incident="INC-0", request=asked[0].id, why="done"), 400, "bad-statement")
    taken("frank closes the incident that both ask for", wire.say("close", "frank", incident="INC-0", why="done"))
    refused("and only his own request has ended", wire.say("cancel", "frank", request=frank_asked.id), 410, "ended")
    taken("erin's of the same incident is alive", wire.say("cancel", "erin", request=asked[0].id))
    taken("an admin closes an incident", wire.say("close", "alice", incident="INC-1", why="done"))
    refused("and the request in it has ended", wire.say("cancel", "erin", request=asked[1].id), 410, "ended")
    refused("a cancel again", wire.say("cancel", "erin", request=asked[0].id), 410, "ended")
    end(wire, *asked[2:])
    end(wire, ask(wire))
    ok("ended requests count no more")


def all_day(wire):
    """Asking and cancelling spends other people's patience: it is limited by the hour."""
    answers = []
    for _ in range(40):
        answer = wire.say("request", "frank", **wire.asking())
        answers.append(answer.status)
        if answer.status != 200:
            break
        wire.say("cancel", "frank", request=answer.json["id"])
    refused("asking and cancelling all day", answer, 429, "rate")
    ok("it is said when to try again, and within the hour's thirty", int(answer.headers.get("retry-after", 0)) > 0 and 20 <= len(answers) <= 31, len(answers))


# ---- 12: who approves ----


def who_may_not(wire):
    mine = ask(wire, by="dave")
    refused("an approval of one's own request", wire.approve("dave", mine), 403, "not-allowed")
    blob = age_to(mine.says["reply_to"], b"x")
    for who, role in (("grace", "somebody without a share"), ("erin", "a requester")):
        fields = {**wire.approving("bob", mine, blob), "index": 1}
        refused(f"an approval by {role}", wire.say("approval", who, [blob], **fields), 403, "not-allowed")
    for kind, fields in (("denial", {"reason": "no"}), ("extend", {"open_for": 1200000})):
        refused(f"a {kind} by somebody without a share", wire.say(kind, "grace", request=mine.id, **fields), 403, "not-allowed")
    refused("a share that isn't theirs: another's index", wire.approve("bob", mine, index=wire.share("carol")[0]["index"]), 409, "mismatch")
    refused("an index that nobody has", wire.approve("bob", mine, index=9), 409, "mismatch")
    for index in (0, 33, -1, 2**32 + 1):
        answer = wire.approve("bob", mine, index=index)
        ok(f"index {index} is refused", answer.status == 400, answer)
    end(wire, mine)


def removed_people(w, wire):
    """A roster of its own: bob has new keys, carol is no holder any more, dave leaves altogether; hugo and ida stay."""
    asked = ask(wire)
    blob = age_to(asked.says["reply_to"], b"x")
    fields = {who: wire.approving(who, asked, blob) for who in ("bob", "carol", "dave")}
    old_key, dave_token, dave_share = wire.key("bob"), wire.token("dave"), wire.share("dave")[0]["sha256"]
    w.must("bob", "keygen", "bob", "--out", w.home("bob") + "/second", "--no-passphrase", identity=False)
    signs, opens = (pathlib.Path(w.home("bob")) / "second").read_text().splitlines()[0].removeprefix("# signs: ").split(" opens: ")
    w.lines["bob"] = f"bob: {{signs: {signs}, opens: {opens}}}"
    signed = w.sign_roster(w.roster_yaml(people=[p for p in w.people if p != "dave"], holders=["alice", "bob", "hugo", "ida"], requesters=["erin", "frank"],
                                         admins=["alice", "hugo"]), signers=["alice", "bob", "hugo"])
    w.must("alice", "roster", "submit", signed)
    refused("an approval made under the roster before", wire.say("approval", "carol", [blob], **{**fields["carol"], "roster": asked.says["roster"]}), 409, "stale-roster")
    refused("an approval by somebody who is no holder any more", wire.say("approval", "carol", [blob], **fields["carol"]), 403, "not-allowed")
    refused("an approval by somebody who has left", wire.post(wire.signed("approval", wire.payload("approval", "dave", **fields["dave"]), "dave"), [blob]), 401, "auth")
    refused("an approval by a key that was replaced", wire.post(wire.signed("approval", wire.payload("approval", "bob", **fields["bob"]), keys=[old_key]), [blob]), 401, "auth")
    os.rename(w.home("bob") + "/second", w.identity("bob"))
    refused("an approval by the second key of the same person", wire.say("approval", "bob", [blob], **fields["bob"]), 403, "not-allowed")
    refused("the token of somebody who has left", wire.get(f"/v1/blobs/{dave_share}", token=dave_token), 401, "auth")
    refused("a sign-in of somebody who has left", wire.sign_in("dave"), 401, "auth")
    ok("nobody's count has grown", not [l for l in map(Line, wire.lines()) if l.type == "approval" and l.says["request"] == asked.id])
    taken("those who stay approve", wire.approve("hugo", asked, override=True))
    taken("and their count is enough", wire.approve("ida", asked, override=True))
    taken("so that it opens", wire.say("open", "erin", request=asked.id))
    wire.say("close", "erin", request=asked.id, why="done")


# ---- 13: twice, and something else ----


def of_something_else(w, wire):
    first, second = ask(wire), ask(wire, credential=B)
    blob = age_to(first.says["reply_to"], wire.reshare_line("bob", first).encode())
    refused("another request's id with this version", wire.say("approval", "bob", [blob], **{**wire.approving("bob", first, blob), "request": second.id}), 409, "mismatch")
    refused("a request that is none", wire.say("approval", "bob", [blob], **{**wire.approving("bob", first, blob), "request": wire.version().id}), 404, "not-found")
    refused("a version that is none", wire.say("approval", "bob", [blob], **{**wire.approving("bob", first, blob), "version": first.id}), 409, "mismatch")
    fields = wire.approving("bob", first, blob)
    for what, blobs in (("another blob", [blob + b"x"]), ("no blob", []), ("the blob twice", [blob, blob]), ("another beside it", [blob, b"x"]), ("an empty blob", [b""])):
        refused(f"blobs that are not the statement's: {what}", wire.say("approval", "bob", blobs, **fields), 400, "bad-blob")
    refused("an approval for longer than the policy allows", wire.say("approval", "bob", [blob], **{**fields, "expires_at": int(time.time() * 1000) + 1900000}), 403, "too-long")
    refused("an approval that has expired already", wire.say("approval", "bob", [blob], **{**fields, "expires_at": 1}), 410, "expired")
    refused("an approval made a day ago", wire.say("approval", "bob", [blob], made_at=int(time.time() * 1000) - 86400000, **fields), 409, "clock")
    ok("none of these blobs is on the disk", not on_disk(w, blob[-200:]))
    envelope = wire.signed("approval", wire.payload("approval", "bob", **fields), "bob")
    taken("the approval itself", wire.post(envelope, [blob]))
    ok("its blob is", on_disk(w, blob[-200:]))
    refused("a second approval by the same holder", wire.approve("bob", first), 409, "duplicate")
    taken("the same approval again", wire.post(envelope, [blob]))
    refused("the count has stayed: open", wire.say("open", "erin", request=first.id), 403, "not-ready")
    end(wire, first, second)
    wait_for("the blob's end", lambda: not on_disk(w, blob[-200:]))
    ok("after the cancel its blob is nowhere on the disk")


# ---- 14: late, and at once ----


def too_late(w, wire):
    short = ask(wire, expires_at=int(time.time() * 1000) + 1200)
    blob = age_to(short.says["reply_to"], b"too late" * 40)
    fields = {**wire.approving("bob", short, blob), "expires_at": int(time.time() * 1000) + 600000}
    wait_for("the expiry", lambda: time.time() * 1000 > short.says["expires_at"])
    refused("an approval after the request's expiry", wire.say("approval", "bob", [blob], **fields), 410, "expired")
    refused("an opening after it", wire.say("open", "erin", request=short.id), 410, "expired")
    refused("a denial after it", wire.say("denial", "bob", request=short.id, reason="no"), 410, "expired")
    refused("a cancel after it", wire.say("cancel", "erin", request=short.id), 410, "expired")
    ok("the late approval's blob is not stored", not on_disk(w, blob[-200:]))


def approvals_that_run_out(wire):
    request = ask(wire, credential=B)
    soon = int(time.time() * 1000) + 1500
    taken("an approval for a second and a half", wire.approve("alice", request, expires_at=soon))
    taken("another for longer", wire.approve("bob", request))
    wait_for("the first one's end", lambda: time.time() * 1000 > soon)
    refused("an opening with an approval that has run out", wire.say("open", "erin", request=request.id), 403, "not-ready")
    end(wire, request)


def at_once(w, wire, pages):
    """The last approval twice at the same instant."""
    ready = 0
    for turn in range(4):
        request = ask(wire, credential=B, incident=f"ONCE-{turn}")
        more = {"override": True}
        taken(f"turn {turn}: a first approval", wire.approve("alice", request, **more))
        said = []
        for who in ("bob", "carol"):
            blob = age_to(request.says["reply_to"], wire.reshare_line(who, request).encode())
            said.append((wire.signed("approval", wire.payload("approval", who, **wire.approving(who, request, blob, **more)), who), [blob]))
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda s: wire.post(*s), said))
        ok(f"turn {turn}: two final approvals at once are both taken", [a.status for a in answers] == [200, 200], answers)
        end(wire, request)
        ready += 1
    wait_for("the pages", lambda: len(pages.of("ready")) >= ready)
    w.stop()
    mine = [e for e in pages.of("ready") if e["incident"].startswith("ONCE-")]
    ok("one `ready` each, one page each", len(mine) == len({e["dedup_key"] for e in mine}) == 4, [e["dedup_key"] for e in mine])
    w.start()


def together(wire, *said):
    with concurrent.futures.ThreadPoolExecutor(len(said)) as pool:
        return list(pool.map(wire.post, said))


def races(wire):
    """What excludes each other, at the same instant: one of the two is taken, whichever."""
    ready = []
    for _ in range(4):
        request = ask(wire, credential=B)
        assert all(wire.approve(who, request, override=True).status == 200 for who in ("alice", "bob"))
        ready.append(request)
    wrong = []
    for request in ready[:2]:
        words = sorted(str(a.word) for a in together(wire, *(wire.signed("open", wire.payload("open", "erin", request=request.id), "erin") for _ in range(4))))
        if words != ["None", "duplicate", "duplicate", "duplicate"]:
            wrong.append(words)
        wire.say("close", "erin", request=request.id, why="done")
    ok("four openings of one request at once: one is taken", not wrong, wrong)
    for request in ready[2:]:
        opened, cancelled = together(wire, wire.signed("open", wire.payload("open", "erin", request=request.id), "erin"),
                                     wire.signed("cancel", wire.payload("cancel", "erin", request=request.id), "erin"))
        if (opened.status, cancelled.word) != (200, "duplicate") and (cancelled.status, opened.word) != (200, "ended"):
            wrong.append((opened, cancelled))
        wire.say("close", "erin", request=request.id, why="done")
    ok("an opening and a cancel at once: one of them is taken", not wrong, wrong)
    asked = [wire.signed("request", wire.payload("request", "erin", **wire.asking(incident="RACE")), "erin") for _ in range(12)]
    answers = together(wire, *asked)
    ok("twelve requests of one person at once: five are taken", sorted(a.status for a in answers) == [200] * 5 + [429] * 7, [a.status for a in answers])
    request = next(wire.line_of(a.json["id"]) for a in answers if a.status == 200)
    said = [wire.signed("approval", wire.payload("approval", "bob", **wire.approving("bob", request, b"x" * n, override=True)), "bob") for n in range(1, 5)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        words = sorted(str(a.word) for a in pool.map(lambda n: wire.post(said[n - 1], [b"x" * n]), range(1, 5)))
    ok("four approvals of one holder at once: one is taken", words == ["None", "duplicate", "duplicate", "duplicate"], words)
    wire.say("close", "erin", incident="RACE", why="done")


# ---- 15: opening ----


def not_for_frank(wire, what, sha):
    """His own requests of this version have ended; the shares were never his."""
    status, word = (410, "ended") if sha == wire.version().says["ciphertext"]["sha256"] else (403, "not-allowed")
    refused(what, wire.get(f"/v1/blobs/{sha}", by="frank"), status, word)


def opening(w, wire):
    request = ask(wire)
    blobs = {}
    for who in ("alice", "bob"):
        if who == "bob":
            refused("open with M-1 approvals", wire.say("open", "erin", request=request.id), 403, "not-ready")
        blob = age_to(request.says["reply_to"], wire.reshare_line(who, request).encode())
        taken(f"{who} approves", wire.say("approval", who, [blob], **wire.approving(who, request, blob, override=True)))
        blobs[sha256(blob).hex()] = blob
    ciphertext = wire.version().says["ciphertext"]["sha256"]
    for sha in (*blobs, ciphertext):
        refused("asked for without `open`", wire.get(f"/v1/blobs/{sha}", by="erin"), 403, "not-ready")
        not_for_frank(wire, "asked for by another requester", sha)
        refused("asked for by a holder", wire.get(f"/v1/blobs/{sha}", by="bob"), 403, "not-allowed")
        refused("asked for without a token", wire.call("GET", f"/v1/blobs/{sha}"), 401, "auth")
    share = wire.share("bob")[0]["sha256"]
    for who in ("erin", "alice", "grace"):
        refused(f"bob's sealed share, asked for by {who}", wire.get(f"/v1/blobs/{share}", by=who), 403, "not-allowed")
    for what, sha in (("no such blob", "ab" * 32), ("no hash", "zz"), ("upper case", ciphertext.upper()), ("a hash and more", ciphertext + "00"), ("a statement's id", request.id)):
        refused(f"a blob that is none: {what}", wire.get(f"/v1/blobs/{sha}", by="erin"), 404, "not-found")
    for who in ("frank", "alice", "dave"):
        refused(f"open by {who}", wire.say("open", who, request=request.id), 403, "not-allowed")
    refused("open of no request", wire.say("open", "erin", request=wire.version().id), 404, "not-found")
    refused("open made a day ago", wire.say("open", "erin", made_at=int(time.time() * 1000) - 86400000, request=request.id), 409, "clock")
    refused("an extension before the opening", wire.say("extend", "bob", request=request.id, open_for=1200000), 403, "too-early")
    taken("open", wire.say("open", "erin", request=request.id))
    refused("open again", wire.say("open", "erin", request=request.id), 409, "duplicate")
    refused("cancel after open", wire.say("cancel", "erin", request=request.id), 409, "duplicate")
    for turn in range(3):
        same = all(wire.get(f"/v1/blobs/{sha}", by="erin").body == blob for sha, blob in blobs.items())
        ok(f"after `open` the shares can be fetched, time {turn + 1}", same and wire.get(f"/v1/blobs/{ciphertext}", by="erin").status == 200)
    for sha in (*blobs, ciphertext):
        not_for_frank(wire, "still not by another requester", sha)
    taken("one more approval after `open`", wire.approve("carol", request))
    taken("close", wire.say("close", "erin", request=request.id, why="done"))
    for sha in (*blobs, ciphertext):
        refused("asked for after close", wire.get(f"/v1/blobs/{sha}", by="erin"), 410, "ended")
        if sha in blobs:
            refused("asked for after close by another", wire.get(f"/v1/blobs/{sha}", by="frank"), 403, "not-allowed")
    ok("nothing of the re-sealed shares is on the disk", not any(on_disk(w, blob[-120:]) or on_disk(w, blob[60:180]) for blob in blobs.values()))
    refused("open after close", wire.say("open", "erin", request=request.id), 410, "ended")
    refused("approval after close", wire.approve("dave", request), 410, "ended")
    refused("close again", wire.say("close", "erin", request=request.id, why="done"), 404, "not-found")


def time_is_over(w, wire):
    """An opening ends by time itself, not when somebody notices."""
    request = ask(wire, credential=B, open_for=1200)
    for who in ("alice", "bob"):
        taken(f"{who} approves a short opening", wire.approve(who, request, override=True))
    opened = wire.say("open", "erin", request=request.id)
    taken("a short opening", opened)
    began = wire.line_of(opened.json["id"]).at
    sha = next(l for l in map(Line, wire.lines()) if l.type == "approval" and l.says["request"] == request.id).says["share"]
    wait_for("its end", lambda: time.time() * 1000 > began + 1200)
    refused("asked for after the time", wire.get(f"/v1/blobs/{sha}", by="erin"), 410, "ended")
    wait_for("the broker's close", lambda: [l for l in map(Line, wire.lines()) if l.type == "close" and l.says.get("request") == request.id])
    closed = next(l for l in map(Line, wire.lines()) if l.type == "close" and l.says.get("request") == request.id)
    ok("the broker closes it by time", closed.says["why"] == "time" and closed.says["by"] == ["broker"], closed.says)


def main():
    people = ["alice", "bob", "carol", "dave", "hugo", "ida", "erin", "frank", "grace"]
    with PageFile() as pages, World(people=people, holders=("alice", "bob", "carol", "dave", "hugo", "ida"), requesters=("erin", "frank", "dave"),
                                    channels=pages.channels, policy_extra="holders_may_request: true", admins=("alice", "bob"),
                                    config_extra="limits: {statements_per_minute: 100000, sessions_per_minute: 100000, failures_per_minute: 100000}\n",
                                    credentials={n: {"opens_what": "a database", "sealers": ["alice"]} for n in (A, B)}) as w:
        w.seal(A)
        w.seal(B)
        wire = Wire(w)
        asked, other = too_many(wire)
        not_yours(wire, asked, other)
        all_day(wire)
        who_may_not(wire)
        of_something_else(w, wire)
        too_late(w, wire)
        opening(w, wire)
        time_is_over(w, wire)
        approvals_that_run_out(wire)
        races(wire)
        at_once(w, wire, pages)
        removed_people(w, wire)
        ok("the broker lives, and its log holds", w.broker.poll() is None and w.run("erin", "log", "verify").code == 0)
    finish()


main()
