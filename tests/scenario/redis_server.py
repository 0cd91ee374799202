"""A private Redis for the scenarios: own folder, unix socket and a free loopback ports (one of them for TLS, where a certificate is given), users in an ACL file."""
import os, pathlib, shutil, subprocess, tempfile
from harness import wait_for
from postgres_server import free_port

ADMIN_PASSWORD = "the admin's own way in"


class Redis:
    def __init__(self, users=(), certificate=None):
        """certificate: of a .pem whose .key lies beside it"""
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="breakglass-redis-"))
        os.chmod(self.dir, 0o700)
        self.socket, self.port = str(self.dir / "socket"), free_port()
        self.tls_port = free_port()
        self.acl = self.dir / "users.acl"
        self.password_file = self.private("admin-password", ADMIN_PASSWORD + "\n")
        self.acl.write_text("user default off\nuser admin on >" + ADMIN_PASSWORD.replace(" ", "-") + " ~* &* +@all\n" + "".join(u + "\n" for u in users))
        pathlib.Path(self.password_file).write_text(ADMIN_PASSWORD.replace(" ", "-") + "\n")
        self.config = self.dir / "redis.conf"
        self.config.write_text(f"bind 127.0.0.1 127.0.0.2\nport {self.port}\nunixsocket {self.socket}\ndir {self.dir}\naclfile {self.acl}\nsave ''\n"
                               f"logfile {self.dir}/log\nloglevel verbose\nslowlog-log-slower-than 0\n" +
                               (f"tls-port {self.tls_port}\ntls-cert-file {certificate}\ntls-key-file {certificate.with_suffix('.key')}\ntls-auth-clients no\n" if certificate else ""))
        self.start()

    def private(self, name, text):
        path = self.dir / name
        path.write_text(text)
        os.chmod(path, 0o600)
        return str(path)

    def start(self):
        self.process = subprocess.Popen(["redis-server", str(self.config)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        wait_for("Redis", lambda: self.admin("PING") == "PONG" or self.process.poll() is not None)

    def stop(self):
        self.process.kill()
        self.process.wait()

    def cli(self, user, password, *command):
        return subprocess.run(["redis-cli", "-s", self.socket, "--user", user, "--no-auth-warning", *command], capture_output=True, text=True,
                              env={"PATH": "/usr/bin:/bin", "REDISCLI_AUTH": password}).stdout.strip()

    def admin(self, *command):
        return self.cli("admin", ADMIN_PASSWORD.replace(" ", "-"), *command)

    def accepts(self, user, password):
        return self.cli(user, password, "PING") == "PONG"

    def prove_by(self, certificate):
        return self.admin("CONFIG", "SET", "tls-cert-file", str(certificate), "tls-key-file", str(certificate.with_suffix(".key")))

    def logins(self):
        """How many came so far, right or wrong; asking is one."""
        return int(self.admin("INFO", "commandstats").split("cmdstat_auth:calls=")[1].split(",")[0])

    def close(self):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
