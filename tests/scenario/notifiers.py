"""The real slack and pagerduty programs against a local HTTPS server: what is sent, what every answer means, and to whom nothing is sent."""
import json, pathlib, re, shutil, subprocess
from concurrent.futures import ThreadPoolExecutor
from harness import BREAKGLASSD, ROOT, finish, ok, skip
from https_stub import DIR, EVENT, TOKEN, Answer, Server, Stub, certificates, folder, private, stop

KEY = "R0UT1NGKEY" * 3
Answer.secrets += (KEY,)


class Service(Stub):
    def say_accepted(self): self.reply(202, json.dumps({"status": "success", "dedup_key": "x"}).encode())
    def say_bad(self): self.reply(400, json.dumps({"status": "invalid event", "errors": ["'severity' is invalid"]}).encode())
    def say_echo(self): self.reply(400, json.dumps({"status": "invalid event", "errors": [f"bad key {KEY}"]}).encode())
    def say_posted(self): self.reply(200, b'{"ok":true,"channel":"C1","ts":"1764.0001"}')
    def say_refused(self): self.reply(200, b'{"ok":false,"error":"invalid_auth"}')
    def say_limited(self): self.reply(200, b'{"ok":false,"error":"ratelimited"}')


def slack(path, server, **config):
    url = private(f"slack-{path}-{server.server_port}", f"https://127.0.0.1:{server.server_port}/services/{TOKEN}/{path}\n")
    return Answer("slack", {"api_url_file": url, "ca_file": str(DIR / "ca.pem"), **config})


def bot(path, server):
    token = private(f"bot-{path}", TOKEN + "\n")
    return Answer("slack", {"credentials_file": token, "channel": "C1", "api_url": f"https://127.0.0.1:{server.server_port}/api/{path}",
                            "ca_file": str(DIR / "ca.pem")})


def pagerduty(path, server, event=EVENT, **config):
    return Answer("pagerduty", {"routing_key_file": private("pd-key", KEY + "\n"), "api_url": f"https://127.0.0.1:{server.server_port}/{path}",
                                "ca_file": str(DIR / "ca.pem"), **config}, event)


certificates()
private("pd-key", KEY + "\n")
good, wrong, stranger, expired = (Server(name, Service) for name in ("good", "wrong", "stranger", "expired"))

# ---- what is sent ----
got = slack("ok", good)
ok("slack: 200 `ok` is accepted", got.code == 0 and got.last == {"status": "accepted", "id": "d-1"}, got)
(_, path, headers, body), = good.taken()
sent = json.loads(body)
ok("slack: the text is there and mark-up of people stays text", sent["text"].startswith("erin opened") and
   "Reason: <!channel> <http://evil|click>" in [f["text"] for b in sent["blocks"] for f in b.get("fields", [])] and b"mrkdwn" not in body, body)
ok("slack: a webhook's URL carries the token, no header does", "Authorization" not in headers and TOKEN in path, headers)

got = bot("posted", good)
(_, path, headers, body), = good.taken()
ok("slack: chat.postMessage is accepted by its `ts`", got.code == 0 and got.last["id"] == "1764.0001", got)
ok("slack: the bot's token travels in the header alone", headers["Authorization"] == f"Bearer {TOKEN}" and TOKEN not in path and
   TOKEN.encode() not in body and json.loads(body)["channel"] == "C1", headers)

got = pagerduty("accepted", good)
(_, _, _, body), = good.taken()
sent = json.loads(body)
ok("pagerduty: 202 is accepted", got.code == 0 and got.last == {"status": "accepted", "id": f"breakglass/{'aa' * 32}/opened"}, got)
ok("pagerduty: an opening is a critical trigger of its own", (sent["event_action"], sent["payload"]["severity"], sent["routing_key"]) ==
   ("trigger", "critical", KEY) and sent["payload"]["custom_details"]["who"] == "erin", sent)

story = []
for kind in ("requested", "ready", "opened", "closed", "rotated"):
    got = pagerduty("accepted", good, {**EVENT, "kind": kind})
    ok(f"pagerduty: {kind} is accepted", got.code == 0, got)
    story += [(s["event_action"], s["dedup_key"].removeprefix("breakglass/" + "aa" * 32)) for s in (json.loads(b) for *_, b in good.taken())]
ok("pagerduty: one alert per request is triggered, acknowledged and resolved",
   [a for a, key in story if key == ""] == ["trigger", "acknowledge", "resolve"], story)
ok("pagerduty: the opening's alert too", [a for a, key in story if key == "/opened"] == ["trigger", "acknowledge", "resolve"], story)

# ---- what answers mean ----
rows = [("slack", slack, "page", 1), ("slack", slack, "broken", 75), ("slack", slack, "forbidden", 77), ("slack", slack, "gone", 78),
        ("slack", bot, "refused", 77), ("slack", bot, "limited", 75),
        ("pagerduty", pagerduty, "bad", 1), ("pagerduty", pagerduty, "empty", 1), ("pagerduty", pagerduty, "broken", 75),
        ("slack", slack, "unacceptable", 1), ("slack", bot, "unacceptable", 1), ("slack", slack, "reset", 3), ("slack", bot, "reset", 3),
        ("pagerduty", pagerduty, "reset", 3), ("slack", bot, "broken", 75), ("slack", bot, "slow", 75), ("slack", bot, "endless", 1), ("slack", bot, "ok", 1),
        ("slack", bot, "elsewhere", 78), ("pagerduty", pagerduty, "elsewhere", 78), ("pagerduty", pagerduty, "ok", 1), ("slack", slack, "empty", 1),
        ("slack", slack, "endless", 1), ("pagerduty", pagerduty, "endless", 1), ("slack", slack, "headers", 1)]
for name, call, path, code in rows:
    got = call(path, good)
    ok(f"{name}: `{path}` exits {code}", got.code == code and got.last["status"] == "failed" and got.last["why"] and not got.leaks(), got)
for name, call in (("slack", slack), ("pagerduty", pagerduty)):
    got = call("slow", good)
    ok(f"{name}: 429 says when to come back", got.code == 75 and got.last["retry_after"] == 3600, got)
got = pagerduty("echo", good)
ok("pagerduty: a service that repeats our key does not bring it into our log", got.code == 1 and not got.leaks(), got)

# ---- to whom nothing is sent ----
good.taken()
got = slack("elsewhere", good)
seen = [path for _, path, _, _ in good.taken()]
ok("a redirect is not followed", got.code == 78 and len(seen) == 1 and not got.leaks(), (got, seen))
for what, server in (("wrong host name", wrong), ("untrusted certificate", stranger), ("expired certificate", expired)):
    for name, call, path in (("slack", slack, "ok"), ("pagerduty", pagerduty, "accepted")):
        got = call(path, server)
        ok(f"{name}: {what}: failed, and nothing was sent", got.code == 78 and not server.taken() and not got.leaks(), got)
got = slack("ok", good, ca_file=str(DIR / "other.pem"))
ok("ca_file replaces the authorities", got.code == 78 and not good.taken(), got)
got = Answer("slack", {"api_url_file": private("slack-default", f"https://127.0.0.1:{good.server_port}/services/{TOKEN}/ok")})
ok("without ca_file the system's authorities count", got.code == 78 and not good.taken(), got)
url = private("slack-http", f"http://127.0.0.1:{good.server_port}/services/{TOKEN}/ok")
got = Answer("slack", {"api_url_file": url})
ok("plain http is refused", got.code == 78 and not got.leaks(), got)
closed = Server("good")
closed.close()
got = slack("ok", closed)
ok("nobody listening: try again", got.code == 75 and not got.leaks(), got)

# ---- configuration and input ----
for what, program, config in (
        ("an unknown key", "pagerduty", {"routing_key_file": str(DIR / "pd-key"), "routing_keyfile": "x"}),
        ("no token", "pagerduty", {}), ("no URL", "slack", {}),
        ("a webhook URL in the open", "slack", {"api_url": "https://hooks.example/services/x"}),
        ("a token that others can read", "pagerduty", {"routing_key_file": private("open-key", KEY, 0o644)}),
        ("a bot without channel", "slack", {"credentials_file": str(DIR / "pd-key")})):
    got = Answer(program, config)
    ok(f"{program}: {what}: misconfigured", got.code == 78 and got.last["status"] == "failed" and not got.leaks(), got)
for what, text in (("no JSON", "hello"), ("a list", "[]"), ("nothing of an event", '{"event":{},"config":{}}'),
                   ("an endless input", '{"event":"' + "x" * 300000)):
    got = Answer("slack", {}, text=text)
    ok(f"stdin with {what} is refused", got.code == 78 and got.last["status"] == "failed", got)

# ---- tokens in a service manager's folder of credentials ----
credentials = DIR / "credentials"
credentials.mkdir(mode=0o700)
(credentials / "key").write_text(KEY)
(credentials / "key").chmod(0o400)
for what, name, env, code in (("found by its name", "key", str(credentials), 0), ("a name without a folder", "key", None, 78), ("a name that leads elsewhere", "../pd-key", str(credentials), 78)):
    got = Answer("pagerduty", {"routing_key_file": name, "api_url": f"https://127.0.0.1:{good.server_port}/accepted", "ca_file": str(DIR / "ca.pem")}, env={"CREDENTIALS_DIRECTORY": env} if env else {})
    ok(f"pagerduty: a token among the credentials: {what}", got.code == code and not got.leaks(), got)

# ---- a thread for each request ----


class Chat(Service):
    """chat.postMessage and chat.update as far as threads go; a message that was deleted takes no answers."""
    deleted, broken = set(), False

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        method = self.path.rsplit("/", 1)[1]
        self.server.seen.put((method, body))
        if body.get("thread_ts") in Chat.deleted or (method == "chat.update" and Chat.broken):
            return self.reply(200, b'{"ok":false,"error":"message_not_found"}')
        ts = body.get("ts", f"1764.{len(self.server.posted):04}")
        self.server.posted.append(body)
        self.reply(200, json.dumps({"ok": True, "channel": "C0RESOLVED", "ts": ts}).encode())


chat = Server("good", Chat)
chat.posted = []
threads = DIR / "threads"
THREADED = {"credentials_file": private("chat-token", TOKEN), "channel": "#oncall", "api_url": chat.url("api/chat.postMessage"),
            "ca_file": str(DIR / "ca.pem"), "threads_folder": str(threads)}
ASKED = {k: v for k, v in EVENT.items() if k != "access_until"} | {"kind": "requested", "severity": "warning"}


def say(kind, **more):
    got = Answer("slack", THREADED, {**ASKED, "kind": kind, **more})
    return got, [(method, body.get("channel"), body.get("thread_ts"), body.get("ts"), body.get("reply_broadcast", False)) for method, body in chat.taken()]


got, calls = say("requested")
ok("slack: the asking begins a thread", got.code == 0 and calls == [("chat.postMessage", "#oncall", None, None, False)] and
   (threads / ("aa" * 32)).read_text() == "C0RESOLVED 1764.0000\n", (got, calls))
got, calls = say("approved")
ok("slack: what follows answers in it, and the first message tells the newest state", got.code == 0 and calls == [
    ("chat.postMessage", "C0RESOLVED", "1764.0000", None, False), ("chat.update", "C0RESOLVED", None, "1764.0000", False)] and
   chat.posted[-1]["blocks"][0]["text"]["text"] == "Break-glass request approved", (got, calls))
got, calls = say("opened", severity="critical", access_until=1764003600000)
ok("slack: an opening is shown in the channel too", got.code == 0 and calls[0] == ("chat.postMessage", "C0RESOLVED", "1764.0000", None, True), (got, calls))
got, calls = say("requested", request_id="dd" * 32)
ok("slack: another request has another thread", got.code == 0 and calls[0][2] is None, calls)
got, calls = say("test", request_id=None)
ok("slack: no request, no thread", got.code == 0 and calls == [("chat.postMessage", "#oncall", None, None, False)], (got, calls))
got, calls = say("approved", request_id="../../etc/passwd")
ok("slack: only a request's id becomes a file", got.code == 0 and sorted(p.name for p in threads.iterdir()) == ["aa" * 32, "dd" * 32], calls)
Chat.broken = True
got, calls = say("ready")
ok("slack: an update that fails changes nothing about the page", got.code == 0 and len(calls) == 2, (got, calls))
Chat.broken = False
Chat.deleted.add("1764.0000")
got, calls = say("closed", severity="info", access_until=1764003600000)
ok("slack: a thread that is gone costs no page, and another one begins", got.code == 0 and [c[2] for c in calls] == ["1764.0000", None] and
   (threads / ("aa" * 32)).read_text() != "C0RESOLVED 1764.0000\n", (got, calls))
got, calls = say("rotated", severity="info")
ok("slack: the last event ends the thread", got.code == 0 and not (threads / ("aa" * 32)).exists(), calls)
got, calls = say("expired", request_id="dd" * 32)
ok("slack: so does the last one of what was never opened", got.code == 0 and not list(threads.iterdir()), calls)
(threads / ("aa" * 32)).write_text("not\x00what was kept")
got, calls = say("approved")
ok("slack: a damaged file costs the thread alone", got.code == 0 and calls[0][2] is None, calls)
for what, config in (("threads by a webhook", {"api_url_file": str(DIR / "slack-http"), "threads_folder": "/x"}), ("a relative folder", {**THREADED, "threads_folder": "x"})):
    got = Answer("slack", config)
    ok(f"slack: {what}: misconfigured", got.failed(78), got)

# ---- the sample of docs/notifiers.md ----
if shutil.which("jq"):
    sample, pages = DIR / "sample", DIR / "pages"
    sample.write_text(re.findall(r"```sh\n(#!/bin/sh.*?)```", (ROOT / "docs" / "notifiers.md").read_text(), re.S)[-1])
    sample.chmod(0o700)
    got = Answer(sample, {"file": str(pages)}, {**EVENT, "text": "two\nlines"})
    ok("the sample notifier delivers", got.code == 0 and got.last == {"status": "accepted", "id": "d-1"} and
       len(pages.read_text().splitlines()) == 1, got)
    got = Answer(sample, {})
    ok("and says what is missing", got.code == 78 and got.last["status"] == "failed", got)
    bad = {"hang": "exec sleep 1000", "flood": "exec yes", "crash": "kill -11 $$", "yes-man": "echo '{\"status\":\"accepted\",\"id\":\"x\"}'",
           "once": f"cat >/dev/null; mkdir {DIR}/once.d || exit 1; echo '{{\"status\":\"accepted\",\"id\":\"x\"}}'"}
    for name, body in bad.items():
        (DIR / name).write_text(f"#!/bin/sh\n{body}\n")
        (DIR / name).chmod(0o700)
    config = DIR / "breakglassd.yaml"
    config.write_text(f"state: {DIR}/state\nlisten: {{unix: {DIR}/sock}}\nkeys: {{sign: {DIR}/sign}}\n"
                      f"channels:\n  file: {{program: {sample}, config: {{file: {DIR}/tried}}}}\n" + "".join(f"  {name}: {{program: {DIR}/{name}, timeout: 1s}}\n" for name in bad))
    for what, code, said in (("file", 0, "ok - takes a page: accepted: test/"), (str(sample), 1, "`file` is missing"), ("/usr/bin/true", 1, "exit code 0"),
                             ("nobody", 10, "unsafe-program"), ("hang", 1, "no end before its deadline: killed"), ("flood", 1, "more than 64 KiB of output: killed"),
                             ("crash", 1, "died of signal 11"), ("yes-man", 1, "not ok - refuses what is no page: it was accepted"),
                             ("once", 1, "not ok - takes the same page again: exit code 1")):
        done = subprocess.run([BREAKGLASSD, "notifier", "test", what, "--config", config], capture_output=True, text=True)
        ok(f"`notifier test {pathlib.Path(what).name}` says {said}", done.returncode == code and said in done.stdout + done.stderr, done)
    came = [json.loads(line) for line in (DIR / "tried").read_text().splitlines()]
    ok("the page came twice, with one dedup key, and no garbage with it", [c[1] for c in came] == ["test", "test"] and came[0][2] == came[1][2], came)
else:
    skip("the sample notifier needs jq")

# ---- a service that takes the page and never answers, or never to the end ----
with ThreadPoolExecutor(16) as pool:
    jobs = [(name, how, pool.submit(call, how, good)) for how in ("hang", "drip") for name, call in (("slack", slack), ("slack, a bot", bot), ("pagerduty", pagerduty))]
    for name, how, job in jobs:
        got = job.result()
        ok(f"{name}: sent, and the answer never comes whole ({how}): outcome unknown", got.code == 3 and not got.leaks(), got)
stop.set()
folder.cleanup()
finish()
