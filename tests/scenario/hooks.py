"""The real `file` and `postgres` hooks through every step of their contract, the second one against a private PostgreSQL."""
import base64, json, os, pathlib, shutil, subprocess, tempfile, time
from harness import BUILD, ROOT, finish, ok, skip
from hook_steps import conformance
from postgres_server import BIN, Postgres

HOOKS = {"file": str(BUILD / "rotators" / "hooks" / "file"), "postgres": str(BUILD / "rotators" / "hooks" / "postgres")}
OLD, NEW, OTHER = "old Kennwort 'quoted\"", "nEw0123456789abcdefghijklmnopqrs", "neither of both"


class Answer:
    def __init__(self, hook, step, config=None, pending=NEW, opened=None, handle=None, text=None, **more):
        request = {"step": step, "idempotency_key": "k-1", "credential": "prod/db/root", "config": config or {},
                   "deadline": int(time.time() * 1000) + 30000, **more}
        request.update({k: v for k, v in (("handle", handle),) if v is not None})
        for key, value in (("pending", pending), ("opened", opened)):
            if value is not None:
                request[key] = {"password": base64.b64encode(value.encode()).decode()}
        done = subprocess.run([HOOKS[hook], step], input=text or json.dumps(request), capture_output=True, text=True,
                              env={"PATH": "/usr/bin:/bin", "PGPASSWORD": "from the environment"})
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr
        lines = [l for l in done.stdout.splitlines() if l.startswith("{")]
        self.last = json.loads(lines[-1]) if lines else {}

    def is_ok(self, evidence=None):
        return self.code == 0 and self.last["status"] == "ok" and self.last.get("evidence") == evidence

    def leaks(self):
        return any(s in self.out + self.err for s in (OLD, NEW, OTHER))

    def __repr__(self):
        return f"exit {self.code} {self.out!r} {self.err!r}"


def story(name, hook, config, first):
    """The same for every hook: what each step must say."""
    def step(step, **more):
        got = Answer(hook, step, config, **more)
        ok(f"{name}: {step} repeats no secret", not got.leaks(), got)
        return got

    first()
    ok(f"{name}: check holds", step("check", pending=None).is_ok())
    ok(f"{name}: before set, reconcile says that something else is in force", step("reconcile").is_ok("other"))
    got = step("test")
    ok(f"{name}: before set, test fails", got.code == 1, got)
    got = step("set")
    handle = got.last.get("handle")
    ok(f"{name}: set gives a handle", got.is_ok() and handle.startswith("sha256:"), got)
    ok(f"{name}: the handle is public", NEW not in handle)
    got = step("test")
    ok(f"{name}: test works", got.is_ok("works"), got)
    ok(f"{name}: reconcile says that the pending one is in force", step("reconcile").is_ok("pending"))
    got = step("revoke", opened=OLD, handle=handle)
    ok(f"{name}: the handed-over old value is tried and refused", got.is_ok("refused"), got)
    got = step("revoke", handle=handle)
    ok(f"{name}: without it, the stored value is the new one", got.is_ok("replaced"), got)
    got = step("revoke", handle="sha256:" + "0" * 64 + "@1")
    ok(f"{name}: a strange handle proves nothing", got.is_ok("unproven"), got)
    got = step("revoke", opened=NEW, handle=handle)
    ok(f"{name}: a value that still works is not dead", got.code == 1 and got.last["status"] == "failed", got)
    again = step("set")
    ok(f"{name}: set can be repeated", again.is_ok() and step("test").is_ok("works"), again)
    got = step("revoke", pending=OTHER, handle=handle)
    ok(f"{name}: nothing is proven while the new value does not work", got.code == 1, got)
    got = step("set", pending=None)
    ok(f"{name}: nothing to set is a mistake", got.code == 78, got)
    described = json.loads(subprocess.run([HOOKS[hook], "describe"], capture_output=True, text=True).stdout)
    ok(f"{name}: describe names its value's rules", described["value"]["length"] >= 16 and len(described["value"]["alphabet"]) >= 26, described)
    ok(f"{name}: an unknown step is refused", subprocess.run([HOOKS[hook], "steal"], stdin=subprocess.DEVNULL, capture_output=True).returncode == 78)


def grammar(name, hook, config):
    """What the shipped hooks refuse before they do anything."""
    got = Answer(hook, "set", {**config, "hots": "x"})
    ok(f"{name}: an unknown configuration key is a mistake", got.code == 78, got)
    got = Answer(hook, "set", config, deadline=int(time.time() * 1000) - 1000)
    ok(f"{name}: nothing is begun after the deadline", got.code == 75 and "deadline" in got.last["why"], got)
    for what, text in (("no JSON", "hello"), ("a truncated request", '{"credential":"x","pending":{"password":"AA'),
                       ("two pendings", '{"pending":{},"pending":{},"credential":"x","idempotency_key":"k","config":{}}'),
                       ("bad base64", '{"pending":{"password":"####"},"credential":"x","idempotency_key":"k","config":{}}'),
                       ("NUL in the value", '{"pending":{"password":"AGE="},"credential":"x","idempotency_key":"k","config":%s}' % json.dumps(config))):
        got = Answer(hook, "set", text=text)
        ok(f"{name}: {what} is refused", got.code == 78, got)


# ---- file ----
with tempfile.TemporaryDirectory() as folder:
    os.chmod(folder, 0o700)
    vault = pathlib.Path(folder, "vault")
    config = {"path": str(vault)}
    story("file", "file", config, lambda: Answer("file", "set", config, pending=OLD))
    grammar("file", "file", config)
    content = vault.read_text()
    ok("file: only an Argon2id hash is stored", content.startswith("$argon2id$") and OLD not in content and NEW not in content, content)
    ok("file: the vault file is private", vault.stat().st_mode & 0o777 == 0o600)
    ok("file: a missing folder is no success", Answer("file", "set", {"path": folder + "/none/vault"}).code in (75, 78))
    ok("file: a relative path is refused", Answer("file", "set", {"path": "vault"}).code == 78)
    vault.write_text("not a hash\n")
    ok("file: a damaged vault file is said", Answer("file", "test", config).code == 78)

# ---- the template ----
if shutil.which("jq") and shutil.which("openssl"):
    with tempfile.TemporaryDirectory() as folder:
        HOOKS["template"] = folder + "/template"
        shutil.copy(ROOT / "packaging" / "hook-template", HOOKS["template"])
        os.chmod(HOOKS["template"], 0o700)
        config = {"path": folder + "/password"}
        story("template", "template", config, lambda: Answer("template", "set", config, pending=OLD))
        got = Answer("template", "set", config, pending=OTHER, deadline=int(time.time() * 1000) - 1000)
        ok("template: nothing is begun after the deadline", got.code == 75 and Answer("template", "test", config).is_ok("works"), got)
else:
    skip("the template hook needs jq and openssl")

# ---- postgres ----
with Postgres(hba_first="local all trusted trust\n") as pg:
    pg.sql("CREATE ROLE \"we\"\"ird role\" LOGIN PASSWORD '" + OLD.replace("'", "''") + "'")
    pg.sql("CREATE ROLE trusted LOGIN PASSWORD 'x'; CREATE ROLE weak LOGIN PASSWORD 'weak'; CREATE ROLE nologin PASSWORD 'x'")
    role = 'we"ird role'
    config = {"host": pg.socket, "port": pg.port, "role": role, "admin_user": "postgres", "admin_password_file": pg.password_file,
              "login_host": "127.0.0.1", "sslmode": "disable"}
    story("postgres", "postgres", config, lambda: ok("postgres: the old password logs in", pg.login(role, OLD) == ""))
    grammar("postgres", "postgres", config)
    conformance("postgres", HOOKS["postgres"], config)
    Answer("postgres", "set", config)
    ok("postgres: psql with the new password logs in", pg.login(role, NEW) == "")
    ok("postgres: psql with the old password is refused", "password authentication failed" in pg.login(role, OLD))
    log = pg.server_log()
    ok("postgres: the server's log, with every statement in it, has the verifier but no password",
       "ALTER ROLE" in log and "SCRAM-SHA-256$" in log and NEW not in log, log[-2000:])

    # Sessions of the old password end; one that began with the new password stays.
    pg.sql('ALTER ROLE "we""ird role" PASSWORD \'' + OLD.replace("'", "''") + "'")
    def session(password):
        process = subprocess.Popen([str(BIN / "psql"), "-X", "-A", "-t", "-q", "-h", "127.0.0.1", "-p", str(pg.port), "-U", role, "-d", "postgres"],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                   env={"PATH": "/usr/bin:/bin", "PGPASSWORD": password, "HOME": "/"})
        print("SELECT 'alive';", file=process.stdin, flush=True)
        assert process.stdout.readline().strip() == "alive"
        return process
    before = session(OLD)
    handle = Answer("postgres", "set", config).last["handle"]
    after = session(NEW)
    got = Answer("postgres", "revoke", config, handle=handle, opened=OLD)
    print("SELECT 'alive';", file=before.stdin, flush=True)
    said = before.stdout.readline()
    print("SELECT 'alive';", file=after.stdin, flush=True)
    ok("postgres: revoke ends the sessions of the old password", got.is_ok("refused") and "alive" not in said, (got, said))
    ok("postgres: and leaves those of the new one", after.stdout.readline().strip() == "alive")
    for process in (before, after):
        process.kill()
        process.wait()

    # What cannot be proven is not claimed.
    got = Answer("postgres", "test", {**config, "role": "trusted", "login_host": pg.socket})
    ok("postgres: a server that asks for no password proves nothing", got.code == 78 and "pg_hba" in got.last["why"], got)
    got = Answer("postgres", "revoke", {**config, "role": "trusted", "login_host": pg.socket}, opened="x")
    ok("postgres: and lets nothing be called dead", got.code == 78, got)
    got = Answer("postgres", "check", {**config, "role": "nologin"}, pending=None)
    ok("postgres: a role without LOGIN is found by check", got.code == 78, got)
    got = Answer("postgres", "check", {**config, "role": "nobody-at-all"}, pending=None)
    ok("postgres: a role that is not there too", got.code == 78, got)
    got = Answer("postgres", "check", {**config, "role": "postgres"}, pending=None)
    ok("postgres: the rotator's own admin is never rotated", got.code == 78, got)
    weak = pg.private("weak", "weak\n")
    got = Answer("postgres", "check", {**config, "admin_user": "weak", "admin_password_file": weak}, pending=None)
    ok("postgres: an admin who may not is found by check", got.code == 78, got)
    wrong = pg.private("wrong", "wrong\n")
    got = Answer("postgres", "set", {**config, "admin_password_file": wrong})
    ok("postgres: a wrong admin password is refused, not unknown", got.code == 77 and "28P01" in got.last["why"], got)
    got = Answer("postgres", "set", {**config, "host": "127.0.0.1", "sslmode": "verify-full"})
    ok("postgres: no TLS where it is wanted: not sent", got.code == 75, got)
    got = Answer("postgres", "set", {k: v for k, v in {**config, "host": "127.0.0.2"}.items() if k != "sslmode"})
    ok("postgres: over a network, TLS is wanted unless said otherwise", got.code == 75 and "SSL" in got.last["why"], got)
    got = Answer("postgres", "check", {k: v for k, v in {**config, "host": "127.0.0.1"}.items() if k != "sslmode"}, pending=None)
    ok("postgres: on loopback it may be missing", got.is_ok(), got)
    os.chmod(wrong, 0o644)
    got = Answer("postgres", "set", {**config, "admin_password_file": wrong})
    ok("postgres: an admin password that others can read is refused", got.code == 78, got)
    pg.stop()
    for step in ("check", "set", "test", "revoke", "reconcile"):
        got = Answer("postgres", step, config)
        ok(f"postgres: server away at {step}: try again", got.code == 75, got)
    pg.start()
    ok("postgres: and the new password is still there", pg.login(role, NEW) == "")
finish()
