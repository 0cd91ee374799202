"""A broker's host is gone: a vault export brings it back on a new one, a client's longer log gives back what came after the export, and
nobody is asked to believe anything."""
import shutil

from harness import BREAKGLASSD, Done, World, finish, ok
import subprocess


def broker_command(w, *arguments):
    args = [BREAKGLASSD, *map(str, arguments), "--config", w.config]
    return Done(arguments, subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL))


def entries(w, who="alice"):
    return len([l for l in w.must(who, "log", "tail", "--all", "--json").out.splitlines() if l.startswith("{")])


with World() as w:
    w.seal(fields={"password": "first"})
    for holder in w.holders:
        w.must(holder, "inbox")
    asked = w.request()
    w.approve("bob", asked)
    vault = w.dir / "vault.export"
    done = broker_command(w, "export", vault)
    ok("a vault export while the broker runs", done.code == 0 and (vault.stat().st_mode & 0o777) == 0o600, done)
    done = w.run("alice", "log", "verify", vault)
    ok("anybody can verify it", done.code == 0, done)
    held = entries(w)

    # After the export: another approval, the opening and its end; only the clients know of it.
    w.approve("carol", asked)
    ok("it is opened after the export", w.open(asked).out.strip() == "first")
    w.must("erin", "close", "INC-7")
    w.must("alice", "status")
    log = w.dir / "alice.log"
    w.must("alice", "log", "export", log)
    w.stop()
    shutil.move(w.state, w.dir / "lost")

    broken = vault.read_bytes()
    (w.dir / "cut").write_bytes(broken[:-40])
    done = broker_command(w, "init", "--from", w.dir / "cut")
    ok("a cut export is refused, and nothing is made (exit 9)", done.code == 9 and not (w.state / "broker.db").exists(), done)
    done = broker_command(w, "init", "--from", vault, "--genesis", "0" * 64)
    ok("another installation's pin refuses it", done.code in (4, 9) and not (w.state / "broker.db").exists(), done)

    # Without the clients' log: those who have seen more find out.
    done = broker_command(w, "init", "--from", vault, "--genesis", w.genesis)
    ok("restored from the export alone", done.code == 0 and f"{held} entries" in done.out, done)
    w.start()
    done = w.run("alice", "log", "tail")
    seen = w.run("alice", "request", "prod/db/root", "--emergency", "E1", "--incident", "I", "--reason", "x")
    ok("a client that has seen a later head refuses the shorter log (exit 4)", seen.code == 4, seen)
    done = w.run("frank", "status")
    w.stop()

    # With it: nothing that a client still holds is lost.
    shutil.rmtree(w.state)
    done = broker_command(w, "init", "--from", vault, "--log", log, "--genesis", w.genesis)
    ok("restored with a client's longer log", done.code == 0 and "missing" not in done.out, done)
    done = broker_command(w, "init", "--from", vault)
    ok("an existing store is never overwritten", done.code == 6, done)
    w.start()
    ok("the clients go on where they were", entries(w) > held)
    ok("the whole log verifies", w.run("alice", "log", "verify").code == 0)
    second = w.request(incident="INC-8")
    for holder in ("alice", "bob"):
        w.approve(holder, second)
    done = w.open(second)
    ok("and the credential opens", done.out.strip() == "first", done)

finish()
