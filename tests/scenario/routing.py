"""Which page goes to which channel and to whom, as the signed roster says; what no page reaches is paged to everybody."""
import hashlib, json, signal, subprocess
from harness import BREAKGLASS, PATIENCE, World, finish, ok, wait_for
from page_file import PageFile
from wire import Wire

SECRET = "correct horse battery staple"
NOTIFY = """notify:
  channels: {chat: {domain: slack}, pager: {domain: phone}, mail: {domain: office}, gone: {domain: gone}}
  receivers: {leads: {channels: [pager], people: [frank]}}
  route:
    receiver: chat
    routes:
      - {match: {kind: opened}, receiver: leads, continue: true}
      - {match: {policy: main, kind: [opened, closed]}, receiver: chat}
      - {match: {kind: roster-changed}, receiver: gone}
"""


def kinds(pages, name):
    return [e["kind"] for e in pages.by(name)]


def seen(pages, name, kind, **fields):
    """The first page of this kind that the channel took, waited for."""
    def probe():
        return next((e for e in pages.by(name) if e["kind"] == kind and all(e.get(k) == v for k, v in fields.items())), None)
    return wait_for(f"{kind} by {name}", probe)


def names(event):
    return [p["name"] for p in event["to"]]


def approve(w, asked, *who):
    for name in who:
        w.must(name, "approve", asked["request"], "--code", asked["code"])


def next_roster(w, **changes):
    w.must("alice", "roster", "submit", w.sign_roster(w.roster_yaml(**changes)))


def routes():
    with PageFile("chat", "pager", "mail") as pages, World(channels=pages.channels, roster_extra=NOTIFY) as w:
        w.seal()
        ok("the broker warns of a channel that only `notify` names", '"channel.missing"' in w.broker_log() and '"gone"' in w.broker_log())
        asked = w.request("erin")
        page = seen(pages, "chat", "requested")
        ok("a request is paged to its route and to the holders", names(page) == ["alice", "bob", "carol"], page)
        ok("it says how to approve and how to refuse, and not the code",
           page["to_approve"] == f"breakglass approve {asked['request']}" and page["to_refuse"] == f"breakglass deny {asked['request']}" and
           asked["code"] not in json.dumps(page), page)
        approve(w, asked, "alice", "bob")
        w.must("erin", "open", asked["request"], "--show")
        page = seen(pages, "pager", "opened")
        ok("an opening goes to both its routes, and a receiver's people are addressed", "frank" in names(page) and seen(pages, "chat", "opened"), page)
        ok("it says until when and how to close", page["access_until"] > page["at"] and page["to_close"] == "breakglass close INC-7", page)
        w.must("erin", "close", "INC-7")
        page = seen(pages, "pager", "closed")
        ok("who was told of the opening hears of its end, quietly beyond the route", page.get("quiet") is True and "quiet" not in seen(pages, "chat", "closed"), page)
        second = w.request("frank", incident="INC-8")
        w.must("frank", "cancel", second["request"])
        page = seen(pages, "chat", "closed", request=second["request"])
        ok("what is no longer needed is said quietly", page.get("quiet") is True, page)
        w.lines["carol"] = w.lines["carol"].rstrip().removesuffix("}") + ", contact: {slack: U0123, email: carol@example.org}}"
        next_roster(w)
        page = seen(pages, "mail", "roster-changed")
        ok("what is routed to a channel that isn't there goes to everybody", "roster-changed" in kinds(pages, "chat") + kinds(pages, "pager"), page)
        third = w.request("erin", incident="INC-9")
        page = seen(pages, "chat", "requested", request=third["request"])
        ok("people's own handles are in the page", {"name": "carol", "contact": {"slack": "U0123", "email": "carol@example.org"}} in page["to"], page)
        status, doctor = w.run("erin", "status"), w.run("erin", "doctor")
        ok("status and doctor name a channel that never took a page", any("gone" in l and "never took" in l for l in status.out.splitlines()) and
           any("gone" in l and "WARN" in l for l in doctor.out.splitlines()), (status, doctor))
        ok("nobody else was paged", set(kinds(pages, "mail")) == {"roster-changed"} and set(kinds(pages, "pager")) == {"opened", "closed", "roster-changed"},
           (kinds(pages, "mail"), kinds(pages, "pager")))


def unusable():
    """The ledger takes any strict YAML; programs refuse it before, and the broker pages everybody."""
    bad = "notify: {chat: {webhook: T0}}\n"
    with PageFile("chat", "pager") as pages, World(channels=pages.channels) as w:
        w.seal()
        text = w.roster_yaml(roster_extra=bad)
        path = w.dir / "bad.yaml"
        path.write_text(text)
        lint = w.run("carol", "roster", "lint", path)
        ok("lint refuses it, with line and column", lint.code == 4 and lint.word() == "bad-roster" and "line " in lint.err and "`chat`" in lint.err, lint)
        sign = w.run("alice", "roster", "sign", path, "--yes-sha256", hashlib.sha256(text.encode()).hexdigest())
        ok("sign refuses it", sign.code == 4 and sign.word() == "bad-roster" and not (w.dir / "bad.yaml.signed").exists(), sign)
        wire = Wire(w)
        signed = wire.signed("roster", text.encode(), "alice", "bob")
        path = w.dir / "bad.signed"
        path.write_text(json.dumps(signed) + "\n")
        submit = w.run("alice", "roster", "submit", path)
        ok("submit refuses it", submit.code == 4 and submit.word() == "bad-roster", submit)
        answer = wire.post(signed)
        ok("the broker takes it: no rule of the log forbids it", answer.status == 200, answer)
        asked = w.request("erin")
        ok("and pages everybody", seen(pages, "chat", "requested") and seen(pages, "pager", "requested", request=asked["request"]))
        ok("and says why", '"notify.unusable"' in w.broker_log() and "unknown key `chat`" in w.broker_log())


def failure_domains():
    one = NOTIFY.replace("domain: phone", "domain: slack")
    with PageFile("chat") as pages, World(channels=pages.channels) as w:
        for what, text, warns in (("two domains", NOTIFY, False), ("one domain", one, True)):
            path = w.dir / f"{warns}.yaml"
            path.write_text(w.roster_yaml(roster_extra=text))
            done = w.run("carol", "roster", "lint", path)
            ok(f"lint of openings that {what} hear of", done.code == 0 and ("only one failure domain (slack)" in done.err) == warns, done)


def dead_channel():
    credential = {"opens_what": "a file", "sealers": ["alice"], "rotate": {"hook": "file", "config": {"path": "/nowhere"}}}
    with PageFile("chat", "pager") as pages, World(channels=pages.channels, rotators=["rot-1"], credentials={"prod/db/root": credential}) as w:
        w.seal()
        pages.down("pager")
        w.request("erin")
        page = seen(pages, "chat", "notifier-down")
        ok("a dead channel is named by the others", "pager" in page["text"], page)
        status, doctor = w.run("erin", "status"), w.run("erin", "doctor")
        ok("status names it", any("pager" in l and "FAILED" in l for l in status.out.splitlines()), status)
        ok("doctor names it", any("pager" in l and "FAIL" in l for l in doctor.out.splitlines()), doctor)
        ok("the screen Now names it", "No pages get out by pager" in w.run("erin", "--snapshot", "now").out)
        ok("doctor says which hook nobody has seen at work", "hook file was never seen to rotate it" in " ".join(doctor.out.split()), doctor)


def dark():
    """page_before_open: accepted, while no channel takes a page."""
    with PageFile("chat") as pages:
        pages.channels["chat"]["per_minute"] = 30  # openings don't keep to it
        dark_world(pages)


def dark_world(pages):
    with World(channels=pages.channels, policy_extra="page_before_open: accepted") as w:
        w.seal()
        pages.down("chat")
        first, second, third = w.request("erin"), w.request("frank", incident="INC-8"), w.request("erin", incident="INC-9")
        approve(w, first, "alice", "bob")
        done = w.run("erin", "open", first["request"], "--show")
        ok("without an accepted page nothing opens", done.code == 3 and done.word() == "too-early" and SECRET not in done.out, done)
        ok("it says what would do: one approval more, or dark", "3 approvals" in done.err and "--dark" in done.err, done)
        approve(w, second, "alice", "bob")
        done = w.run("frank", "open", second["request"], "--show", "--dark")
        ok("dark opens it", SECRET in done.out, done)
        approve(w, first, "carol")
        done = w.open(first)
        ok("one approval more than needed opens it", SECRET in done.out, done)
        wait_for("the channel called dead", lambda: '"notifier.down"' in w.broker_log())
        approve(w, third, "alice", "bob")
        opening = subprocess.Popen([BREAKGLASS, "open", third["request"], "--show", "--identity", w.identity("erin")], env=w.env("erin"),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        pages.up("chat")
        w.broker.send_signal(signal.SIGHUP)
        out, err = opening.communicate(timeout=PATIENCE)
        ok("one that waits for its page opens as soon as it is accepted, or says that none was", SECRET in out or "too-early" in err, (out, err))
        opened = wait_for("both openings", lambda: (lambda o: o if len(o) >= 2 else None)(pages.of("opened")))
        ok("the dark one is paged first when the channel returns, beside one other opening and one page that is none, and says so",
           [(e["kind"], e["request"]) for e in pages.all()[:3] if e.get("dark")] == [("opened", second["request"])], [(e["kind"], e.get("request")) for e in pages.all()])
        ok("the one with more approvals is not called dark", not any(e.get("dark") for e in opened if e["request"] == first["request"]), opened)


routes()
unusable()
failure_domains()
dead_channel()
dark()
finish()
