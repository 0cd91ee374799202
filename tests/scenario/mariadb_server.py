"""A private MariaDB for the scenarios: own folder, unix socket and a free loopback port, every statement in its log."""
import os, pathlib, pwd, shutil, subprocess, tempfile
from harness import wait_for
from postgres_server import free_port

ADMIN_PASSWORD = "the-admins-own-way-in"


class MariaDB:
    def __init__(self, sql=""):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="breakglass-maria-", dir="/tmp"))
        os.chmod(self.dir, 0o755)
        self.owner = pwd.getpwnam("mysql").pw_name if os.getuid() == 0 else None
        for name, mode in (("data", 0o700), ("run", 0o755), ("private", 0o700)):
            (self.dir / name).mkdir(mode=mode)
            if self.owner and name != "private":
                shutil.chown(self.dir / name, self.owner)
        self.socket, self.port, self.log = str(self.dir / "run" / "socket"), free_port(), str(self.dir / "run" / "log")
        self.options = ["--no-defaults", f"--datadir={self.dir}/data"] + ([f"--user={self.owner}"] if self.owner else [])
        subprocess.run(["mariadb-install-db", *self.options, "--auth-root-authentication-method=normal", "--skip-test-db"],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        self.password_file = self.private("admin-password", ADMIN_PASSWORD + "\n")
        self.start()
        try:
            self._fill(sql)
        except BaseException:
            self.close()
            raise

    def _fill(self, sql):
        self.sql("INSTALL SONAME 'auth_ed25519'; CREATE USER admin@'%' IDENTIFIED BY '" + ADMIN_PASSWORD +
                 "'; GRANT CREATE USER, PROCESS, CONNECTION ADMIN ON *.* TO admin@'%'; GRANT SELECT ON mysql.global_priv TO admin@'%'; " + sql)

    def private(self, name, text):
        path = self.dir / "private" / name
        path.write_text(text)
        os.chmod(path, 0o600)
        return str(path)

    def start(self):
        self.process = subprocess.Popen(["mariadbd", *self.options, f"--socket={self.socket}", f"--port={self.port}", "--bind-address=127.0.0.1",
                                         f"--pid-file={self.dir}/run/pid", "--skip-name-resolve", "--innodb-buffer-pool-size=8M", "--general-log",
                                         f"--general-log-file={self.dir}/run/general", f"--log-bin={self.dir}/run/bin"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=open(self.log, "ab"))
        wait_for("MariaDB", lambda: self.client("root", "", "SELECT 1").returncode == 0 or self.process.poll() is not None)

    def stop(self):
        self.process.kill()
        self.process.wait()

    def client(self, user, password, sql):
        return subprocess.run(["mariadb", "--no-defaults", "-N", "-B", f"--socket={self.socket}", "-u", user, "-e", sql], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, env={"PATH": "/usr/bin:/bin", "MYSQL_PWD": password})

    def sql(self, sql):
        done = self.client("root", "", sql)
        if done.returncode != 0:
            raise RuntimeError(f"{sql}: {done.stderr}")
        return done.stdout.strip()

    def accepts(self, user, password):
        return self.client(user, password, "SELECT 1").stdout.strip() == "1"

    def close(self):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
