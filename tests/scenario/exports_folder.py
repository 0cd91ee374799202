"""A folder of scheduled exports, the configuration that fills it, and what the broker says of it."""
import json, re, signal, subprocess

from harness import wait_for

NAME = re.compile(r"acme-test-[0-9a-f]{12}-\d{8}T\d{6}Z-(\d+)\.export")


class Exports:
    """A folder for exports, and the configuration that fills it."""

    def __init__(self, w, keep=24, every="1s"):
        self.w, self.folder, self.keep, self.every, self.program, self.config, self.timeout = w, w.dir / "exports", keep, every, None, {"bucket": "b1"}, "30s"
        self.folder.mkdir(mode=0o700)

    def text(self):
        program = f", program: {self.program}, config: {json.dumps(self.config)}, timeout: {self.timeout}" if self.program else ""
        return f"exports: {{every: {self.every}, keep: {self.keep}, folder: {self.folder}{program}}}\n"

    def configure(self, text=None):
        self.w.config_extra = self.text() if text is None else text
        self.w.write_config()

    def reload(self, text=None):
        self.configure(text)
        before = self.w.broker_log().count("config.re")  # reloaded or refused
        self.w.broker.send_signal(signal.SIGHUP)
        wait_for("the reload", lambda: self.w.broker_log().count("config.re") > before)
        return self.w.broker_log().rstrip().splitlines()

    def files(self):
        """Names by time and size of the log."""
        return sorted(p.name for p in self.folder.iterdir() if not p.name.startswith("."))

    def newest(self):
        return max((n for n in self.files() if NAME.fullmatch(n)), key=lambda name: (int(NAME.fullmatch(name)[1]), name), default=None)

    def holding(self, entries):
        """A newest export of at least so many entries, when there is one."""
        name = self.newest()
        return name if name and int(NAME.fullmatch(name)[1]) >= entries else None


def get(w, path, socket="broker.sock"):
    return subprocess.run(["curl", "-s", "--unix-socket", str(w.dir / socket), f"http://broker{path}"], stdout=subprocess.PIPE, text=True).stdout


def metrics(w):
    return get(w, "/metrics", "admin.sock")


def value(w, name):
    return next((int(l.split()[1]) for l in metrics(w).splitlines() if l.startswith(f"breakglass_{name} ")), None)


def size(w):
    return value(w, "log_entries")


def events(w, name):
    return [l for l in map(json.loads, filter(lambda l: l.startswith("{"), w.broker_log().splitlines())) if l["event"] == name]


def verify(w, path):
    return w.run("alice", "recover", "verify", path, "--genesis", w.genesis)
