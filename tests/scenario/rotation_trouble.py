"""Hooks that lie, hang, leak, refuse or do nothing; a broker that goes away; openings that live on: the old version serves until the new one is proven."""
import base64, json, os, pathlib, subprocess
from harness import BUILD, World, finish, ok, wait_for
from rotator_process import Rotator, statements, steps
from second_reader import values

CREDENTIAL, FIRST = "prod/vault/root", "the first value of all"
HOOK = str(BUILD / "rotators" / "hooks" / "file")


class Vault:
    """The target of the `file` hook, and hooks that stand in for it."""

    def __init__(self, folder):
        self.folder, self.path = folder, str(folder / "vault")
        self.step("set", FIRST)

    def step(self, step, value):
        request = {"idempotency_key": "test", "credential": CREDENTIAL, "config": {"path": self.path},
                   "pending": {"password": base64.b64encode(value.encode()).decode()}}
        return subprocess.run([HOOK, step], input=json.dumps(request), capture_output=True, text=True).returncode

    def accepts(self, value):
        return self.step("test", value) == 0

    def hook(self, name, body):
        """A hook in shell; `real` runs the real one with the same input."""
        path = self.folder / name
        path.write_text(f"#!/bin/sh\nstate={self.folder}/{name}.state\n[ \"$1\" = describe ] && exec {HOOK} describe\nrequest=$(cat)\n"
                        f"real() {{ printf '%s' \"$request\" | {HOOK} \"$1\"; }}\n{body}\nreal \"$1\"\n")
        os.chmod(path, 0o700)
        return {"file": {"program": str(path), "config": {"path": self.path}}}


def case(body, name="hook", timeout="20s", custody=True):
    """A fresh world with one vault, and a rotator whose hook behaves as given."""
    w = World(rotators=["rot-1"], credentials={CREDENTIAL: {"opens_what": "the vault", "sealers": ["alice"], "rotate": {"hook": "file"}}})
    vault = Vault(w.dir)
    w.seal(CREDENTIAL, {"password": FIRST})
    if custody:
        for holder in ("alice", "bob", "carol"):
            w.must(holder, "inbox")
    return w, vault, Rotator(w, vault.hook(name, body), timeout=timeout)


def order(w):
    w.must("alice", "rotate", CREDENTIAL, "--why", "to see it hold")


def is_over(w, vault, rotator, what, evidence="replaced"):
    found = values(w)
    done = statements(w, "rotation")[-1]
    number = max(found)
    ok(f"{what}: in the end it is rotated", done["step"] == "done" and done["evidence"]["old"] == evidence and
       vault.accepts(found[number]) and not vault.accepts(FIRST), (done, steps(w), rotator.text()[-2000:]))
    return number


def until(w, rotator, what, probe):
    wait_for(what, lambda: probe(steps(w)) or rotator.process.poll() is not None)
    return probe(steps(w))


# ---- it hangs after it has done its work ----
w, vault, rotator = case('[ "$1" = set ] && [ ! -e $state ] && { real set >/dev/null; touch $state; exec sleep 1000; }', timeout="1s")
with w:
    order(w)
    ok("a hook that hangs is killed", rotator.once() == 0)
    said = steps(w)
    ok("its outcome is said to be unknown, and then looked into", said.count("set unknown") == 1 and said.index("set unknown") < said.index("set ok"), said)
    ok("with the same value", is_over(w, vault, rotator, "hang after work") == 2)

# ---- it dies before it has done anything ----
w, vault, rotator = case('[ "$1" = set ] && [ ! -e $state ] && { touch $state; kill -9 $$; }')
with w:
    order(w)
    ok("a hook that dies", rotator.once() == 0 and "set unknown" in steps(w), steps(w))
    ok("is run again with the same value", is_over(w, vault, rotator, "death before work") == 2)

# ---- it says ok and does nothing ----
w, vault, rotator = case('[ "$1" = set ] && [ ! -e $state.mended ] && { echo \'{"status":"ok"}\'; exit 0; }')
with w:
    order(w)
    rotator.start()
    ok("a set that was none is found by the test", until(w, rotator, "test failed", lambda s: "test failed" in s), steps(w))
    found = values(w)
    ok("the current version still opens and works; nothing is promoted", vault.accepts(found[1]) and "promoted" not in steps(w), steps(w))
    (w.dir / "hook.state.mended").touch()
    until(w, rotator, "the end", lambda s: s[-1] == "done")
    rotator.stop()
    ok("once the hook is mended, it ends with the same value", is_over(w, vault, rotator, "empty set") == 2)

# ---- the target refuses values ----
w, vault, rotator = case('[ "$1" = set ] && { echo x >>$state; [ $(wc -l <$state) -le 2 ] && { echo \'{"status":"failed","value":"rejected","why":"not pretty"}\'; exit 1; }; }')
with w:
    order(w)
    ok("a refused value", rotator.once() == 0 and steps(w).count("set failed") == 2, steps(w))
    ok("is replaced by another", is_over(w, vault, rotator, "two refusals") == 4)
    ok("refused values are not kept", not os.listdir(rotator.state / "pending"))

w, vault, rotator = case('[ "$1" = set ] && [ ! -e $state.mended ] && { echo \'{"status":"failed","value":"rejected","why":"never pretty"}\'; exit 1; }')
with w:
    order(w)
    ok("after five refused values it gives up", rotator.once() == 0 and steps(w).count("set failed") == 5, steps(w))
    ok("and does not begin anew by itself", rotator.once() == 0 and steps(w).count("set failed") == 5, steps(w))
    ok("the old version still opens and works", vault.accepts(values(w)[1]))
    (w.dir / "hook.state.mended").touch()
    ok("--retry begins anew", rotator.once() == 0 and "set ok" not in steps(w) and rotator.start("--once", "--retry").process.wait(60) == 0)
    is_over(w, vault, rotator, "after giving up")

# ---- it prints the secret ----
w, vault, rotator = case('[ "$1" = set ] && printf "%s" "$request" | jq -r ".pending.password | @base64d" >&2')
with w:
    order(w)
    ok("a hook that prints the secret", rotator.once() == 0 and "set unknown" in steps(w), steps(w))
    is_over(w, vault, rotator, "leak")
    ok("it is withheld from the log, and the leak is said", not any(v in rotator.text() for v in values(w).values()) and
       "printed a secret" in rotator.text(), rotator.text()[-3000:])

# ---- the broker goes away in the middle ----
w, vault, rotator = case('[ "$1" = set ] && { touch $state.reached; while [ ! -e $state.go ]; do sleep 0.05; done; }', timeout="60s")
with w:
    order(w)
    rotator.start()
    wait_for("the hook", lambda: (w.dir / "hook.state.reached").exists())
    w.kill()
    (w.dir / "hook.state.go").touch()
    wait_for("the rotator's trouble", lambda: "broker.away" in rotator.text() or "rotation.delayed" in rotator.text())
    w.start()
    ok("the broker is killed while the hook works: it goes on when it is back", until(w, rotator, "the end", lambda s: s[-1] == "done"), steps(w))
    ok("a stop between two steps is clean", rotator.stop() == 0)
    ok("with the same value", is_over(w, vault, rotator, "broker away") == 2)

# ---- a live opening of the old version ----
w, vault, rotator = case(":")
with w:
    asked = [w.request(by=who, credential=CREDENTIAL, incident=incident) for who, incident in (("erin", "INC-1"), ("frank", "INC-2"))]
    for one in asked:
        for holder in ("alice", "bob"):
            w.approve(holder, one)
    opened = [w.open(one, by=who).out.strip() for who, one in zip(("erin", "frank"), asked)]
    ok("two people open the same version", opened == [FIRST, FIRST], opened)
    w.must("erin", "close", "INC-1")
    ok("one closes: the new version is set and promoted, but nothing is revoked under the other's hands", rotator.once() == 0 and
       steps(w)[-1] == "promoted", steps(w))
    ok("the other one can still open the old one again", w.open(asked[1], by="frank").out.strip() == FIRST)
    w.must("frank", "close", "INC-2")
    ok("the last one closes", rotator.once() == 0)
    is_over(w, vault, rotator, "live opening", evidence="refused")

# ---- the holders change while the new version waits for them ----
w, vault, rotator = case(":", custody=False)
with w:
    order(w)
    rotator.once()
    ok("a new version waits for its holders", steps(w) == ["claim"] and max(values(w)) == 2, steps(w))
    signed = w.sign_roster(w.roster_yaml(holders=["alice", "bob", "frank"], requesters=["erin"]))
    w.must("alice", "roster", "submit", signed)
    rotator.once()
    ok("the holders change: another one is sealed to the new ones", len(statements(w, "version")) == 3 and
       {s["holder"] for s in statements(w, "version")[-1]["shares"]} == {"alice", "bob", "frank"}, rotator.text()[-2000:])
    for holder in ("alice", "bob", "frank"):
        w.must(holder, "inbox")
    ok("with their custody it goes on", rotator.once() == 0)
    is_over(w, vault, rotator, "changed holders")

# ---- configuration ----
with World(rotators=["rot-1"], credentials={CREDENTIAL: {"opens_what": "the vault", "sealers": ["alice"], "rotate": {"hook": "file"}}}) as w:
    good = {"file": {"program": HOOK, "config": {"path": str(w.dir / "vault")}}}
    rotator = Rotator(w, good)
    ok("--check asks every hook", rotator.start("--check").process.wait(60) == 0 and f"{CREDENTIAL}: ok" in rotator.text(), rotator.text())
    rotator.configure({"file": {"program": HOOK, "config": {}}})
    ok("and says which is not ready", rotator.start("--check").process.wait(60) != 0 and "NOT READY" in rotator.text(), rotator.text())
    first, second = Rotator(w, good), Rotator(w, good)
    first.start()
    wait_for("its start", lambda: "rotator.started" in first.text())
    ok("a rotator that reaches its broker by a socket says that they share a host", "rotator.beside_broker" in first.text())
    ok("two rotators on one state folder: the second one refuses", second.once() == 2 and "another rotator" in second.text(), second.text())
    first.stop()
    others = w.dir / "others"
    others.write_text("#!/bin/sh\n"), os.chmod(others, 0o777)
    rotator.configure({"file": {"program": str(others), "config": {}}})
    ok("a hook that others can change is refused", rotator.once() == 10 and "unsafe-program" in rotator.text(), rotator.text())
    rotator.configure(good)
    text = rotator.config.read_text().replace(w.genesis, "00" * 32)
    rotator.config.write_text(text)
    ok("another installation's pin is refused", rotator.once() == 4 and "no-pin" in rotator.text(), rotator.text())
# ---- two targets that are busy, one of them says for how long ----
names = {"away": "", "busy": ',"retry_after_s":3600'}
w = World(rotators=["rot-1"], credentials={f"prod/{n}/root": {"opens_what": "the vault", "sealers": ["alice"], "rotate": {"hook": n}} for n in names})
with w:
    vault, hooks = Vault(w.dir), {}
    for n, more in names.items():
        hooks[n] = vault.hook(n, f"echo $1 >>$state; echo '{{\"status\":\"failed\"{more}}}'; exit 75")["file"]
        w.seal(f"prod/{n}/root", {"password": FIRST})
    for holder in ("alice", "bob", "carol"):
        w.must(holder, "inbox")
    for n in names:
        w.must("alice", "rotate", f"prod/{n}/root", "--why", "to see it wait")
    rotator = Rotator(w, hooks).start()
    asked = {n: (lambda path: lambda: len(path.read_text().split()) if path.exists() else 0)(w.dir / f"{n}.state") for n in names}
    wait_for("both to be asked, one of them again and again", lambda: asked["busy"]() > 0 and asked["away"]() > 3 or rotator.process.poll() is not None)
    ok("a target that says how long it wants to be left alone is left alone, the other is asked again", asked["busy"]() == 1 and asked["away"]() > 3,
       ({n: count() for n, count in asked.items()}, rotator.text()[-2000:]))
    rotator.stop()
finish()
