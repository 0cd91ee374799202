"""kill −9 of the rotator, a hook, the broker or PostgreSQL at random moments of a rotation: after each one version opens and logs in, and in the end the new one works and the old one is refused.

The seed is printed; BREAKGLASS_SEED=N plays it again; BREAKGLASS_VICTIMS="broker hook" kills only these. 20 rounds, 200 with BREAKGLASS_SOAK=1 (`./check --soak`)."""
import os, pathlib, random, signal, time
from harness import BUILD, World, finish, ok, wait_for
from postgres_server import Postgres
from rotator_process import Rotator, statements, steps
from second_reader import values

ROUNDS = 200 if os.environ.get("BREAKGLASS_SOAK") else 20
SEED = int(os.environ.get("BREAKGLASS_SEED", 0)) or random.SystemRandom().randrange(1, 10**6)
ROLE, CREDENTIAL, FIRST = "breakglass", "prod/db/root", "the first password of all"
VICTIMS = os.environ.get("BREAKGLASS_VICTIMS", "rotator hook broker postgres").split()


def children(pid):
    try:
        return [int(c) for t in pathlib.Path(f"/proc/{pid}/task").iterdir() for c in (t / "children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Scene:
    def __init__(self, world, pg, rotator):
        self.w, self.pg, self.rotator = world, pg, rotator

    def kill_postgres(self):
        pid = int((pathlib.Path(self.pg.data) / "postmaster.pid").read_text().split()[0])
        backends = children(pid)
        os.kill(pid, signal.SIGKILL)
        wait_for("PostgreSQL's end", lambda: not any(map(is_alive, [pid, *backends])))
        wait_for("PostgreSQL again", self.started)

    def started(self):
        """A backend that was just being born may hold the shared memory a moment longer."""
        try:
            self.pg.start()
            return True
        except RuntimeError:
            return False

    def kill_hook(self):
        """Whichever runs now; when none does, the next one."""
        def one():
            found = children(self.rotator.process.pid)
            return found or self.is_over() or self.rotator.process.poll() is not None
        found = wait_for("a hook", one)
        if isinstance(found, list):
            try:
                os.kill(found[0], signal.SIGKILL)
            except ProcessLookupError:
                pass

    def kill(self, victim):
        if victim == "rotator":
            hooks = children(self.rotator.process.pid)
            self.rotator.stop(signal.SIGKILL)
            wait_for("its hooks' end", lambda: not any(map(is_alive, hooks)))
        elif victim == "hook":
            self.kill_hook()
        elif victim == "broker":
            self.w.kill()
            self.w.start()
        else:
            self.kill_postgres()

    def is_kept_up(self, victims):
        """What its service manager does: start it again. It outlives everybody, but for a hook that dies when it is to describe itself."""
        if self.rotator.process.poll() is None:
            return True
        code, last = self.rotator.stop(), self.rotator.text().rstrip().rsplit("\n", 1)[-1]
        if "hook" not in victims or not last.endswith("`describe` exits 137; a hook failed"):
            return ok("the rotator outlives the others", False, (code, last))
        print(f"# started again: {last}")
        self.rotator.start()
        return True

    def is_over(self):
        return steps(self.w)[-1] == "done" and len([s for s in steps(self.w) if s == "done"]) > self.done_before

    def someone_gets_in(self):
        """With the rotator held still: a version opens, and its value logs in. A hook that stays may be in the middle of one `set`, which
        may come between two of our looks; it cannot come twice."""
        pid = self.rotator.process.pid if self.rotator.process and self.rotator.process.poll() is None else None
        if pid:
            os.kill(pid, signal.SIGSTOP)
        for _ in range(2):
            found = values(self.w)
            held = [n for n, value in found.items() if self.pg.login(ROLE, value) == ""]
            if held:
                break
        if pid:
            os.kill(pid, signal.SIGCONT)
        return held, sorted(found)

    def round(self, n, dice, length):
        old_number, old = max(values(self.w).items())
        self.done_before = len([s for s in steps(self.w) if s == "done"])
        victims = [dice.choice(VICTIMS) for _ in range(dice.choice((1, 1, 2, 3)))]
        moments = [dice.uniform(0, length) for _ in victims]
        what = f"round {n}: " + ", then ".join(f"{v} after {m:.3f} s" for v, m in zip(victims, moments))
        self.w.must("alice", "rotate", CREDENTIAL, "--why", "to see it hold")
        for victim, moment in zip(victims, moments):
            time.sleep(moment)  # the moment is the test
            self.kill(victim)
            held, found = self.someone_gets_in()
            ok(f"{what}: killed {victim}, a version opens and logs in", held, (found, steps(self.w)[-12:], self.rotator.text()[-2000:]))
            if not self.rotator.process:
                self.rotator.start()
        wait_for("the end", lambda: self.is_over() or not self.is_kept_up(victims))
        number, value = max(values(self.w).items())
        done = statements(self.w, "rotation")[-1]
        ok(f"{what}: in the end the new one works and the old one is refused", number > old_number and done["step"] == "done" and self.pg.login(ROLE, value) == "" and
           self.pg.login(ROLE, old) != "", (number, old_number, done, steps(self.w)[-12:], self.rotator.text()[-3000:]))


dice = random.Random(SEED)
print(f"# seed {SEED}, {ROUNDS} rounds")
with Postgres() as pg:
    pg.sql(f"CREATE ROLE {ROLE} LOGIN SUPERUSER PASSWORD '{FIRST}'")
    rotate = {"hook": "postgres", "config": {"host": "127.0.0.1", "port": pg.port, "role": ROLE}}
    with World(rotators=["rot-1"], credentials={CREDENTIAL: {"opens_what": "the main database", "sealers": ["alice"], "rotate": rotate}},
               config_extra="limits: {statements_per_minute: 100000, sessions_per_minute: 100000}\n") as w:
        w.seal(CREDENTIAL, {"password": FIRST})
        for holder in ("alice", "bob", "carol"):
            w.must(holder, "inbox")
        hooks = {"postgres": {"program": str(BUILD / "rotators" / "hooks" / "postgres"), "config": {"admin_user": "postgres", "admin_password_file": pg.password_file}}}
        rotator = Rotator(w, hooks, backoff="{first: 1s, most: 1s}")
        rotator.start()
        scene = Scene(w, pg, rotator)
        began = time.monotonic()
        w.must("alice", "rotate", CREDENTIAL, "--why", "how long does it take?", "--wait")
        length = max(0.3, time.monotonic() - began)
        for n in range(1, ROUNDS + 1):
            scene.round(n, dice, length)
        ok(f"seed {SEED}: no value is left over on the rotator's disk", wait_for("its notes' end", lambda: not os.listdir(rotator.state / "pending") and not os.listdir(rotator.state / "rotations")))
        ok("a clean stop", rotator.stop() == 0)
finish()
