#!/usr/bin/python3
"""Every kind of statement, by everybody, about everything that is there, at random and several at once: each gets a verdict from the
protocol's list, and the log that comes out of it is one that every client accepts."""
import concurrent.futures, os, pathlib, random, sys, time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from harness import World, finish, ok
from sealing import Sealing
from wire import Line, Wire, age_key, age_to, sha256

A, B = "prod/db/root", "prod/db/other"
WORDS = set("""not-allowed holder-cannot-request not-ready too-early not-due sealer threshold postmortem-owed too-long not-found duplicate mismatch stale-version stale-roster fork
 clock spent-limit locks-out in-use claimed custody roster-gap roster-rollback roster-fork expired ended too-large emergency rate bad-statement bad-version bad-roster bad-key bad-blob
 upgrade auth not-durable shutting-down restored""".split())
STATUS = {"not-found": 404, "too-large": 413, "emergency": 422, "rate": 429, "auth": 401, "expired": 410, "ended": 410}
ROUNDS = int(os.environ.get("ABUSE_ROUNDS", "1000"))


class Walk:
    def __init__(self, w, seed):
        self.w, self.wire, self.chance = w, Wire(w), random.Random(seed)
        self.lines, self.seen = [], {}
        self.holders = {h: w.lines[h].split("opens: ")[1].rstrip("}") for h in w.holders}

    # ---- what there is ----
    def look(self):
        self.lines = [Line(raw) for raw in self.wire.lines()]

    def id_of(self, *kinds):
        """Mostly of the right kind, and mostly a late one."""
        c = self.chance
        if c.random() < 0.05:
            return c.choice(["ab" * 32, "00" * 32])
        right = [l.id for l in self.lines if l.type in kinds] if c.random() < 0.9 else [l.id for l in self.lines]
        return c.choice(right[-4:] if right and c.random() < 0.8 else right or ["ab" * 32])

    def line(self, statement_id):
        return next((l for l in self.lines if l.id == statement_id), None)

    def or_else(self, good, *bad):
        """Good nine times of ten."""
        return good if self.chance.random() < 0.9 else self.chance.choice(bad)

    def when(self):
        return int(time.time() * 1000) + self.or_else(600000, 1500, 0, -5, 2000000, 1800000)

    def incident(self):
        return self.chance.choice(["INC-1", "INC-1", "INC-2", self.id_of("request")])

    # ---- statements ----
    def request(self):
        c = self.chance
        version = self.id_of("version")
        found = self.line(version)
        credential = self.or_else(found.says["credential"] if found and found.type == "version" else A, A, B, "prod/none")
        return {"credential": credential, "version": version, "emergency": self.or_else("E1", "E9"), "incident": self.or_else(c.choice(["INC-1", "INC-2"]), None), "reason": "r",
                "open_for": self.or_else(600000, 0, 500, 3600000, 3600001), "reply_to": self.or_else(age_key(), next(iter(self.holders.values()))), "expires_at": self.when()}, []

    def approval(self):
        c, request = self.chance, self.id_of("request")
        found = self.line(request)
        version = self.or_else(found.says["version"] if found and found.type == "request" else "ab" * 32, self.id_of("version"))
        who, blob = c.choice(self.w.holders), os.urandom(80)
        return {"request": request, "version": version, "index": self.or_else(1 + self.w.holders.index(who), 1, 2, 0, 4), "share": sha256(blob).hex(), "expires_at": self.when(),
                "override": c.choice([True, True, None]), "_who": who}, self.or_else([blob], [], [blob, blob])

    def of_request(self):
        """By its own requester."""
        request = self.id_of("request")
        found = self.line(request)
        return {"request": request, "_who": found.says["by"][0] if found and found.type == "request" else "erin"}, []

    open = cancel = of_request

    def version(self):
        c = self.chance
        credential = c.choice([A, B])
        mine = [l for l in self.lines if l.type == "version" and l.says["credential"] == credential]
        number = max([l.says["number"] for l in mine], default=0) + c.choice([1, 1, 1, 1, 0, 2])
        previous = c.choice([l.id for l in mine][-3:] + ["none"]) if mine else "none"
        made = Sealing(credential, self.holders, 2, {"password": b"x"}, number=number, previous=previous, reason=c.choice(["initial", f"rotation of {previous}" if previous != "none" else "initial"]))
        return made.fields, made.blobs

    def rotation(self):
        c = self.chance
        step = c.choice(["claim", "set", "test", "promoted", "revoke", "done"])
        fields = {"version": self.id_of("version"), "step": step}
        if step == "claim":
            fields["until"] = self.when()
        if step != "claim" or c.random() < 0.1:
            fields["pending"] = self.id_of("version")
        if step in ("set", "test", "revoke"):
            fields["outcome"] = c.choice(["started", "ok", "ok", "failed", "unknown"])
        if step == "done":
            fields["evidence"] = {"old": c.choice(["refused", "replaced", "unproven"]), "new": "works"}
        return fields, []

    def simple(self, kind):
        c = self.chance
        return {
            "denial": lambda: {"request": self.id_of("request"), "reason": "no"},
            "custody": lambda: {"versions": [self.id_of("version") for _ in range(c.choice([1, 2, 2]))]},
            "close": lambda: {**c.choice([{"incident": self.incident()}, {"request": self.id_of("request")}]), "why": c.choice(["done", "done", "done", "time", "expired", "webhook"])},
            "hold": lambda: {"incident": self.incident()}, "extend": lambda: {"request": self.id_of("request"), "open_for": c.choice([700000, 3600000, 1, 3600001])},
            "order": lambda: {"versions": [self.id_of("version")], "why": "w"}, "postmortem": lambda: {"incident": self.incident(), "criterion_met": c.choice(["yes", "no", "drill"]), "text": "t"},
            "notice": lambda: {"event": "x", "channel": "y", "outcome": "accepted"},
        }[kind](), []

    def statement(self):
        c = self.chance
        kind = c.choice(["request"] * 6 + ["approval"] * 12 + ["open"] * 6 + ["version", "rotation", "rotation", "denial", "cancel", "custody", "close", "close", "hold", "extend", "order", "postmortem", "notice"])
        fields, blobs = getattr(self, kind)() if hasattr(self, kind) else self.simple(kind)
        return kind, {k: v for k, v in fields.items() if v is not None}, blobs

    def say(self):
        """Signed by whom it fits, mostly."""
        c = self.chance
        kind, fields, blobs = self.statement()
        who = fields.pop("_who", None)
        fit = {"request": self.w.requesters, "version": ["alice", "rot-1"], "rotation": ["rot-1"], "order": self.w.admins}
        who = self.or_else(who or c.choice(list(fit.get(kind, self.w.people))), *self.w.people, *self.w.rotators)
        return kind, self.wire.signed(kind, self.wire.payload(kind, who, **fields), who), blobs

    def judge(self, kind, answer):
        word = "ok" if answer.status == 200 else answer.word
        self.seen.setdefault(kind, {}).setdefault(word, 0)
        self.seen[kind][word] += 1
        fits = answer.status == 200 or (word in WORDS and answer.status == STATUS.get(word, answer.status) and 400 <= answer.status < 500)
        return None if fits else (kind, answer)


def main():
    seed = int(os.environ.get("ABUSE_SEED", "5"))
    limits = ("limits: {statements_per_minute: 10000000, sessions_per_minute: 1000000, failures_per_minute: 1000000, requests_per_hour: 1000000, open_requests: 1000}\n")
    with World(rotators=["rot-1"], config_extra=limits, credentials={n: {"opens_what": "a database", "sealers": ["alice"]} for n in (A, B)}) as w:
        w.seal(A)
        w.seal(B)
        walk, wrong = Walk(w, seed), []
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            done = 0
            while done < ROUNDS:
                walk.look()
                said = [walk.say() for _ in range(walk.chance.choice([1, 4, 8]))]
                for (kind, _, _), answer in zip(said, pool.map(lambda s: walk.wire.post(s[1], s[2]), said)):
                    wrong.append(walk.judge(kind, answer))
                done += len(said)
        wrong = [x for x in wrong if x]
        taken = sum(words.get("ok", 0) for words in walk.seen.values())
        ok(f"{done} statements at random (seed {seed}): each gets a verdict of the protocol, {taken} are taken", not wrong and taken > done // 20, (wrong[:3], walk.seen))
        lacks = {kind: walk.seen.get(kind) for kind in ("request", "approval", "open", "close", "version") if "ok" not in walk.seen.get(kind, {}) or len(walk.seen[kind]) < 2}
        ok("requests, approvals, openings, closes and versions were both taken and refused", not lacks, lacks)
        ok("the broker lives", w.broker.poll() is None)
        verified = w.run("frank", "status")
        ok("somebody who has seen nothing of it accepts the log", verified.code == 0, repr(verified))
        ok("and verifies it", w.run("frank", "log", "verify").code == 0)
        size, root = walk.wire.head()["size"], walk.wire.head()["root"]
        w.kill()
        with __import__("sqlite3").connect(next(w.state.glob("*.db"))) as db:
            db.execute("DELETE FROM snapshot")
        w.start()
        ok("after kill -9 and without a snapshot the broker comes back to the same head", walk.wire.head()["root"] == root or walk.wire.size() > size, (size, walk.wire.head()))
        ok("its second look at everything agrees", w.stop() == 0 and '"corrupt' not in w.broker_log())
    finish()


main()
