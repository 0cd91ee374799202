"""Credentials whose targets make the value themselves, from opening to proof: IAM access keys, keys of a described web API and a pair of
PostgreSQL roles, rotated by the real rotator under the real broker; killed after the target has made a key that nobody wrote down."""
import base64, json, pathlib, signal, subprocess, time
from api_stub import TOKEN, Fields, Keys, ca_file, token_file
from aws_stub import ADMIN, ADMIN_SECRET, Aws
from harness import BUILD, World, finish, ok, wait_for
from https_stub import certificates, private, stop
from planted import Search, search_core
from postgres_server import Postgres
from rotator_process import Rotator, statements

AWS, PAY, DB = "prod/aws/emergency", "prod/pay/api-key", "prod/db/app"
FIELDS = {AWS: ("access_key_id", "secret_access_key"), PAY: ("id", "password"), DB: ("username", "password")}
CALLS = {"create": {"method": "POST", "path": "/v1/keys", "body": {"name": "{mark}"}, "value": "/key/secret", "id": "/key/id"},
         "list": {"method": "GET", "path": "/v1/keys?limit=100", "items": "/data", "id": "/id", "mark": "/name", "more": "/has_more"},
         "delete": {"method": "DELETE", "path": "/v1/keys/{id}"},
         "probe": {"method": "GET", "path": "/v1/whoami", "headers": {"Authorization": "Bearer {value}"}}}


def program(name):
    return str(BUILD / "rotators" / "hooks" / name)


def opened(w, incident):
    """Asks for all of them, opens each and gives what is shown."""
    shown = {}
    for credential, fields in FIELDS.items():
        asked = w.request(credential=credential, incident=incident)
        for who in ("bob", "carol"):
            w.approve(who, asked)
        shown[credential] = tuple(w.open(asked, field=field).out.strip() for field in fields)
    return shown


def all_inbox(w):
    for holder in ("alice", "bob", "carol"):
        w.must(holder, "inbox")


def evidence(w):
    return sorted((p["evidence"]["old"], p["evidence"]["new"]) for p in statements(w, "rotation") if p["step"] == "done")


def rotate_all(w, rotator):
    code = rotator.once()
    all_inbox(w)  # the holders prove the shares of what was sealed meanwhile
    return code, rotator.once()


certificates()
aws, api = Aws(), Keys()
with Postgres() as pg:
    pg.sql("CREATE ROLE app_a LOGIN PASSWORD 'the first password of app_a'; CREATE ROLE app_b NOLOGIN")
    first = {AWS: aws.add(), PAY: (lambda k: (k["id"], k["secret"]))(api.add("by hand")), DB: ("app_a", "the first password of app_a")}
    rotate = {AWS: {"hook": "aws-iam", "config": {"user": "emergency"}}, PAY: {"hook": "http", "config": CALLS},
              DB: {"hook": "postgres-roles", "config": {"roles": ["app_a", "app_b"]}}}
    hooks = {"aws-iam": {"program": program("aws-iam"), "config": {"iam_url": aws.url, "sts_url": aws.url, "admin_key_id": ADMIN, "ca_file": ca_file(),
                                                                    "admin_secret_file": private("admin-secret", ADMIN_SECRET)}},
             "http": {"program": program("http"), "config": {"url": api.url, "token_file": token_file(), "ca_file": ca_file()}},
             "postgres-roles": {"program": program("postgres-roles"), "config": {"host": "127.0.0.1", "port": str(pg.port), "admin_user": "postgres",
                                                                                 "admin_password_file": pg.password_file, "sslmode": "disable"}}}
    with World(rotators=["rot-1"], credentials={c: {"opens_what": c, "sealers": ["alice"], "rotate": r} for c, r in rotate.items()}) as w:
        for credential, fields in FIELDS.items():
            w.seal(credential, dict(zip(fields, first[credential])))
        all_inbox(w)
        rotator = Rotator(w, hooks, timeout="60s")
        ok("all are opened", opened(w, "INC-7") == first)
        w.must("erin", "close", "INC-7")

        # ---- killed when a target has made a key that nobody has written down ----
        code = rotator.once(stop_at='"event":"hook.ended","step":"prepare","credential":"prod/aws')
        orphans = set(aws.keys) - {first[AWS][0]}
        ok("killed behind IAM's answer: a key is there whose secret nobody knows", code == -signal.SIGKILL and len(orphans) == 1, (code, list(aws.keys)))
        promoted = [p for p in statements(w, "rotation") if p["step"] == "promoted"]  # the others went on meanwhile, side by side
        dead = [first[PAY][0] not in api.keys, pg.login(*first[DB]) != ""]
        ok("the old value still works, and the others' unless a new one took their place", first[AWS][0] in aws.keys and sum(dead) <= len(promoted), (dead, promoted))

        codes = rotate_all(w, rotator)
        ok("started again, all are rotated and proven by trial", codes == (0, 0) and evidence(w) == [("refused", "works")] * 3, (codes, evidence(w), rotator.text()[-3000:]))
        ok("the orphan and the old key are gone from IAM", len(aws.keys) == 1 and not orphans & set(aws.keys) and first[AWS][0] not in aws.keys, list(aws.keys))
        ok("the old key is gone from the web API", list(api.keys) != [first[PAY][0]] and len(api.keys) == 1, list(api.keys))
        ok("the old role is out", pg.login(*first[DB]) != "")

        second = opened(w, "INC-8")
        ok("the next opening gives IAM's new key", second[AWS] == (key := next(iter(aws.keys)), aws.keys[key]["secret"]), second[AWS])
        ok("and the web API's", second[PAY] == (key := next(iter(api.keys)), api.keys[key]["secret"]), second[PAY])
        ok("and the other role with its password", second[DB][0] == "app_b" and pg.login(*second[DB]) == "", second[DB])
        w.must("erin", "close", "INC-8")
        codes = rotate_all(w, rotator)
        ok("and it goes on: the second time as the first", codes == (0, 0) and evidence(w) == [("refused", "works")] * 6 and len(aws.keys) == len(api.keys) == 1 and
           pg.login(*second[DB]) != "", (codes, evidence(w), rotator.text()[-3000:]))

        # ---- nothing of it lies about ----
        secrets = [pair[1] for values in (first, second) for pair in values.values()] + [k["secret"] for s in (aws, api) for k in s.keys.values()]
        secrets += [ADMIN_SECRET, TOKEN]
        files = [p for place in (rotator.state, rotator.log, w.state, w.dir / "broker.log") for p in ([place] if place.is_file() else place.rglob("*")) if p.is_file()]
        found = [(str(p), s) for p in files for s in secrets for form in (s.encode(), base64.b64encode(s.encode())) if form in p.read_bytes()]
        ok("no secret in the rotator's folder or log, nor at the broker", len(files) > 5 and not found, found)

    # ---- a hook that waits for an answer: libcurl holds what it has just sent, but nothing of the exchange before ----
    key, old = next(iter(api.keys.values())), api.add("by hand")
    hook = Fields("http", {**hooks["http"]["config"], **CALLS})
    request = {"step": "revoke", "idempotency_key": "k-1", "credential": PAY, "config": hook.config, "deadline": int(time.time() * 1000) + 60000,
               "old_handle": old["id"], "pending": {"password": base64.b64encode(key["secret"].encode()).decode()},
               "opened": {"password": base64.b64encode(old["secret"].encode()).decode()}}
    search = Search()
    search.plant("the new key", key["secret"].encode())
    search.plant("the old key", old["secret"].encode())
    api.taken()
    api.fault = ("hang", "DELETE")
    process = subprocess.Popen([hook.program, "revoke"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    process.stdin.write(json.dumps(request).encode())
    process.stdin.close()
    wait_for("the deletion", lambda: any(method == "DELETE" for method, *_ in list(api.server.seen.queue)))
    search_core(search, "a hook, behind the probe with the new key", process.pid, w.dir.parent, marker=PAY.encode())
    traces = b"".join(pathlib.Path(f"/proc/{process.pid}/{x}").read_bytes() for x in ("cmdline", "environ"))
    ok("nor have its arguments and environment, or the token", not search.bytes("", traces) and TOKEN.encode() not in traces)
    process.kill()
    process.wait()
stop.set()
finish()
