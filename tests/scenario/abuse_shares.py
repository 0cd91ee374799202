#!/usr/bin/python3
"""Holders and sealers who cheat: bad shares are named and stop nothing, a version that isn't what its label says is refused before anything is shown."""
import itertools, os, pathlib, subprocess, sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from harness import World, finish, ok
from sealing import Sealing, document_of, recipient_of, scalar_hex, times_base
from second_reader import L, combine
from wire import Line, Wire, age_key, age_to, sha256

A = "prod/db/root"
SECRET = "correct horse battery staple"
NO_LIMITS = ("limits: {failures_per_minute: 1000000, statements_per_minute: 1000000, sessions_per_minute: 1000000, requests_per_hour: 1000000, open_requests: 1000}\n")
CREDENTIALS = [A, *(f"prod/x/{i:02d}" for i in range(24))]


def refused(what, answer, status, word):
    ok(f"{what}: {status} {word}", answer.status == status and answer.word == word and set(answer.json) == {"error", "message"}, answer)


def opens_of(w, name):
    return w.lines[name].split("opens: ")[1].rstrip("}")


# ---- 27: bad shares from holders ----


def bad_lines(wire, who, request, version):
    """What a holder may put into their re-sealed share instead of the honest line."""
    good = wire.reshare_line(who, request)
    word, asked, credential, number, recipient, index, scalar = good.split()
    value = int.from_bytes(bytes.fromhex(scalar), "little")

    def line(word=word, asked=asked, credential=credential, number=number, recipient=recipient, index=index, scalar=scalar, end="\n"):
        return " ".join([word, asked, credential, number, recipient, index, scalar]) + end

    carol = wire.share("carol", version)[1].split()
    return {
        "another scalar": line(scalar=scalar_hex((value + 1) % L)), "zero": line(scalar="00" * 32), "one": line(scalar="01" + "00" * 31), "the order": line(scalar=scalar_hex(L)),
        "the scalar and the order": line(scalar=scalar_hex(value + L)), "the negative": line(scalar=scalar_hex(L - value)), "all ones": line(scalar="ff" * 32),
        "31 bytes": line(scalar=scalar[:-2]), "33 bytes": line(scalar=scalar + "00"), "upper case": line(scalar=scalar.upper() if scalar.upper() != scalar else "AA" * 32),
        "no hex": line(scalar="zz" * 32), "index 0": line(index="0"), "index N+1": line(index="9"), "index 2^32 more": line(index=str(2**32 + int(index))), "index 02": line(index="0" + index),
        "another's index": line(index=carol[-2]), "another's share": line(index=carol[-2], scalar=carol[-1]), "another's scalar": line(scalar=carol[-1]),
        "another request": line(asked="ab" * 32), "another version's number": line(number="2"), "another credential": line(credential="prod/x/00"), "another version's key": line(recipient=age_key()),
        "a holder's own share": wire.share(who, version)[1], "another word": line(word="breakglass-reshare-to/v2"), "no newline": line(end=""), "two newlines": line(end="\n\n"),
        "CR LF": line(end="\r\n"), "two spaces": good.replace(" ", "  ", 1), "a NUL": line(end="\0"), "nothing": "", "a megabyte": "x" * 1000000, "binary": os.urandom(200),
        "two lines": good + good,
    }


def bad_files(wire, who, request):
    """What a holder may send instead of an age file to the padlock."""
    reply_to, good = request.says["reply_to"], wire.reshare_line(who, request).encode()
    honest = age_to(reply_to, good)
    two = subprocess.run(["age", "-r", reply_to, "-r", age_key()], input=good, stdout=subprocess.PIPE, check=True).stdout
    armored = subprocess.run(["age", "-a", "-r", reply_to], input=good, stdout=subprocess.PIPE, check=True).stdout
    return {
        "to somebody else": age_to(age_key(), good), "to two padlocks": two, "armored": armored, "no age file": os.urandom(300), "empty": b"", "cut": honest[:-1], "cut in its header": honest[:60],
        "with a byte behind": honest + b"\0", "with one bit flipped": honest[:-5] + bytes([honest[-5] ^ 1]) + honest[-4:], "with another MAC": honest.replace(b"--- ", b"--- A", 1),
        "a megabyte of nothing": os.urandom(1000000), "the sealed share itself": wire.get(f"/v1/blobs/{wire.share(who)[0]['sha256']}", by=who).body,
        "a header without end": b"age-encryption.org/v1\n" + b"-> X25519 " + b"A" * 100000 + b"\n", "many stanzas": b"age-encryption.org/v1\n" + b"-> grease\nAAAA\n" * 20000,
    }


def named_and_passed_over(w, wire):
    """Bad shares beside enough good ones: the opening goes on and says whose they were."""
    version = wire.version(A)
    asked = w.request("erin", incident="WARM")
    for who in ("alice", "carol"):
        assert w.approve(who, asked).code == 0
    assert SECRET in w.open(asked).out  # from here on nobody's share is spent by more
    w.must("erin", "close", asked["request"])
    cheaters = [h for h in w.holders if h not in ("alice", "carol")]
    attempts = [("line", i) for i in range(33)] + [("file", i) for i in range(14)]
    for n in range(0, len(attempts), len(cheaters)):
        asked = w.request("erin", incident=f"BAD-{n}")
        request, said = wire.line_of(asked["id"]), {}
        for who, (kind, i) in zip(cheaters, attempts[n:]):
            if kind == "line":
                said[who], content = list(bad_lines(wire, who, request, version).items())[i]
                answer = wire.approve(who, request, text=content)
            else:
                said[who], content = list(bad_files(wire, who, request).items())[i]
                answer = wire.approve(who, request, blob=content)
            assert answer.status == 200, (said[who], answer)
        assert wire.approve("alice", request).status == 200
        short = w.open(asked)
        ok(f"{len(said)} bad shares and one good one: not opened, exit 4 bad-share, nothing shown", short.code == 4 and short.word() == "bad-share" and
           SECRET not in short.out + short.err, repr(short))
        assert wire.approve("carol", request).status == 200
        done = w.open(asked)
        ok("with a second good one it opens, and no good one is called bad", done.code == 0 and done.out.strip() == SECRET and "holder=alice" not in done.err and
           "holder=carol" not in done.err, repr(done))
        for who, what in said.items():
            ok(f"a share that is {what}: bad-share, its holder is named", f"bad-share: holder={who}" in done.err and f"bad-share: holder={who}" in short.err, repr(done))
        w.must("erin", "close", asked["request"])


# ---- 28: labels ----


def labels(w, wire, holders):
    made = Sealing("prod/x/00", holders, 2, {"password": b"by hand"})
    good, point = made.fields, made.commitments[0].hex()
    shares = good["shares"]

    def share(i, **changes):
        return {"shares": [{**s, **changes} if k == i else s for k, s in enumerate(shares)]}

    identity, p = "00" * 32, (2**255 - 19).to_bytes(32, "little").hex()
    cases = {
        "one commitment too few": {"commitments": good["commitments"][:1]}, "one too many": {"commitments": good["commitments"] + [point]}, "none": {"commitments": []},
        "the identity first": {"commitments": [identity, point]}, "the identity last": {"commitments": [point, identity]}, "a commitment that is not canonical": {"commitments": [p, point]},
        "a commitment that is no point": {"commitments": ["01" * 32, point]}, "a negative one": {"commitments": ["01" + "00" * 31, point]}, "33 commitments": {"commitments": [point] * 33},
        "need 1": {"need": 1, "commitments": [point]}, "need 3": {"need": 3, "commitments": good["commitments"] + [point]}, "need 0": {"need": 0, "commitments": []}, "need 33": {"need": 33},
        "a holder missing": {"shares": shares[:-1]}, "a holder too many": {"shares": shares + [{"holder": "frank", "index": 9, "recipient": opens_of(w, "frank"), "sha256": sha256(b"x").hex()}]},
        "a holder twice": share(1, holder="alice"), "somebody in a holder's place": share(1, holder="frank", recipient=opens_of(w, "frank")), "no shares": {"shares": []},
        "index 0": share(1, index=0), "index twice": share(1, index=1), "index 33": share(1, index=33), "a share to another's key": share(1, recipient=holders["carol"]),
        "a share to a key of nobody": share(1, recipient=age_key()), "another policy": {"policy": "other"},
    }
    for what, change in cases.items():
        fields = {**good, **change}
        answer = wire.say("version", "alice", (made.blobs + [b"x"])[: len(fields["shares"]) + 1], **fields)
        ok(f"a version with {what}: refused", answer.status == 400 and answer.word == "bad-version", answer)
    for what, change, status, word in (("an index that is no number", share(1, index="1"), 400, "bad-statement"), ("a key of low order", {"recipient": "age1" + "q" * 58}, 400, "bad-key"),
                                       ("a holder's key as its own", {"recipient": holders["bob"]}, 400, "bad-version"),
                                       ("a key of the roster as its own", {"recipient": opens_of(w, "frank")}, 400, "bad-key"), ("number 0", {"number": 0}, 409, "stale-version"),
                                       ("number 2", {"number": 2}, 409, "stale-version"), ("a previous that is none", {"previous": "ab" * 32}, 409, "stale-version"),
                                       ("a credential that is not there", {"credential": "prod/x/none"}, 404, "not-found"),
                                       ("a rotation as its reason", {"reason": "rotation of " + "ab" * 32}, 403, "sealer"), ("another reason", {"reason": "because"}, 400, "bad-statement")):
        refused(f"a version with {what}", wire.say("version", "alice", made.blobs, **{**good, **change}), status, word)
    for what, blobs in (("no blobs", []), ("a share missing", made.blobs[:-1]), ("the ciphertext missing", made.blobs[1:]), ("a blob too many", made.blobs + [b"x"]),
                        ("another blob in a share's place", made.blobs[:-1] + [b"x"]), ("a share twice", made.blobs[:-1] + [made.blobs[1]])):
        refused(f"a version with {what}", wire.say("version", "alice", blobs, **good), 400, "bad-blob")
    refused("a version whose ciphertext is not as long as it says", wire.say("version", "alice", made.blobs, **{**good, "ciphertext": {**good["ciphertext"], "bytes": 1}}), 400, "bad-blob")
    for who in ("bob", "erin", "carol"):
        refused(f"a version by {who}, whom the roster does not name as sealer", wire.say("version", who, made.blobs, **good), 403, "sealer")
    taken = wire.say("version", "alice", made.blobs, **good)
    ok("the same without any of this is taken", taken.status == 200, taken)
    refused("its key for another version", wire.say("version", "alice", made.blobs, **{**good, "credential": "prod/x/01"}), 400, "bad-key")


# ---- 29: a sealer who cheats ----


def cheats(holders):
    """(what, the sealing, who notices: the holder bob, or the opener)"""
    def fresh(credential):
        return Sealing(credential, holders, 2, {"password": SECRET.encode()})

    names = iter(CREDENTIALS[3:])
    rows = []

    def holder_sees(what, change):
        made = fresh(next(names))
        change(made)
        rows.append((what, made, "bob"))

    def opener_sees(what, change):
        made = fresh(next(names))
        change(made)
        rows.append((what, made, "erin"))

    def swap(made):
        made.files["bob"], made.files["carol"] = made.files["carol"], made.files["bob"]

    holder_sees("bob's and carol's files swapped", swap)
    holder_sees("bob's file for somebody else", lambda m: m.files.update(bob=age_to(age_key(), m.share_line("bob").encode())))
    holder_sees("bob's file no age file", lambda m: m.files.update(bob=os.urandom(300)))
    holder_sees("carol's scalar in bob's file", lambda m: m.reseal("bob", m.share_line("bob", scalar=m.f(3))))
    holder_sees("carol's index in bob's file", lambda m: m.reseal("bob", m.share_line("bob", index=3)))
    holder_sees("another scalar in bob's file", lambda m: m.reseal("bob", m.share_line("bob", scalar=(m.f(2) + 1) % L)))
    holder_sees("a scalar beyond the order", lambda m: m.reseal("bob", m.share_line("bob", scalar=m.f(2) + L if m.f(2) + L < 2**256 else L)))
    holder_sees("another credential in bob's file", lambda m: m.reseal("bob", m.share_line("bob", credential=A)))
    holder_sees("another number in bob's file", lambda m: m.reseal("bob", m.share_line("bob", number=2)))
    holder_sees("another version's key in bob's file", lambda m: m.reseal("bob", m.share_line("bob", recipient=age_key())))
    holder_sees("another polynomial's commitments", lambda m: m.commitments.__setitem__(1, times_base(12345)))
    opener_sees("the ciphertext of another secret", lambda m: setattr(m, "ciphertext", fresh(m.credential).ciphertext))
    opener_sees("a secret that names another credential", lambda m: setattr(m, "ciphertext", age_to(m.recipient, document_of(A, 1, {"password": SECRET.encode()}))))
    opener_sees("a secret that names another number", lambda m: setattr(m, "ciphertext", age_to(m.recipient, document_of(m.credential, 2, {"password": SECRET.encode()}))))
    opener_sees("a ciphertext for one more reader", lambda m: setattr(m, "ciphertext", subprocess.run(
        ["age", "-r", m.recipient, "-r", age_key()], input=document_of(m.credential, 1, {"password": SECRET.encode()}), stdout=subprocess.PIPE, check=True).stdout))
    opener_sees("a secret that isn't padded", lambda m: setattr(m, "ciphertext", age_to(m.recipient, document_of(m.credential, 1, {"password": SECRET.encode()}).rstrip(b"\0"))))
    opener_sees("a secret without fields", lambda m: setattr(m, "ciphertext", age_to(m.recipient, document_of(m.credential, 1, {}))))
    opener_sees("a field twice", lambda m: setattr(m, "ciphertext", age_to(m.recipient, document_of(m.credential, 1, {"password": SECRET.encode() + b"\npassword 1\nx"}).replace(
        b"password 41", b"password 28"))))
    opener_sees("a secret that is no document", lambda m: setattr(m, "ciphertext", age_to(m.recipient, SECRET.encode())))
    opener_sees("a key that isn't the one in its label", lambda m: key_of_another(m))
    return rows


def key_of_another(m):
    """The label names a padlock to which the sealer alone has the key."""
    m.recipient = age_key()
    for holder in m.holders:
        m.reseal(holder, m.share_line(holder))
    m.ciphertext = age_to(m.recipient, document_of(m.credential, m.number, {"password": SECRET.encode()}))


def cheating_sealer(w, wire, holders):
    honest = Sealing("prod/x/01", holders, 2, {"password": SECRET.encode()})
    assert wire.say("version", "alice", honest.blobs, **honest.fields).status == 200
    asked = w.request("erin", credential="prod/x/01", incident="HONEST")
    opened = [w.approve(who, asked) for who in ("alice", "bob")] and w.open(asked)
    ok("a version made from the protocol's text alone opens", opened.code == 0 and opened.out.strip() == SECRET, repr(opened))
    for n, (what, made, who) in enumerate(cheats(holders)):
        answer = wire.say("version", "alice", made.blobs, **made.fields)
        assert answer.status == 200, (what, answer)
        asked = w.request("erin", credential=made.credential, incident=f"CHEAT-{n}")
        before = wire.size()
        done = w.approve("bob", asked)
        if who == "bob":
            ok(f"a version with {what}: bob's approval is refused before the confirmation, exit 4", done.code == 4 and not approved(wire, asked), repr(done))
            custody = w.run("bob", "inbox")
            ok(f"a version with {what}: bob's inbox never vouches for it", not vouched(wire, "bob", answer.json["id"]), repr(custody))
        else:
            good = [done, w.approve("carol", asked)]
            assert all(d.code == 0 for d in good), good
            done = w.open(asked)
            ok(f"a version with {what}: the opener is shown nothing, exit 4", done.code == 4 and done.out == "" and SECRET not in done.err, repr(done))
        w.must("erin", "close" if who == "erin" else "cancel", asked["request"])


def approved(wire, asked):
    return [l for l in map(Line, wire.lines()) if l.type == "approval" and l.says["request"] == asked["id"]]


def vouched(wire, who, version):
    return [l for l in map(Line, wire.lines()) if l.type == "custody" and l.says["by"] == [who] and version in l.says["versions"]]


# ---- 30: values ----


def values(w):
    def seal(value, name="password", credential="prod/x/23"):
        path = w.dir / "value"
        path.write_bytes(value)
        os.chmod(path, 0o600)
        return w.run("alice", "seal", credential, "--field", f"{name}=@{path}")

    done = seal(b"")
    ok("an empty value: exit 2, nothing sealed", done.code == 2, repr(done))
    for what, text in (("nothing on stdin", ""), ("a newline on stdin", "\n")):
        done = w.run("alice", "seal", "prod/x/23", input=text)
        ok(f"{what}: exit 2", done.code == 2, repr(done))
    head = len("breakglass-secret/v1 prod/x/23 1\npassword 1048000\n\n")
    for what, size in (("of a byte more than fits", 1024 * 1024 - head + 1), ("of 1 MiB", 1024 * 1024), ("of 10 MB", 10_000_000)):
        done = seal(b"x" * size)
        ok(f"a value {what}: exit 2 too-large", done.code == 2 and done.word() == "too-large", repr(done))
    for what, name in (("empty", ""), ("with a space", "a b"), ("with a newline", "a\nb"), ("of 200 characters", "x" * 200)):
        done = seal(b"x", name=name)
        ok(f"a field's name that is {what}: exit 2", done.code == 2, repr(done))
    path = w.dir / "value"
    done = w.run("alice", "seal", "prod/x/23", "--field", f"a=@{path}", "--field", f"a=@{path}")
    ok("a field twice: exit 2", done.code == 2, repr(done))
    ok("nothing of this was sealed", "prod/x/23" not in [v["credential"] for v in w.must("alice", "status", "--json").json.get("versions", [])])
    shapes = {"bytes": bytes(range(256)) * 4, "zeros": bytes(1000), "newlines": b"\n\n\n", "one byte": b"\0", "a header of its own": b"breakglass-secret/v1 x 1\npassword 3\nabc\n",
              "255 in all": b"x" * 200, "1 MiB with its header and padding": os.urandom(1024 * 1024 - head)}
    for i, (what, value) in enumerate(shapes.items()):
        number = w.run("alice", "seal", "prod/x/23", "--field", f"password=@{put(w, value)}")
        assert number.code == 0, repr(number)
        for holder in ("bob", "carol"):
            w.must(holder, "inbox")  # which makes a second version the current one
        asked = w.request("erin", credential="prod/x/23", incident=f"VALUE-{i}")
        for who in ("alice", "bob"):
            w.must(who, "approve", asked["request"], "--code", asked["code"])
        out = w.dir / f"out-{i}"
        done = w.run("erin", "open", asked["request"], "--field", "password", "--output", out, "--on-disk")
        ok(f"a value of {what} comes back byte for byte", done.code == 0 and out.read_bytes() == value, repr(done))
        w.must("erin", "close", asked["request"])


def put(w, value):
    path = w.dir / "value"
    path.write_bytes(value)
    os.chmod(path, 0o600)
    return path


# ---- 26: subsets ----


def subsets():
    with World(people=["alice", "bob", "carol", "dave", "erin"], holders=("alice", "bob", "carol", "dave"), approvals=3, requesters=("erin",), config_extra=NO_LIMITS) as w:
        w.seal()
        wire = Wire(w)
        version = wire.version()
        scalars = {}
        for holder in w.holders:
            entry, line = wire.share(holder, version)
            scalars[entry["index"]] = int.from_bytes(bytes.fromhex(line.split()[-1]), "little")
        s = {combine({i: scalars[i] for i in some}) for some in itertools.combinations(scalars, 3)}
        fewer = {combine({i: scalars[i] for i in some}) for k in (1, 2) for some in itertools.combinations(scalars, k)}
        ok("any three of four shares give the same secret, any two another", len(s) == 1 and not s & fewer and times_base(s.pop()).hex() == version.says["commitments"][0])
        for n, some in enumerate(itertools.combinations(w.holders, 3)):
            asked = w.request("erin", incident=f"SUB-{n}")
            for who in some[:2]:
                w.must(who, "approve", asked["request"], "--code", asked["code"])
            done = w.open(asked)
            ok(f"{' and '.join(some[:2])} of 3: exit 3 not-ready", done.code == 3 and done.word() == "not-ready" and done.out == "", repr(done))
            w.must(some[2], "approve", asked["request"], "--code", asked["code"])
            done = w.open(asked)
            ok(f"{', '.join(some)} open", done.code == 0 and done.out.strip() == SECRET, repr(done))
            w.must("erin", "close", asked["request"])


def main():
    holders = ("alice", "bob", "carol", "dave", "gina", "hugo", "ida", "judy")
    with World(people=[*holders, "erin", "frank"], holders=holders, credentials={n: {"opens_what": "a database", "sealers": ["alice"]} for n in CREDENTIALS}, config_extra=NO_LIMITS) as w:
        w.seal(A)
        wire = Wire(w)
        holders = {h: opens_of(w, h) for h in w.holders}
        labels(w, wire, holders)
        cheating_sealer(w, wire, holders)
        named_and_passed_over(w, wire)
        values(w)
        ok("the broker lives, and its log holds", w.broker.poll() is None and w.run("erin", "log", "verify").code == 0)
    subsets()
    finish()


main()
