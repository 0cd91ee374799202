"""A private PostgreSQL for the scenarios: own folder, unix socket and a free loopback port, SCRAM for everybody.

    with Postgres() as pg:
        pg.sql("CREATE ROLE breakglass LOGIN SUPERUSER PASSWORD 'first'")
        pg.login("breakglass", "first")  # → "" or the server's refusal"""
import os, pathlib, pwd, shutil, socket, subprocess, tempfile
from harness import PATIENCE

BIN = next(iter(sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
ADMIN_PASSWORD = "the admin's own way in"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Postgres:
    def __init__(self, hba_first="", settings=""):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="breakglass-pg-", dir="/tmp"))
        # The server refuses to run as root.
        self.owner = pwd.getpwnam("postgres").pw_name if os.getuid() == 0 else None
        os.chmod(self.dir, 0o755)
        for name, mode in (("data", 0o700), ("run", 0o755), ("private", 0o700)):
            (self.dir / name).mkdir()
            os.chmod(self.dir / name, mode)
            if self.owner and name != "private":
                shutil.chown(self.dir / name, self.owner)
        self.data, self.port, self.socket = str(self.dir / "data"), free_port(), str(self.dir / "run")
        given = self.dir / "run" / "first-password"
        given.write_text(ADMIN_PASSWORD + "\n")
        self._as_owner(str(BIN / "initdb"), "-D", self.data, "-U", "postgres", "-A", "scram-sha-256", "--pwfile", str(given),
                       "--no-sync", "-E", "UTF8", "--locale=C.UTF-8")
        given.unlink()
        self.password_file = self.private("admin-password", ADMIN_PASSWORD + "\n")
        self.log = str(self.dir / "run" / "log")
        hba = pathlib.Path(self.data) / "pg_hba.conf"
        hba.write_text(hba_first + "local all all scram-sha-256\nhost all all 127.0.0.0/8 scram-sha-256\n")
        with open(pathlib.Path(self.data) / "postgresql.conf", "a") as f:
            f.write(f"\nlisten_addresses = '127.0.0.1,127.0.0.2'\nport = {self.port}\nunix_socket_directories = '{self.socket}'\n"
                    f"log_statement = 'all'\nfsync = off\nshared_buffers = 16MB\nmax_connections = 40\n{settings}\n")
        self.start()

    def _as_owner(self, *command):
        if self.owner:
            command = ("setpriv", f"--reuid={self.owner}", f"--regid={self.owner}", "--init-groups", *command)
        done = subprocess.run(command, cwd="/", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise RuntimeError(f"{command}: {done.stdout}")

    def private(self, name, text):
        """The path of a file that only the test's user reads."""
        path = self.dir / "private" / name
        path.write_text(text)
        os.chmod(path, 0o600)
        return str(path)

    def start(self):
        self._as_owner(str(BIN / "pg_ctl"), "-D", self.data, "-l", self.log, "-w", "-t", str(PATIENCE), "start")

    def stop(self, how="immediate"):
        self._as_owner(str(BIN / "pg_ctl"), "-D", self.data, "-m", how, "-w", "stop")

    def psql(self, user, password, sql, host=None, dbname="postgres"):
        return subprocess.run([str(BIN / "psql"), "-X", "-A", "-t", "-q", "-w", "-v", "ON_ERROR_STOP=1", "-h", host or "127.0.0.1", "-p", str(self.port),
                               "-U", user, "-d", dbname, "-c", sql], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env={"PATH": "/usr/bin:/bin", "PGPASSWORD": password, "HOME": str(self.dir), "LC_ALL": "C.UTF-8"})

    def sql(self, sql):
        done = self.psql("postgres", ADMIN_PASSWORD, sql)
        if done.returncode != 0:
            raise RuntimeError(f"{sql}: {done.stderr}")
        return done.stdout.strip()

    def login(self, user, password):
        """"" when the server lets them in, else what it says."""
        done = self.psql(user, password, "SELECT 1")
        return "" if done.returncode == 0 else done.stderr or "refused"

    def server_log(self):
        return pathlib.Path(self.log).read_text(errors="replace")

    def close(self):
        try:
            self.stop()
        except RuntimeError:
            pass
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
