"""What the demo's credential opens: a vault file (embedded default), or a superuser of a private PostgreSQL server."""
import base64, json, os, pathlib, subprocess, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import BUILD


class Vault:
    """A file that knows a salted hash of the one value it accepts."""
    name, hook, what = "prod/vault/root", "file", "the production vault"
    hook_config = ""

    def __init__(self, folder, first):
        self.path = str(folder / "vault")
        self._step("set", first)
        self.rotate = {"hook": "file", "config": {"path": self.path}}

    def _step(self, step, value):
        request = {"step": step, "idempotency_key": "demo", "credential": self.name, "config": {"path": self.path}, "deadline": 2 ** 50,
                   "pending": {"password": base64.b64encode(value.encode()).decode()}}
        done = subprocess.run([BUILD / "rotators/hooks/file", step], input=json.dumps(request), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
        return done.returncode, done.stdout + done.stderr

    def accepts(self, value):
        return self._step("test", value)[0] == 0

    def words(self):
        return "the vault file's own check"

    def close(self):
        pass


class Database:
    """The role `breakglass` is the superuser; the rotator logs in with the server's own administrator."""
    name, hook, what = "prod/postgres/root", "postgres", "superuser of the main database"

    def __init__(self, folder, first):
        from postgres_server import Postgres
        self.server = Postgres()
        self.server.sql(f"CREATE ROLE breakglass LOGIN SUPERUSER PASSWORD '{first}'")
        self.rotate = {"hook": "postgres", "config": {"host": "127.0.0.1", "port": self.server.port, "dbname": "postgres",
                                                      "role": "breakglass"}}
        self.hook_config = f"admin_user: postgres, admin_password_file: {self.server.password_file}"

    def accepts(self, value):
        env = {"PGPASSWORD": value, "PATH": os.environ["PATH"]}
        done = subprocess.run(["psql", "-h", "127.0.0.1", "-p", str(self.server.port), "-U", "breakglass", "-d", "postgres", "-Atc",
                               "select rolsuper from pg_roles where rolname = current_user"], env=env, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
        return done.returncode == 0 and done.stdout.strip() == "t"

    def words(self):
        return "psql over TCP, password required"

    def close(self):
        self.server.close()
