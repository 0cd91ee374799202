"""A whole installation in a temporary folder, made with the real programs: broker, people, roster, joined clients.

    with World() as w:
        w.seal("prod/db/root", {"password": "hunter2"})
        asked = w.run("erin", "request", "prod/db/root", "--emergency", "E1", "--incident", "INC-7", "--reason", "down")

Every program is the real one from $BREAKGLASS_BUILD; nothing listens on a fixed port; everything dies with the World."""
import contextlib, functools, json, os, pathlib, re, shutil, signal, subprocess, sys, tempfile, time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BREAKGLASS_BUILD", ROOT / "build"))
BREAKGLASS = str(BUILD / "tui" / "breakglass")
BREAKGLASSD = str(BUILD / "broker" / "breakglassd")
ROTATOR = str(BUILD / "rotators" / "breakglass-rotator")
PATIENCE = 60  # seconds until a thing that never comes is called missing; not a speed

_failed = 0


def ok(what, held=True, why=""):
    """One counted statement of a scenario."""
    global _failed
    if held:
        print(f"ok - {what}", flush=True)
    else:
        _failed += 1
        print(f"not ok - {what}{': ' + str(why)[:2000] if why else ''}", flush=True)
    return held


def skip(why):
    print(f"skip - {why}", flush=True)


@functools.cache
def is_sanitized():
    """Whether the programs were built with AddressSanitizer: it owns memory, cores and whatever is preloaded."""
    return b"__asan_init" in pathlib.Path(BREAKGLASSD).read_bytes()


def finish():
    sys.exit(1 if _failed else 0)


def wait_for(what, probe, patience=PATIENCE):
    """Calls probe until it gives something true; no fixed sleeps for luck."""
    end = time.monotonic() + patience
    while True:
        got = probe()
        if got:
            return got
        if time.monotonic() > end:
            raise TimeoutError(f"never came: {what}")
        time.sleep(0.02)


class Done:
    """A finished command."""

    def __init__(self, args, process):
        self.args, self.code, self.out, self.err = args, process.returncode, process.stdout, process.stderr

    @property
    def json(self):
        return json.loads(self.out)

    def word(self):
        """The code word of `breakglass: CODE-WORD: …` on stderr."""
        found = re.findall(r"^breakglassd?: ([a-z0-9-]+):", self.err, re.M)
        return found[-1] if found else None

    def __repr__(self):
        return f"{' '.join(map(str, self.args))} → {self.code}\nstdout: {self.out}\nstderr: {self.err}"


PEOPLE = ["alice", "bob", "carol", "erin", "frank"]


class World:
    def __init__(self, holders=("alice", "bob", "carol"), approvals=2, requesters=("erin", "frank"), admins=("alice", "bob"),
                 admins_need=2, credentials=None, policy_extra="", roster_extra="", tls=False, rotators=(), channels=None,
                 people=PEOPLE, config_extra="", keep=False, start=True, emergencies=None):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="breakglass-test-"))
        os.chmod(self.dir, 0o700)
        self.keep, self.tls, self.people, self.rotators = keep, tls, list(people), list(rotators)
        self.holders, self.approvals, self.requesters = list(holders), approvals, list(requesters)
        self.admins, self.admins_need = list(admins), admins_need
        self.credentials = credentials or {"prod/db/root": {"opens_what": "superuser of the main database", "sealers": ["alice"]}}
        self.policy_extra, self.roster_extra, self.channels = policy_extra, roster_extra, channels or {}
        self.emergencies = emergencies or {"E1": {"means": "Customer-facing outage and normal access is down",
                                                  "example": "SSO is down during a SEV1",
                                                  "not_this": "Normal access works but is slow", "needs": "incident"}}
        self.config_extra = config_extra
        self.broker = None
        self.lines = {}
        self.number = 0
        self.previous = "none"
        try:
            self._make()
            if start:
                self.start()
                for name in self.people:
                    self.join(name)
        except BaseException:
            self.close()
            raise

    # ---- making ----
    def _make(self):
        for name in self.people + self.rotators:
            os.makedirs(self.home(name), mode=0o700)
            made = self._plain([BREAKGLASS, "keygen", name, "--out", self.identity(name), "--no-passphrase"])
            self.lines[name] = next(l.strip() for l in made.out.splitlines() if "signs:" in l)
        keys = self._plain([BREAKGLASSD, "keygen", "--dir", str(self.dir / "keys")])
        self.broker_line = next(l.strip() for l in keys.out.splitlines() if "signs:" in l)
        self.write_config()
        signed = self.sign_roster(self.roster_yaml())
        self.genesis = self.previous
        self._plain([BREAKGLASSD, "init", "--config", self.config, "--roster", signed])

    @property
    def config(self):
        return str(self.dir / "breakglassd.yaml")

    @property
    def socket(self):
        return str(self.dir / "broker.sock")

    @property
    def state(self):
        return self.dir / "state"

    def home(self, name):
        return str(self.dir / "people" / name)

    def identity(self, name):
        return self.home(name) + "/identity"

    def write_config(self):
        listen = f"unix: {self.socket}" + (", tls: '127.0.0.1:0'" if self.tls else "")
        text = (f"state: {self.state}\nlisten: {{{listen}}}\nadmin: unix:{self.dir}/admin.sock\n"
                f"keys: {{sign: {self.dir}/keys/sign, tls_key: {self.dir}/keys/tls_key.pem, tls_cert: {self.dir}/keys/tls_cert.pem}}\n")
        if self.channels:
            text += "channels:\n"
            for name, channel in self.channels.items():
                text += f"  {name}: {json.dumps(channel)}\n"
        text += self.config_extra
        pathlib.Path(self.config).write_text(text)
        os.chmod(self.config, 0o600)

    def roster_yaml(self, **changes):
        """The next roster of the chain; a change replaces an attribute of the World for it and later ones."""
        for key, value in changes.items():
            setattr(self, key, value)
        self.number += 1
        # JSON is YAML; lists and maps below are written in flow style.
        text = f"roster: {self.number}\nname: acme-test\nprevious: {self.previous}\n{self.broker_line}\n"
        text += f"admins: {{need: {self.admins_need}, people: [{', '.join(self.admins)}]}}\npeople:\n"
        for name in self.people:
            text += f"  {self.lines[name]}\n"
        if self.rotators:
            text += "rotators:\n"
            for name in self.rotators:
                text += f"  {self.lines[name]}\n"
        text += "emergencies:\n"
        for key, value in self.emergencies.items():
            text += f"  {key}: {json.dumps(value)}\n"
        rotators = f", rotators: [{', '.join(self.rotators)}]" if self.rotators else ""
        text += (f"policies:\n  main: {{approvals: {self.approvals}, holders: [{', '.join(self.holders)}], "
                 f"requesters: [{', '.join(self.requesters)}], emergencies: [{', '.join(self.emergencies)}], "
                 f"request_for: 30m, open_for: 1h{rotators}{', ' + self.policy_extra if self.policy_extra else ''}}}\n")
        text += "credentials:\n"
        for name, value in self.credentials.items():
            text += f"  {name}: {json.dumps({'policy': 'main', **value})}\n"
        return text + self.roster_extra

    def sign_roster(self, yaml, signers=None):
        """Signs with the admins; returns the path of the signed envelope and moves the chain on."""
        import hashlib
        path = self.dir / f"roster-{self.number}.yaml"
        path.write_text(yaml)
        digest = hashlib.sha256(yaml.encode()).hexdigest()
        for name in signers or self.admins[: max(self.admins_need, 1)]:
            self.must(name, "roster", "sign", str(path), "--yes-sha256", digest)
        self.previous = digest
        return str(path) + ".signed"

    # ---- the broker ----
    def start(self, *arguments, expect=True):
        (self.state / "listen.json").unlink(missing_ok=True)  # an earlier run's addresses
        log = open(self.dir / "broker.log", "ab")
        self.broker = subprocess.Popen([BREAKGLASSD, "--config", self.config, *arguments], stdout=log, stderr=log,
                                       stdin=subprocess.DEVNULL, start_new_session=True)
        log.close()
        if expect:
            wait_for("the broker's answer", lambda: self.answers() or self.broker.poll() is not None)
            if self.tls:
                wait_for("the TLS address", lambda: (self.state / "listen.json").exists() or self.broker.poll() is not None)
            if self.broker.poll() is not None:
                raise RuntimeError(f"the broker ended with {self.broker.returncode}:\n{self.broker_log()[-3000:]}")

    def answers(self):
        return subprocess.run(["curl", "-s", "-o", "/dev/null", "--unix-socket", self.socket, "http://broker/v1/about"]).returncode == 0

    def stop(self, how=signal.SIGTERM):
        if self.broker and self.broker.poll() is None:
            self.broker.send_signal(how)
            self.broker.wait(PATIENCE)
        code = self.broker.returncode if self.broker else None
        self.broker = None
        return code

    def kill(self):
        """kill −9 of the broker and whatever it started."""
        if self.broker and self.broker.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.broker.pid, signal.SIGKILL)
            self.broker.wait(PATIENCE)
        self.broker = None

    def broker_log(self):
        path = self.dir / "broker.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def listen(self):
        """The addresses the broker really listens on (STATE/listen.json)."""
        return json.loads((self.state / "listen.json").read_text())

    # ---- people ----
    def env(self, name):
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": self.home(name), "XDG_STATE_HOME": self.home(name) + "/state",
                "XDG_CONFIG_HOME": self.home(name) + "/config", "XDG_RUNTIME_DIR": self.home(name), "LANG": "C.UTF-8",
                **{k: v for k, v in os.environ.items() if k.startswith(("ASAN_", "UBSAN_", "LSAN_"))}}

    def run(self, name, *arguments, input=None, timeout=PATIENCE * 2, env=None, identity=True):
        """breakglass ARGUMENTS as this person; never raises for a refusal."""
        args = [BREAKGLASS, *map(str, arguments)]
        if identity:
            at = args.index("--") if "--" in args else len(args)
            args[at:at] = ["--identity", self.identity(name)]
        done = subprocess.run(args, env={**self.env(name), **(env or {})}, input=input, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, timeout=timeout, errors="replace", **({} if input is not None else {"stdin": subprocess.DEVNULL}))
        return Done(arguments, done)

    def must(self, name, *arguments, **more):
        done = self.run(name, *arguments, **more)
        if done.code != 0:
            raise AssertionError(f"{name}: {done!r}\nbroker: {self.broker_log()[-2000:]}")
        return done

    def _plain(self, args, **more):
        done = Done(args, subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL, **more))
        if done.code != 0:
            raise AssertionError(repr(done))
        return done

    def join(self, name, where=None):
        return self.must(name, "join", f"{where or 'unix:' + self.socket}#{self.genesis}")

    # ---- the story in short ----
    def seal(self, credential="prod/db/root", fields=None, by="alice"):
        fields = fields or {"password": "correct horse battery staple"}
        folder = tempfile.mkdtemp(dir=self.dir)
        args = []
        for key, value in fields.items():
            path = pathlib.Path(folder) / key
            path.write_bytes(value if isinstance(value, bytes) else value.encode())
            os.chmod(path, 0o600)
            args += ["--field", f"{key}=@{path}"]
        done = self.must(by, "seal", credential, *args)
        shutil.rmtree(folder)
        return done

    def request(self, by="erin", credential="prod/db/root", incident="INC-7", **more):
        done = self.must(by, "request", credential, "--emergency", "E1", "--incident", incident, "--reason", "everything is down",
                         "--json", *[x for k, v in more.items() for x in (f"--{k}", v)])
        return done.json  # {"request": "R3", "id": …, "code": "XXXX-XXXX", …}

    def approve(self, who, asked, *more):
        return self.run(who, "approve", asked["request"], "--code", asked["code"], *more)

    def open(self, asked, by="erin", field="password"):
        return self.run(by, "open", asked["request"], "--show", "--field", field)

    # ---- end ----
    def close(self):
        with contextlib.suppress(Exception):
            self.kill()
        if self.keep or os.environ.get("BREAKGLASS_KEEP"):
            print(f"# kept: {self.dir}")
        else:
            shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
