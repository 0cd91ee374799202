"""The `vault-kv` hook against a server that behaves as Vault's KV version 2 API is documented."""
from api_stub import TOKEN, Vault, ca_file, faults, strangers, token_file
from harness import finish, ok
from hook_steps import Hook
from https_stub import certificates, private, stop

certificates()
OLD, NEW, OTHER = "the old Kennwort", "nEw0123456789abcdefghijklmnopqrs", 'with "quotes", \\ and ü'
vault = Vault()
hook = Hook("vault-kv", {"url": vault.url, "path": "prod/db", "namespace": "team", "token_file": token_file(), "ca_file": ca_file()})

vault.write("prod/db", password=OLD, user="app", note='a "quoted" \\ key')
ok("check holds, and names the version", (got := hook("check")).is_ok() and got.handle == "v1", got)
ok("something else is in force before", hook("reconcile", NEW).is_ok("other"))
ok("and the new value does not work", hook("test", NEW).failed(1))
got = hook("set", NEW)
ok("set writes the next version", got.is_ok() and got.handle == "v2" and vault.newest("prod/db")["password"] == NEW, got)
ok("other keys of the secret stay", vault.newest("prod/db") == {"password": NEW, "user": "app", "note": 'a "quoted" \\ key'})
ok("set again writes nothing", hook("set", NEW).handle == "v2" and len(vault.versions["prod/db"]) == 2)
ok("it is read back", hook("test", NEW).is_ok("works") and hook("reconcile", NEW).is_ok("pending"))
vault.write("prod/db", password=NEW, user="somebody else wrote this")
got = hook("revoke", NEW, handle="v2", opened=OLD)
ok("revoke destroys every version before the newest", got.is_ok("replaced") and [v["destroyed"] for v in vault.versions["prod/db"]] == [True, True, False], got)
ok("revoke can be repeated", hook("revoke", NEW, handle="v2").is_ok("replaced"))
ok("a value that is still served is not dead", hook("revoke", NEW, opened=NEW).failed(1))
ok("nothing is proven while the new value is not served", hook("revoke", OTHER).failed(1))
ok("quotes and more than ASCII survive", hook("set", OTHER).is_ok() and vault.newest("prod/db")["password"] == OTHER and hook("test", OTHER).is_ok("works"))
vault.versions["prod/db"][-1]["data"] = None  # deleted by somebody
ok("a deleted secret serves nothing", hook("test", OTHER).failed(1))
ok("and is written anew", hook("set", NEW).is_ok() and vault.newest("prod/db") == {"password": NEW})
ok("so is one that never was", hook("set", NEW, path="prod/new", key="pass").is_ok() and vault.versions["prod/new"] == [{"data": {"pass": NEW}, "destroyed": False}])

# ---- somebody else writes between the look and the change ----
read = vault.answer
def race(method, path, headers, body):
    said = read(method, path, headers, body)
    if method == "GET" and vault.answer is race:
        vault.answer = read
        vault.write("prod/db", password="of somebody else")
    return said
vault.answer = race
got = hook("set", OTHER)
ok("a lost race is tried again, and overwrites nothing", got.failed(75, "same time") and vault.newest("prod/db")["password"] == "of somebody else", got)

# ---- rights, configuration ----
vault.may = ["read"]
ok("a token that may not is found by check", hook("check").failed(77, "patch"))
vault.may = ["root"]
ok("a token that may do everything may", hook("check").is_ok())
ok("a wrong token is refused", hook("set", OTHER, token_file=private("wrong", "wrong")).failed(77))
for what, changes in (("plain http", {"url": vault.url.replace("https", "http")}), ("a user in the URL", {"url": "https://u:p@127.0.0.1"}),
                      ("a path that climbs", {"path": "../../sys/seal"}), ("no token", {"token_file": None}), ("no path", {"path": None})):
    ok(f"{what} is a mistake", (got := hook("set", OTHER, **changes)).failed(78), got)
hook.grammar(OTHER)

# ---- the network ----
vault.write("prod/db", password=OLD)
values = iter(f"value number {i}" for i in range(100))
faults("vault-kv", vault, lambda **more: hook("test", NEW, **more), lambda **more: hook("set", next(values), **more), "GET /v1/secret/data", "PATCH /v1/secret/data")
count = len(vault.versions["prod/db"])
vault.fault = ("lost", "PATCH")
ok("a lost answer is unknown, reconcile finds the value", hook("set", NEW).failed(3) and hook("reconcile", NEW).is_ok("pending") and len(vault.versions["prod/db"]) == count + 1)
ok("and set again writes nothing", hook("set", NEW).is_ok() and len(vault.versions["prod/db"]) == count + 1)
strangers("vault-kv", Vault, lambda service: hook("set", NEW, url=service.url))
sent = vault.taken()
ok("token and value travel in headers and bodies alone", not any(s in path for _, path, _, _ in sent for s in (TOKEN, NEW)))
hook.conforms()
stop.set()
finish()
