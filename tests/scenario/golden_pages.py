"""The kept bytes of every page (tests/golden/notifiers: each kind of event, by each program, and one whose texts are longer than any service takes)
against the limits that the services publish, read by parsers that share nothing with the programs."""
import email, email.policy, json, pathlib, re

from harness import ROOT, finish, ok

FOLDER = ROOT / "tests" / "golden" / "notifiers"
CHANNELS = ("slack.json", "pagerduty.json", "ntfy.json", "teams.json", "email.eml", "webhook.json", "syslog.txt")
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
wrong = {}


def want(name, what, held):
    if not held:
        wrong.setdefault(name.rsplit("-", 1)[1], []).append(f"{name}: {what}")


def strings(value):
    if isinstance(value, str):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from strings(part)


def slack(name, raw, event):
    page = json.loads(raw)
    blocks = page["blocks"]
    texts = [b["text"] for b in blocks if "text" in b] + [f for b in blocks for f in b.get("fields", [])]
    want(name, "50 blocks", len(blocks) <= 50)
    want(name, "`text` of its own, & < > escaped", page["text"] and not re.search(r"[<>]|&(?!(amp|lt|gt);)", page["text"]))
    want(name, "mark-up only for mentions of member ids", all(t["type"] == "plain_text" or re.fullmatch(r"<@[UW][A-Z0-9]+>( <@[UW][A-Z0-9]+>)*", t["text"]) for t in texts))
    want(name, "header of 150", all(len(b["text"]["text"]) <= 150 for b in blocks if b["type"] == "header"))
    want(name, "section of 3000", all(len(b["text"]["text"]) <= 3000 for b in blocks if "text" in b))
    want(name, "10 fields of 2000", all(len(b.get("fields", [])) <= 10 and all(len(f["text"]) <= 2000 for f in b.get("fields", [])) for b in blocks))
    want(name, "about 13,000 characters in all", sum(len(t["text"]) for t in texts) <= 13000)


def pagerduty(name, raw, event):
    calls = [json.loads(line) for line in raw.splitlines()]
    want(name, "a call", 1 <= len(calls) <= 3)
    for call in calls:
        want(name, "512 KB", len(json.dumps(call).encode()) <= 512 * 1024)
        want(name, "a key of 255", 0 < len(call["dedup_key"]) <= 255)
        want(name, "an action", call["event_action"] in ("trigger", "acknowledge", "resolve"))
        if call["event_action"] != "trigger":
            want(name, "nothing beside key and action", set(call) == {"routing_key", "event_action", "dedup_key"})
            continue
        payload = call["payload"]
        want(name, "a summary of 1024", 0 < len(payload["summary"]) <= 1024)
        want(name, "a severity and a source", payload["severity"] in ("critical", "error", "warning", "info") and payload["source"])


def ntfy(name, raw, event):
    page = json.loads(raw)
    want(name, "4096 bytes", len(page["message"].encode()) <= 4096)
    want(name, "a priority", 1 <= page["priority"] <= 5 and (event["kind"] != "opened" or page["priority"] == 5))


def teams(name, raw, event):
    card, = json.loads(raw)["attachments"]
    want(name, "28 KB", len(raw) <= 28 * 1024)
    want(name, "text runs alone", {b["type"] for b in card["content"]["body"]} == {"RichTextBlock"})


def mail(name, raw, event):
    message = email.message_from_bytes(raw, policy=email.policy.default)
    lines = raw.removesuffix(b"\n").split(b"\r\n")
    want(name, "ASCII, CRLF, lines of 998", raw.isascii() and max(map(len, lines)) <= 998 and b"\n" not in b"".join(lines))
    want(name, "no defects", not message.defects and message.get_content_type() == "multipart/alternative")
    want(name, "one of each header", len(message.keys()) == len(set(message.keys())) and message["Bcc"] is None)
    want(name, "no machine answers", message["Auto-Submitted"] == "auto-generated")
    page = message.get_body(("html",)).get_content()
    want(name, "simple HTML", set(re.findall(r"<(\w+)", page)) <= {"html", "body", "h2", "p", "table", "tr", "th", "td"})


def webhook(name, raw, event):
    page = json.loads(raw)
    want(name, "the event as it is", page["type"] == "breakglass." + event["kind"] and page["data"] == event)


def syslog(name, raw, event):
    length, message = raw.removesuffix(b"\n").split(b" ", 1)
    want(name, "8192 bytes, counted", len(message) == int(length) <= 8192)
    want(name, "RFC 5424", re.fullmatch(rb'<\d{1,3}>1 \S+ \S+ breakglass - \S{1,32} \[breakglass@32473( [a-z_]+="([^"\\\]]|\\["\\\]])*")*\] \xef\xbb\xbf.*', message, re.S) or
         re.fullmatch(rb'<\d{1,3}>1 \S+ \S+ breakglass - \S{1,32} \[breakglass@32473( [a-z_]+="([^"\\\]]|\\["\\\]])*")*\] [ -~]*', message))


READERS = dict(zip(CHANNELS, (slack, pagerduty, ntfy, teams, mail, webhook, syslog)))
kinds = sorted(p.stem for p in FOLDER.glob("*.json") if not any(p.name.endswith("-" + c) for c in CHANNELS))
missing = [f"{k}-{c}" for k in kinds for c in CHANNELS if not (FOLDER / f"{k}-{c}").exists()]
documented = set(re.findall(r"`([a-z-]+)`", next(l for l in (ROOT / "docs" / "notifiers.md").read_text().splitlines() if l.startswith("| `kind` |")))) - {"kind"}
ok(f"{len(kinds)} events by {len(CHANNELS)} programs are kept", not missing and len(kinds) > 20, missing)
ok("every documented kind is among them", documented <= set(kinds), documented - set(kinds))
for kind in kinds:
    event = json.loads((FOLDER / f"{kind}.json").read_text())["event"]
    for channel in CHANNELS:
        raw = (FOLDER / f"{kind}-{channel}").read_bytes()
        READERS[channel](f"{kind}-{channel}", raw, event)
        if channel in ("slack.json", "ntfy.json", "teams.json"):
            said = [CONTROL.sub("", s) for s in strings(json.loads(raw))]
            want(f"{kind}-{channel}", "no control, bidi or zero-width character", all(s == t.replace("\n", "") for s, t in zip(said, strings(json.loads(raw)))))
for channel in CHANNELS:
    ok(f"{channel.split('.')[0]}: within the service's limits", not wrong.get(channel), wrong.get(channel))
finish()
