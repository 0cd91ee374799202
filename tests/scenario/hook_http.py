"""The `http` and `http-set` hooks: a web API whose keys roll, and one that is told a password, both only described by configuration."""
import copy
from api_stub import TOKEN, Fields, Keys, ca_file, faults, strangers, token_file
from harness import finish, ok
from hook_steps import Hook
from https_stub import certificates, private, stop

certificates()
api = Keys()
DESCRIBED = {
    "create": {"method": "POST", "path": "/v1/keys", "body": {"name": "{mark}", "scopes": ["write", 1, True]}, "value": "/key/secret", "id": "/key/id"},
    "list": {"method": "GET", "path": "/v1/keys?limit=100", "items": "/data", "id": "/id", "mark": "/name", "more": "/has_more"},
    "delete": {"method": "DELETE", "path": "/v1/keys/{id}"},
    "probe": {"method": "GET", "path": "/v1/whoami", "headers": {"Authorization": "Bearer {value}"}},
}
hook = Fields("http", {"url": api.url, "token_file": token_file(), "ca_file": ca_file(), **DESCRIBED})
first, others = api.add("by hand"), api.add("of somebody else")


def fields(key):
    return {"password": key["secret"], "id": key["id"]}


# ---- a whole rotation ----
ok("check holds while no key is ours", (got := hook("check")).is_ok() and not got.handle, got)
ok("check knows the one that was handed over", hook("check", opened=fields(first)).handle == first["id"])
got = hook("prepare", old_handle=first["id"])
new = got.fields
ok("prepare makes a second key", got.code == 0 and set(api.keys) == {"key_1", "key_2", "key_3"} and new["id"] == got.handle == "key_3", got)
ok("and answers with what is shown once", new["password"] == api.keys["key_3"]["secret"])
api.keys["key_3"]["lag"] = 2
ok("test waits until it is known", hook("test", new).is_ok("works"))
ok("set and reconcile find it working", hook("set", new).is_ok() and hook("reconcile", new).is_ok("pending"))
api.linger = 2
got = hook("revoke", new, opened=fields(first), old_handle="key_1")
ok("revoke deletes the old key and tries it until it is refused", got.is_ok("refused") and set(api.keys) == {"key_2", "key_3"}, got)
ok("revoke can be repeated", hook("revoke", new, opened=fields(first), old_handle="key_1").is_ok("refused"))
ok("without a handover, a key that is gone is replaced", hook("revoke", new, old_handle="key_1").is_ok("replaced"))
ok("when nobody knows the old key, nothing is claimed", hook("revoke", new).is_ok("unproven"))
ok("the old key is never the new one", hook("revoke", new, old_handle=new["id"]).failed(1) and "key_3" in api.keys)
ok("check finds ours by its mark", hook("check").handle == "key_3")
ok("nothing is proven while the new one does not work", hook("revoke", {"password": "sk_wrong", "id": "key_9"}, old_handle="key_2", seconds=4).failed(1) and "key_2" in api.keys)

# ---- orphans ----
api.fault = ("lost", "POST /v1/keys")
got = hook("prepare", old_handle="key_3")
ok("an answer lost after the creation is unknown", got.failed(3) and "key_4" in api.keys, got)
got = hook("prepare", old_handle="key_3")
ok("the next prepare deletes that orphan, and nobody else's key", got.code == 0 and set(api.keys) == {"key_2", "key_3", "key_5"}, got)
for what, given in (("nothing says", {}), ("a strange key is said to be in use", {"old_handle": "key_77"})):
    got = hook("prepare", **given)
    ok(f"two marked keys, and {what}: nothing is deleted, a person is wanted", got.failed(78, "a person has to") and len(api.keys) == 3, got)
ok("nor does check guess", hook("check").failed(78))
ok("another credential's keys are not ours", api.keys["key_3"]["name"].startswith("breakglass-") and len(api.keys["key_3"]["name"]) == 27)
api.more = True
ok("half a list is none", hook("prepare", old_handle="key_3").failed(78, "whole list") and len(api.keys) == 3)
api.more = False

# A first rotation whose `prepare` was lost, taken over by a rotator that knows nothing: the key in use bears no mark.
kept = {name: api.keys.pop(name) for name in [n for n in api.keys if n not in ("key_2", "key_5")]}
ok("the only marked key is in use where a rotation made the value in use", hook("check").handle == "key_5")
got = hook("check", old_by_hand=True)
ok("where people sealed it, it is the lost one: nothing is guessed, and the remedy names it", got.failed(78, "key_5", "has to delete", "hand its `id` over"), got)
ok("nor is it deleted", hook("prepare", old_by_hand=True).failed(78) and "key_5" in api.keys)
ok("what is known counts all the same", hook("check", old_by_hand=True, old_handle="key_2").handle == "key_2")
api.keys.update(kept)

# ---- without a list: the service replays ----
replaying = {"list": None, "delete": None, "create": {**DESCRIBED["create"], "headers": {"Idempotency-Key": "{idempotency_key}"}}}
api.fault = ("lost", "POST /v1/keys")
ok("a lost answer", hook("prepare", **replaying).failed(3))
count = len(api.keys)
got = hook("prepare", **replaying)
ok("is given again for the same idempotency key", got.code == 0 and len(api.keys) == count and got.fields["password"] == api.keys[got.handle]["secret"], got)
ok("then the old key has to be handed over to be proven dead", hook("revoke", got.fields, old_handle="key_5", **replaying).is_ok("unproven"))
ok("and a living one is found", hook("revoke", got.fields, opened=fields(api.keys["key_3"]), seconds=4, **replaying).failed(1, "still works"))

# ---- configuration ----
def changed(call, **keys):
    described = copy.deepcopy(DESCRIBED)
    described[call] = {k: v for k, v in {**described[call], **keys}.items() if v is not None}
    return described


for what, changes in (("a secret in a URL", changed("probe", path="/v1/whoami?key={value}")), ("the token in a URL", changed("list", path="/v1/keys/{token}")),
                      ("an unknown word", changed("create", body={"name": "{mark} {pasword}"})), ("no pointer to the value", changed("create", value=None)),
                      ("a method that is none", changed("probe", method="STEAL")), ("a path that climbs", changed("probe", path="/v1/../admin")),
                      ("body and form", changed("create", form={"a": "b"})), ("an unknown key of a call", changed("probe", bdy={})),
                      ("a probe without the value", changed("probe", headers={})), ("no way to find an orphan", {"list": None, "delete": None}),
                      ("a list without deleting", {"delete": None}), ("no call but a text", {"create": "POST /v1/keys"}), ("an unknown key", {"creat": {}}),
                      ("plain http", {"url": "http://127.0.0.1"}), ("a header that is none", changed("probe", headers={"X:": "{value}"}))):
    ok(f"{what} is a mistake", (got := hook("check", **changes)).failed(78), got)
open_probe = changed("probe", path="/v1/keys?limit=100", headers={"X-Key": "{value}", "Authorization": "Bearer {token}"})
ok("a probe that lets anything in proves nothing", hook("check", **open_probe).failed(78, "proves nothing"))
ok("and lets nothing be called dead", hook("revoke", new, opened=fields(first), **open_probe).failed(78))
got = hook("test", {"password": "a\r\nHost: elsewhere", "id": "key_3"})
ok("a value cannot forge a header", got.failed(78, "control byte"), got)
ok("a wrong admin token is refused", hook("prepare", token_file=private("wrong", "wrong")).failed(77))

# ---- a password that is told ----
told = Hook("http-set", {"url": api.url, "token_file": token_file(), "ca_file": ca_file(),
                         "set": {"method": "PUT", "path": "/v1/users/app/password", "body": {"password": "{value}"}},
                         "probe": {"method": "POST", "path": "/v1/login", "form": {"user": "app", "password": "{value}"}, "dead": [403]}})
OLD, NEW = api.password, 'new "password" & more=%+'
ok("http-set: check holds", (got := told("check")).is_ok(), got)
ok("http-set: another one is in force before", told("reconcile", NEW).is_ok("other") and told("test", NEW).failed(1))
ok("http-set: set, test, reconcile", told("set", NEW).is_ok() and told("test", NEW).is_ok("works") and told("reconcile", NEW).is_ok("pending") and api.password == NEW)
ok("http-set: the handed-over value is tried and refused", told("revoke", NEW, opened=OLD).is_ok("refused"))
ok("http-set: one that still works is not dead", told("revoke", NEW, opened=NEW).failed(1))
ok("http-set: without it nothing is claimed", told("revoke", NEW).is_ok("unproven"))
ok("http-set: but where the service knows one value at a time", told("revoke", NEW, only_one=True).is_ok("replaced"))
got = told("set", "short")
ok("http-set: a value against the service's rules is rejected as such", got.failed(1) and got.last.get("value") == "rejected", got)
told.grammar(NEW)
values = iter(f"value number {i}" for i in range(100, 200))
faults("http-set", api, lambda **more: told("test", NEW, **more), lambda **more: told("set", next(values), **more), "POST /v1/login", "PUT /v1/users")
told("set", NEW)
api.fault = ("lost", "PUT")
ok("http-set: a lost answer is unknown, reconcile finds the value", told("set", OLD).failed(3) and told("reconcile", OLD).is_ok("pending"))

# ---- the network ----
faults("http", api, lambda **more: hook("check", old_handle="key_3", **more), lambda **more: hook("prepare", old_handle="key_3", **more), "GET /v1/keys", "POST /v1/keys")
ok("after all that, one prepare sets things right", (got := hook("prepare", old_handle="key_3")).code == 0 and sum(k["name"].startswith("breakglass-") for k in api.keys.values()) == 2, got)
strangers("http", Keys, lambda service: hook("check", url=service.url))
sent = api.taken()
ok("no secret was part of a URL", not any(s in path for _, path, _, _ in sent for s in (TOKEN, NEW, new["password"])))
ok("who holds a key is probed without the admin's token", all(TOKEN not in h.get("Authorization", "") for _, path, h, _ in sent if path == "/v1/whoami"))
told.conforms()
fresh = Keys()
Fields("http", {**hook.config, "url": fresh.url}).conforms()
stop.set()
finish()
