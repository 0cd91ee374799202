"""Notifiers that crash, hang, flood, lie or refuse, all beside one that works: nobody else is harmed, everybody is told, nothing is lost, and an
opening's page goes before ten thousand others."""
import json, os, pathlib, shutil, signal, sqlite3, subprocess, tempfile

from harness import BREAKGLASSD, World, finish, ok, skip, wait_for
from page_file import PageFile
from wire import Line, Wire

QUEUED = 10000
BROKEN = {"crash": "kill -9 $$", "hang": "exec sleep 1357", "flood": "exec yes", "garbage": "echo hello", "refused": "exit 77"}
LIMITS = "limits: {open_requests: 100, requests_per_hour: 1000, sessions_per_minute: 10000}\n"


class Busy:
    """A service that says 429 and Retry-After: 3600 to everything but what it is told to take; keeps what it took."""

    def __init__(self, folder):
        self.took, self.takes, self.program = folder / "took", folder / "takes", folder / "busy"
        self.takes.write_text("nothing\n")
        self.program.write_text("#!/bin/sh\npage=$(cat)\n"
                                f"if printf '%s' \"$page\" | grep -q -f {self.takes}; then printf '%s\\n' \"$page\" >> {self.took}\n"
                                "echo '{\"status\":\"accepted\",\"id\":\"kept\"}'\n"
                                "else echo '{\"status\":\"failed\",\"why\":\"answered 429\",\"retry_after\":3600}'; exit 75; fi\n")
        self.program.chmod(0o755)

    def all(self):
        return [json.loads(l)["event"] for l in self.took.read_text().splitlines()] if self.took.exists() else []

    def kinds(self):
        return [e["kind"] for e in self.all()]


def metrics(w):
    return subprocess.run(["curl", "-s", "--unix-socket", f"{w.dir}/admin.sock", "http://broker/metrics"], stdout=subprocess.PIPE, text=True).stdout


def value(w, name):
    """Of the metric's line, up to its first blank; None when there is none."""
    return next((int(l.split()[1]) for l in metrics(w).splitlines() if l.startswith(f"breakglass_{name} ")), None)


def notices(w, **fields):
    lines = [Line(raw) for raw in Wire(w).lines()]
    return [l for l in lines if l.type == "notice" and all(l.says.get(k) == v for k, v in fields.items())]


def approve(w, asked):
    for who in ("alice", "bob"):
        w.must(who, "approve", asked["request"], "--code", asked["code"])


def broken_beside_good(w, pages):
    w.request()
    wait_for("the page by the channel that works", lambda: pages.of("requested"))
    wait_for("everybody to be told of each", lambda: len({e["dedup_key"].split("/")[1] for e in pages.of("notifier-down")}) == len(BROKEN))
    said = {e["dedup_key"].split("/")[1]: e["text"] for e in pages.of("notifier-down")}
    ok("notifier-down names each one that is broken", set(said) == set(BROKEN), said)
    for name, why in (("crash", "died of signal 9"), ("hang", "no end before its deadline: killed"), ("flood", "more than 64 KiB of output: killed"),
                      ("garbage", "its last line is no"), ("refused", "exit code 77")):
        ok(f"{name}: and says why", why in said[name], said[name])
        ok(f"{name}: once, in the log too", len(notices(w, event="notifier-down", channel=name, outcome="failed")) == 1)
        ok(f"{name}: its page still waits", value(w, f'channel_pages_queued{{channel="{name}"}}') > 0 and value(w, f'channel_down{{channel="{name}"}}') == 1)
    ok("the one that works took everything", value(w, 'channel_pages_queued{channel="file"}') == 0 and not value(w, 'channel_down{channel="file"}'))
    ok("no broken one is told of another for ever", len(pages.of("notifier-down")) == len(BROKEN), pages.of("notifier-down"))
    text = metrics(w)
    if shutil.which("promtool"):
        done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
        ok("promtool finds nothing wrong with the metrics", done.returncode == 0 and not done.stderr.strip(), done)
    else:
        skip("promtool is not installed")
    last = value(w, 'channel_last_success_seconds{channel="file"}')
    ok("the last success is known for the one that had one", last and 'last_success_seconds{channel="crash"}' not in text, text)


def inherited(pages, seen):
    got = json.loads(seen.read_text())
    ok("a notifier has a clean environment", got["environment"].items() <= {"LANG": "C.UTF-8", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_CTYPE": "C.UTF-8"}.items(), got)
    ok("no descriptor but 0 to 2, no argument, / as its folder", (got["fds"], got["arguments"], got["folder"]) == ([0, 1, 2], [], "/"), got)
    ok("and everything it needs on stdin", got["keys"] == ["attempt", "config", "event"], got)
    pids = [p for p in pathlib.Path("/proc").iterdir() if p.name.isdigit() and b"sleep\0" b"1357" in read(p / "cmdline")]
    ok("what hung is gone", len(pids) <= 1, pids)  # one may be at its next attempt


def read(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""


def mended(w, pages, folder):
    before = pages.of("requested")[0]["dedup_key"]
    (folder / "refused").write_text(f"#!/bin/sh\ncat >> {folder}/mended\necho '{{\"status\":\"accepted\"}}'\n")
    w.broker.send_signal(signal.SIGHUP)
    wait_for("the return to be said", lambda: pages.of("notifier-up"))
    kept = [json.loads(l)["event"] for l in (folder / "mended").read_text().splitlines()]
    ok("what waited for a mended notifier arrives, first things first", kept[0]["dedup_key"] == before, kept[0])
    ok("notifier-up is said by the others and stands in the log", pages.of("notifier-up")[0]["text"] == "pages by refused arrive again" and
       len(notices(w, event="notifier-up", channel="refused", outcome="accepted")) == 1)


def opening_first(w, busy, pages):
    """Behind ten thousand asks that the service refuses to take for an hour."""
    asked = w.request(incident="INC-8")
    approve(w, asked)
    w.stop()
    with sqlite3.connect(w.state / "broker.db") as db:
        text, = next(db.execute("SELECT event FROM outbox WHERE channel = 'busy' AND event LIKE '{\"kind\":\"requested\"%' ORDER BY id LIMIT 1"))
        event = json.loads(text)
        db.executemany("INSERT INTO outbox (channel, urgent, event) VALUES ('busy', 0, ?)",
                       [(json.dumps({**event, "dedup_key": f"requested/{i:064}", "requester": f"p{i}"}),) for i in range(QUEUED)])
    db.close()
    busy.takes.write_text('"kind": *"opened"\n')
    w.start()
    wait_for("the queue", lambda: (value(w, 'channel_pages_queued{channel="busy"}') or 0) >= QUEUED)
    assert w.open(asked).code == 0
    wait_for("the opening's page", busy.all)
    ok(f"an opening's page goes before {QUEUED} queued asks and a Retry-After", busy.kinds() == ["opened"] and
       value(w, 'channel_pages_queued{channel="busy"}') >= QUEUED, busy.kinds())
    ok("other channels had it meanwhile", wait_for("it", lambda: pages.of("opened")))
    w.stop()
    with sqlite3.connect(w.state / "broker.db") as db:
        db.execute("DELETE FROM outbox WHERE channel = 'busy' AND event LIKE '%\"requester\": \"p%'")
    db.close()
    w.start()


def asks_become_one(w, busy):
    asked = [w.request(by="frank", incident=f"INC-{n}") for n in range(20, 28)]
    busy.takes.write_text(".\n")
    w.broker.send_signal(signal.SIGHUP)
    wait_for("everything to be taken", lambda: value(w, 'channel_pages_queued{channel="busy"}') == 0)
    of_frank = [e for e in busy.all() if e["kind"] == "requested" and e["requester"] == "frank"]
    ok("eight asks of one person that had to wait are one page", len(of_frank) == 1 and of_frank[0]["more"] == 7, of_frank)
    ok("it is the oldest, and says how many more", of_frank[0]["request"] == asked[0]["request"] and of_frank[0]["text"].endswith("(+7 more of frank's requests)") and
       of_frank[0]["dedup_key"] == f"requested/{asked[0]['id']}", of_frank)
    asks = [i for i, k in enumerate(busy.kinds()) if k == "requested"]
    ok("asks go before the rest", asks == list(range(1, 1 + len(asks))), busy.kinds())
    accepted = {n.says["about"] for n in notices(w, event="requested", channel="busy", outcome="accepted")}
    ok("each of them has its outcome in the log", {a["id"] for a in asked} <= accepted, (asked, accepted))


def unsafe(w, pages, folder):
    """A notifier that somebody else could change, or that is no plain file, is refused when the configuration is read."""
    def made(name, mode=0o755):
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(mode)
        return str(folder / name)

    (folder / "link").symlink_to(made("linked"))
    (folder / "open").mkdir()
    os.chmod(folder / "open", 0o777)
    shutil.copy(made("plain"), folder / "open" / "inside")
    good, config = w.channels, w.config
    for what, program, code in (("relative", "bin/notifier", 2), ("world-writable", made("w", 0o757), 10), ("setuid", made("s", 0o4755), 10), ("a symlink", str(folder / "link"), 10),
                                ("in a folder that all can write", str(folder / "open" / "inside"), 10), ("a folder", str(folder / "open"), 10), ("not there", str(folder / "none"), None)):
        w.channels = {**good, "bad": {"program": program}}
        w.write_config()
        done = subprocess.run([BREAKGLASSD, "--config", config, "--check-config"], capture_output=True, text=True)
        refused = w.broker_log().count("config.refused")
        w.broker.send_signal(signal.SIGHUP)
        wait_for("the refusal", lambda: w.broker_log().count("config.refused") > refused)
        ok(f"a program that is {what}: refused at check and at reload", done.returncode == code if code else done.returncode != 0, done)
    w.channels = good
    w.write_config()
    n = len(pages.of("closed"))
    w.must("frank", "cancel", w.request(by="frank", incident="INC-9")["request"])
    wait_for("the page by the old configuration", lambda: len(pages.of("closed")) > n)
    ok("the old configuration goes on", w.broker.poll() is None)


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="breakglass-courier-"))
    seen = folder / "seen"
    for name, body in BROKEN.items():
        (folder / name).write_text(f"#!/bin/sh\n{body}\n")
    (folder / "curious").write_text(f"""#!/usr/bin/python3
import json, os, sys
seen = dict(environment=dict(os.environ), fds=sorted(int(n) for n in os.listdir("/proc/self/fd"))[:-1], arguments=sys.argv[1:], folder=os.getcwd(),
            keys=sorted(json.load(sys.stdin)))
open("{seen}", "w").write(json.dumps(seen))
print(json.dumps(dict(status="accepted")))
""")
    for name in (*BROKEN, "curious"):
        (folder / name).chmod(0o755)
    busy = Busy(folder)
    try:
        with PageFile() as pages:
            channels = {**pages.channels, "curious": {"program": str(folder / "curious")}, "busy": {"program": str(busy.program)},
                        **{name: {"program": str(folder / name), "timeout": "1s"} for name in BROKEN}}
            with World(channels={**channels, "busy": {**channels["busy"], "events": ["opened", "requested", "approved", "ready"]}}, config_extra=LIMITS) as w:
                w.seal()
                broken_beside_good(w, pages)
                inherited(pages, seen)
                mended(w, pages, folder)
                w.channels = {name: w.channels[name] for name in ("file", "busy")}
                w.write_config()
                opening_first(w, busy, pages)
                ok("pages of a channel that is gone have failed, by the log", notices(w, channel="crash", event="requested", outcome="failed"))
                asks_become_one(w, busy)
                unsafe(w, pages, folder)
                ok("the broker lives, and its log holds", w.broker.poll() is None and w.run("erin", "log", "verify").code == 0)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    finish()


main()
