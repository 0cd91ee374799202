"""kill −9 of the courier, and of the broker, again and again while people ask and open: no opening's page is lost, and what comes twice comes with
the same dedup key. 20 rounds; 100 with `./check --soak`."""
import contextlib, json, os, pathlib, random, signal, subprocess, threading, time

from harness import World, finish, ok, wait_for
from page_file import PageFile
from wire import Line, Wire

ROUNDS = 100 if os.environ.get("BREAKGLASS_SOAK") == "1" else 20
LIMITS = "limits: {open_requests: 1000, requests_per_hour: 100000, sessions_per_minute: 100000, statements_per_minute: 100000}\n"


def courier_of(w):
    """The courier's process id, once there is one."""
    with contextlib.suppress(OSError):
        for task in pathlib.Path(f"/proc/{w.broker.pid}/task").iterdir():
            for pid in (task / "children").read_text().split():
                if b"courier-process" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                    return int(pid)
    return None


def insist(w, who, *arguments):
    """Until it is acknowledged, however often the broker goes away; what was done already is done."""
    while True:
        done = w.run(who, *arguments)
        if done.code == 0 or done.word() in ("duplicate", "ended"):
            return done
        if done.code != 8:
            raise AssertionError(repr(done))
        wait_for("the broker", w.answers)


def one_round(w, n, chance):
    asked = w.request(incident=f"INC-{n}")
    load = [threading.Thread(target=insist, args=(w, "frank", "request", "prod/db/root", "--emergency", "E1", "--incident", f"LOAD-{n}", "--reason", "load"))
            for _ in range(2)]
    for who in ("alice", "bob"):
        w.must(who, "approve", asked["request"], "--code", asked["code"], "--override")
    opening = threading.Thread(target=insist, args=(w, "erin", "open", asked["request"], "--show", "--field", "password"))
    for thread in (*load, opening):
        thread.start()
    time.sleep(chance.uniform(0, 0.2))
    kills = 0
    if n % 2:
        w.broker.send_signal(signal.SIGKILL)
        w.broker.wait()
        w.start()
        kills = 1
    elif pid := courier_of(w):
        os.kill(pid, signal.SIGKILL)
        kills = 1
    for thread in (*load, opening):
        thread.join()
    insist(w, "erin", "close", asked["request"])
    return kills


def queued(w):
    text = subprocess.run(["curl", "-s", "--unix-socket", f"{w.dir}/admin.sock", "http://broker/metrics"], stdout=subprocess.PIPE, text=True).stdout
    return next((int(l.split()[1]) for l in text.splitlines() if l.startswith("breakglass_pages_queued ")), None)


def main():
    chance = random.Random(7)
    with PageFile() as pages, World(channels=pages.channels, config_extra=LIMITS) as w:
        w.seal()
        kills = sum(one_round(w, n, chance) for n in range(ROUNDS))
        wait_for("every page to be delivered", lambda: queued(w) == 0, patience=300)
        lines = [Line(raw) for raw in Wire(w).lines()]
        opened = {l.says["request"] for l in lines if l.type == "open"}
        came = pages.of("opened")
        ok(f"{ROUNDS} rounds: the courier or the broker died in nearly each", kills >= ROUNDS * 0.8, kills)
        ok("every round's opening is in the log", len(opened) == ROUNDS, len(opened))
        ok("no opening's page was lost", {e["request_id"] for e in came} == opened, opened - {e["request_id"] for e in came})
        keys = {}
        for e in pages.all():
            if e["kind"] in ("requested", "ready", "opened", "closed"):
                keys.setdefault((e["kind"], e["request_id"]), set()).add(e["dedup_key"])
        ok("what came twice came with the same dedup key", all(len(k) == 1 for k in keys.values()), keys)
        print(f"# {kills} kills, {len(pages.all())} pages, {len(came) - len(opened)} openings' pages came again")
        accepted = {l.says["about"] for l in lines if l.type == "notice" and l.says["event"] == "opened" and l.says["outcome"] == "accepted"}
        ok("each has its notice in the log", accepted == opened, opened - accepted)
        asks = {l.id for l in lines if l.type == "request"}
        said = {l.says["about"] for l in lines if l.type == "notice" and l.says["event"] == "requested" and l.says["outcome"] == "accepted"}
        ok("so has every asking, alone or among others", said == asks, asks - said)
        ok("the log holds", w.run("erin", "log", "verify").code == 0)
    finish()


main()
