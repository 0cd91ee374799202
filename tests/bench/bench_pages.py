"""An opening → its page's bytes on the wire, behind 10,000 queued asks that the service answers with 429; the real webhook program over TLS to a
local server, against the same program run by hand."""
import json, sqlite3, subprocess, time

from support import AT_MOST, BUILD, LIMITS, median, ms, row, wait_for
from harness import World
from https_stub import DIR, Server, Stub, certificates, private

QUEUED, ROUNDS = 10000, 21
PROGRAM = str(BUILD / "notifiers" / "webhook")


class Service(Stub):
    """Takes openings, keeps when each came, and tells everything else to come back in an hour."""
    came = []

    def do_POST(self):
        now = time.time()
        event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["data"]
        if event["kind"] != "opened":
            return self.reply(429, b"", Retry_After="3600")
        Service.came.append((event["request_id"], now - event["at"] / 1000))
        self.reply(204, b"")


def queue(world):
    """Asks of so many people that none become one page."""
    world.stop()
    with sqlite3.connect(world.state / "broker.db") as db:
        text, = next(db.execute("SELECT event FROM outbox WHERE event LIKE '{\"kind\":\"requested\"%' LIMIT 1"))
        event = json.loads(text)
        db.executemany("INSERT INTO outbox (channel, urgent, event) VALUES ('hook', 0, ?)",
                       [(json.dumps({**event, "dedup_key": f"requested/{i:064}", "requester": f"p{i}"}),) for i in range(QUEUED)])
    db.close()
    world.start()


def opening(world):
    """Seconds between the opening's entry in the log and its page's arrival."""
    asked = world.request()
    for who in ("alice", "bob"):
        world.must(who, "approve", asked["request"], "--code", asked["code"], "--override")
    if world.open(asked).code != 0:
        raise RuntimeError("not opened")
    got = wait_for("the page", lambda: [t for r, t in Service.came if r == asked["id"]])
    world.must("erin", "close", asked["request"])
    return got[0]


def by_hand(config):
    event = {"kind": "opened", "dedup_key": "d", "text": "t", "request_id": "by-hand", "at": int(time.time() * 1000)}
    before = len(Service.came)
    subprocess.run([PROGRAM], input=json.dumps({"event": event, "config": config, "attempt": 1}), text=True, stdout=subprocess.DEVNULL, check=True)
    return Service.came[before][1]


certificates()
server = Server("good", Service)
config = {"url": server.url("hook"), "hmac_key_file": private("whsec", "whsec_" + "A" * 43 + "=\n"), "ca_file": str(DIR / "ca.pem")}
with World(channels={"hook": {"program": PROGRAM, "config": config}}, config_extra=LIMITS) as world:
    world.seal()
    world.request(by="frank", incident="INC-9")
    queue(world)
    ours = [opening(world) for _ in range(ROUNDS)]
    floor = median([by_hand(config) for _ in range(ROUNDS)])
row("opening to wire, 10,000 pages queued, median", ms(median(ours)), ms(floor), median(ours) / floor, AT_MOST, 4.0)
row("the same, worst, against a second", ms(max(ours)), ms(1), max(ours), AT_MOST, 1.0)
