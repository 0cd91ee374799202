"""The `redis` hook against a real Redis: every rule of the contract, sessions, durability, refusals, and one whole rotation."""
import pathlib, shutil, subprocess
from harness import finish, ok, skip
from hook_steps import Hook, rotation
from https_stub import DIR, authority, certificate
from redis_server import Redis

OLD, NEW = "the-old-one", "nEw0123456789abcdefghijklmnopqrs"

if not shutil.which("redis-server"):
    skip("no Redis here")
    finish()

authority("ca")
authority("other")
certificate("good", "ca", "DNS:localhost,IP:127.0.0.2")
certificate("elsewhere", "ca", "DNS:elsewhere.example")
certificate("stranger", "other", "DNS:localhost,IP:127.0.0.2")

with Redis(["user app on >" + OLD + " ~* &* +@all", "user lame on >lame +@read", "user asleep off >x", "user open on nopass"], DIR / "good.pem") as redis:
    hook = Hook("redis", {"socket": redis.socket, "user": "app", "admin_user": "admin", "admin_password_file": redis.password_file})
    hook.grammar(NEW)

    # Sessions of the old password end, those of the new one stay.
    def session(password):
        process = subprocess.Popen(["redis-cli", "-s", redis.socket, "--user", "app", "--no-auth-warning"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True, env={"PATH": "/usr/bin:/bin", "REDISCLI_AUTH": password})
        print("PING", file=process.stdin, flush=True)
        assert process.stdout.readline().strip() == "PONG"
        return process, redis.admin("CLIENT", "LIST").count(" user=app ")

    before, n = session(OLD)
    ok("check holds, and names what is stored", hook("check").is_ok() and hook("check").handle.startswith("sha256:"))
    got = hook("set", NEW)
    handle = got.handle
    ok("set", got.is_ok() and handle, got)
    ok("the new password logs in, the old one does not", redis.accepts("app", NEW) and not redis.accepts("app", OLD))
    after, n = session(NEW)
    ok("both sessions are there", n == 2, n)
    got = hook("revoke", NEW, opened=OLD, handle=handle)
    left = redis.admin("CLIENT", "LIST").count(" user=app ")
    print("PING", file=after.stdin, flush=True)
    ok("revoke: refused; the old session has ended, the new one lives", got.is_ok("refused") and left == 1 and after.stdout.readline().strip() == "PONG", (got, left))
    for process in (before, after):
        process.kill()
        process.wait()
    ok("without the old value: replaced", hook("revoke", NEW, handle=handle).is_ok("replaced"))
    ok("with a strange handle: unproven", hook("revoke", NEW, handle="sha256:" + "0" * 64 + "@x@1").is_ok("unproven"))
    kept = "".join(p.read_text(errors="replace") for p in redis.dir.iterdir() if p.is_file()) + redis.admin("SLOWLOG", "GET", "100")
    ok("the server has it as a hash alone: neither file, log nor slow log has the password", NEW not in kept and "user app " in kept)
    redis.stop()
    for step in ("check", "set", "test", "revoke", "reconcile"):
        got = hook(step, NEW)
        ok(f"server away at {step}: try again", got.failed(75), got)
    redis.start()
    ok("killed and started again, the server still has the new password", redis.accepts("app", NEW) and hook("reconcile", NEW).is_ok("pending"))
    ok("and the handle proves it still", hook("revoke", NEW, handle=handle).is_ok("replaced"))

    # ---- refusals ----
    wrong = redis.private("wrong", "wrong\n")
    got = hook("set", OLD, admin_password_file=wrong)
    ok("a wrong admin password is refused", got.failed(77, "WRONGPASS"), got)
    got = hook("set", OLD, admin_user="lame", admin_password_file=redis.private("lame", "lame\n"))
    ok("an admin user without the right too", got.failed(77, "NOPERM"), got)
    for user, word in (("asleep", "off"), ("open", "nopass"), ("nobody", "no such")):
        got = hook("check", user=user)
        ok(f"check finds a user that cannot be rotated: {word}", got.failed(78, word), got)
    got = hook("test", NEW, user="open")
    ok("a server that takes any password proves nothing", got.failed(78, "any password"), got)
    got = hook("check", user="admin")
    ok("the admin is never rotated", got.failed(78, "admin_user"), got)
    got = hook("check", socket=None, host="127.0.0.2", port=redis.port, tls="no")
    ok("no password goes over a network in the clear", got.failed(78, "clear"), got)
    got = hook("check", socket=None, port=redis.port)
    ok("over loopback it may", got.is_ok(), got)
    got = hook("check", socket=None, host="127.0.0.2", port=redis.port, plaintext_network="yes")
    ok("and where the network is said to be private", got.is_ok(), got)

    # ---- TLS ----
    far = Hook("redis", {**{k: v for k, v in hook.config.items() if k != "socket"}, "host": "127.0.0.2", "port": redis.tls_port, "ca_file": str(DIR / "ca.pem")})
    ok("over a network it is TLS, with nothing said", far("check").is_ok() and far("test", NEW).is_ok("works"))
    got = hook("check", socket=None, host="localhost", port=redis.tls_port, tls="yes", ca_file=str(DIR / "ca.pem"))
    ok("over loopback when told to, by the name in the certificate", got.is_ok(), got)
    before = redis.logins()
    for why, name, change in (("a name that is not in the certificate", "elsewhere", {}), ("an authority that nobody named", "stranger", {}),
                              ("no authority named, and the system knows none", "good", {"ca_file": None})):
        redis.prove_by(DIR / f"{name}.pem")
        got = far("set", OLD, **change)
        ok(f"{why}: refused", got.failed(78, "certificate"), got)
    redis.prove_by(DIR / "good.pem")
    n = redis.logins() - before
    ok("and no password was sent to it", n == 5, n)
    got = far("set", OLD, port=redis.port, seconds=6)
    ok("a server without TLS is out of reach", got.failed(75, "TLS"), got)
    got = far("check", ca_file=str(DIR / "nothing.pem"))
    ok("authorities that cannot be read are a mistake", got.failed(78, "ca_file"), got)
    got = hook("check", tls="yes")
    ok("TLS on a socket too", got.failed(78, "socket"), got)
    ok("nothing of this changed the password", redis.accepts("app", NEW))

    # A server that cannot save: in force, not durable, and that is said.
    users = redis.acl
    users.rename(redis.dir / "away")
    users.mkdir()
    got = hook("set", OLD)
    ok("a change that could not be saved is unknown", got.failed(3, "save"), got)
    users.rmdir()
    (redis.dir / "away").rename(users)
    got = hook("reconcile", OLD)
    ok("reconcile finds it in force", got.is_ok("pending"), got)
    redis.stop()
    redis.start()
    ok("and has saved it", redis.accepts("app", OLD), users.read_text())

    hook.conforms()
    redis.admin("ACL", "SETUSER", "app", "resetpass", ">" + OLD)
    rotation(far, OLD, lambda value: redis.accepts("app", value))
finish()
