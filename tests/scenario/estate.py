"""Fourteen hours in one command: an estate of 300 credentials of five kinds has leaked. `breakglass rotate --all` changes it, and its report is true:
every target is asked afterwards."""
import concurrent.futures, json, os, random, time
from api_stub import Keys, Vault, ca_file, token_file
from harness import BUILD, World, finish, is_sanitized, ok, skip, wait_for
from https_stub import certificates, stop
from postgres_server import Postgres
from redis_server import Redis
from rotator_process import Rotator, Vaults
from second_reader import values

KINDS = {"file": 40, "postgres": 90, "redis": 90, "vault-kv": 60, "http": 20}
NAMES = [f"prod/{kind}/{i}" for kind, n in KINDS.items() for i in range(n)]
LOST = "prod/postgres/7"  # its role is gone: nobody can change that one
KEYS = {"create": {"method": "POST", "path": "/v1/keys", "body": {"name": "{mark}", "scopes": ["write"]}, "value": "/key/secret", "id": "/key/id"},
        "list": {"method": "GET", "path": "/v1/keys?limit=100", "items": "/data", "id": "/id", "mark": "/name", "more": "/has_more"},
        "delete": {"method": "DELETE", "path": "/v1/keys/{id}"},
        "probe": {"method": "GET", "path": "/v1/whoami", "headers": {"Authorization": "Bearer {value}"}}}
SEED = int(os.environ.get("BREAKGLASS_SEED", 0)) or random.SystemRandom().randrange(1, 10**6)


def first(name):
    return f"the-first-value-of-{name.replace('/', '-')}"


def user(name):
    return "u" + name.rsplit("/", 1)[1]


def of(kind):
    return [n for n in NAMES if n.split("/")[1] == kind]


certificates()
with Postgres(settings="log_statement = 'none'\nmax_connections = 100") as pg, Redis([f"user {user(n)} on >{first(n)} ~* &* +@all" for n in of("redis")]) as redis:
    for n in of("postgres"):
        pg.sql(f"CREATE ROLE {user(n)} LOGIN PASSWORD '{first(n)}'") if n != LOST else None
    store, api = Vault(), Keys()
    for n in of("vault-kv"):
        store.write(n, password=first(n))
    keys = {n: api.add("by hand") for n in of("http")}

    def rotate(name):
        kind = name.split("/")[1]
        config = {"file": {}, "postgres": {"host": "127.0.0.1", "port": pg.port, "role": user(name)}, "redis": {"user": user(name)},
                  "vault-kv": {"path": name}, "http": KEYS}[kind]
        return {"hook": kind, "config": config}

    with World(rotators=["rot-1"], credentials={n: {"opens_what": "a part of the estate", "sealers": ["alice", "bob"], "rotate": rotate(n)} for n in NAMES},
               config_extra="limits: {statements_per_minute: 100000, sessions_per_minute: 100000, connections_per_caller: 256}\n") as w:
        vaults = Vaults(w.dir, {n: first(n) for n in of("file")})
        for n in of("file"):
            w.credentials[n]["rotate"] = vaults.rotate(n)
        w.must("alice", "roster", "submit", w.sign_roster(w.roster_yaml()))

        def seal(name):
            w.seal(name, {"password": keys[name]["secret"], "id": keys[name]["id"]} if name in keys else {"password": first(name)}, by="alice" if hash(name) % 2 else "bob")
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(seal, NAMES))
        for holder in ("alice", "bob", "carol"):
            w.must(holder, "inbox")

        admin = {"postgres": {"admin_user": "postgres", "admin_password_file": pg.password_file}, "redis": {"socket": redis.socket, "admin_user": "admin", "admin_password_file": redis.password_file},
                 "vault-kv": {"url": store.url, "namespace": "team", "token_file": token_file(), "ca_file": ca_file()}, "http": {"url": api.url, "token_file": token_file(), "ca_file": ca_file()}}
        hooks = {kind: {"program": str(BUILD / "rotators" / "hooks" / kind), "config": admin.get(kind, {})} for kind in KINDS}
        rotator = Rotator(w, hooks, extra="at_once: {total: 8, per_target: 4}\n", timeout="60s")
        rotator.start()
        began = time.monotonic()
        entry = w.must("alice", "rotate", "--all", "--why", "everything has leaked", "--yes", "--json").json["n"]

        def followed():
            """The report, once only what cannot be reached is unfinished."""
            done = w.run("alice", "rotate", "--follow", entry, "--at-most", "3s", "--json", timeout=300)
            said = [json.loads(l) for l in done.out.splitlines()]
            progress = [s for s in said if s["event"] == "progress"][-1]
            return (done, said[-1]) if progress["at_work"] == 0 and progress["waiting"] + progress["in_trouble"] == 1 else None
        done, report = wait_for("the end", followed, 1200)
        print(f"# {len(NAMES)} credentials in {time.monotonic() - began:.1f} s")
        open_ = {c["credential"]: c["standing"] for c in report["not_proven"]}
        ok("one command for 300 credentials: it ends, and says that not all is proven", done.code != 0 and report["of"] == len(NAMES) and report["event"] == "report", done)
        ok("by name: what cannot be reached, and old web keys that nobody handed over", set(open_) == {LOST, *of("http")}, open_)
        ok("everything else is proven", sum(report["proven"].values()) == len(NAMES) - 1 - KINDS["http"], report["proven"])

        # ---- is it true? every target is asked ----
        ok("every old file value is dead", not [n for n in of("file") if vaults.accepts(n, first(n))])
        ok("every old PostgreSQL password is dead", not [n for n in of("postgres") if n != LOST and pg.login(user(n), first(n)) == ""])
        ok("every old Redis password is dead", not [n for n in of("redis") if redis.accepts(user(n), first(n))])
        ok("no old value is left in the store", not [n for n in of("vault-kv") if any(v["data"] and v["data"]["password"] == first(n) for v in store.versions[n])])
        ok("the web keys that are not proven dead are indeed alive, each beside its new one", all(k["id"] in api.keys for k in keys.values()) and len(api.keys) == 2 * len(keys), api.keys)

        def works(name, value):
            kind = name.split("/")[1]
            return {"file": lambda: vaults.accepts(name, value), "postgres": lambda: pg.login(user(name), value) == "", "redis": lambda: redis.accepts(user(name), value),
                    "vault-kv": lambda: store.newest(name)["password"] == value, "http": lambda: value in [k["secret"] for k in api.keys.values()]}[kind]()
        dice = random.Random(SEED)
        for kind in KINDS:
            n = dice.choice([x for x in of(kind) if x != LOST])
            number, value = max(values(w, credential=n).items())
            ok(f"seed {SEED}: {n} opens with its holders' shares, and its new value works", number == 2 and works(n, value), (number, value))

        # ---- what was left over ----
        pg.sql(f"CREATE ROLE {user(LOST)} LOGIN PASSWORD '{first(LOST)}'")
        again = w.run("alice", "rotate", LOST, "--why", "it is back", "--wait", "--at-most", "90s")
        ok("once its role is back, the lost one ends by itself", again.code == 0 and pg.login(user(LOST), first(LOST)) != "", again)
        if is_sanitized():
            skip("the rotator's memory is not measured: a sanitizer keeps what was freed")
        else:
            ok("the rotator's memory is bounded", int(next(l for l in open(f"/proc/{rotator.process.pid}/status") if l.startswith("VmHWM")).split()[1]) < 64 * 1024)
        ok("a clean stop", rotator.stop() == 0)
stop.set()
finish()
