"""The `mysql` hook against a real MariaDB, for both kinds of passwords: every rule of the contract, sessions, what the server's logs hold, refusals, and one whole rotation."""
import pathlib, shutil, subprocess
from harness import finish, ok, skip
from hook_steps import Hook, rotation
from mariadb_server import MariaDB

OLD, NEW = "the old 'quoted\" one", "nEw0123456789abcdefghijklmnopqrs"

if not shutil.which("mariadbd"):
    skip("no MariaDB here")
    finish()

QUOTED = OLD.replace("'", "''")
ACCOUNTS = (f"CREATE USER 'we''ird user'@'%' IDENTIFIED VIA mysql_native_password USING PASSWORD('{QUOTED}');"
            f"CREATE USER modern@'%' IDENTIFIED VIA ed25519 USING PASSWORD('{QUOTED}');"
            "CREATE USER locked@'%' IDENTIFIED BY 'x' ACCOUNT LOCK; CREATE USER socket@'%' IDENTIFIED VIA unix_socket;"
            "CREATE USER twofold@'%' IDENTIFIED VIA mysql_native_password USING PASSWORD('x') OR unix_socket;"
            "CREATE USER lame@'%' IDENTIFIED BY 'lame'; CREATE USER reader@'%' IDENTIFIED BY 'reader'; GRANT SELECT ON mysql.global_priv TO reader@'%';")

with MariaDB(ACCOUNTS) as db:
    config = {"socket": db.socket, "admin_user": "admin", "admin_password_file": db.password_file}
    for user, kind in (("we'ird user", "mysql_native_password"), ("modern", "ed25519")):
        hook = Hook("mysql", {**config, "user": user})
        if kind == "ed25519":
            hook.grammar(NEW)

        def session(password):
            process = subprocess.Popen(["mariadb", "--no-defaults", "-N", "-B", "--unbuffered", f"--socket={db.socket}", "-u", user], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={"PATH": "/usr/bin:/bin", "MYSQL_PWD": password})
            print("SELECT 'alive';", file=process.stdin, flush=True)
            assert process.stdout.readline().strip() == "alive"
            return process

        before = session(OLD)
        ok(f"{kind}: check holds", hook("check").is_ok())
        ok(f"{kind}: before set, something else is in force", hook("reconcile", NEW).is_ok("other"))
        got = hook("set", NEW)
        handle = got.handle
        ok(f"{kind}: set", got.is_ok() and handle.startswith("sha256:"), got)
        ok(f"{kind}: the new password logs in, the old one does not", db.accepts(user, NEW) and not db.accepts(user, OLD))
        ok(f"{kind}: the account keeps its kind", kind in db.sql("SELECT JSON_VALUE(Priv, '$.plugin') FROM mysql.global_priv WHERE User = '" + user.replace("'", "''") + "'"))
        after = session(NEW)
        got = hook("revoke", NEW, opened=OLD, handle=handle)
        print("SELECT 'alive';", file=before.stdin, flush=True)
        print("SELECT 'alive';", file=after.stdin, flush=True)
        ok(f"{kind}: revoke: refused; the session of the old password has ended, the one of the new lives", got.is_ok("refused") and
           before.stdout.readline().strip() != "alive" and after.stdout.readline().strip() == "alive", got)
        for process in (before, after):
            process.kill()
            process.wait()
        ok(f"{kind}: without the old value: replaced", hook("revoke", NEW, handle=handle).is_ok("replaced"))
        ok(f"{kind}: with a strange handle: unproven", hook("revoke", NEW, handle="sha256:" + "0" * 64 + "@1@1").is_ok("unproven"))
    logs = b"".join(p.read_bytes() for p in (db.dir / "run").iterdir() if p.is_file())
    ok("no log of the server, of statements or binary, has the password", b"ALTER USER" in logs and NEW.encode() not in logs)

    # ---- refusals ----
    got = hook("set", OLD, admin_password_file=db.private("wrong", "wrong\n"))
    ok("a wrong admin password is refused", got.failed(77, "1045"), got)
    got = hook("set", OLD, admin_user="lame", admin_password_file=db.private("lame", "lame\n"))
    ok("an admin user who may not even look is refused", got.failed(77, "global_priv"), got)
    got = hook("check", admin_user="reader", admin_password_file=db.private("reader", "reader\n"))
    ok("one who may look but not change is found by check", got.failed(77, "CREATE USER"), got)
    for user, word in (("locked", "locked"), ("socket", "neither"), ("twofold", "other ways"), ("nobody", "no such")):
        got = hook("check", user=user)
        ok(f"check finds an account that cannot be rotated: {user}", got.failed(78, word), got)
    got = hook("check", user="admin")
    ok("the admin is never rotated", got.failed(78, "admin_user"), got)
    got = hook("check", socket=None, port=db.port)
    ok("over loopback", got.is_ok(), got)
    got = hook("test", NEW, socket=None, host="127.0.0.2", port=db.port)
    ok("over a network, TLS is wanted", got.failed(75), got)
    ok("nothing of this changed the password", db.accepts("modern", NEW))

    db.stop()
    for step in ("check", "set", "test", "revoke", "reconcile"):
        got = hook(step, NEW)
        ok(f"server away at {step}: try again", got.failed(75), got)
    db.start()
    ok("killed and started again, the server still has the new password", hook("reconcile", NEW).is_ok("pending"))
    ok("and the handle proves it still", hook("revoke", NEW, handle=handle).is_ok("replaced"))

    hook.conforms()
    db.sql(f"ALTER USER modern@'%' IDENTIFIED VIA ed25519 USING PASSWORD('{QUOTED}')")
    rotation(hook, OLD, lambda value: db.accepts("modern", value))
finish()
