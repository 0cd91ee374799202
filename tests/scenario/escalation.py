"""While nobody answers, the next are paged, each once, whatever happens to the broker; then everybody hears that nobody answers."""
from harness import World, finish, ok, wait_for
from page_file import PageFile

STEPS = "escalate: [{after: 3s, to: [carol]}, {after: 6s, to: [leads, dave]}]"
NOTIFY = """notify:
  channels: {chat: {domain: slack}, pager: {domain: phone}}
  receivers: {leads: {channels: [pager], people: [frank]}}
  route: {receiver: chat}
"""
PEOPLE = ["alice", "bob", "carol", "dave", "erin", "frank"]


def of(pages, asked, kind):
    return [e for e in pages.of(kind) if e["request"] == asked["request"]]


def keys(events):
    return {e["dedup_key"] for e in events}


def names(event):
    return [p["name"] for p in event["to"]]


with PageFile("chat", "pager") as pages, World(channels=pages.channels, policy_extra=STEPS, roster_extra=NOTIFY, people=PEOPLE) as w:
    w.seal()
    answered = w.request("erin", incident="INC-8")
    asked = w.request("erin")
    wait = next(r for r in w.must("erin", "status", "--json").json["requests"] if r["request"] == asked["request"])["next_page"]
    ok("status says who is paged next and when", wait and (wait["to"], wait["is_unanswered"]) in ((["carol"], False), (["leads", "dave"], False), ([], True)), wait)
    text = w.must("erin", "status").out
    ok("in words too", "next page in" in text, text)
    for who in ("alice", "bob"):
        w.must(who, "approve", answered["request"], "--code", answered["code"])
    ready = wait_for("ready", lambda: of(pages, answered, "ready"))[0]
    first = wait_for("the first step", lambda: of(pages, asked, "escalated"))[0]
    ok("the first step pages the person it names, by the channels of the asking", names(first) == ["carol"] and first in pages.by("chat"), first)
    ok("and says how it stands", "0 of 2 approvals" in first["text"] and first["approvals"] == 0 and first["to_approve"], first)
    w.kill()
    w.start()
    second = wait_for("the second step", lambda: [e for e in of(pages, asked, "escalated") if e["dedup_key"] != first["dedup_key"]])[0]
    ok("after kill -9 the second step comes, to its receiver's channel and people", names(second) == ["frank", "dave"] and second in pages.by("pager"), second)
    w.must("alice", "approve", asked["request"], "--code", asked["code"])
    last = wait_for("that nobody answers", lambda: of(pages, asked, "unanswered"))[0]
    ok("one approval of two is not enough: everybody who was paged hears that nobody answers",
       last["severity"] == "critical" and {"bob", "carol", "dave", "erin"} <= set(names(last)) and
       wait_for("by both", lambda: {"unanswered"} <= {e["kind"] for e in pages.by("chat")} & {e["kind"] for e in pages.by("pager")}), last)
    w.stop()
    w.start()
    done = w.must("bob", "approve", asked["request"], "--code", asked["code"])
    wait_for("ready", lambda: of(pages, asked, "ready"))
    wait_for("quietly to the pager", lambda: [e for e in pages.by("pager") if e["kind"] == "ready" and e.get("quiet")])
    ok("each step was paged once, over two restarts", len(keys(of(pages, asked, "escalated"))) == 2 and len(keys(of(pages, asked, "unanswered"))) == 1,
       [e["dedup_key"] for e in pages.all()])
    ok("the request that was ready was not paged about any more", not [e for e in of(pages, answered, "escalated") + of(pages, answered, "unanswered") if e["at"] > ready["at"]])
    ok("a request that is ready has no next page", next(r for r in w.must("erin", "status", "--json").json["requests"] if r["request"] == asked["request"])["next_page"] is None)
finish()
