"""The real rotator beside a World: its configuration, and ways to stop it at a chosen moment.

`STOP_AT=TEXT` kills the process (SIGKILL) at the moment when it writes a log line with this text, before a byte of it is out;
`STOP_AT_CALL=N` at its N-th call of fsync, rename, posix_spawn or of sending to the broker. Both by a small library that is
loaded before the C library."""
import atexit, base64, hashlib, json, os, pathlib, shutil, signal, subprocess, tempfile
from harness import BUILD, PATIENCE, ROTATOR, wait_for

STOPPER = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void die(void) { kill(getpid(), SIGKILL); for (;;) pause(); }

static void count(void)
{
        static long n;
        const char *at = getenv("STOP_AT_CALL");
        if (at && ++n == atol(at)) die();
}

ssize_t write(int fd, const void *p, size_t n)
{
        static ssize_t (*real)(int, const void *, size_t);
        const char *text = getenv("STOP_AT");
        if (!real) real = dlsym(RTLD_NEXT, "write");
        if (fd == 2 && text && memmem(p, n, text, strlen(text))) die();
        return real(fd, p, n);
}

int fsync(int fd)
{
        static int (*real)(int);
        if (!real) real = dlsym(RTLD_NEXT, "fsync");
        count();
        return real(fd);
}

int rename(const char *a, const char *b)
{
        static int (*real)(const char *, const char *);
        if (!real) real = dlsym(RTLD_NEXT, "rename");
        count();
        return real(a, b);
}

ssize_t send(int fd, const void *p, size_t n, int flags)
{
        static ssize_t (*real)(int, const void *, size_t, int);
        if (!real) real = dlsym(RTLD_NEXT, "send");
        count();
        return real(fd, p, n, flags);
}

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *a, const posix_spawnattr_t *s,
                char *const argv[], char *const env[])
{
        static int (*real)(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *,
                           char *const[], char *const[]);
        if (!real) real = dlsym(RTLD_NEXT, "posix_spawn");
        count();
        return real(pid, path, a, s, argv, env);
}
"""


class Rotator:
    def __init__(self, world, hooks, name="rot-1", backoff="{first: 1s, most: 2s}", timeout="20s", extra=""):
        self.world, self.name = world, name
        self.state = world.dir / f"state-{name}"
        self.state.mkdir(mode=0o700, exist_ok=True)
        self.config = world.dir / f"{name}.yaml"
        self.log = world.dir / f"{name}.log"
        self.timeout, self.backoff, self.extra = timeout, backoff, extra
        self.configure(hooks)
        self.process = None
        self.stopper = None
        atexit.register(self.stop, signal.SIGKILL)  # also when the scenario breaks off

    def configure(self, hooks):
        self.config.write_text(f"brokers: ['unix:{self.world.socket}']\ngenesis: {self.world.genesis}\nidentity: {self.world.identity(self.name)}\n"
                               f"state: {self.state}\nhook_timeout: {self.timeout}\nbackoff: {self.backoff}\nhooks: {json.dumps(hooks)}\n{self.extra}")
        os.chmod(self.config, 0o600)

    def _stopper(self):
        if not self.stopper:
            source = self.world.dir / "stopper.c"
            source.write_text(STOPPER)
            self.stopper = str(self.world.dir / "stopper.so")
            subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", self.stopper, str(source), "-ldl"], check=True)
        return self.stopper

    def start(self, *arguments, stop_at=None, stop_at_call=None, env=None, pass_fds=()):
        env = {**self.world.env(self.name), **(env or {})}
        if stop_at or stop_at_call:
            env["LD_PRELOAD"] = self._stopper()
            env["STOP_AT" if stop_at else "STOP_AT_CALL"] = str(stop_at or stop_at_call)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([ROTATOR, "--config", str(self.config), *arguments], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            env=env, pass_fds=pass_fds, start_new_session=True)
        return self

    def once(self, **more):
        """Runs until nothing is left to do, or until it is killed; the exit code."""
        self.start("--once", **more)
        return self.process.wait(PATIENCE * 3)

    def stop(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(PATIENCE)
        code, self.process = (self.process.returncode if self.process else None), None
        return code

    def lines(self):
        return [json.loads(l) for l in self.log.read_text(errors="replace").splitlines() if l.startswith("{")]

    def text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""


def statements(world, kind):
    """The payloads of one type in the broker's log, oldest first."""
    from second_reader import export
    return [json.loads(base64.b64decode(l["payload"])) for l in export(world)[0] if l["type"] == kind]


def rotations(world):
    """[(credential, payload)] of the rotation statements, oldest first."""
    from second_reader import export
    named, found = {}, []
    for line in export(world)[0]:
        payload = base64.b64decode(line["payload"])
        if line["type"] == "version":
            named[hashlib.sha256(payload).hexdigest()] = json.loads(payload)["credential"]
        elif line["type"] == "rotation":
            found.append((named[json.loads(payload)["version"]], json.loads(payload)))
    return found


def steps(world, credential=None):
    """The rotation statements in short: ["claim", "set started", "set ok", …]; of one credential, or all."""
    return [" ".join(x for x in (p["step"], p.get("outcome")) if x) for c, p in rotations(world) if credential in (None, c)]


# ---- targets of the `file` hook, for scenarios with many credentials ----

HOOK = str(BUILD / "rotators" / "hooks" / "file")


class Vaults:
    def __init__(self, folder, first):
        self.folder = folder / "vaults"
        self.folder.mkdir(exist_ok=True)
        for name, value in first.items():
            self.step("set", name, value)

    def path(self, name):
        return str(self.folder / name.replace("/", "_"))

    def step(self, step, name, value):
        request = {"idempotency_key": "test", "credential": name, "config": {"path": self.path(name)},
                   "pending": {"password": base64.b64encode(value.encode()).decode()}}
        return subprocess.run([HOOK, step], input=json.dumps(request), capture_output=True, text=True).returncode

    def accepts(self, name, value):
        return self.step("test", name, value) == 0

    def rotate(self, name, hook="file"):
        """A credential's `rotate` in the roster."""
        return {"hook": hook, "config": {"path": self.path(name)}}


def stand_in(folder, name, body, describe=f"exec {HOOK} describe"):
    """A hook in shell: `real STEP` runs the real one with the same input; $state is a file of its own."""
    path = folder / name
    path.write_text(f"#!/bin/sh\nstate={folder}/{name}.state\n[ \"$1\" = describe ] && {describe}\nrequest=$(cat)\n"
                    f"real() {{ printf '%s' \"$request\" | {HOOK} \"$1\"; }}\n{body}\nreal \"$1\"\n")
    os.chmod(path, 0o700)
    return str(path)
