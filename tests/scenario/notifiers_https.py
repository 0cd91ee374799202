"""The ntfy, teams and webhook programs against a local HTTPS server: what is sent, how a receiver checks it, what every answer means."""
import base64, hashlib, hmac, json, os, time
from concurrent.futures import ThreadPoolExecutor
from nacl.signing import SigningKey, VerifyKey
from harness import finish, ok
from https_stub import DIR, EVENT, TOKEN, Answer, Server, Stub, certificates, folder, private, stop

CA = str(DIR / "ca.pem")
HMAC = b"0123456789abcdef0123456789abcdef"
WHSEC = "whsec_" + base64.b64encode(HMAC).decode()
SEED = bytes(range(32))
PUBLIC = VerifyKey(bytes(SigningKey(SEED).verify_key))
WHSK = "whsk_" + base64.b64encode(SEED).decode()
Answer.secrets += (WHSEC[6:], WHSK[5:])


class Service(Stub):
    def do_POST(self):
        # ntfy takes pages at its root: the topic says what to answer.
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.put(("POST", self.path, dict(self.headers), body))
        word = json.loads(body).get("topic") if self.path == "/" else self.path.rsplit("/", 1)[1]
        getattr(self, "say_" + word)()

    def say_noted(self): self.reply(200, b'{"id":"hwQ2YpKdmg","event":"message"}')
    def say_none(self): self.reply(204, b"")


def ntfy(path, server, event=EVENT, **config):
    return Answer("ntfy", {"url": server.url(""), "topic_file": private(f"topic-{path}", path + "\n"), "ca_file": CA, **config}, event)


def teams(path, server, event=EVENT, **config):
    url = private(f"teams-{path}-{server.server_port}", server.url(f"workflows/{TOKEN}/{path}") + "\n")
    return Answer("teams", {"webhook_url_file": url, "ca_file": CA, **config}, event)


def webhook(path, server, event=EVENT, **config):
    return Answer("webhook", {"url": server.url(f"hook/{path}"), "hmac_key_file": private("whsec", WHSEC + "\n"), "ca_file": CA, **config}, event)


def verify(headers, body, hmac_key=None, public=None, now=None):
    """What a receiver does, from the specification: every given key must have signed, and lately."""
    h = {k.lower(): v for k, v in headers.items()}
    content = f"{h['webhook-id']}.{h['webhook-timestamp']}.".encode() + body
    if abs((now or time.time()) - int(h["webhook-timestamp"])) > 300:
        return False
    signatures = [s.split(",", 1) for s in h["webhook-signature"].split(" ")]
    good = set()
    for version, text in signatures:
        if version == "v1" and hmac_key and hmac.compare_digest(base64.b64decode(text), hmac.digest(hmac_key, content, hashlib.sha256)):
            good.add("hmac")
        if version == "v1a" and public:
            public.verify(content, base64.b64decode(text))
            good.add("ed25519")
    return len(signatures) == len(good) == bool(hmac_key) + bool(public)


certificates()
good, wrong, stranger, expired = (Server(name, Service) for name in ("good", "wrong", "stranger", "expired"))

# ---- ntfy ----
got = ntfy("noted", good, credentials_file=private("ntfy-token", TOKEN))
(_, path, headers, body), = good.taken()
sent = json.loads(body)
ok("ntfy: accepted by the message's id", got.code == 0 and got.last == {"status": "accepted", "id": "hwQ2YpKdmg"}, got)
ok("ntfy: JSON at the root, topic inside, an opening rings through", path == "/" and sent["topic"] == "noted" and sent["priority"] == 5, body)
ok("ntfy: people's text is plain text", "\nReason: <!channel> <http://evil|click>\n" in sent["message"] and "markdown" not in sent, sent)
ok("ntfy: the token travels in the header alone", headers["Authorization"] == f"Bearer {TOKEN}" and TOKEN.encode() not in body, headers)
got = ntfy("noted", good, {**EVENT, **{k: "ü" * 500 for k in ("reason", "incident", "opens_what", "who", "emergency_means", "text")}})
(_, _, _, body), = good.taken()
ok("ntfy: a long page stays a message", got.code == 0 and len(json.loads(body)["message"].encode()) <= 4096, body)

# ---- teams ----
got = teams("empty", good)
(_, path, headers, body), = good.taken()
card = json.loads(body)["attachments"][0]
runs = [run for block in card["content"]["body"] for run in block["inlines"]]
ok("teams: 202 is accepted", got.code == 0 and got.last == {"status": "accepted", "id": "d-1"}, got)
ok("teams: an Adaptive Card of plain text runs alone", card["contentType"] == "application/vnd.microsoft.card.adaptive" and
   {b["type"] for b in card["content"]["body"]} == {"RichTextBlock"} and {r["type"] for r in runs} == {"TextRun"}, card)
ok("teams: mark-up of people stays text", "<!channel> <http://evil|click>" in [r["text"] for r in runs], runs)

# ---- webhook ----
got = webhook("ok", good)
(_, path, headers, body), = good.taken()
ok("webhook: any 2xx is accepted, by the id that was sent", got.code == 0 and got.last["id"] == headers["webhook-id"], got)
ok("webhook: an independent receiver finds the HMAC good", verify(headers, body, hmac_key=HMAC), headers)
for what, broken in (("another key", dict(hmac_key=b"x" * 32)), ("another time", dict(hmac_key=HMAC, now=time.time() + 3600))):
    ok(f"webhook: and not with {what}", not verify(headers, body, **broken), headers)
ok("webhook: nor over another body", not verify(headers, body.replace(b"erin", b"eve"), hmac_key=HMAC), headers)
ok("webhook: the event is in `data`", json.loads(body) == {"type": "breakglass.opened", "timestamp": "2025-11-24T16:00:00Z", "data": EVENT}, body)
first = headers["webhook-id"]
webhook("ok", good), webhook("ok", good, {**EVENT, "dedup_key": "d-2"})
again, other = (h["webhook-id"] for _, _, h, _ in good.taken())
ok("webhook: a repeat has the same id, another event another", again == first != other, (first, again, other))
for name, key in (("seed", WHSK), ("seed and public key", "whsk_" + base64.b64encode(SEED + bytes(PUBLIC)).decode())):
    got = Answer("webhook", {"url": good.url("hook/none"), "signing_key_file": private("whsk", key), "ca_file": CA})
    (_, _, headers, body), = good.taken()
    ok(f"webhook: an independent receiver finds the Ed25519 signature good ({name})", got.code == 0 and verify(headers, body, public=PUBLIC), got)
got = webhook("ok", good, signing_key_file=private("whsk", WHSK), credentials_file=private("token", TOKEN))
(_, _, headers, body), = good.taken()
ok("webhook: both signatures side by side, and a token", verify(headers, body, HMAC, PUBLIC) and headers["Authorization"] == f"Bearer {TOKEN}", headers)
got = Answer("webhook", {"url_file": private("hook-url", good.url(f"{TOKEN}/ok")), "hmac_key_file": str(DIR / "whsec"), "ca_file": CA})
ok("webhook: the URL may be a secret too", got.code == 0 and len(good.taken()) == 1 and not got.leaks(), got)

# ---- what answers mean ----
rows = [(n, c, p, code) for n, c in (("ntfy", ntfy), ("teams", teams), ("webhook", webhook))
        for p, code in (("broken", 75), ("unauthorized", 77), ("forbidden", 77), ("gone", 78), ("unacceptable", 1), ("reset", 3), ("endless", 1), ("headers", 1))]
rows += [("ntfy", ntfy, "page", 1), ("ntfy", ntfy, "empty", 1), ("teams", teams, "page", 1)]
for name, call, path, code in rows:
    got = call(path, good)
    ok(f"{name}: `{path}` exits {code}", got.failed(code), got)
got = webhook("gone", good)
ok("webhook: 410 says to take the channel out", "take this channel out" in got.last["why"], got)
for name, call in (("ntfy", ntfy), ("teams", teams), ("webhook", webhook)):
    got = call("slow", good)
    ok(f"{name}: 429 says when to come back", got.failed(75) and got.last["retry_after"] == 3600, got)
    good.taken()
    got = call("elsewhere", good)
    ok(f"{name}: a redirect is not followed", got.failed(78) and len(good.taken()) == 1, got)
    for what, server in (("wrong host name", wrong), ("untrusted certificate", stranger), ("expired certificate", expired)):
        got = call("ok", server)
        ok(f"{name}: {what}: failed, and nothing was sent", got.failed(78) and not server.taken(), got)
closed = Server("good")
closed.close()
for name, call in (("ntfy", ntfy), ("teams", teams), ("webhook", webhook)):
    got = call("ok", closed)
    ok(f"{name}: nobody listening: try again", got.failed(75), got)

# ---- configuration ----
short, mixed = base64.b64encode(b"x" * 23).decode(), base64.b64encode(SEED + b"x" * 32).decode()
for what, program, config in (
        ("an unknown key", "ntfy", {"topic": "a", "tokn": "x"}),
        ("no topic", "ntfy", {}),
        ("a topic that is none", "ntfy", {"topic": "a/b"}),
        ("both topics", "ntfy", {"topic": "a", "topic_file": str(DIR / "topic-noted")}),
        ("a token that others can read", "ntfy", {"topic": "a", "credentials_file": private("open-token", TOKEN, 0o644)}),
        ("no URL", "teams", {}), ("a URL in the open", "teams", {"webhook_url": "https://x.example/"}),
        ("plain http", "teams", {"webhook_url_file": private("teams-http", good.url(TOKEN).replace("https", "http"))}),
        ("no key", "webhook", {"url": "https://x.example/"}), ("no URL", "webhook", {"hmac_key_file": str(DIR / "whsec")}),
        ("both URLs", "webhook", {"url": "https://x.example/", "url_file": str(DIR / "hook-url"), "hmac_key_file": str(DIR / "whsec")}),
        ("a key without prefix", "webhook", {"url": "https://x.example/", "hmac_key_file": private("k1", WHSEC[6:])}),
        ("a key that is no base64", "webhook", {"url": "https://x.example/", "hmac_key_file": private("k2", "whsec_???")}),
        ("a short key", "webhook", {"url": "https://x.example/", "hmac_key_file": private("k3", "whsec_" + short)}),
        ("two halves of different keys", "webhook", {"url": "https://x.example/", "signing_key_file": private("k4", "whsk_" + mixed)})):
    got = Answer(program, config)
    ok(f"{program}: {what}: misconfigured", got.failed(78), got)

# ---- a service that takes the page and never answers, or never to the end ----
with ThreadPoolExecutor(16) as pool:
    jobs = [(name, how, pool.submit(call, how, good)) for how in ("hang", "drip") for name, call in (("ntfy", ntfy), ("teams", teams), ("webhook", webhook))]
    for name, how, job in jobs:
        got = job.result()
        ok(f"{name}: sent, and the answer never comes whole ({how}): outcome unknown", got.failed(3), got)
stop.set()
folder.cleanup()
finish()
