"""A host in a folder: a root of its own with accounts, where a real sshd asks for passwords and su starts logins on terminals."""
import os, pathlib, pty, re, shutil, subprocess, tempfile
from harness import wait_for
from postgres_server import free_port
from sshd_server import Sshd

PROGRAMS = ("sshd", "sh", "cat", "sleep", "su")
MODULES = ("pam_rootok.so", "pam_permit.so", "pam_deny.so")


def hashed(password):
    return subprocess.run(["openssl", "passwd", "-6", "-stdin"], input=password, capture_output=True, text=True, check=True).stdout.strip()


def start_of(pid):
    """When this process started, in the kernel's ticks; None when it is gone."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def now():
    """In those ticks."""
    return int(subprocess.run(["cut", "-d ", "-f22", "/proc/self/stat"], capture_output=True, text=True, check=True).stdout)


class Session:
    """A shell command that answers every line; `pid` is its shell's, here as there."""
    ECHO = "echo $$; while read -r line; do echo \"$line\"; done"

    def __init__(self, argv, env=None, first=None, **how):
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=env, **how)
        if first:
            print(first, file=self.process.stdin, flush=True)
        self.pid = int(self.process.stdout.readline())
        self.start = start_of(self.pid)

    def lives(self):
        try:
            print("still here", file=self.process.stdin, flush=True)
            return self.process.stdout.readline() == "still here\n"
        except BrokenPipeError:
            return False

    def is_gone(self):
        return start_of(self.pid) != self.start

    def end(self):
        self.process.kill()
        self.process.communicate()


def on_terminal_of_its_own(words, first=None):
    """A session that talks over pipes, and a descriptor to keep open as long as its terminal is to be there."""
    ours, theirs = pty.openpty()
    try:
        take = "import fcntl, os, sys, termios; fcntl.ioctl(int(sys.argv[1]), termios.TIOCSCTTY, 0); os.execvp(sys.argv[2], sys.argv[2:])"
        return Session(["/usr/bin/python3", "-c", take, str(theirs), *words], first=first, start_new_session=True, pass_fds=(theirs,)), ours
    finally:
        os.close(theirs)


class RootedHost:
    def __init__(self, accounts):
        """accounts: name → (number, what stands in the shadow file)"""
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="breakglass-root-"))
        self.dir.chmod(0o755)
        self.port, self.processes, self.terminals = free_port(), [], []
        for folder in ("dev", "etc/pam.d", "etc/ssh", "run/sshd", "var/empty", "root", "tmp"):
            (self.dir / folder).mkdir(parents=True)
        for folder in ("bin", "sbin", "lib", "lib64"): # as on a host whose /usr is merged
            (self.dir / "usr" / folder).mkdir(parents=True)
            (self.dir / folder).symlink_to("usr/" + folder)
        self.write("dev/null", "", 0o666) # a file will do
        accounts = {"root": (0, "*"), "sshd": (999, "*"), **accounts}
        self.write("etc/passwd", "".join(f"{name}:x:{number}:{number}::/:/bin/sh\n" for name, (number, _) in accounts.items()))
        self.write("etc/group", "".join(f"{name}:x:{number}:\n" for name, (number, _) in accounts.items()))
        self.shadow = self.write("etc/shadow", "".join(f"{name}:{stored}:19000:0:99999:7:::\n" for name, (_, stored) in accounts.items()), 0o600)
        self.write("etc/pam.d/su", "auth sufficient pam_rootok.so\naccount required pam_permit.so\nsession required pam_permit.so\n")

    def write(self, name, text, mode=0o644):
        path = self.dir / name
        path.write_text(text)
        path.chmod(mode)
        return path

    def bring(self, path):
        """A program or library, with the libraries that it loads, to the same path."""
        for one in {path, *re.findall(r"(/\S+)", subprocess.run(["ldd", path], capture_output=True, text=True).stdout)}:
            to = pathlib.Path(f"{self.dir}{one}")
            if not to.exists():
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(one, to)

    def start(self):
        for name in PROGRAMS:
            self.bring(shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin"))
        security = next(pathlib.Path("/lib").glob("*/security/pam_permit.so")).parent
        for name in MODULES:
            self.bring(str(security / name))
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.dir / "etc/ssh/host")], check=True, stdin=subprocess.DEVNULL)
        self.write("etc/ssh/config", f"ListenAddress 127.0.0.1\nPort {self.port}\nHostKey /etc/ssh/host\nPidFile none\nUsePAM no\nUseDNS no\nMaxStartups 200\n")
        sshd = shutil.which("sshd", path="/usr/sbin:/usr/bin")
        self.processes.append(subprocess.Popen(["chroot", str(self.dir), sshd, "-D", "-f", "/etc/ssh/config", "-E", "/tmp/log"],
                                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        wait_for("sshd of the rooted host", lambda: self.processes[0].poll() is not None or Sshd.answers(self))
        self.write("asked", "#!/bin/sh\nprintenv PASSWORD\n", 0o755)

    def session(self, user, password, first=""):
        """A login over SSH with a password; `first` runs before it answers."""
        return Session(["ssh", "-F/dev/null", "-T", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
                        "-o", "PreferredAuthentications=password", "-o", "NumberOfPasswordPrompts=1", "-p", str(self.port), f"{user}@127.0.0.1",
                        first + Session.ECHO],
                       env={"PATH": "/usr/bin:/bin", "PASSWORD": password, "SSH_ASKPASS": str(self.dir / "asked"), "SSH_ASKPASS_REQUIRE": "force"},
                       start_new_session=True)

    def su(self, user, on_terminal=True, command=False):
        """A login that root starts with su, for a shell or a command; it has a terminal of its own, and talks over pipes."""
        words = ["chroot", str(self.dir), "/bin/su", user, *(["-c", Session.ECHO] if command else [])]
        first = None if command else Session.ECHO
        if not on_terminal:
            return Session(words, first=first, start_new_session=True)
        session, terminal = on_terminal_of_its_own(words, first)
        self.terminals.append(terminal)
        return session

    def close(self):
        for process in self.processes:
            process.kill()
            process.wait()
        for fd in self.terminals:
            os.close(fd)
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()
