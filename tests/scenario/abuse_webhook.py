#!/usr/bin/python3
"""Incident tools' webhooks in hostile hands (PagerDuty's, and any other's by Standard Webhooks): each proposes a close at most, once, and only where a signature says so; people can hold it."""
import base64, hashlib, hmac, json, os, pathlib, sys, tempfile, time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from harness import World, finish, ok, wait_for
from page_file import PageFile
from nacl.signing import SigningKey
from wire import Line, Wire

KEY = b"a webhook secret that both know"
GRACE_MS = 4000
PATH = "/v1/hooks/pagerduty"


def body(incident, kind="incident.resolved", **more):
    return json.dumps({"event": {"id": os.urandom(8).hex(), "event_type": kind, "resource_type": "incident", "data": {"id": incident, "type": "incident"}, **more}}).encode()


def signature(content, key=KEY):
    return hmac.new(key, content, hashlib.sha256).hexdigest()


class Hook:
    def __init__(self, wire):
        self.wire = wire

    def post(self, content, header=None, webhook_id=None, signed=True):
        headers = {"X-Webhook-Id": webhook_id or os.urandom(8).hex()}
        if signed:
            headers["X-PagerDuty-Signature"] = header or f"v1={signature(content)}"
        return self.wire.call("POST", PATH, content, headers)

    def proposals(self, incident):
        return [l for l in map(Line, self.wire.lines()) if l.type == "notice" and l.says["outcome"] == "proposed-close" and l.says["incident"] == incident]

    def closes(self, incident):
        return [l for l in map(Line, self.wire.lines()) if l.type == "close" and l.says.get("incident") == incident and l.says["why"] == "webhook"]


def strangers(hook, asked):
    content = body("INC-7")
    good = signature(content)
    first = hook.post(content, f"v1={'ab' * 32}")
    ok("a wrong signature: 401 auth", first.status == 401 and first.word == "auth", first)
    for what, header in (("of another key", f"v1={signature(content, b'other')}"), ("of another body", f"v1={signature(content + b' ')}"), ("without its version", good), ("of version 2", f"v2={good}"),
                         ("in capitals", f"v1={good.upper()}" if good.upper() != good else "v1="), ("cut", f"v1={good[:-2]}"), ("longer", f"v1={good}00"), ("empty", "v1="), ("of commas", "," * 5000),
                         ("a thousand times wrong", ",".join([f"v1={'00' * 32}"] * 400)), ("SHA-1", "v1=" + hmac.new(KEY, content, hashlib.sha1).hexdigest())):
        answer = hook.post(content, header)
        ok(f"a signature {what}: the same bytes", answer.same == first.same, answer)
    ok("no signature: the same bytes", hook.post(content, signed=False).same == first.same)
    ok("an empty secret signs nothing", hook.post(content, f"v1={signature(content, b'')}").same == first.same)
    ok("GET is no hook", hook.wire.call("GET", PATH).status in (404, 405))
    ok("none of them proposed anything", not hook.proposals("INC-7"))


def nothing_to_say(hook):
    """Signed, and of no interest: accepted and ignored."""
    def said():  # what became of earlier pages is said whenever the courier knows it
        return len([l for l in map(Line, hook.wire.lines()) if l.type != "notice" or l.says["outcome"] == "proposed-close"])

    before = said()
    for what, content in (("another event", body("INC-7", "incident.triggered")), ("an incident nobody asked for", body("INC-9")), ("no JSON", b"hello"), ("nothing", b""), ("a list", b"[]"), ("a number as incident", json.dumps(
                          {"event": {"event_type": "incident.resolved", "data": {"id": 7}}}).encode()), ("an incident that is none", body("INC 7; rm -rf /")), ("an incident of 200 characters", body("I" * 200)),
                          ("an incident with a NUL", body("INC-7\0")), ("duplicate keys", b'{"event":{"event_type":"incident.resolved","data":{"id":"INC-7","id":"INC-7"}}}'),
                          ("nesting without end", b"[" * 100000 + b"]" * 100000)):
        answer = hook.post(content)
        ok(f"signed, but {what}: 202, and nothing is done", answer.status == 202 and said() == before, answer)


def proposed_once(hook, pages):
    content = body("INC-7")
    answer = hook.post(content, webhook_id="one", header=f"v1={'00' * 32}, v1={signature(content)}")
    ok("one of two signatures is enough: 202, and the proposal is in the log when it is said", answer.status == 202 and len(hook.proposals("INC-7")) == 1, answer)
    answer = hook.post(content, webhook_id="one")
    ok("the same again: 202, nothing new", answer.status == 202 and len(hook.proposals("INC-7")) == 1, answer)
    answer = hook.post(content, webhook_id="two")
    ok("replayed under an id that nobody signed: nothing new", answer.status == 202 and len(hook.proposals("INC-7")) == 1, answer)
    wait_for("the page", lambda: pages.of("close-proposed"))
    ok("it is paged once", len(pages.of("close-proposed")) == 1)
    return hook.proposals("INC-7")[0], content


def held(w, hook, proposal, content):
    done = w.must("bob", "hold", "INC-7")
    wait_for("the end of the grace", lambda: time.time() * 1000 > proposal.says["deadline"] + 500)
    again = hook.post(body("INC-8"))
    ok("a hold stops it: it is not closed at the deadline", again.status == 202 and not hook.closes("INC-7"), done)
    replay = hook.post(content, webhook_id="three")
    ok("the old webhook doesn't propose it again after a hold", replay.status == 202 and len(hook.proposals("INC-7")) == 1, replay)


def closed(w, hook, asked):
    answer = hook.post(body("INC-7"))
    ok("a new one does", answer.status == 202 and len(hook.proposals("INC-7")) == 2, answer)
    proposal = hook.proposals("INC-7")[-1]
    refused = w.run("erin", "open", asked["request"], "--show")
    ok("inside the grace it is open", refused.code == 0, repr(refused))
    wait_for("the close", lambda: hook.closes("INC-7"))
    close = hook.closes("INC-7")[0]
    ok("without a hold it is closed, not before the deadline", close.at >= proposal.says["deadline"] and close.says["by"] == ["broker"], (close.at, proposal.says))
    ok("then nothing is given out any more", w.run("erin", "open", asked["request"], "--show").code == 7)


def guessing(w, wire):
    """Whoever tries signatures is stopped soon; the limit is the caller's alone."""
    remote = Hook(Wire(w, tls=True))
    answers = [remote.post(body("INC-7"), f"v1={'00' * 32}") for _ in range(70)]
    limited = [a for a in answers if a.status == 429]
    ok("guessing is limited: 429 with Retry-After", limited and "retry-after" in limited[0].headers and {a.status for a in answers} == {401, 429}, answers[-1])
    ok("other callers' webhooks come through", Hook(wire).post(body("INC-9")).status == 202)


def not_configured():
    with World() as w:
        answer = Hook(Wire(w)).post(body("INC-7"))
        ok("where no secret is configured there is no hook: 404", answer.status == 404 and answer.word == "not-found", answer)


def bad_secrets(w, wire, secret):
    content = body("INC-9")
    for what, change in (("empty", lambda: secret.write_bytes(b"")), ("a newline", lambda: secret.write_bytes(b"\n")), ("readable by all", lambda: os.chmod(secret, 0o644)), ("gone", secret.unlink)):
        change()
        for key in (b"", KEY, b"\n"):
            answer = Hook(wire).post(content, f"v1={signature(content, key)}")
            if answer.status != 401:
                break
        ok(f"a secret file that is {what}: nobody is believed", answer.status == 401, answer)


class Standard(Hook):
    """As the specification says, by hand."""
    hmac_key, ed25519 = bytes(range(32)), SigningKey(bytes(range(32)))

    def post(self, content, webhook_id="msg_1", at=None, signatures=None, path="/v1/hooks/tickets", drop=()):
        at = str(int(time.time()) if at is None else at)
        signed = f"{webhook_id}.{at}.".encode() + content
        both = {"v1": hmac.digest(self.hmac_key, signed, hashlib.sha256), "v1a": self.ed25519.sign(signed).signature}
        texts = [f"{kind},{base64.b64encode(both[kind]).decode()}" if kind in both else kind for kind in signatures or ("v1",)]
        headers = {"webhook-id": webhook_id, "webhook-timestamp": at, "webhook-signature": " ".join(texts)}
        return self.wire.call("POST", path, content, {k: v for k, v in headers.items() if k not in drop})


def ticket(incident, kind="incident.resolved", key="incident"):
    return json.dumps({"type": kind, "timestamp": "2026-01-01T00:00:00Z", "data": {key: incident}}).encode()


def others(w, wire):
    """Another tool's, at a name of its own."""
    asked = w.request("erin", incident="INC-20")
    for who in ("alice", "bob"):
        w.must(who, "approve", asked["request"], "--code", asked["code"], "--override")
    assert w.open(asked).code == 0
    hook, content, late = Standard(wire), ticket("INC-20"), int(time.time()) - 400
    first = hook.post(content, signatures=["v1,AAAA"])
    ok("standard: a wrong signature: 401 auth", first.status == 401 and first.word == "auth", first)
    for what, how in (("too old", {"at": late}), ("of the future", {"at": late + 800}), ("no time", {"at": "soon"}), ("without its id", {"drop": ("webhook-id",)}),
                      ("without its time", {"drop": ("webhook-timestamp",)}), ("without a signature", {"drop": ("webhook-signature",)}),
                      ("of unknown versions", {"signatures": ["v2,AAAA"] * 3})):
        answer = hook.post(content, **how)
        ok(f"standard: {what}: the same bytes", answer.same == first.same, answer)
    answer = hook.post(content, path="/v1/hooks/nobody")
    ok("standard: a name that nobody configured: 404", answer.status == 404, answer)
    for what, other in (("another event", ticket("INC-20", "incident.opened")), ("an incident nobody asked for", ticket("INC-99")), ("no JSON", b"hello")):
        answer = hook.post(other, webhook_id=f"other-{what.split()[1]}")
        ok(f"standard: signed, but {what}: 202, and nothing is done", answer.status == 202 and not hook.proposals("INC-20"), answer)
    answer = hook.post(content, signatures=["v1,AAAA", "v1a"])
    ok("standard: Ed25519, one of two signatures: the proposal is in the log", answer.status == 202 and len(hook.proposals("INC-20")) == 1 and
       hook.proposals("INC-20")[0].says["channel"] == "tickets", answer)
    answer = hook.post(content)
    ok("standard: the same id again, signed anew: nothing new", answer.status == 202 and len(hook.proposals("INC-20")) == 1, answer)
    w.must("bob", "hold", "INC-20")
    hook.post(ticket("INC-20", key="id"), webhook_id="msg_2")
    ok("standard: another id proposes again, `id` for `incident`", len(hook.proposals("INC-20")) == 2)
    wait_for("the close", lambda: hook.closes("INC-20"))
    ok("standard: closed at its deadline", hook.closes("INC-20")[0].at >= hook.proposals("INC-20")[-1].says["deadline"])


def main():
    not_configured()
    secret = pathlib.Path(tempfile.mkdtemp(prefix="breakglass-hook-")) / "secret"
    secret.write_bytes(KEY + b"\n")
    os.chmod(secret, 0o600)
    hmac_file, public_file = secret.parent / "whsec", secret.parent / "whpk"
    hmac_file.write_text("whsec_" + base64.b64encode(Standard.hmac_key).decode() + "\n")
    os.chmod(hmac_file, 0o600)
    public_file.write_text("whpk_" + base64.b64encode(bytes(Standard.ed25519.verify_key)).decode() + "\n")
    config = f"webhooks: {{pagerduty: {{secret_file: {secret}, grace: {GRACE_MS // 1000}s}}, tickets: {{secret_file: {hmac_file}, public_key_file: {public_file}, grace: {GRACE_MS // 1000}s}}}}\nlimits: {{sessions_per_minute: 100000}}\n"
    with PageFile() as pages, World(config_extra=config, channels=pages.channels, tls=True) as w:
        w.seal()
        wire = Wire(w)
        hook = Hook(wire)
        asked = w.request("erin")
        for who in ("alice", "bob"):
            w.must(who, "approve", asked["request"], "--code", asked["code"])
        assert w.open(asked).code == 0
        strangers(hook, asked)
        nothing_to_say(hook)
        held(w, hook, *proposed_once(hook, pages))
        closed(w, hook, asked)
        others(w, wire)
        guessing(w, wire)
        bad_secrets(w, wire, secret)
        ok("the broker lives, and its log holds", w.broker.poll() is None and w.run("erin", "log", "verify").code == 0)
    finish()


main()
