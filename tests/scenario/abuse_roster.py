#!/usr/bin/python3
"""Rosters that break the chain, the threshold or a rule: refused by lint, when they are signed, by the broker and at init; and no trust without a pin."""
import base64, hashlib, json, os, pathlib, subprocess, sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from harness import BREAKGLASS, BREAKGLASSD, Done, World, finish, ok
from nacl.bindings import crypto_core_ed25519_add
from nacl.signing import SigningKey
from second_reader import bech32
from wire import Line, Wire, age_key, string

NO_LIMITS = "limits: {failures_per_minute: 1000000, statements_per_minute: 1000000, sessions_per_minute: 1000000}\n"


def refused(what, answer, status, word):
    ok(f"{what}: {status} {word}", answer.status == status and answer.word == word and set(answer.json) == {"error", "message"}, answer)


def ssh_key(public):
    return "ssh-ed25519 " + base64.b64encode(string(b"ssh-ed25519") + string(public)).decode()


def fresh_line(name):
    return f"{name}: {{signs: {ssh_key(bytes(SigningKey.generate().verify_key))}, opens: {age_key()}}}"


class Chain:
    """Rosters by hand: changed texts, signed by whomever, sent or kept."""

    def __init__(self, w, wire):
        self.w, self.wire = w, wire

    def text(self, **changes):
        """The next roster as the World would write it; nothing of the World is changed."""
        kept = dict(vars(self.w))
        made = self.w.roster_yaml(**changes)
        vars(self.w).clear()
        vars(self.w).update(kept)
        return made

    def post(self, text, *names, keys=()):
        return self.wire.post(self.wire.signed("roster", text.encode(errors="surrogateescape"), *names, keys=keys))

    def submit(self, **changes):
        """A good one, by the programs."""
        text = self.w.roster_yaml(**changes)
        self.w.must("alice", "roster", "submit", self.w.sign_roster(text))
        return text


# ---- 23: the chain and the threshold ----


def chain(w, wire, c):
    genesis, second = w.roster_first, c.submit(roster_extra="# the second\n")
    third = c.submit(roster_extra="# the third\n")
    fourth, last = c.text(), hashlib.sha256(third.encode()).hexdigest()
    refused("another beginning", c.post(genesis + "# other bytes\n", "alice", "bob"), 409, "roster-rollback")
    for what, text, word in (("n+2", fourth.replace("roster: 4", "roster: 5"), "roster-gap"), ("n+1000", fourth.replace("roster: 4", "roster: 1004"), "roster-gap"),
                             ("an older one", second + "# other bytes\n", "roster-rollback"), ("the same number with other bytes", third + "# other bytes\n", "roster-fork"),
                             ("the next number on another roster", fourth.replace(last, "ab" * 32), "roster-fork"),
                             ("the next number on the one before", fourth.replace(last, hashlib.sha256(second.encode()).hexdigest()), "roster-fork")):
        refused(what, c.post(text, "alice", "bob"), 409, word)
        path = w.dir / "candidate.yaml"
        path.write_text(text)
        done = w.run("alice", "roster", "sign", path, "--yes-sha256", hashlib.sha256(text.encode()).hexdigest())
        ok(f"{what}, to be signed: exit 6 {word}", done.code == 6 and done.word() == word and not pathlib.Path(f"{path}.signed").exists(), repr(done))
    numbers = [l.n for l in map(Line, wire.lines()) if l.type == "roster"]
    for what, text, n in (("in force", third, numbers[2]), ("before it", second, numbers[1]), ("of the beginning", genesis, 0)):
        again = c.post(text, "alice", "bob")
        ok(f"the roster {what} said again: its number", again.status == 200 and again.json["n"] == n, again)


def threshold(w, wire, c):
    alice, bob = wire.key("alice"), wire.key("bob")
    text = c.text()
    refused("one admin of two", c.post(text, "alice"), 403, "threshold")
    refused("one admin twice", c.post(text, "alice", "alice"), 403, "threshold")
    refused("one admin 64 times", c.post(text, *["alice"] * 64), 403, "threshold")
    refused("an admin and somebody who is none", c.post(text, "alice", "carol"), 401, "auth")
    refused("nobody of them", c.post(text, "erin", "frank"), 401, "auth")
    twice = text.replace(w.lines["bob"], w.lines["alice"].replace("alice:", "bob:"))
    refused("one key under two names", c.post(twice, "alice"), 400, "bad-roster")
    second = SigningKey.generate()
    renewed = text.replace(ssh_key(bytes(alice.verify_key)), ssh_key(bytes(second.verify_key)))
    refused("one person's two keys, the old and the new", c.post(renewed, keys=[alice, second]), 403, "threshold")
    refused("a person's new key and one other, where both thresholds want two", c.post(renewed, keys=[second, bob]), 403, "threshold")
    other = c.text(admins=["carol", "erin"])
    refused("only the old admins", c.post(other, "alice", "bob"), 403, "threshold")
    refused("only the new admins", c.post(other, "carol", "erin"), 403, "threshold")
    refused("one old, one new", c.post(other, "alice", "carol"), 403, "threshold")
    lower = c.text(admins_need=1)
    refused("a lower threshold by as many as it wants itself", c.post(lower, "alice"), 403, "threshold")
    broker = [l for l in w.dir.joinpath("keys", "sign").read_text().split()][1]
    refused("an admin and the broker", c.post(text, keys=[alice, SigningKey(bytes.fromhex(broker))]), 401, "auth")
    path = w.dir / "one.yaml.signed"
    path.write_text(json.dumps(wire.signed("roster", text.encode(), "alice")) + "\n")
    done = w.run("alice", "roster", "submit", path)
    ok("one admin of two, by the command: exit 4 threshold", done.code == 4 and done.word() == "threshold", repr(done))
    size = wire.size()
    good = c.post(other, "alice", "bob", "carol", "erin")
    ok("both thresholds together are enough", good.status == 200 and wire.size() > size, good)


# ---- 24: rules ----


def mixed_order():
    """A point of the prime-order group plus one of order eight: signatures under it can be made to hold for one verifier and not for another."""
    torsion = bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")
    return crypto_core_ed25519_add(bytes(SigningKey.generate().verify_key), torsion)


def broken(w, text):
    """(what, the changed roster, its word)"""
    carol, erin = w.lines["carol"], w.lines["erin"]
    signs, opens = carol.split("signs: ")[1].split(", opens: ")[0], carol.split("opens: ")[1].rstrip("}")

    def other(old, new, count=1):
        assert old in text, old
        return text.replace(old, new, count)

    many = [f"h{i:02d}" for i in range(33)]
    crowd = other("emergencies:\n", "".join(f"  {fresh_line(h)}\n" for h in many) + "emergencies:\n").replace(
        "people:\n  alice", "people:\n  alice", 1)
    holders = next(part for part in text.split("\n") if "holders: [" in part).split("holders: [")[1].split("]")[0]
    rows = [
        ("M = 0", other("approvals: 2", "approvals: 0")), ("M = 1 without allow_single", other("approvals: 2", "approvals: 1")),
        ("M = -1", other("approvals: 2", "approvals: -1")), ("M > N", other("approvals: 2", "approvals: 4")), ("M = 2^32+2", other("approvals: 2", "approvals: 4294967298")),
        ("N = 33", crowd.replace(f"holders: [{holders}]", f"holders: [{', '.join(many)}]")), ("N = 0", other(f"holders: [{holders}]", "holders: []")),
        ("a key twice", other(signs, erin.split("signs: ")[1].split(", opens: ")[0])), ("an opening key twice", other(opens, erin.split("opens: ")[1].rstrip("}"))),
        ("a person's key that is the broker's", other(signs, w.broker_line.split("signs: ")[1].split(",")[0].rstrip("}"))),
        ("a holder twice", other(f"holders: [{holders}]", f"holders: [{holders}, alice]")), ("a holder who is nobody", other(f"holders: [{holders}]", f"holders: [{holders}, nobody]")),
        ("a requester who is nobody", other("requesters: [", "requesters: [nobody, ")), ("an emergency that nobody defined", other("emergencies: [E1]", "emergencies: [E1, E9]")),
        ("a policy that is not there", other('"policy": "main"', '"policy": "other"')), ("a sealer who is nobody", other('"sealers": ["alice"]', '"sealers": ["nobody"]')),
        ("no admins", other("people: [carol, erin]", "people: []")), ("admins: need 0", other("need: 2", "need: 0")), ("admins: need more than there are", other("need: 2", "need: 3")),
        ("an admin twice", other("people: [carol, erin]", "people: [carol, carol]")), ("an admin who is nobody", other("people: [carol, erin]", "people: [carol, nobody]")),
        ("an unknown key", other("emergencies:\n", "surprise: 1\nemergencies:\n")), ("an unknown key of a policy", other("approvals: 2", "approvals: 2, surprise: 1")),
        ("an unknown key of a person", other("opens: " + opens, "opens: " + opens + ", surprise: 1")), ("a duplicate key", other("emergencies:\n", "name: twice\nemergencies:\n")),
        ("a duplicate person", other("emergencies:\n", f"  {carol}\nemergencies:\n")), ("no policies' request_for", other("request_for: 30m, ", "")),
        ("an anchor", other("approvals: 2", "approvals: &x 2")), ("an alias", other("approvals: 2", "approvals: *x")), ("a tag", other("approvals: 2", "approvals: !!int 2")),
        ("a merge", other("approvals: 2", "<<: {}, approvals: 2")), ("a directive", "%YAML 1.1\n---\n" + text), ("two documents", text + "---\nroster: 9\n"),
        ("a NUL", text + "\0"), ("invalid UTF-8", text + "# \udcff\n"), ("a byte order mark", "\ufeff" + text),
        ("an unfinished list", other("[carol, erin]", "[carol, erin")), ("a duration without a unit", other("request_for: 30m", "request_for: 30")),
        ("a duration of 0", other("request_for: 30m", "request_for: 0m")), ("a negative duration", other("request_for: 30m", "request_for: -30m")),
        ("a duration that overflows", other("request_for: 30m", "request_for: 99999999999999999999w")), ("yes where true belongs", other("approvals: 2", "approvals: 2, allow_single: yes")),
        ("a number with a leading zero", other("approvals: 2", "approvals: 02")), ("a number with a sign", other("approvals: 2", "approvals: +2")), ("a hex number", other("approvals: 2", "approvals: 0x2")),
        ("no name", other("name: acme-test\n", "")), ("an empty name", other("name: acme-test", "name: ''")), ("a name with ..", other("name: acme-test", "name: a/../../b")),
        ("a name in capitals", other("name: acme-test", "name: Acme")), ("a text of 501 characters", other("Customer-facing", "x" * 501)),
        ("nothing", ""), ("a list", "[]\n"), ("a number", "7\n"), ("nesting without end", text + "notify: " + "[" * 5000 + "]" * 5000 + "\n"),
    ]
    for what, name in (("in mixed scripts", "c\u0430rol"), ("with a zero-width space", "ca\u200brol"), ("in capitals", "Carol"), ("with a space", "'ca rol'"), ("with ..", "ca..rol"),
                       ("with a slash first", "/carol"), ("that is the broker's", "broker"), ("that is nobody's", "none"), ("like an option", "-carol"), ("of 129 characters", "c" * 129),
                       ("with a newline", '"ca\\nrol"'), ("that is empty", "''")):
        rows.append((f"a name {what}", text.replace(carol, carol.replace("carol:", f"{name}:")).replace("[carol, ", f"[{name}, ").replace(", carol", f", {name}")))
    for name in ("../../etc", "x; rm -rf /", "-oProxyCommand=x", "prod/db/R\u043eot", "a" * 129):
        rows.append((f"a credential named {name[:20]}", other("  prod/db/root:", f"  '{name}':")))
    keys = [("a key of mixed order", signs, ssh_key(mixed_order())), ("a key of low order", signs, ssh_key(b"\1" + bytes(31))), ("the zero key", signs, ssh_key(bytes(32))),
            ("a key not canonical", signs, ssh_key(b"\xf0" + b"\xff" * 30 + b"\x7f")), ("a key that is no point", signs, ssh_key(b"\2" + bytes(31))),
            ("an RSA key", signs, "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ=="), ("a key with a comment", signs, signs + " carol@host"), ("a short key", signs, signs[:-4]),
            ("an opening key of low order", opens, bech32("age", bytes(32))), ("an opening key of low order (2)", opens, bech32("age", bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"))),
            ("an opening key not canonical", opens, bech32("age", b"\xed" + b"\xff" * 30 + b"\x7f")), ("an opening key in capitals", opens, opens.upper()),
            ("an opening key mistyped", opens, opens[:-1] + ("q" if opens[-1] != "q" else "p")), ("an SSH key as opening key", opens, signs)]
    return [(what, text, "bad-roster") for what, text in rows] + [(what, other(old, new), "bad-key") for what, old, new in keys]


def rules(w, wire, c):
    """Whatever it is, it is refused wherever a roster is read."""
    text = c.text()
    good = w.dir / "good.yaml"
    good.write_text(text)
    done = w.run("carol", "roster", "lint", good)
    ok("the roster that is broken below is good", done.code == 0, repr(done))
    wrong = []
    for i, (what, bad, word) in enumerate(broken(w, text)):
        path = w.dir / f"bad-{i}.yaml"
        path.write_bytes(bad.encode("utf-8", "surrogateescape"))
        lint = w.run("carol", "roster", "lint", path, identity=False)
        sign = w.run("carol", "roster", "sign", path, "--yes-sha256", hashlib.sha256(path.read_bytes()).hexdigest())
        sent = c.post(bad, "carol", "erin")
        words = lint.word(), sign.word(), sent.word
        # An empty payload can't be told from none at all by its grammar; anything else says which rule.
        held = lint.code == sign.code == 4 and sent.status == 400 and set(words) <= {word, "bad-roster"} and not pathlib.Path(f"{path}.signed").exists()
        ok(f"{what}: refused by lint, at signing and by the broker", held, (words, lint.code, sign.code, sent.status, lint.err))
        named = "line" in lint.err or not bad.strip()
        if not named:
            wrong.append((what, lint.err))
    ok("lint names the line of each", not wrong, wrong)
    large = text + "# " + "x" * 3_000_000 + "\n"
    path = w.dir / "large.yaml"
    path.write_text(large)
    done = w.run("carol", "roster", "lint", path, identity=False)
    ok("a roster of 3 MB is refused", done.code in (2, 4) and done.word() in ("too-large", "bad-roster"), repr(done))
    sent = c.post(text + "# " + "x" * 1_100_000 + "\n", "carol", "erin")
    ok("one of 1.1 MB too, by the broker", sent.status in (400, 413), sent)
    ok("a good one is still taken", c.post(text, "carol", "erin").status == 200)


def rules_at_init():
    """The same at the beginning: no log is begun with it."""
    with World(start=False, admins=("carol", "erin")) as w:
        wire = Wire(w)
        w.number, w.previous = 0, "none"
        text = w.roster_yaml()
        config = pathlib.Path(w.config).read_text()
        other = w.dir / "other.yaml"
        other.write_text(config.replace(f"state: {w.state}", f"state: {w.dir}/other"))
        os.chmod(other, 0o600)

        def init(bad, *names):
            path = w.dir / "signed"
            path.write_text(json.dumps(wire.signed("roster", bad.encode("utf-8", "surrogateescape"), *names)))
            run = subprocess.run([BREAKGLASSD, "init", "--config", str(other), "--roster", str(path)], capture_output=True, text=True, stdin=subprocess.DEVNULL)
            return Done(["init"], run)

        rows = [r for r in broken(w, text) if r[0] in ("M = 0", "M = 1 without allow_single", "M > N", "N = 33", "a key twice", "a key of mixed order", "an opening key of low order",
                                                       "a name in mixed scripts", "an alias", "nothing")]
        assert len(rows) == 10
        for what, bad, word in rows:
            done = init(bad, "carol", "erin")
            ok(f"init with {what}: exit 4 {word}", done.code == 4 and done.word() in (word, "bad-roster") and not (w.dir / "other" / "log.db").exists() and
               not list(w.dir.glob("other/*.db")), repr(done))
        for what, bad, names, word in (("one signature of two", text, ["carol"], "threshold"), ("a stranger's signature", text, ["frank", "carol"], "auth"),
                                       ("no signature", text, [], "bad-statement"), ("number 2", text.replace("roster: 1", "roster: 2"), ["carol", "erin"], "roster-gap"),
                                       ("a previous one", text.replace("previous: none", "previous: " + "ab" * 32), ["carol", "erin"], "bad-roster")):
            done = init(bad, *names)
            ok(f"init with {what}: {word}", done.code not in (0, 1) and done.word() == word and not list(w.dir.glob("other/*.db")), repr(done))


# ---- 25: first contact ----


def first_contact(w):
    nobody = w.dir / "nobody"

    def run(*arguments):
        return w.run("erin", *arguments, env={"XDG_STATE_HOME": str(nobody)})

    done = run("join", f"unix:{w.socket}")
    ok("join without a pin: exit 4 no-pin, and what to compare", done.code == 4 and done.word() == "no-pin" and "GENESIS-SHA256" in done.err and "admin" in done.err, repr(done))
    for what, pin in (("empty", ""), ("short", w.genesis[:-1]), ("long", w.genesis + "0"), ("no hex", "x" * 64), ("in capitals", w.genesis.upper())):
        done = run("join", f"unix:{w.socket}#{pin}")
        ok(f"join with a pin that is {what}: exit 4 no-pin", done.code == 4 and done.word() == "no-pin", repr(done))
    done = run("join", f"unix:{w.socket}#{'ab' * 32}")
    ok("join with another pin: exit 4", done.code == 4 and done.word() == "lying-broker", repr(done))
    for arguments in (("status",), ("inbox",), ("status", "--broker", f"unix:{w.socket}"), ("open", "R1", "--show", "--broker", f"unix:{w.socket}"), ("approve", "R1"), ("seal", "prod/db/root"),
                      ("request", "prod/db/root", "--emergency", "E1", "--incident", "I", "--reason", "x", "--broker", f"unix:{w.socket}")):
        done = run(*arguments)
        ok(f"{arguments[0]} without having joined{' (with --broker)' if '--broker' in arguments else ''}: exit 4 no-pin", done.code == 4 and done.word() == "no-pin", repr(done))
    ok("nothing was remembered", not list(nobody.rglob("pin")))
    ok("with the right pin it is joined", run("join", f"unix:{w.socket}#{w.genesis}").code == 0)
    with World() as other:
        done = w.run("erin", "join", f"unix:{other.socket}#{other.genesis}", env={"XDG_STATE_HOME": str(nobody)})
        ok("another installation of the same name is not joined in its place", done.code != 0 and done.word() != "internal", repr(done))
        done = w.run("erin", "status", "--broker", f"unix:{other.socket}", env={"XDG_STATE_HOME": str(nobody)})
        ok("another installation's broker is not believed: exit 4", done.code == 4, repr(done))


class Remembering(World):
    def sign_roster(self, yaml, signers=None):
        self.__dict__.setdefault("roster_first", yaml)
        return super().sign_roster(yaml, signers)


def main():
    rules_at_init()
    with Remembering(config_extra=NO_LIMITS) as w:
        wire = Wire(w)
        c = Chain(w, wire)
        first_contact(w)
        chain(w, wire, c)
        threshold(w, wire, c)
        # carol and erin are the admins now; the World follows
        w.number, w.previous = 4, hashlib.sha256(Line(wire.about()["rosters"][-1].encode()).payload).hexdigest()
        w.admins = ["carol", "erin"]
        rules(w, wire, c)
        ok("the broker lives, and its log holds", w.broker.poll() is None and w.run("erin", "log", "verify").code == 0)
    finish()


main()
