#!/usr/bin/python3
"""Logs and exports that were altered, cut or forked, wherever the bytes are looked at."""
import base64, json, os, pathlib, random, re, subprocess, sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from harness import BREAKGLASSD, Done, World, finish, ok
from lying_broker import Lie, LyingBroker, Store
from wire import Line, Wire, age_key, broker_key, checkpoint, line_of, person_key, renumber, root_of, sha256, sshsig

SECRET = "correct horse battery staple"


class Bench:
    """`log verify` on files of our making."""

    def __init__(self, w):
        self.w, self.n = w, 0

    def verify(self, content, *more):
        self.n += 1
        path = self.w.dir / "verify.export"
        path.write_bytes(content)
        return self.w.run("erin", "log", "verify", path, *more, identity=False)


def damaged(done, entry=None):
    return done.code == 9 and (entry is None or re.search(rf"\bentry {entry}\b", done.err))


def split(export):
    """(lines, checkpoint, blobs) of an export."""
    log, _, rest = export.partition(b"\n\n")
    note, _, blobs = rest.partition(b"\n\n")
    signature, _, blobs = blobs.partition(b"\n\n") if b"\n\n" in blobs else (blobs, b"", b"")
    return log.split(b"\n"), note + b"\n\n" + signature.rstrip(b"\n") + b"\n", blobs


def joined(lines, note):
    return b"".join(l + b"\n" for l in lines) + b"\n" + (note or b"")


# ---- 42: the log ----


def flipped(b, export, lines):
    """A bit of every kind of byte of every line, and of the checkpoint."""
    chance, wrong, tried, at = random.Random(42), [], 0, 0
    for n, line in enumerate(lines):
        fields = [line.index(k) for k in (b'"n":', b'"at":', b'"type":"', b'"payload":"', b'"signatures":["')]
        places = [p + k for p in fields for k in (0, 8)] + [chance.randrange(len(line)) for _ in range(6)] + [0, len(line) - 1, len(line)]
        for place in places:
            tried += 1
            bad = bytearray(export)
            bad[at + place] ^= chance.choice((1, 2, 4, 32))
            done = b.verify(bytes(bad))
            if not damaged(done):
                wrong.append((n, place, done.code, done.err))
            elif place < len(line) and not damaged(done, n) and b'"at"' not in line[max(0, place - 20):place + 8] and not at_of(line, place):
                wrong.append((n, place, "names another entry", done.err))
        at += len(line) + 1
    ok(f"one bit flipped at {tried} places of {len(lines)} entries: exit 9, and the entry is named", not wrong, wrong[:5])
    wrong = []
    for place in range(at, len(export), 3):
        bad = bytearray(export)
        bad[place] ^= 1
        done = b.verify(bytes(bad))
        if not damaged(done):
            wrong.append((place - at, done.code, done.err))
    ok("one bit flipped in the checkpoint: exit 9", not wrong, wrong[:5])


def at_of(line, place):
    """The digits of `at` alone are unsigned: only the checkpoint covers them, and it can't say which line it was."""
    begin = line.index(b'"at":')
    return begin <= place < line.index(b',"type"')


def moved(b, lines, note):
    wrong = {"left out": [], "swapped with the next": [], "twice": [], "left out, the others renumbered": [], "swapped, renumbered": [], "twice, renumbered": []}
    for n in range(len(lines)):
        tries = {"left out": lines[:n] + lines[n + 1:], "twice": lines[:n + 1] + lines[n:]}
        if n + 1 < len(lines):
            tries["swapped with the next"] = lines[:n] + [lines[n + 1], lines[n]] + lines[n + 2:]
        for what, changed in list(tries.items()):
            other = {"swapped with the next": "swapped, renumbered"}.get(what, {"left out": "left out, the others renumbered", "twice": "twice, renumbered"}.get(what))
            tries[other] = renumber(changed)
        for what, changed in tries.items():
            done = b.verify(joined(changed, note))
            if not damaged(done):
                wrong[what].append((n, done.code, done.err))
    for what, bad in wrong.items():
        ok(f"each of {len(lines)} entries {what}: exit 9", not bad, bad[:3])
    stranger = b.verify(joined(lines + [lines[-1].replace(b'"n":%d' % (len(lines) - 1), b'"n":%d' % len(lines))], note))
    ok("an entry behind the checkpoint that repeats another: exit 9", damaged(stranger), repr(stranger))


def cut(b, w, export, lines, note):
    n, key = len(lines), broker_key(w.dir / "keys")
    head = f"{n}:{root_of(lines).hex()}"
    for k in (1, 2, n // 2):
        done = b.verify(joined(lines[:-k], note))
        ok(f"the last {k} cut off under the same checkpoint: exit 9", damaged(done), repr(done))
        done = b.verify(b"".join(l + b"\n" for l in lines[:-k]))
        ok(f"the last {k} cut off without a checkpoint: consistent up to {n - k}, tail unanchored", done.code == 0 and f"consistent up to {n - k}" in done.out.replace("\n", " ") and
           "tail unanchored" in done.out.replace("\n", " "), repr(done))
        done = b.verify(b"".join(l + b"\n" for l in lines[:-k]), "--head", head)
        ok(f"the last {k} cut off, where a later head is known: exit 9", damaged(done), repr(done))
        signed = joined(lines[:-k], checkpoint(lines[:-k], w.genesis, key).encode())
        done = b.verify(signed, "--head", head)
        ok(f"the last {k} cut off by the broker itself, where a later head is known: exit 9 with both heads",
           damaged(done) and str(n) in done.err and str(n - k) in done.err, repr(done))
        done = b.verify(signed, "--installation", "acme-test")
        ok(f"the last {k} cut off by the broker itself, where this machine has seen more: exit 9", damaged(done), repr(done))
    wrong = []
    for at in range(1, len(export), max(1, len(export) // 150)):
        done = b.verify(export[:at], "--head", head)
        if done.code != 9:
            wrong.append((at, done.code, done.err))
    ok("the file cut anywhere, where the head is known: exit 9", not wrong, wrong[:3])
    done = b.verify(export, "--head", head)
    ok("the whole file with that head holds", done.code == 0, repr(done))
    for what, arguments, code in (("another genesis", ("--genesis", "ab" * 32), 9), ("another root at its size", ("--head", f"{n}:{'ab' * 32}"), 9), ("a later head", ("--head", f"{n + 5}:{'ab' * 32}"), 9),
                                  ("a head that is none", ("--head", "x"), 2), ("a genesis that is none", ("--genesis", "x"), 2)):
        done = b.verify(export, *arguments)
        ok(f"{what}: exit {code}", done.code == code, repr(done))


def forked(b, w, lines):
    """The broker and an admin tell two stories; each alone is whole."""
    key, alice = broker_key(w.dir / "keys"), person_key(w.identity("alice"))
    last = Line(lines[-1])
    payload = json.dumps({"v": 1, "type": "order", "installation": w.genesis, "roster": Line(lines[0]).id, "by": ["alice"], "made_at": last.at, "nonce": "ab" * 16,
                          "head": {"size": len(lines) - 1, "root": root_of(lines[:-1]).hex()}, "versions": [next(l for l in map(Line, lines) if l.type == "version").id],
                          "why": "because"}).encode()
    other = lines[:-1] + [line_of(last.n, last.at, "order", payload, [sshsig(alice, "order", payload)])]
    file = joined(other, checkpoint(other, w.genesis, key).encode())
    done = b.verify(file)
    ok("the other story alone is consistent", done.code == 0, repr(done))
    ours, theirs = root_of(lines).hex(), root_of(other).hex()
    done = b.verify(file, "--head", f"{len(lines)}:{ours}")
    ok("a fork, by a head known: exit 9, both heads are printed", damaged(done) and ours in done.err and theirs in done.err, repr(done))
    done = b.verify(file, "--installation", "acme-test")
    ok("a fork, by what this machine has seen: exit 9, both heads are printed", damaged(done) and ours in done.err and theirs in done.err, repr(done))
    done = b.verify(joined(lines, checkpoint(other, w.genesis, key).encode()))
    ok("one story under the other's checkpoint: exit 9", damaged(done), repr(done))


def hostile_files(b, export):
    for what, content in (("nothing", b""), ("a newline", b"\n"), ("zeros", bytes(100000)), ("random", os.urandom(100000)), ("a byte order mark", b"\xef\xbb\xbf" + export),
                          ("CR LF", export.replace(b"\n", b"\r\n")), ("JSON", b"{}\n"), ("a line of 5 MB", b"{" * 5000000), ("a space behind the first line", export.replace(b"\n", b" \n", 1)),
                          ("keys in another order", export.replace(b'{"n":0,"at"', b'{"at":0,"n"', 1)), ("blank lines without end", b"\n" * 100000), ("the file twice", export + export)):
        done = b.verify(content)
        ok(f"a file of {what}: exit 9", done.code == 9, repr(done)[:600])


# ---- 45: the vault's export ----


def vault(b, w):
    path = w.dir / "vault"
    done = Done(["export"], subprocess.run([BREAKGLASSD, "export", "--config", w.config, str(path)], capture_output=True, text=True))
    ok("a vault's export", done.code == 0, repr(done))
    content = path.read_bytes()
    good = b.verify(content)
    ok("it verifies, its sealed parts too", good.code == 0 and "sealed shares" in good.out, repr(good))
    chance = random.Random(45)
    wrong = []
    places = sorted(chance.sample(range(len(content)), 250))
    for at in places:
        bad = bytearray(content)
        bad[at] ^= chance.choice((1, 2, 4, 8, 16, 32, 64, 128))
        done = b.verify(bytes(bad))
        if done.code != 9:
            wrong.append((at, done.code, done.err, done.out))
    ok("changed at any of 250 bytes: exit 9", not wrong, wrong[:3])
    wrong = []
    second = content.rindex(b'{"sha256":')
    boundary = content.index(b"\n\n{\"sha256\":") + 2
    for n in sorted({*chance.sample(range(1, len(content)), 200), second, second - 1, len(content) - 1, boundary, boundary - 1, boundary - 2}):
        done = b.verify(content[:n], "--blobs")
        if done.code != 9:
            wrong.append((n, done.code, done.err, done.out))
    ok("cut anywhere: exit 9", not wrong, wrong[:3])
    lines = content[boundary:].splitlines(keepends=True)
    for what, changed in (("a sealed part left out", lines[1:]), ("one twice", lines[:1] + lines), ("two in another order", [lines[1], lines[0]] + lines[2:]),
                          ("one that nobody asked for", lines + [json.dumps({"sha256": sha256(b"x").hex(), "blob": base64.b64encode(b"x").decode()}).encode() + b"\n"]),
                          ("one with other bytes", [json.dumps({"sha256": json.loads(lines[0])["sha256"], "blob": "eA=="}).encode() + b"\n"] + lines[1:])):
        done = b.verify(content[:boundary] + b"".join(changed))
        ok(f"{what}: exit 9", done.code == 9, repr(done))
    ok("no re-sealed share is in it", not any(Line(raw).says["share"].encode() in content[boundary:] for raw in Wire(w).lines() if Line(raw).type == "approval"))


# ---- 45b: what every fold refuses ----


def told_by_a_broker(w, story, request, incident):
    """Closes that the broker's own key signs, shown to somebody who checks them: exit 4."""
    key, store = broker_key(w.dir / "keys"), Store(next(w.state.glob("*.db")))

    class Told(Lie):
        def __init__(self, *statements):
            self.statements = statements

        def log(self, lines, broker):
            for kind, fields in self.statements:
                at = Line(lines[-1]).at
                data = json.dumps({"v": 1, "type": kind, "installation": w.genesis, "roster": Line(lines[0]).id, "by": ["broker"], "made_at": at, "nonce": os.urandom(16).hex(),
                                   "head": {"size": len(lines), "root": root_of(lines).hex()}, **fields}).encode()
                lines = lines + [line_of(len(lines), at, kind, data, [sshsig(key, kind, data)])]
            return lines

    proposed = ("notice", {"event": "close-proposed", "channel": "pagerduty", "outcome": "proposed-close", "incident": incident, "deadline": 2**52})
    for what, statements in (("a close by time before its time", [("close", {"request": request, "why": "time"})]), ("a close as expired of what is open", [("close", {"request": request, "why": "expired"})]),
                             ("a close by a webhook that nobody announced", [("close", {"incident": incident, "why": "webhook"})]),
                             ("a close by a webhook inside its grace", [proposed, ("close", {"incident": incident, "why": "webhook"})]),
                             ("a close that the broker calls done", [("close", {"request": request, "why": "done"})]), ("a close by time of an incident", [("close", {"incident": incident, "why": "time"})]),
                             ("a cancel", [("cancel", {"request": request})]), ("an approval", [("approval", {"request": request, "version": story.id, "index": 1, "share": "ab" * 32, "expires_at": 2**52})]),
                             ("a request", [("request", {"credential": "prod/db/root", "version": story.id, "emergency": "E1", "incident": "X", "reason": "x", "open_for": 1000, "reply_to": age_key(),
                                                         "expires_at": 2**52})]),
                             ("an open", [("open", {"request": request})])):
        with LyingBroker(store.copy(), key, w.genesis, Told(*statements)) as liar:
            done = w.run("frank", "status", "--broker", liar.address, "--no-input")
            ok(f"the broker says {what}: every client refuses, exit 4", done.code == 4 and done.word() == "lying-broker", repr(done))
    with LyingBroker(store.copy(), key, w.genesis, Told(proposed)) as liar:
        ok("the announcement alone is believed", w.run("frank", "status", "--broker", liar.address, "--no-input").code == 0)


def main():
    with World(credentials={n: {"opens_what": "a database", "sealers": ["alice"]} for n in ("prod/db/root", "prod/db/other")}) as w:
        w.seal()
        w.seal("prod/db/other")
        w.must("carol", "inbox")
        asked = w.request("erin")
        for who in ("alice", "bob"):
            w.must(who, "approve", asked["request"], "--code", asked["code"])
        w.must("frank", "status")
        assert SECRET in w.open(asked).out
        told_by_a_broker(w, Wire(w).version("prod/db/root"), asked["id"], "INC-7")
        w.must("erin", "close", asked["request"])
        w.must("erin", "status")
        path = w.dir / "log.export"
        w.must("erin", "log", "export", path)
        export = path.read_bytes()
        lines, note, _ = split(export)
        assert joined(lines, note) == export
        b = Bench(w)
        ok("the export that is altered below verifies", b.verify(export).code == 0)
        flipped(b, export, lines)
        moved(b, lines, note)
        cut(b, w, export, lines, note)
        forked(b, w, lines)
        hostile_files(b, export)
        vault(b, w)
    finish()


main()
