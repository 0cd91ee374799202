"""The `kubernetes-secret` hook against a server that behaves as Kubernetes' API is documented."""
import json
from api_stub import Kubernetes, ca_file, faults, strangers, token_file
from harness import finish, ok
from hook_steps import Hook
from https_stub import certificates, private, stop

certificates()
OLD, NEW, OTHER = "the old Kennwort", "nEw0123456789abcdefghijklmnopqrs", "neither of both"
kube = Kubernetes()
kube.write(password=OLD, user="app")
hook = Hook("kubernetes-secret", {"url": kube.url, "namespace": "prod", "name": "db", "token_file": token_file(), "ca_file": ca_file()})

ok("check holds, and names the version", (got := hook("check")).is_ok() and got.handle == "8f1c-uid/101", got)
ok("something else is in force before", hook("reconcile", NEW).is_ok("other") and hook("test", NEW).failed(1))
got = hook("set", NEW)
handle = got.handle
ok("set changes the key", got.is_ok() and handle == "8f1c-uid/102" and kube.value() == NEW, got)
ok("other keys stay", kube.value("user") == "app")
ok("set again changes nothing", hook("set", NEW).handle == handle)
ok("it is read back", hook("test", NEW).is_ok("works") and hook("reconcile", NEW).is_ok("pending"))
ok("without workloads, revoke proves what the API serves", hook("revoke", NEW, handle=handle, opened=OLD).is_ok("replaced"))
ok("another Secret of the same name proves nothing", hook("revoke", NEW, handle="other/102").is_ok("unproven"))
ok("a value that is still there is not dead", hook("revoke", NEW, handle=handle, opened=NEW).failed(1))
ok("nothing is proven while the new value is not there", hook("revoke", OTHER, handle=handle).failed(1))
ok("the handle says nothing of the value", NEW not in handle)

# ---- workloads ----
restart = {"restart": ["deployment/app"]}
got = hook("revoke", NEW, handle=handle, **restart)
ok("workloads start anew", got.is_ok("replaced") and kube.deployment["metadata"]["generation"] == 2, got)
ok("once per rotation", hook("revoke", NEW, handle=handle, **restart).is_ok("replaced") and kube.deployment["metadata"]["generation"] == 2)
kube.deployment["spec"]["template"]["metadata"], kube.rolls = {}, False
got = hook("revoke", NEW, handle=handle, seconds=4, **restart)
ok("while older pods run, nothing is proven", got.failed(75, "still running"), got)
kube.roll()
ok("when they are gone, it is", hook("revoke", NEW, handle=handle, **restart).is_ok("replaced"))

# ---- rights, configuration ----
ok("check holds with workloads", hook("check", **restart).is_ok())
for right in ("get secrets", "patch secrets", "patch deployments"):
    kube.denied = [right]
    ok(f"check finds that the token may not {right}", hook("check", **restart).failed(77, *right.split()))
kube.denied = []
kube.secret["immutable"] = True
ok("check finds an immutable Secret", hook("check").failed(78, "immutable"))
del kube.secret["immutable"]
ok("a Secret that is not there is a mistake", hook("set", OTHER, name="none").failed(78, "none of this name"))
ok("a wrong token is refused", hook("set", OTHER, token_file=private("wrong", "wrong")).failed(77))
for what, changes in (("a name with a slash", {"name": "a/b"}), ("a namespace that climbs", {"namespace": ".."}), ("no workload", {"restart": ["pod/x"]}),
                      ("plain http", {"url": "http://127.0.0.1"})):
    ok(f"{what} is a mistake", (got := hook("set", OTHER, **changes)).failed(78), got)
hook.grammar(OTHER)

# ---- somebody else changes it between the look and the change ----
real = kube.answer
def race(method, path, headers, body):
    said = real(method, path, headers, body)
    if method == "GET" and kube.answer is race:
        kube.answer = real
        said = (200, json.dumps(said[1]).encode())
        kube.write(user="of somebody else")
    return said
kube.answer = race
got = hook("set", OTHER)
ok("a lost race is tried again, and overwrites nothing", got.failed(75, "same time") and kube.value() == NEW and kube.value("user") == "of somebody else", got)

# ---- the network ----
values = iter(f"value number {i}" for i in range(100))
faults("kubernetes-secret", kube, lambda **more: hook("test", NEW, **more), lambda **more: hook("set", next(values), **more), "GET /api", "PATCH /api")
kube.fault = ("lost", "PATCH")
ok("a lost answer is unknown, reconcile finds the value", hook("set", NEW).failed(3) and hook("reconcile", NEW).is_ok("pending"))
strangers("kubernetes-secret", Kubernetes, lambda service: hook("set", NEW, url=service.url))
hook.conforms()
stop.set()
finish()
