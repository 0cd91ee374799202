"""What makes a rotation due, one by one; many with one command, with a report that is true; a target out of reach; a rotator that dies with the lease in its hand."""
import hashlib, hmac, json, os, signal, subprocess
from harness import World, finish, ok, wait_for
from rotator_process import HOOK, Rotator, Vaults, rotations, stand_in, statements, steps

NAMES = [f"prod/v{i}" for i in range(8)]
BY_HAND = "prod/hand"
KEY = b"a webhook secret that both know"


def first(name):
    return f"the first value of {name}"


def custody(w):
    for holder in ("alice", "bob", "carol"):
        w.must(holder, "inbox")


def done(w):
    """[(credential, evidence of the old value)] of every finished rotation."""
    return [(c, p["evidence"]["old"]) for c, p in rotations(w) if p["step"] == "done"]


def waits_for(w, rotator, what, n):
    """Until n rotations are done; then they are as many, of these credentials, and proven."""
    wait_for(what, lambda: len(done(w)) >= n or rotator.process.poll() is not None)
    return done(w)


# ---- every trigger, with the one rotator running all the time ----
w = World(rotators=["rot-1", "rot-2"], credentials={n: {"opens_what": "a vault", "sealers": ["alice"], "tags": ["even" if i % 2 == 0 else "odd"], "rotate": {"hook": "file"}} for i, n in enumerate(NAMES)}
          | {BY_HAND: {"opens_what": "a safe", "sealers": ["alice"]}})
with w:
    vaults = Vaults(w.dir, {n: first(n) for n in NAMES})
    for n in NAMES:
        w.credentials[n]["rotate"] = vaults.rotate(n)
    secret = w.dir / "webhook"
    secret.write_bytes(KEY)
    os.chmod(secret, 0o600)
    w.stop()
    w.config_extra = f"webhooks: {{pagerduty: {{secret_file: {secret}, grace: 1s}}}}\n"
    w.write_config()
    w.start()
    w.must("alice", "roster", "submit", w.sign_roster(w.roster_yaml()))
    for n in NAMES + [BY_HAND]:
        w.seal(n, {"password": first(n)})
    custody(w)
    rotator = Rotator(w, {"file": {"program": HOOK, "config": {}}})
    rotator.start()

    def opened(name, incident, *more, **options):
        asked = w.request(credential=name, incident=incident, **options)
        for who in ("bob", "carol"):
            w.approve(who, asked)
        ok(f"{incident}: it is opened", w.open(asked).out.strip() == first(name))
        return asked

    opened(NAMES[0], "INC-1")
    w.must("erin", "close", "INC-1")
    ok("closed by hand: rotated, and the old value refused", waits_for(w, rotator, "hand", 1) == [(NAMES[0], "refused")], (done(w), rotator.text()[-2000:]))

    opened(NAMES[1], "INC-2", **{"for": "1s"})
    ok("closed by its time limit: rotated, and the old value is gone", waits_for(w, rotator, "time", 2)[1:] == [(NAMES[1], "replaced")], done(w))

    opened(NAMES[2], "INC-3")
    content = json.dumps({"event": {"id": "1", "event_type": "incident.resolved", "resource_type": "incident", "data": {"id": "INC-3", "type": "incident"}}}).encode()
    subprocess.run(["curl", "-s", "--unix-socket", w.socket, "-H", "X-Webhook-Id: 1", "-H", "X-PagerDuty-Signature: v1=" + hmac.new(KEY, content, hashlib.sha256).hexdigest(),
                    "--data-binary", content.decode(), "http://broker/v1/hooks/pagerduty"], check=True, stdout=subprocess.DEVNULL)
    ok("closed by a webhook: rotated", waits_for(w, rotator, "webhook", 3)[2:] == [(NAMES[2], "replaced")], done(w))

    asked = w.request(credential=NAMES[3], incident="INC-4")
    w.approve("bob", asked)
    w.must("erin", "cancel", asked["request"])
    ok("a share spent in a request that was never opened: rotated", waits_for(w, rotator, "spent", 4)[3:] == [(NAMES[3], "replaced")], done(w))

    w.must("alice", "rotate", NAMES[4], "--why", "a laptop is lost")
    ok("ordered by name: rotated", waits_for(w, rotator, "order", 5)[4:] == [(NAMES[4], "replaced")], done(w))
    ok("every first value of these is dead", not any(vaults.accepts(n, first(n)) for n in NAMES[:5]))
    ok("and the others live on", all(vaults.accepts(n, first(n)) for n in NAMES[5:]))

    # ---- many with one command ----
    size = len(statements(w, "order"))
    dry = w.run("alice", "rotate", "--all", "--dry-run", "--json")
    ok("a dry run says what would be rotated, and how", dry.code == 0 and {c["credential"]: c["way"] for c in dry.json["would_rotate"]} ==
       {**{n: "order" for n in NAMES}, BY_HAND: "by-hand"}, dry)
    for option, meant in ((("--policy", "main"), {*NAMES, BY_HAND}), (("--tag", "odd"), set(NAMES[1::2])), ((NAMES[0], BY_HAND), {NAMES[0], BY_HAND})):
        dry = w.run("alice", "rotate", *option, "--dry-run", "--json")
        ok(f"a dry run of {' '.join(option)} says what is meant by it", dry.code == 0 and {c["credential"] for c in dry.json["would_rotate"]} == meant, dry)
    ok("and orders nothing", len(statements(w, "order")) == size)
    for what, args, code in (("without --yes, and nobody to ask", ("--all", "--why", "leak"), 2), ("without a reason", ("--all", "--yes"), 2), ("nothing named", ("--why", "leak"), 2),
                             ("an unknown tag", ("--tag", "none", "--why", "leak", "--yes"), 5), ("an unknown policy", ("--policy", "none", "--why", "leak", "--yes"), 5),
                             ("an unknown person", ("--opened-by", "nobody", "--why", "leak", "--yes"), 5), ("an unknown incident", ("--incident", "INC-99", "--why", "leak", "--yes"), 5),
                             ("--follow of what is no order", ("--follow", "0"), 5)):
        refused = w.run("alice", "rotate", *args)
        ok(f"{what}: exit {code}", refused.code == code and len(statements(w, "order")) == size, refused)
    refused = w.run("carol", "rotate", "--all", "--why", "leak", "--yes")
    ok("only an admin orders", refused.code == 3 and len(statements(w, "order")) == size, refused)

    asked = w.request(credential=NAMES[5], incident="INC-5")
    for who in ("bob", "carol"):
        w.approve(who, asked)
    w.open(asked)
    for option in (("--opened-by", "erin"), ("--incident", "INC-5")):
        dry = w.run("alice", "rotate", *option, "--dry-run", "--json")
        ok(f"{option[0]}: what is current and was opened there, not what was rotated since", [c["credential"] for c in dry.json["would_rotate"]] == [NAMES[5]], dry)
    w.must("erin", "close", "INC-5")
    waits_for(w, rotator, "INC-5", 6)

    report = w.run("alice", "rotate", "--tag", "even", "--why", "leak", "--yes", "--wait", "--at-most", "60s", "--json")
    last = json.loads(report.out.splitlines()[-1])
    even = [n for i, n in enumerate(NAMES) if i % 2 == 0]
    ok("one command for a tag: everything with it is proven, exit 0", report.code == 0 and last["of"] == 4 and sum(last["proven"].values()) == 4 and not last["not_proven"], report)
    ok("and nothing else was touched", vaults.accepts(NAMES[7], first(NAMES[7])) and not vaults.accepts(NAMES[6], first(NAMES[6])))
    entry = json.loads(report.out.splitlines()[0])["entries"][0]
    again = w.run("alice", "rotate", "--follow", entry)
    ok("--follow reports an order of before", again.code == 0 and "4 of 4 proven" in again.out, again)

    report = w.run("alice", "rotate", "--all", "--why", "leak", "--yes", "--wait", "--at-most", "60s")
    ok("what is rotated by hand is reported as not proven, and the exit code says so", report.code != 0 and "8 of 9 proven" in report.out and f"NOT PROVEN {BY_HAND}" in report.out, report)
    entry = statements(w, "order")[-1]
    again = w.run("bob", "rotate", BY_HAND, "--why", "leak", "--json")
    ok("the log owes it: nothing is ordered twice, and anybody who follows the order sees it", len(entry["versions"]) == 9 and again.json["ordered"] == 0 and again.json["due_already"] == 1 and
       statements(w, "order")[-1] == entry, again)
    rotator.stop()

    # ---- a target out of reach ----
    away = w.dir / "away.state"
    away.touch()
    rotator.configure({"file": {"program": stand_in(w.dir, "away", '[ "$1" = check ] && [ -e $state ] && { echo \'{"status":"failed","why":"no route to it"}\'; exit 75; }'), "config": {}}})
    before, versions = len(steps(w)), len(statements(w, "version"))
    report = w.run("alice", "rotate", NAMES[0], "--why", "leak", "--json")
    rotator.start()
    wait_for("its word", lambda: "claim failed" in steps(w)[before:] or rotator.process.poll() is not None)
    report = w.run("alice", "rotate", "--follow", report.json["n"], "--at-most", "1s", "--json")
    ok("a target out of reach: nothing is sealed or set, and the log says so", steps(w)[before:] == ["claim failed"] and len(statements(w, "version")) == versions, steps(w)[before:])
    ok("the report says that it is not proven", report.code != 0 and [c["credential"] for c in json.loads(report.out.splitlines()[-1])["not_proven"]] == [NAMES[0]], report)
    away.unlink()
    wait_for("the end", lambda: steps(w)[-1] == "done" or rotator.process.poll() is not None)
    ok("when it is back, the rotation goes on by itself", steps(w)[-1] == "done" and len(statements(w, "version")) == versions + 1)
    rotator.stop()

    # ---- a rotator dies with the lease in its hand ----
    hang = stand_in(w.dir, "hang", '[ "$1" = set ] && { real set >/dev/null; touch $state; exec sleep 1000; }')
    times = {"timeout": "2s", "extra": "lease: 16s\n"}
    dying = Rotator(w, {"file": {"program": hang, "config": {}}}, **times)
    heir = Rotator(w, {"file": {"program": HOOK, "config": {}}}, name="rot-2", **times)
    w.must("alice", "rotate", NAMES[0], "--why", "leak")
    before = len(steps(w))
    dying.start()
    wait_for("its set", lambda: (w.dir / "hang.state").exists())
    dying.stop(signal.SIGKILL)
    heir.start()
    said = steps(w)[before:]
    wait_for("the heir", lambda: steps(w)[-1] == "done" or heir.process.poll() is not None)
    took = [p["by"][0] for p in statements(w, "rotation")][-7:]
    ok("the other one waits for the lease to end, then takes over with a value of its own", set(said) <= {"claim", "set started"} and set(took) == {"rot-2"} and steps(w)[-1] == "done",
       (steps(w)[before:], took, heir.text()[-2000:]))
    heir.stop()

    # ---- a holder leaves ----
    before = len(done(w))
    roster = w.sign_roster(w.roster_yaml(holders=["alice", "bob", "frank"], requesters=["erin"]))
    w.must("alice", "roster", "submit", roster)
    custody_of = ("alice", "bob", "frank")
    rotator = Rotator(w, {"file": {"program": HOOK, "config": {}}})
    rotator.start()
    wait_for("new versions", lambda: len(statements(w, "version")) >= versions + 2 + len(NAMES) or rotator.process.poll() is not None)
    for holder in custody_of:
        w.must(holder, "inbox")
    waits_for(w, rotator, "all of them", before + len(NAMES))
    ok("a holder removed: everything they held is rotated, for the new ones", len(done(w)) == before + len(NAMES) and
       all({s["holder"] for s in v["shares"]} == set(custody_of) for v in statements(w, "version")[-len(NAMES):]), done(w)[before:])
    rotator.stop()

    # ---- age ----
    before = len(done(w))
    w.must("alice", "roster", "submit", w.sign_roster(w.roster_yaml(policy_extra="rotate_every: 1d")))
    ok("young versions are left alone", rotator.once() == 0 and len(done(w)) == before, done(w)[before:])
    w.must("alice", "roster", "submit", w.sign_roster(w.roster_yaml(policy_extra="rotate_every: 1s")))
    rotator.start()
    wait_for("age", lambda: {c for c, _ in done(w)[before:]} == set(NAMES) or rotator.process.poll() is not None)
    ok("older ones than the policy allows are rotated", {c for c, _ in done(w)[before:]} == set(NAMES), done(w)[before:])
    ok("a stop while hooks run sees them to their end", rotator.stop() == 0)
finish()
