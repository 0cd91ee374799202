"""A private sshd on a free loopback port that lets in by keys of a file of its own; the machine's accounts stay as they are. What is rotated is an account
of the system that nobody uses (root may become it), so that the sessions that a hook ends are the test's own; without root it is the test's user."""
import getpass, os, pathlib, shutil, subprocess, tempfile
from harness import wait_for
from postgres_server import free_port


class Session:
    """An open SFTP session, for which an account needs no shell."""
    def __init__(self, sshd, private_key, user):
        with tempfile.NamedTemporaryFile("w", dir=sshd.dir) as f:
            f.write(private_key)
            f.flush()
            self.process = subprocess.Popen(sshd.command(f.name, user, "-s", "sftp"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            if not self.ask(bytes([1]) + (3).to_bytes(4, "big")):
                raise RuntimeError(f"no session: {self.process.communicate()[1]}")

    def ask(self, message):
        try:
            self.process.stdin.write(len(message).to_bytes(4, "big") + message)
            self.process.stdin.flush()
            return self.process.stdout.read(int.from_bytes(self.process.stdout.read(4), "big"))
        except BrokenPipeError:
            return b""

    def lives(self):
        """The server answers what `.` is."""
        return bool(self.ask(bytes([16]) + (1).to_bytes(4, "big") + (1).to_bytes(4, "big") + b"."))

    def end(self):
        self.process.kill()
        self.process.communicate()


class Sshd:
    def __init__(self, extra=""):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="breakglass-sshd-"))
        os.chmod(self.dir, 0o711)
        self.admin, self.port = getpass.getuser(), free_port()
        self.account, self.neighbour = ("games", "news") if os.getuid() == 0 else (self.admin, self.admin)
        for name in ("host", "admin", "other", "old"):
            self.keygen(name)
        (self.dir / "keys").mkdir()
        self.keys = self.dir / "keys" / "authorized_keys"
        self.keys.touch()
        for path in (self.keys.parent, self.keys) if os.getuid() == 0 else ():
            shutil.chown(path, self.account)
        self.config = self.dir / "sshd_config"
        self.config.write_text(f"ListenAddress 127.0.0.1\nPort {self.port}\nHostKey {self.dir}/host\nPidFile none\nUsePAM no\nStrictModes no\n"
                               f"PermitRootLogin yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nLogLevel VERBOSE\n"
                               f"AuthorizedKeysFile {self.keys} {self.dir}/admin.pub\nSubsystem sftp internal-sftp\nMaxStartups 200\n{extra}\n")
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

    def command(self, key_file, user, *words):
        return ["ssh", "-F/dev/null", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
                "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-i", key_file, "-p", str(self.port), f"{user}@127.0.0.1", *words]

    def accepts(self, private_key, user=None):
        """The stock ssh with this key: whatever the account's shell says, it is in."""
        with tempfile.NamedTemporaryFile("w", dir=self.dir) as f:
            f.write(private_key)
            f.flush()
            done = subprocess.run(self.command(f.name, user or self.account, "exit 0"), capture_output=True, stdin=subprocess.DEVNULL)
        return done.returncode != 255

    def session(self, private_key, user=None):
        return Session(self, private_key, user or self.account)

    def close(self):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
