"""The `postgres-roles` hook: two roles of a real PostgreSQL that take turns."""
import subprocess
from api_stub import Fields
from harness import finish, ok
from postgres_server import BIN, Postgres

OLD, NEW, NEWER = "old Kennwort 'quoted\"", "nEw0123456789abcdefghijklmnopqrs", "nEwer123456789abcdefghijklmnopqr"


def session(pg, role, password):
    process = subprocess.Popen([str(BIN / "psql"), "-X", "-A", "-t", "-q", "-h", "127.0.0.1", "-p", str(pg.port), "-U", role, "-d", "postgres"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               env={"PATH": "/usr/bin:/bin", "PGPASSWORD": password, "HOME": "/"})
    return process if is_alive(process) else None


def is_alive(process):
    try:
        print("SELECT 'alive';", file=process.stdin, flush=True)
        return process.stdout.readline().strip() == "alive"
    except BrokenPipeError:
        return False


with Postgres() as pg:
    pg.sql("CREATE ROLE app_a LOGIN PASSWORD '" + OLD.replace("'", "''") + "'; CREATE ROLE \"app \"\"b\" NOLOGIN; CREATE ROLE weak LOGIN PASSWORD 'weak'")
    B = 'app "b'
    hook = Fields("postgres-roles", {"host": "127.0.0.1", "port": pg.port, "roles": ["app_a", B], "admin_user": "postgres",
                                     "admin_password_file": pg.password_file, "sslmode": "disable"})
    old, new, newer = ({"username": r, "password": p} for r, p in (("app_a", OLD), (B, NEW), ("app_a", NEWER)))

    # ---- there and back again ----
    got = hook("check")
    ok("check finds the role in use: the only one that may log in", got.is_ok() and got.handle == "app_a", got)
    got = hook("prepare", old_handle="app_a")
    ok("prepare names the one that waits", got.code == 0 and got.fields == {"username": B} and got.handle == B, got)
    ok("before set, the new value does not work, and reconcile says so", hook("test", new).failed(1) and hook("reconcile", new).is_ok("other"))
    works_on = session(pg, "app_a", OLD)
    ok("set gives it the password", (got := hook("set", new, old_handle="app_a")).is_ok() and got.handle == B, got)
    ok("set can be repeated", hook("set", new, old_handle="app_a").is_ok())
    ok("both work side by side", pg.login("app_a", OLD) == "" and pg.login(B, NEW) == "" and is_alive(works_on))
    ok("test and reconcile say so", hook("test", new).is_ok("works") and hook("reconcile", new).is_ok("pending"))
    begun = session(pg, B, NEW)
    got = hook("revoke", new, opened=old, old_handle="app_a")
    ok("revoke: the old role's password is tried and refused", got.is_ok("refused"), got)
    ok("its sessions are ended, the new role's are not", not is_alive(works_on) and is_alive(begun))
    ok("psql: the old role is out, the new one is in", pg.login("app_a", OLD) != "" and pg.login(B, NEW) == "")
    ok("the old role has neither password nor LOGIN", pg.sql("SELECT rolcanlogin, rolpassword IS NULL FROM pg_authid WHERE rolname = 'app_a'") == "f|t")
    ok("revoke can be repeated", hook("revoke", new, opened=old, old_handle="app_a").is_ok("refused"))
    ok("without a handover, a role that may not log in is replaced", hook("revoke", new, old_handle="app_a").is_ok("replaced"))
    ok("when nobody knows the old role, nothing is claimed", hook("revoke", new).is_ok("unproven"))
    ok("the next rotation goes back to the first role", hook("check", opened=new).handle == B and hook("prepare", old_handle=B).fields == {"username": "app_a"})
    ok("and it works", hook("set", newer, old_handle=B).is_ok() and hook("revoke", newer, opened=new, old_handle=B).is_ok("refused") and pg.login("app_a", NEWER) == "" and
       pg.login(B, NEW) != "")

    # ---- what a lost rotation left ----
    hook("set", new, old_handle="app_a")
    ok("both may log in, and nothing says which is in use: a person is wanted", hook("check").failed(78, "a person has to") and hook("prepare").failed(78))
    ok("nothing was shut meanwhile", pg.login("app_a", NEWER) == "" and pg.login(B, NEW) == "")
    ok("prepare shuts what was set and lost", hook("prepare", opened=newer).code == 0 and pg.login(B, NEW) != "" and pg.login("app_a", NEWER) == "")
    ok("the role in use is never set", hook("set", {"username": "app_a", "password": NEW}, old_handle="app_a").failed(78) and pg.login("app_a", NEWER) == "")
    ok("nor one that is none of both", hook("set", {"username": "postgres", "password": NEW}, old_handle="app_a").failed(78))
    ok("nothing is proven while the new role does not work", hook("revoke", new, old_handle="app_a").failed(1) and pg.login("app_a", NEWER) == "")

    # ---- configuration ----
    for what, changes, code in (("one role", {"roles": ["app_a"]}, 78), ("the same role twice", {"roles": ["app_a", "app_a"]}, 78),
                                ("a role that is not there", {"roles": ["app_a", "nobody"]}, 78), ("the admin as one of them", {"roles": ["app_a", "postgres"]}, 78),
                                ("the other hook's key", {"role": "app_a"}, 78), ("a wrong admin password", {"admin_password_file": pg.private("wrong", "x")}, 77),
                                ("an admin who may not", {"admin_user": "weak", "admin_password_file": pg.private("weak", "weak")}, 78)):
        ok(f"{what} exits {code}", (got := hook("check", old_handle="app_a", **changes)).failed(code), got)
    pg.sql("ALTER ROLE \"app \"\"b\" NOLOGIN")
    hook.conforms()
    log = pg.server_log()
    ok("the server's log has no password", "ALTER ROLE" in log and NEW not in log and NEWER not in log)
    pg.stop()
    for step in ("check", "prepare", "set", "test", "revoke", "reconcile"):
        got = hook(step, None if step in ("check", "prepare") else new, old_handle="app_a")
        ok(f"server away at {step}: try again", got.failed(75), got)
    for process in (works_on, begun):
        process.kill()
        process.wait()
finish()
