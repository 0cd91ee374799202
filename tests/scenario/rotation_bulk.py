"""More credentials than one statement may name (1,000): one command still orders them all, its report covers all, a holder proves all their shares at
once, and what was ordered before is not ordered again."""
import base64, hashlib, hmac, json, os, re
from nacl.bindings import crypto_aead_chacha20poly1305_ietf_encrypt as chacha, crypto_scalarmult as x25519, crypto_scalarmult_base as x25519_base
import sealing
from harness import World, finish, ok
from rotator_process import HOOK, Rotator, statements
from second_reader import ALPHABET, bech32
from wire import Wire

N = 1200
NAMES = [f"prod/v{i:04}" for i in range(N)]


def derive(key, salt, info):
    return hmac.digest(hmac.digest(salt or b"\0" * 32, key, hashlib.sha256), info + b"\x01", hashlib.sha256)


def text64(data):
    return base64.b64encode(data).rstrip(b"=")


def bytes_of(text):
    """The 32 bytes of an age1… or an AGE-SECRET-KEY-1…"""
    bits = 0
    for letter in text.lower().rpartition("1")[2][:52]:
        bits = bits << 5 | ALPHABET.index(letter)
    return (bits >> 4).to_bytes(32, "big")


def age_to(recipient, data):
    """As stock `age` seals a short file, without a process for each."""
    own, file_key, nonce = os.urandom(32), os.urandom(16), os.urandom(16)
    epk, to = x25519_base(own), bytes_of(recipient)
    body = chacha(file_key, None, b"\0" * 12, derive(x25519(own, to), epk + to, b"age-encryption.org/v1/X25519"))
    header = b"age-encryption.org/v1\n-> X25519 " + text64(epk) + b"\n" + text64(body) + b"\n---"
    mac = hmac.digest(derive(file_key, None, b"header"), header, hashlib.sha256)
    return header + b" " + text64(mac) + b"\n" + nonce + chacha(data, None, b"\0" * 11 + b"\x01", derive(file_key, nonce, b"payload"))


def seal_all(w, wire):
    """Every version as a sealer's program would say it, sealed here because a process for each would take minutes."""
    sealing.age_to, sealing.recipient_of = age_to, lambda identity: bech32("age", x25519_base(bytes_of(identity)))
    holders = {h: w.lines[h].split("opens: ")[1].rstrip("}") for h in w.holders}
    head, key, refused = wire.payload("version", "alice"), wire.key("alice"), []
    for name in NAMES:
        made = sealing.Sealing(name, holders, 2, {"password": b"first"})
        answer = wire.post(wire.signed("version", {**head, "nonce": os.urandom(16).hex(), **made.fields}, keys=[key]), made.blobs)
        refused += [] if answer.status == 200 else [answer]
    return refused


def order(w, *args):
    return w.run("alice", "rotate", *args, "--json", timeout=300)


with World(rotators=["rot-1"], credentials={n: {"opens_what": "a vault", "sealers": ["alice"], "tags": ["first"] if i < 3 else ["rest"], "rotate": {"hook": "file"}} for i, n in enumerate(NAMES)},
           config_extra="limits: {statements_per_minute: 100000, sessions_per_minute: 100000}\n") as w:
    refused = seal_all(w, Wire(w))
    ok(f"{N} credentials are sealed", not refused, refused[:1])

    done = w.run("bob", "inbox", timeout=300)
    proven = [p["versions"] for p in statements(w, "custody") if p["by"] == ["bob"]]
    ok("a holder proves all their shares at once, in as many statements as it takes", done.code == 0 and [len(v) for v in proven] == [1000, 200] and
       len({v for list_ in proven for v in list_}) == N, (done, [len(v) for v in proven]))

    order(w, "--tag", "first", "--why", "a laptop is lost", "--yes")
    dry = order(w, "--all", "--dry-run")
    ways = [c["way"] for c in dry.json["would_rotate"]]
    ok("a dry run names every one of them, and what is due already", dry.code == 0 and ways.count("order") == N - 3 and ways.count("under-way") == 3, ways[:5])
    ok("and orders nothing", len(statements(w, "order")) == 1)

    ordered = w.run("alice", "rotate", "--all", "--why", "everything has leaked", "--yes", timeout=300)
    orders, follow = [p["versions"] for p in statements(w, "order")], re.findall(r"--follow|(?<=--follow )\d+", ordered.out)
    ok("one command: as many orders as it takes, and it says how to follow them all", ordered.code == 0 and f"{N - 3} rotations are ordered" in ordered.out and len(follow) == 4, ordered)
    ok("every version is ordered once", [len(o) for o in orders] == [3, 1000, N - 1003] and len({v for o in orders for v in o}) == N, [len(o) for o in orders])
    again = order(w, "--all", "--why", "everything has leaked", "--yes")
    ok("said again, nothing is ordered twice", again.json["ordered"] == 0 and again.json["due_already"] == N and len(statements(w, "order")) == 3, again)

    report = json.loads(order(w, *follow, "--at-most", "1s").out.splitlines()[-1])
    ok("its report covers them all, and claims nothing", report["of"] == N - 3 and len(report["not_proven"]) == N - 3 and not sum(report["proven"].values()), {k: v for k, v in report.items() if k != "not_proven"})

    rotator = Rotator(w, {"file": {"program": HOOK, "config": {"path": str(w.dir / "vault")}}})
    code = rotator.start("--dry-run").process.wait(120)
    lines = [l for l in rotator.text().splitlines() if l.endswith("version 1: check, with the hook file")]
    ok("the rotator's dry run has them all, too", code == 0 and len(lines) == N and not os.path.exists(w.dir / "vault"), rotator.text()[:500])
finish()
