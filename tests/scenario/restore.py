"""A broker's host is gone: a vault export brings it back on a new one, the longest of the clients' logs gives back what came after the export,
what nobody holds any more is named, and nobody is asked to believe anything."""
import hashlib, hmac, json, re, shutil, subprocess

from harness import BREAKGLASSD, Done, World, finish, ok


def broker_command(w, *arguments):
    args = [BREAKGLASSD, *map(str, arguments), "--config", w.config]
    return Done(arguments, subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL))


def entries(w, who="alice"):
    return len([l for l in w.must(who, "log", "tail", "--all", "--json").out.splitlines() if l.startswith("{")])


def resolved(w, incident):
    """PagerDuty's webhook, the same bytes each time; the answer and its code."""
    body = json.dumps({"event": {"event_type": "incident.resolved", "data": {"id": incident}}})
    signature = hmac.new(b"both know it", body.encode(), hashlib.sha256).hexdigest()
    return subprocess.run(["curl", "-s", "-w", " %{http_code}", "--unix-socket", w.socket, "-H", f"X-PagerDuty-Signature: v1={signature}", "-d", body,
                           "http://broker/v1/hooks/pagerduty"], stdout=subprocess.PIPE, text=True).stdout


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

# Two clients saw more than the export, one of them more than the other; a version sealed after the export is in no file.
CREDENTIALS = {name: {"opens_what": name, "sealers": ["alice"]} for name in ("prod/db/root", "prod/late")}
with World(credentials=CREDENTIALS, tls=True) as w:
    w.seal(fields={"password": "first"})
    vault = w.dir / "vault.export"
    done = broker_command(w, "export", vault)
    exported = entries(w)
    asked = w.request()
    w.approve("bob", asked)
    w.must("bob", "status")
    w.approve("carol", asked)
    ok("it is opened after the export, too", w.open(asked).out.strip() == "first")
    w.seal("prod/late", fields={"password": "late"})
    w.must("alice", "status")
    held = entries(w)
    w.kill()
    shutil.rmtree(w.state)
    logs = {name: w.dir / f"{name}.log" for name in ("alice", "bob", "frank")}
    for name, log in logs.items():
        ok(f"{name} writes their copy of the log without a broker", w.run(name, "log", "export", log).code == 0)
    size = {name: log.read_bytes().count(b'"at":') for name, log in logs.items()}
    ok("the export is older than both, and one has more", exported < size["bob"] < size["alice"] == held, (exported, size, held))

    done = broker_command(w, "init", "--from", vault, "--log", logs["frank"], "--genesis", w.genesis)
    ok("a log that is shorter than the export does no harm, and is said to have nothing", done.code == 0 and "frank.log: 1 entries, none" in done.out
       and f"{exported} entries" in done.out, done)
    shutil.rmtree(w.state)
    done = broker_command(w, "init", "--from", vault, "--log", logs["bob"], "--genesis", w.genesis)
    ok("the shorter of the two brings back what it has", done.code == 0 and f"{size['bob']} entries" in done.out, done)
    w.start()
    done = w.run("alice", "request", "prod/db/root", "--emergency", "E1", "--incident", "I", "--reason", "x")
    ok("who has seen more refuses it (exit 4)", done.code == 4, done)
    w.stop()
    shutil.rmtree(w.state)

    done = broker_command(w, "init", "--from", vault, "--log", logs["alice"], "--genesis", w.genesis)
    missing = [l for l in done.out.splitlines() if l.startswith("missing:")]
    ok("the longest gives every entry back", done.code == 0 and f"{held} entries" in done.out, done)
    ok("and what was sealed after the export is said to be missing, that alone", len(missing) == 1 and "prod/late version 1" in missing[0], done)
    w.start()
    for name in ("alice", "bob", "erin"):
        ok(f"{name} goes on where they were", w.run(name, "log", "verify").code == 0 and entries(w, name) >= held)
    second = w.request(incident="INC-8")
    for holder in ("alice", "bob"):
        w.approve(holder, second)
    ok("what is not missing opens", w.open(second).out.strip() == "first")
    w.seal("prod/late", fields={"password": "anew"})
    for holder in w.holders:
        w.must(holder, "inbox")
    third = w.request(credential="prod/late", incident="INC-9")
    for holder in ("alice", "bob"):
        w.approve(holder, third)
    done = w.open(third)
    ok("and what was missing opens once it is sealed anew", done.out.strip() == "anew", done)

    # The broker's keys are gone with its host.
    w.must("alice", "status")
    held = entries(w)
    w.kill()
    shutil.rmtree(w.state)
    logs["alice"].unlink()
    w.must("alice", "log", "export", logs["alice"])
    keys = w.dir / "keys"
    keys.rename(w.dir / "burnt")
    done = w._plain([BREAKGLASSD, "keygen", "--dir", str(keys)])
    line = next(l.strip() for l in done.out.splitlines() if "signs:" in l)
    done = broker_command(w, "init", "--from", vault, "--log", logs["alice"], "--genesis", w.genesis)
    ok("with keys that the roster does not name nothing is made (bad-key)", done.word() == "bad-key" and not (w.state / "broker.db").exists(), done)

    # The admins write the next roster out of their own copy, with the new broker's line; nobody needs a broker for that.
    w.must("alice", "roster", "next", "--out", w.dir / "next.yaml")
    text = re.sub(r"^broker: .*$", line, (w.dir / "next.yaml").read_text(), flags=re.M)
    (w.dir / "next.yaml").write_text(text)
    signed, digest = w.dir / "next.yaml.signed", hashlib.sha256(text.encode()).hexdigest()
    w.must("alice", "roster", "sign", w.dir / "next.yaml", "--yes-sha256", digest)
    restore = ["init", "--from", vault, "--log", logs["alice"], "--genesis", w.genesis, "--roster", signed]
    done = broker_command(w, *restore)
    ok("a next roster that too few admins signed is refused, and nothing is made", done.code not in (0, 2) and not (w.state / "broker.db").exists(), done)
    w.must("bob", "roster", "sign", w.dir / "next.yaml", "--yes-sha256", digest)
    done = broker_command(w, *restore)
    ok("signed by enough of them it brings the broker back with its new keys", done.code == 0 and f"{held + 1} entries" in done.out, done)
    w.start()
    for name in ("alice", "bob", "erin"):
        ok(f"{name} follows the new keys", w.run(name, "log", "verify").code == 0 and entries(w, name) > held, w.run(name, "log", "verify"))
    done = w.run("frank", "status", "--broker", f"https://{w.listen()['tls']}")
    ok("so does over TLS who has seen nothing since the old ones", done.code == 0 and "roster 2" in done.out, done)
    asked = w.request(incident="INC-K")
    for holder in ("alice", "bob"):
        w.approve(holder, asked)
    ok("and the credential opens there", w.open(asked).out.strip() == "first")
    w.stop()
    w.start()
    ok("the broker starts again with the new keys alone", w.run("carol", "status").code == 0)
    w.stop()
    shutil.rmtree(w.state)
    done = broker_command(w, "init", "--from", vault, "--log", logs["alice"], "--genesis", w.genesis, "--roster", vault)
    ok("what is no roster is refused", done.code not in (0, 2) and not (w.state / "broker.db").exists(), done)

# A credential was retired: its last version is still in every export, so the restored broker must be able to export it again.
with World(credentials=CREDENTIALS) as w:
    w.seal(fields={"password": "first"})
    w.seal("prod/late", fields={"password": "late"})
    w.must("alice", "roster", "submit", w.sign_roster(w.roster_yaml(credentials={"prod/db/root": CREDENTIALS["prod/db/root"]})))
    vault, again = w.dir / "vault.export", w.dir / "again.export"
    broker_command(w, "export", vault)
    w.stop()
    shutil.rmtree(w.state)
    done = broker_command(w, "init", "--from", vault, "--genesis", w.genesis)
    ok("restored with a retired credential, nothing is missing", done.code == 0 and "missing" not in done.out, done)
    done = broker_command(w, "export", again)
    blobs = [[l for l in path.read_bytes().splitlines() if l.startswith(b'{"sha256"')] if path.exists() else None for path in (vault, again)]
    ok("and the next export carries the same sealed parts", done.code == 0 and blobs[0] == blobs[1] and len(blobs[0]) == 8, done)

# A webhook that comes before any person has said something is told to come again: it is not lost.
with World() as w:
    w.seal(fields={"password": "first"})
    asked = w.request()
    for holder in ("alice", "bob"):
        w.approve(holder, asked)
    w.open(asked)
    vault = w.dir / "vault.export"
    broker_command(w, "export", vault)
    w.stop()
    shutil.rmtree(w.state)
    broker_command(w, "init", "--from", vault, "--genesis", w.genesis)
    secret = w.dir / "webhook-secret"
    secret.touch(0o600)
    secret.write_text("both know it")
    with open(w.config, "a") as config:
        config.write(f"webhooks: {{pagerduty: {{secret_file: {secret}}}}}\n")
    w.start()
    done = resolved(w, "INC-7")
    ok("right after a restore a webhook is to come again (503 restored)", "503" in done and "restored" in done, done)
    w.request(incident="INC-8")
    before = entries(w)
    done = resolved(w, "INC-7")
    ok("once a person has said something the same one is taken (202)", "202" in done and entries(w) > before, done)

finish()
