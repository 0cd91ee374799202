"""kill -9 of the rotator at every step of a rotation, against a real PostgreSQL: at every stop one version opens and logs in, and afterwards the rotation goes on with the same value."""
import os, signal
from harness import BUILD, World, finish, ok
from postgres_server import Postgres
from rotator_process import Rotator, statements, steps
from second_reader import values

ROLE, CREDENTIAL, FIRST = "breakglass", "prod/db/root", "the first password of all"
STEPS = ("check", "claim", "seal", "start-set", "set", "test", "promote", "start-revoke", "revoke", "forget")
HOOKS = ("set", "test", "revoke")


def stepped(step):
    return f'"event":"rotation.stepped","step":"{step}"'


def hook(event, step):
    return f'"event":"hook.{event}","step":"{step}"'


def world_for(pg, **more):
    rotate = {"hook": "postgres", "config": {"host": "127.0.0.1", "port": pg.port, "role": ROLE}}
    w = World(rotators=["rot-1", "rot-2"], credentials={CREDENTIAL: {"opens_what": "the main database", "sealers": ["alice"], "rotate": rotate}}, **more)
    w.seal(CREDENTIAL, {"password": FIRST})
    return w


def prove_custody(w):
    for holder in ("alice", "bob", "carol"):
        w.must(holder, "inbox")


def hooks(pg, program=None, **config):
    return {"postgres": {"program": str(program or BUILD / "rotators" / "hooks" / "postgres"),
                         "config": {"admin_user": "postgres", "admin_password_file": pg.password_file, **config}}}


def order(w):
    w.must("alice", "rotate", CREDENTIAL, "--why", "to see it hold")


def someone_gets_in(w, pg):
    """Promise: at every instant a version opens, and its value logs in."""
    found = values(w)
    return any(pg.login(ROLE, value) == "" for value in found.values()), found


def newest(w):
    return max(values(w).items())


def killed_once(w, pg, rotator, where, **stop):
    before, old = newest(w)
    order(w)
    code = rotator.once(**stop)
    if code == 0 and "stop_at_call" in stop:
        return False  # there were fewer calls
    held, found = someone_gets_in(w, pg)
    ok(f"killed {where}: a version opens and logs in", code == -signal.SIGKILL and held, (code, found, rotator.text()[-2000:]))
    code = rotator.once()
    number, value = newest(w)
    done = statements(w, "rotation")[-1]
    ok(f"killed {where}: afterwards it is rotated and proven", code == 0 and done["step"] == "done" and
       done["evidence"]["old"] == "replaced" and done["evidence"]["new"] == "works", (code, done, rotator.text()[-3000:]))
    posted = number - before
    ok(f"killed {where}: with the same value", posted == 1 or ("stop_at_call" in stop and posted == 2), (before, number))
    ok(f"killed {where}: the new password logs in, the old one does not", pg.login(ROLE, value) == "" and pg.login(ROLE, old) != "")
    ok(f"killed {where}: nothing is left over", not os.listdir(rotator.state / "rotations") and not os.listdir(rotator.state / "pending"))
    return True


with Postgres() as pg:
    pg.sql(f"CREATE ROLE {ROLE} LOGIN SUPERUSER PASSWORD '{FIRST}'")
    with world_for(pg) as w:
        rotator = Rotator(w, hooks(pg))

        ok("before anything is due, there is nothing to do", rotator.once() == 0 and steps(w) == [], rotator.text())

        # ---- holders first: nothing is set that they could not open ----
        order(w)
        ok("ordered, but too few holders have proven their shares: nothing is set", rotator.once() == 0 and "set started" not in steps(w), steps(w))
        found = values(w)
        ok("the new version waits beside the old one, which opens and logs in", sorted(found) == [1, 2] and pg.login(ROLE, found[1]) == "" and
           pg.login(ROLE, found[2]) != "", found)
        prove_custody(w)
        ok("with custody it goes on, in order", rotator.once() == 0 and [s for s in steps(w) if s != "claim"] ==
           ["set started", "set ok", "test ok", "promoted", "revoke started", "done"], (steps(w), rotator.text()[-3000:]))
        done = statements(w, "rotation")[-1]["evidence"]
        ok("evidence without a handover: replaced", done["old"] == "replaced" and done["new"] == "works", done)
        second = newest(w)[1]
        ok("it is the value that waited", second == found[2] and pg.login(ROLE, second) == "" and pg.login(ROLE, FIRST) != "")

        # ---- the whole job: opened, closed, handed over, rotated ----
        asked = w.request(credential=CREDENTIAL)
        for who in ("bob", "carol"):
            w.approve(who, asked)
        ok("it is opened", w.open(asked).out.strip() == second)
        ok("while it is open, it is not rotated", rotator.once() == 0 and steps(w)[-1] == "done" and newest(w)[0] == 2, steps(w))
        w.must("erin", "close", "INC-7")
        code = rotator.once()
        done = statements(w, "rotation")[-1]["evidence"]
        ok("closed: the handed-over old password was tried and refused, the new one works", code == 0 and done["old"] == "refused" and
           done["new"] == "works", (code, done, rotator.text()[-3000:]))
        number, value = newest(w)
        ok("psql: the old password is refused", "password authentication failed" in pg.login(ROLE, second))
        ok("psql: the new one logs in", pg.login(ROLE, value) == "" and value != second)
        asked = w.request(credential=CREDENTIAL, incident="INC-8")
        for who in ("alice", "bob"):
            w.approve(who, asked)
        ok("and it is what the next opening gives", w.open(asked).out.strip() == value)
        w.must("erin", "close", "INC-8")
        ok("that one is rotated too", rotator.once() == 0 and pg.login(ROLE, value) != "" and newest(w)[0] == number + 1)

        # ---- kill -9 at every step ----
        for step in STEPS:
            killed_once(w, pg, rotator, f"before step {step}", stop_at=stepped(step))
        for step in HOOKS:
            killed_once(w, pg, rotator, f"before the hook's {step}", stop_at=hook("started", step))
            killed_once(w, pg, rotator, f"after the hook's {step}", stop_at=hook("ended", step))

        # ---- killed again while it looks what the first kill left ----
        before, old = newest(w)
        order(w)
        stops = [rotator.once(stop_at=hook("ended", "set")), rotator.once(stop_at=stepped("reconcile")), rotator.once(stop_at=hook("ended", "reconcile"))]
        held, found = someone_gets_in(w, pg)
        ok("killed three times in a row: a version opens and logs in", stops == [-signal.SIGKILL] * 3 and held, (stops, found))
        ok("and it ends with the same value", rotator.once() == 0 and newest(w)[0] == before + 1 and pg.login(ROLE, newest(w)[1]) == "" and
           pg.login(ROLE, old) != "")

        # ---- at calls to the disk, the broker and other programs, wherever they fall ----
        at, held_points = 5, 0
        while killed_once(w, pg, rotator, f"at call {at}", stop_at_call=at):
            at, held_points = at + 4, held_points + 1
        ok("calls were found to kill it at", held_points >= 5, held_points)

        # ---- nothing of it lies about ----
        secrets = set(values(w).values()) | {FIRST, value, old}
        places = [rotator.state, rotator.log, w.state, w.dir / "broker.log"]
        found = [(str(path), secret) for place in places for path in ([place] if place.is_file() else [p for p in place.rglob("*") if p.is_file()])
                 for secret in secrets if secret.encode() in path.read_bytes()]
        ok("no password in the rotator's folder or log, nor at the broker", not found, found)
        ok("nor in PostgreSQL's log of every statement", not any(s in pg.server_log() for s in secrets - {FIRST}))

        # ---- two rotators ----
        second = Rotator(w, hooks(pg), name="rot-2")
        order(w)
        before = newest(w)[0]
        rotator.once(stop_at=stepped("start-set"))
        said = len(steps(w))
        ok("another rotator leaves the work to the one with the lease", second.once() == 0 and len(steps(w)) == said and
           newest(w)[0] == before + 1, (steps(w)[said:], second.text()[-1000:]))
        ok("which ends it", rotator.once() == 0 and newest(w)[0] == before + 1)
finish()
