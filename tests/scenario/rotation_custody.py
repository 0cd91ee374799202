"""A new version that fewer than M holders could open is never brought in: the rotator rests, says whom it waits for, people are paged, the broker refuses
a rotator that goes on all the same; and it goes on by itself once enough of them have proven their shares, also after a holder has changed keys."""
import os, pathlib, shutil
from harness import World, finish, ok, wait_for
from page_file import PageFile
from rotator_process import HOOK, Rotator, Vaults, steps
from second_reader import values
from wire import Line, Wire

CREDENTIAL, FIRST = "prod/vault/root", "the first value of all"


def waits(rotator, names, times=1):
    """What the rotator's log and its --dry-run say; the log for so many times."""
    words = f"waits until 2 holders have proven their shares of the new version; still to come: {names} (`breakglass inbox`)"
    return wait_for(f"waiting for {names}", lambda: [l["why"] for l in rotator.lines() if l.get("event") == "rotation.waits"] == [words] * times or rotator.process.poll() is not None) and words


def preview(w, rotator):
    """--dry-run of a second process on a copy of the state folder, while the first one works."""
    other = Rotator(w, HOOKS, name="rot-1")
    other.state, other.config, other.log = w.dir / "state-preview", w.dir / "preview.yaml", w.dir / "preview.log"
    shutil.rmtree(other.state, ignore_errors=True)
    shutil.copytree(rotator.state, other.state)
    other.configure(HOOKS)
    other.log.write_text("")
    code = other.start("--dry-run").process.wait(60)
    return code, "\n".join(l for l in other.text().splitlines() if not l.startswith("{"))


def paged(pages, names, version):
    text = f"holders have proven their shares, still to come: {names} (`breakglass inbox`)"
    return wait_for(f"the page for {names}", lambda: [e for e in pages.of("rotation-due") if text in e["text"] and f"version {version} " in e["text"]])


def done(w):
    return steps(w).count("done")


# Whatever a holder says proves their shares, too: bob, who proves nothing, is no admin here.
with PageFile() as pages, World(rotators=["rot-1"], admins=("alice", "frank"), channels=pages.channels, credentials={CREDENTIAL: {"opens_what": "the vault", "sealers": ["alice"], "rotate": {"hook": "file"}}}) as w:
    vaults, wire = Vaults(w.dir, {CREDENTIAL: FIRST}), Wire(w)
    HOOKS = {"file": {"program": HOOK, "config": {"path": vaults.path(CREDENTIAL)}}}
    w.seal(CREDENTIAL, {"password": FIRST})
    rotator = Rotator(w, HOOKS)

    # ---- only alice, who sealed the first one, has proven anything ----
    w.must("alice", "rotate", CREDENTIAL, "--why", "to see it wait")
    rotator.start()
    words = waits(rotator, "bob, carol")
    ok("the rotator says whom it waits for, once", rotator.text().count("rotation.waits") == 1, rotator.text()[-2000:])
    ok("so does --dry-run", preview(w, rotator) == (0, f"{CREDENTIAL} version 1: {words}"), preview(w, rotator))
    ok("a page says so, too", paged(pages, "bob, carol", 1))
    ok("a value is sealed, but nothing is set", steps(w) == ["claim"] and max(values(w)) == 2 and vaults.accepts(CREDENTIAL, FIRST), steps(w))

    # ---- a rotator that goes on all the same ----
    old, pending = [l.id for l in map(Line, wire.lines()) if l.type == "version"]
    for what, step, status, word, more in (("the start of `set`", "set", 409, "custody", {"outcome": "started"}), ("a `set` that was ok", "set", 409, "custody", {"outcome": "ok"}),
                                           ("a `set` whose outcome is unknown", "set", 409, "custody", {"outcome": "unknown"}), ("`promoted`", "promoted", 403, "too-early", {})):
        answer = wire.say("rotation", "rot-1", version=old, step=step, pending=pending, **more)
        ok(f"one holder of two is not enough; {what}, forged: {status} {word}", (answer.status, answer.word) == (status, word), answer)
    answer = wire.say("rotation", "rot-1", version=old, step="test", pending=pending, outcome="ok")
    answer = wire.say("rotation", "rot-1", version=old, step="promoted", pending=pending)
    ok("not even after a test that is said to be ok", (answer.status, answer.word) == (403, "too-early"), answer)
    ok("the first version is the current one, and works", vaults.accepts(CREDENTIAL, FIRST) and "promoted" not in steps(w))

    # ---- custody arrives ----
    w.must("carol", "inbox")
    wait_for("the end", lambda: done(w) == 1 or rotator.process.poll() is not None)
    asked = w.request(credential=CREDENTIAL)
    for who in ("alice", "carol"):
        w.approve(who, asked)
    value = w.open(asked).out.strip()
    ok("with the second one it goes on by itself: these two open the new version, and it works", value == values(w)[2] and vaults.accepts(CREDENTIAL, value) and not vaults.accepts(CREDENTIAL, FIRST), (value, steps(w)))

    # ---- a holder changes keys: the former proof is none ----
    w.must("carol", "keygen", "carol", "--out", f"{w.home('carol')}/new", "--no-passphrase")
    signs, opens = pathlib.Path(f"{w.home('carol')}/new").read_text().splitlines()[0].removeprefix("# signs: ").split(" opens: ")
    w.lines["carol"] = f"carol: {{signs: {signs}, opens: {opens}}}"
    w.must("alice", "roster", "submit", w.sign_roster(w.roster_yaml()))
    os.rename(f"{w.home('carol')}/new", w.identity("carol"))
    waits(rotator, "bob, carol", 2)
    ok("with new keys, carol's proof is none: a page names her and bob", paged(pages, "bob, carol", 2))
    ok("nothing more is set meanwhile", steps(w).count("set started") == 1 and vaults.accepts(CREDENTIAL, value), steps(w))
    shutil.rmtree(f"{w.home('carol')}/state")
    w.join("carol")
    w.must("carol", "inbox")
    wait_for("promoted", lambda: steps(w).count("promoted") == 2 or rotator.process.poll() is not None)
    w.must("erin", "close", "INC-7")
    wait_for("the end", lambda: done(w) >= 2 or rotator.process.poll() is not None)
    ok("with carol's proof under the new key it goes on", vaults.accepts(CREDENTIAL, max(values(w, people=("alice", "carol")).items())[1]) and not vaults.accepts(CREDENTIAL, value), steps(w))
    ok("a clean stop", rotator.stop() == 0)
finish()
