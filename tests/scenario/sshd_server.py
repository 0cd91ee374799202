"""A private sshd on a free loopback port that lets in the test's own user by keys of a file of its own; the machine's accounts stay as they are."""
import getpass, os, pathlib, shutil, subprocess, tempfile
from harness import wait_for
from postgres_server import free_port


class Sshd:
    def __init__(self, extra=""):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="breakglass-sshd-"))
        os.chmod(self.dir, 0o700)
        self.user, self.port = getpass.getuser(), free_port()
        for name in ("host", "admin", "other", "old"):
            self.keygen(name)
        (self.dir / "keys").mkdir()
        self.keys = self.dir / "keys" / "authorized_keys"
        self.config = self.dir / "sshd_config"
        self.config.write_text(f"ListenAddress 127.0.0.1\nPort {self.port}\nHostKey {self.dir}/host\nPidFile none\nUsePAM no\nStrictModes no\n"
                               f"PermitRootLogin yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nLogLevel VERBOSE\n"
                               f"AuthorizedKeysFile {self.keys} {self.dir}/admin.pub\nMaxStartups 200\n{extra}\n")
        if os.getuid() == 0:
            os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
        try:
            self.start()
        except BaseException:
            shutil.rmtree(self.dir, ignore_errors=True)
            raise

    def keygen(self, name, *more):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(self.dir / name), *more], check=True, stdin=subprocess.DEVNULL)

    def public(self, name):
        return " ".join((self.dir / f"{name}.pub").read_text().split()[:2])

    def private(self, name):
        return (self.dir / name).read_text()

    def start(self):
        self.process = subprocess.Popen([shutil.which("sshd") or "/usr/sbin/sshd", "-D", "-f", str(self.config), "-E", str(self.dir / "log")],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for("sshd", lambda: self.process.poll() is not None or self.answers())

    def answers(self):
        import socket
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as s:
                return s.recv(4) == b"SSH-"
        except OSError:
            return False

    def stop(self):
        self.process.kill()
        self.process.wait()

    def accepts(self, private_key):
        """The stock ssh with this key."""
        with tempfile.NamedTemporaryFile("w", dir=self.dir) as f:
            f.write(private_key)
            f.flush()
            done = subprocess.run(["ssh", "-F/dev/null", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                                   "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-i", f.name, "-p", str(self.port), f"{self.user}@127.0.0.1", "echo in"],
                                  capture_output=True, text=True, stdin=subprocess.DEVNULL)
        return done.stdout.strip() == "in"

    def close(self):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
