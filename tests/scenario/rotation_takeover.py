"""One rotator is cut off from the broker in the middle of `set`, another one is stopped there: a third takes both rotations over when their leases end, never
before, and what the two still have under way harms nothing when they are back."""
import contextlib, json, os, signal, socket, threading
from harness import World, finish, ok, wait_for
from rotator_process import HOOK, Rotator, Vaults, rotations, stand_in, steps
from second_reader import values

CUT, STOPPED = NAMES = ["prod/cut", "prod/stopped"]


def first(name):
    return f"the first value of {name}"


class Line:
    """A socket that leads to the broker's until it is cut."""

    def __init__(self, world):
        self.path, self.target, self.ends = str(world.dir / "line.sock"), world.socket, []
        self.restore()

    def restore(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(64)
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def _accept(self, listener):
        with contextlib.suppress(OSError):
            while True:
                near, far = listener.accept()[0], socket.socket(socket.AF_UNIX)
                far.connect(self.target)
                self.ends += [near, far]
                for a, b in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(a, b), daemon=True).start()

    @staticmethod
    def _carry(a, b):
        with contextlib.suppress(OSError):
            while data := a.recv(65536):
                b.sendall(data)
        for end in (a, b):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self):
        os.unlink(self.path)
        for end in (self.listener, *self.ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def of(w, name, who):
    return [p for c, p in rotations(w) if c == name and p["by"] == [who]]


def sets(rotator):
    return len([l for l in rotator.lines() if l.get("event") == "hook.started" and l["step"] == "set"])


with World(rotators=["rot-1", "rot-2", "rot-3"], credentials={n: {"opens_what": n, "sealers": ["alice"], "rotate": {"hook": n.split("/")[1]}} for n in NAMES}) as w:
    vaults, line = Vaults(w.dir, {n: first(n) for n in NAMES}), Line(w)

    def takes_newest(name):
        found = values(w, credential=name)
        return [n for n, v in found.items() if vaults.accepts(name, v)] == [max(found)]

    for n in NAMES:
        w.seal(n, {"password": first(n)})
    for holder in ("alice", "bob", "carol"):
        w.must(holder, "inbox")
    hang = stand_in(w.dir, "hang", '[ "$1" = set ] && [ ! -e $state ] && { real set >/dev/null; touch $state; exec sleep 1000; }')
    late = stand_in(w.dir, "late", '[ "$1" = set ] && [ ! -e $state ] && { touch $state; while [ ! -e $state.go ]; do sleep 0.05; done; real set >$state.said; echo $? >$state.code; exit 3; }')
    times = {"timeout": "2s", "extra": "lease: 16s\n"}
    def hooks(cut=None, stopped=None):
        return {name: {"program": program, "config": {"path": vaults.path(f"prod/{name}")}} for name, program in (("cut", cut), ("stopped", stopped)) if program}
    cut_off = Rotator(w, hooks(cut=hang), name="rot-1", **times)
    cut_off.config.write_text(cut_off.config.read_text().replace(w.socket, line.path))
    heir = Rotator(w, hooks(HOOK, HOOK), name="rot-2", **times)
    stopped = Rotator(w, hooks(stopped=late), name="rot-3", **times)

    w.must("alice", "rotate", *NAMES, "--why", "to see it hold")
    stopped.start()
    wait_for("a hook to stop in", lambda: (w.dir / "late.state").exists())
    stopped.process.send_signal(signal.SIGSTOP)
    cut_off.start()
    wait_for("a hook to be cut off in", lambda: (w.dir / "hang.state").exists())
    line.cut()
    heir.start()
    wait_for("its hook's end", lambda: any(l.get("event") == "hook.ended" and l["step"] == "set" for l in cut_off.lines()))
    wait_for("the heir", lambda: steps(w).count("done") == 2 or heir.process.poll() is not None)
    for name, former in ((CUT, "rot-1"), (STOPPED, "rot-3")):
        before, after = of(w, name, former), of(w, name, "rot-2")
        ok(f"{name}: the other one was in the middle of `set`", [(p["step"], p.get("outcome")) for p in before] == [("claim", None), ("set", "started")], before)
        ok(f"{name}: its lease is taken over when it ends, not before", after and after[0]["step"] == "claim" and after[0]["made_at"] >= max(p["until"] for p in before if "until" in p), after)
        ok(f"{name}: with a value of the heir's own, and to its end", after[-1]["step"] == "done" and after[-1]["pending"] != before[-1]["pending"] and takes_newest(name), steps(w, name))

    # ---- what was started under the former lease ends late ----
    (w.dir / "late.state.go").touch()
    code = wait_for("the late hook", lambda: (p := w.dir / "late.state.code").exists() and p.read_text().strip())
    said = json.loads((w.dir / "late.state.said").read_text().splitlines()[-1])
    ok("a step that begins after its deadline does nothing, and says so", code == "75" and "deadline" in said["why"] and takes_newest(STOPPED), (code, said))

    # ---- both are back ----
    size = len(rotations(w))
    stopped.process.send_signal(signal.SIGCONT)
    line.restore()
    for rotator in (stopped, cut_off):
        wait_for(f"{rotator.name} to forget it", lambda: not os.listdir(rotator.state / "rotations") or rotator.process.poll() is not None)
        ok(f"{rotator.name} is back: it gives up what is not its own any more, and goes on", rotator.process.poll() is None and sets(rotator) == 1, rotator.text()[-2000:])
        ok(f"{rotator.name} keeps nothing of it: the log says that another value works", not os.listdir(rotator.state / "pending"))
    ok("nothing of theirs is taken by the broker, and the targets take the heir's values", len(rotations(w)) == size and all(map(takes_newest, NAMES)), steps(w))
    ok("the heir stops", heir.stop() == 0)

    w.must("alice", "rotate", *NAMES, "--why", "to see them work again")
    wait_for("the end", lambda: steps(w).count("done") == 4 or None in (cut_off.process, stopped.process))
    ok("the next rotations are theirs again", all(map(takes_newest, NAMES)) and of(w, CUT, "rot-1")[-1]["step"] == of(w, STOPPED, "rot-3")[-1]["step"] == "done", steps(w))
    ok("a clean stop", (cut_off.stop(), stopped.stop()) == (0, 0))
finish()
