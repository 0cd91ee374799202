"""Credentials that are told to a web API (Vault's KV store, a Kubernetes Secret, a described API), rotated whole by the real broker and rotator: from the
close to the proof, then opened by enough holders and used. With a network that fails in the middle: 429, 500, an answer that is lost."""
import json, ssl, urllib.error, urllib.parse, urllib.request
from api_stub import TOKEN, Keys, Kubernetes, Vault, ca_file, token_file
from harness import BUILD, World, finish, ok, wait_for
from https_stub import certificates, stop
from page_file import PageFile
from rotator_process import Rotator, rotations, steps
from second_reader import values

KV, SECRET, APP = NAMES = ["prod/vault/db", "prod/kube/db", "prod/api/app"]
HOOKS = {KV: "vault-kv", SECRET: "kubernetes-secret", APP: "http-set"}
PROVEN = {KV: "replaced", SECRET: "replaced", APP: "refused"}
WHOLE = ["claim", "set started", "set ok", "test ok", "promoted", "revoke started", "done"]
SET = {"method": "PUT", "path": "/v1/users/app/password", "body": {"password": "{value}"}}
PROBE = {"method": "POST", "path": "/v1/login", "form": {"user": "app", "password": "{value}"}, "dead": [403]}


class Targets:
    """What takes which value, asked as their users ask."""

    def __init__(self):
        self.vault, self.kube, self.api = Vault(), Kubernetes(), Keys()
        self.of = {KV: self.vault, SECRET: self.kube, APP: self.api}
        self.trust = ssl.create_default_context(cafile=ca_file())

    def asked(self, service, path, body=None, **headers):
        request = urllib.request.Request(service.url + path, data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, context=self.trust) as answer:
                return answer.status, json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            return error.code, None

    def takes(self, name, value):
        """The value opens what it is for."""
        if name == APP:
            return self.asked(self.api, "/v1/login", urllib.parse.urlencode({"user": "app", "password": value}).encode())[0] == 200
        if name == KV:
            said = self.asked(self.vault, "/v1/secret/data/prod/db", None, **{"X-Vault-Token": TOKEN, "X-Vault-Request": "true"})[1]
            return said["data"]["data"]["password"] == value
        return self.kube.value() == value

    def is_left_over(self, value):
        """Whether an older version of the store still serves it."""
        return any(v["data"] and v["data"]["password"] == value for v in self.vault.versions["prod/db"][:-1])

    def config(self):
        shared = {"token_file": token_file(), "ca_file": ca_file()}
        return {h: {"program": str(BUILD / "rotators" / "hooks" / h), "config": {"url": s.url, **shared}} for h, s in (("vault-kv", self.vault), ("kubernetes-secret", self.kube), ("http-set", self.api))}


def break_open(w, incident, targets):
    """Everything is asked for, approved by two, opened and used; what was shown."""
    shown = {}
    for name in NAMES:
        asked = w.request(credential=name, incident=incident)
        alone = w.approve("bob", asked)
        ok(f"{incident}: one approval opens {name} for nobody", alone.code == 0 and w.open(asked).word() == "not-ready", alone)
        w.approve("carol", asked)
        shown[name] = w.open(asked).out.strip()
        ok(f"{incident}: two do, and its target takes what is shown", targets.takes(name, shown[name]))
    return shown


def rotated(w, rotator, targets, what, old, of):
    """Until every rotation of these is done: the new value works, the old one is refused, and this is what the log says."""
    wait_for(what, lambda: len([p for _, p in rotations(w) if p["step"] == "done"]) == of or rotator.process.poll() is not None)
    for name in NAMES:
        done = [p for c, p in rotations(w) if c == name and p["step"] == "done"][-1]
        new = max(values(w, credential=name).items())[1]
        ok(f"{what}: {name} takes the new value, refuses the old, and the log says so", targets.takes(name, new) and not targets.takes(name, old[name]) and
           done["evidence"] == {**done["evidence"], "old": PROVEN[name], "new": "works"}, (done, steps(w, name), rotator.text()[-2000:]))
    ok(f"{what}: the store keeps no older version of it either", not targets.is_left_over(old[KV]))


certificates()
targets = Targets()
first = {n: f"the first value of {n}" for n in NAMES}
targets.vault.write("prod/db", password=first[KV])
targets.kube.write(password=first[SECRET])
targets.api.password = first[APP]
config = {KV: {"path": "prod/db", "namespace": "team"}, SECRET: {"namespace": "prod", "name": "db"}, APP: {"set": SET, "probe": PROBE}}
with PageFile() as pages, World(rotators=["rot-1"], channels=pages.channels,
                                credentials={n: {"opens_what": n, "sealers": ["alice"], "rotate": {"hook": HOOKS[n], "config": config[n]}} for n in NAMES}) as w:
    for n in NAMES:
        w.seal(n, {"password": first[n]})
    for holder in ("alice", "bob", "carol"):
        w.must(holder, "inbox")
    rotator = Rotator(w, targets.config(), timeout="60s")
    rotator.start()

    # ---- nothing goes wrong ----
    shown = break_open(w, "INC-1", targets)
    ok("what is opened is what was sealed", shown == first, shown)
    w.must("erin", "close", "INC-1")
    rotated(w, rotator, targets, "after the close", shown, 3)
    ok("each step is said once, in order", all(steps(w, n) == WHOLE for n in NAMES), steps(w))

    # ---- every change fails in its own way, once ----
    shown = break_open(w, "INC-2", targets)
    targets.vault.fault, targets.kube.fault, targets.api.fault = ("broken", "PATCH /v1/secret/data"), ("lost", "PATCH /api"), ("busy", "PUT /v1/users")
    w.must("erin", "close", "INC-2")
    rotated(w, rotator, targets, "with 500, a lost answer and 429 at the change", shown, 6)
    again = {n: steps(w, n)[len(WHOLE):] for n in NAMES}
    unknown = ["claim", "set started", "set unknown", "set ok", "test ok", "promoted", "revoke started", "done"]
    ok("500: nobody knows what has happened; it is looked into, then set again", again[KV] == unknown, again[KV])
    ok("a lost answer: it is looked into, and was set", again[SECRET] == unknown, again[SECRET])
    ok("429: nothing has happened; it is set later, without a word", again[APP] == WHOLE, again[APP])
    began, ended = [p["made_at"] for c, p in rotations(w) if c == APP and p["step"] == "set"][-2:]
    ok("and not before the API wants to be asked again", ended - began >= 2000, (began, ended))
    ok("all with one new value", all(max(values(w, credential=n)) == 3 for n in NAMES))
    sets = {n: len([l for l in rotator.lines() if l.get("event") == "hook.started" and (l["step"], l["credential"]) == ("set", n)]) for n in NAMES}
    ok("what was set although the answer was lost is not set again", sets == {KV: 3, SECRET: 2, APP: 3}, sets)
    wait_for("the pages", lambda: {e["credential"] for e in pages.of("rotation-failed")} == {KV, SECRET})
    ok("people are paged where nobody knew", True)

    # ---- the target is out of reach before, and the proof fails after ----
    shown = break_open(w, "INC-3", targets)
    targets.vault.fault, targets.kube.fault, targets.api.fault = ("busy", "GET /v1/secret/data"), ("broken", "GET /api"), ("broken", urllib.parse.urlencode({"password": shown[APP]}))
    w.must("erin", "close", "INC-3")
    rotated(w, rotator, targets, "with failures at the look before and at the proof", shown, 9)
    ok("every failure was met", not (targets.vault.fault or targets.kube.fault or targets.api.fault))
    again = {n: steps(w, n)[len(WHOLE) + len(unknown):] for n in (KV, SECRET)}
    ok("before: the log says that nothing was begun", all(s == ["claim failed", *WHOLE] for s in again.values()), again)
    shown = break_open(w, "INC-4", targets)
    ok("in the end each opens with its fourth value", all(max(values(w, credential=n).items()) == (4, shown[n]) for n in NAMES))
    ok("a clean stop", rotator.stop() == 0)
stop.set()
finish()
