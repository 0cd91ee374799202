#!/usr/bin/python3
"""Hostile statements, byte by byte: what is malformed, signed wrongly, said twice or against the policy gets its exact answer."""
import base64, concurrent.futures, json, os, pathlib, random, sys, time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from harness import World, finish, ok, wait_for
from nacl.signing import SigningKey
from wire import Wire, age_key, sha256, sshsig, string

A, B = "prod/db/root", "prod/db/other"
STRANGER = SigningKey(b"\7" * 32)
MARK = "zqxzqxzqx"  # nothing of the input may come back
ORDER = 2**252 + 27742317777372353535851937790883648493
NO_LIMITS = ("limits: {failures_per_minute: 1000000, statements_per_minute: 1000000, sessions_per_minute: 1000000, requests_per_hour: 1000000, "
             "open_requests: 1000}\n")


class Installation(World):
    """E2 is defined, but the policy does not list it; dave holds a share and may ask; grace has no part in anything."""

    def __init__(self):
        meaning = {"means": "Something is down", "example": "SSO", "not_this": "slow", "needs": "incident"}
        super().__init__(people=["alice", "bob", "carol", "dave", "erin", "frank", "grace"], holders=("alice", "bob", "carol", "dave"),
                         requesters=("erin", "frank", "dave"), config_extra=NO_LIMITS, emergencies={"E1": meaning, "E2": meaning}, tls=True,
                         credentials={n: {"opens_what": "a database", "sealers": ["alice"]} for n in (A, B)})

    def roster_yaml(self, **changes):
        return super().roster_yaml(**changes).replace("emergencies: [E1, E2]", "emergencies: [E1]")


def refused(what, answer, status, word):
    held = answer.status == status and answer.word == word and set(answer.json) == {"error", "message"} and MARK.encode() not in answer.body
    ok(f"{what}: {status} {word}", held, answer)


# ---- 4: grammar ----


def malformed_bodies(wire):
    good = wire.body(wire.signed("request", wire.payload("request", "erin", **wire.asking()), "erin")).decode()
    nested = "[" * 5000 + "]" * 5000
    said = json.loads(good)["statement"]

    def with_statement(**changes):
        return json.dumps({"statement": {**said, **changes}})

    cases = {
        "nothing": "", "null": "null", "a list": "[]", "a text": '"x"', "a number": "1", "an empty object": "{}", "no JSON": "{" + MARK,
        "trailing bytes": good + "x", "a second document": good + good, "a byte order mark": "\ufeff" + good, "a NUL behind": good + "\0",
        "an unknown key": good[:-1] + f',"{MARK}":1}}', "a duplicate key": good[:-1] + "," + good[1:],
        "blobs that are no list": good[:-1] + ',"blobs":{}}', "a blob that is no text": good[:-1] + ',"blobs":[1]}',
        "a blob that is no base64": good[:-1] + f',"blobs":["{MARK}!"]}}', "34 blobs": good[:-1] + ',"blobs":[' + ",".join(['""'] * 34) + "]}",
        "nesting without end": nested, "nesting inside": good[:-1] + f',"blobs":{nested}}}', "statement null": '{"statement":null}',
        "statement a list": '{"statement":[]}', "an unknown key in the envelope": with_statement(**{MARK: 1}),
        "no signatures": with_statement(signatures=[]), "signatures missing": json.dumps({"statement": {k: v for k, v in said.items() if k != "signatures"}}),
        "two signatures on a request": with_statement(signatures=said["signatures"] * 2),
        "65 signatures": with_statement(signatures=said["signatures"] * 65), "a signature that is a number": with_statement(signatures=[1]),
        "a payload that is a number": with_statement(payload=1), "white space in base64": with_statement(payload=said["payload"][:8] + " " + said["payload"][8:]),
        "unpadded base64": with_statement(payload="QQ"), "bits behind the last byte of base64": with_statement(payload="QR=="),
        "URL base64": with_statement(payload="-_-_"), "an unknown type": with_statement(type="reqvest"), "an empty type": with_statement(type=""),
        "a type with other letters": with_statement(type="Request"), "a type with a NUL": with_statement(type="request\0"),
        "a long type": with_statement(type="x" * 5000), "a session as a statement": with_statement(type="session"),
        "keys of a line": with_statement(n=1, at=1), "a float": good[:-1] + ',"blobs":1.5}', "a lone surrogate": with_statement(type="\ud800"),
    }
    for what, body in cases.items():
        refused(f"a body: {what}", wire.call("POST", "/v1/statements", body.encode("utf-8", "surrogatepass")), 400, "bad-statement")
    for what, body in (("invalid UTF-8", good.replace("request", "requ\udcff", 1).encode("utf-8", "surrogateescape")), ("UTF-16", good.encode("utf-16")),
                       ("an overlong NUL", b'{"statement":"\xc0\x80"}')):
        refused(f"a body: {what}", wire.call("POST", "/v1/statements", body), 400, "bad-statement")


def malformed_payloads(wire):
    """Each signed by erin's own key: never 401, never 500."""
    honest = wire.payload("request", "erin", **wire.asking())
    text = json.dumps(honest)

    def other(old, new):
        assert old in text, old
        return text.replace(old, new, 1).encode("utf-8", "surrogateescape")

    made, open_for = f'"made_at": {honest["made_at"]}', f'"open_for": {honest["open_for"]}'
    cases = {
        "no JSON": MARK.encode(), "nothing": b"", "a list": b"[]", "null": b"null",
        "an unknown key": other('"reason"', f'"{MARK}": 1, "reason"'), "a duplicate key": other('"reason"', '"reason": "x", "reason"'),
        "a duplicate key in the head": other('"size"', '"size": 1, "size"'), "an unknown key in the head": other('"size"', '"more": 1, "size"'),
        "a float": other(open_for, '"open_for": 600000.0'), "an exponent": other(open_for, '"open_for": 6e5'), "a negative time": other(open_for, '"open_for": -1'),
        "minus zero": other(open_for, '"open_for": -0'), "2^53": other(open_for, f'"open_for": {2**53}'), "a number of 400 digits": other(open_for, '"open_for": ' + "9" * 400),
        "a number as text": other(open_for, '"open_for": "600000"'), "true as a number": other(open_for, '"open_for": true'),
        "a NUL in the reason": other("everything is down", "everything\\u0000is down"), "a raw NUL": other("everything is down", "a\0b"),
        "invalid UTF-8": other("everything is down", "a\udcff"), "a lone surrogate": other("everything is down", "\\ud800"),
        "an overlong form": other("everything is down", "\udcc0\udcaf"), "a raw newline in a text": other("everything is down", "a\nb"),
        "an empty reason": other("everything is down", ""), "a reason of 501 characters": other("everything is down", "x" * 501),
        "a reason of 501 wide characters": other("everything is down", "\U0001F525" * 501), "trailing bytes": text.encode() + MARK.encode(), "a NUL behind": text.encode() + b"\0",
        "nesting": other('"everything is down"', "[" * 100 + "]" * 100), "an incident with a space": other("INC-1", "INC 1"),
        "an incident of 129 characters": other("INC-1", "I" * 129), "an empty incident": other('"INC-1"', '""'),
        "a credential with ..": other(A, "prod/../root"), "a credential with ;": other(A, "x; rm -rf /"), "a credential like an option": other(A, "-oProxyCommand=x"),
        "a credential in capitals": other(A, "PROD/db"), "upper-case hex": other(honest["version"], honest["version"].upper()),
        "short hex": other(honest["version"], honest["version"][:-2]), "a nonce of 15 bytes": other(honest["nonce"], honest["nonce"][:-2]),
        "by as text": other('["erin"]', '"erin"'), "by twice": other('["erin"]', '["erin", "erin"]'), "by nobody": other('["erin"]', "[]"),
        "by another": other('["erin"]', '["frank"]'), "by the broker": other('["erin"]', '["broker"]'), "another type inside": other('"type": "request"', '"type": "cancel"'),
        "made_at as a float": other(made, made + ".5"), "head missing": other('"head"', '"heed"'), "null where a text belongs": other('"everything is down"', "null"),
        "1001 acknowledged incidents": other('"reason"', '"acknowledges": [' + ", ".join(['"I"'] * 1001) + '], "reason"'), "single quotes": other('"request"', "'request'"),
        "a comment": other("{", "{/**/"), "NaN": other(open_for, '"open_for": NaN'),
    }
    for what, payload in cases.items():
        refused(f"a signed payload: {what}", wire.post(wire.signed("request", payload, "erin")), 400, "bad-statement")
    refused("a signed payload: version 2 of the format", wire.post(wire.signed("request", other('"v": 1', '"v": 2'), "erin")), 400, "upgrade")
    for kind in ("cancel", "open", "approval", "denial", "hold", "extend", "order", "rotation", "postmortem", "custody", "version", "close", "notice"):
        refused(f"a request's fields in a {kind}", wire.post(wire.signed(kind, {**honest, "type": kind}, "erin")), 400, "bad-statement")


def blobs_that_do_not_belong(wire):
    refused("a blob beside a request", wire.say("request", "erin", [b"x"], **wire.asking()), 400, "bad-blob")
    refused("more blobs than a version has shares", wire.say("cancel", "erin", [b"x"] * 33, request="ab" * 32), 400, "bad-blob")


def mutated(wire):
    """A good request with a byte changed, many times, over one connection each: a verdict every time."""
    chance = random.Random(4)
    good = wire.body(wire.signed("request", wire.payload("request", "erin", **wire.asking()), "erin"))
    wire.call("POST", "/v1/statements", good)
    seen, same = set(), sha256(base64.b64decode(json.loads(good)["statement"]["payload"])).hex()
    for _ in range(300):
        body = bytearray(good)
        for _ in range(chance.choice((1, 1, 1, 5))):
            body[chance.randrange(len(body))] = chance.randrange(256)
        answer = wire.call("POST", "/v1/statements", bytes(body))
        seen.add(same if answer.status == 200 and answer.json["id"] == same else answer.status)  # white space is no change
    ok("300 random changes of a good statement: each refused with 400 or 401, or the same statement", seen <= {400, 401, same}, seen)
    seen = {wire.call("POST", "/v1/statements", good[:n]).status for n in range(0, len(good), 7)}
    ok("a good statement cut anywhere: 400", seen == {400}, seen)


# ---- 5: signatures ----


def altered(signature, at, bit=0):
    data = bytearray(signature)
    data[at] ^= 1 << bit
    return bytes(data)


def malleated(signature):
    """S + L: the same signature to a verifier who doesn't look."""
    s = int.from_bytes(signature[-32:], "little") + ORDER
    return signature[:-32] + s.to_bytes(32, "little")


def wrong_signatures(wire, erin):
    data = wire.bytes_of(wire.payload("request", "erin", **wire.asking()))
    good = sshsig(erin, "request", data)
    public = bytes(erin.verify_key)

    def blob(key=public, namespace="breakglass/request", reserved=b"", hashed=b"sha512", algorithm=b"ssh-ed25519", signature=good[-64:], version=b"\0\0\0\1"):
        return (b"SSHSIG" + version + string(string(b"ssh-ed25519") + string(key)) + string(namespace.encode()) + string(reserved) + string(hashed) +
                string(string(algorithm) + string(signature)))

    cases = {
        "a stranger's": sshsig(STRANGER, "request", data), "S + L": malleated(good), "made for another type": sshsig(erin, "cancel", data),
        "made for git": blob(namespace="git"), "over other bytes": sshsig(erin, "request", data + b" "), "another's key on it": blob(key=bytes(wire.key("frank").verify_key)),
        "the broker's name": blob(key=bytes(32)), "a key of low order": blob(key=b"\1" + bytes(31), signature=b"\1" + bytes(63)),
        "another hash": blob(hashed=b"sha256"), "a reserved field": blob(reserved=b"x"), "another algorithm": blob(algorithm=b"ssh-ed448"), "another version": blob(version=b"\0\0\0\2"),
        "63 bytes": blob(signature=good[-64:-1]), "65 bytes": blob(signature=good[-64:] + b"\0"), "all zero": blob(signature=bytes(64)), "trailing bytes": good + b"\0",
        "empty": b"", "a length beyond the end": good[:10] + b"\xff\xff\xff\xff" + good[14:],
    }
    cases.update({f"bit {bit} of byte {at} flipped": altered(good, at, bit) for at in range(0, len(good), 5) for bit in (0, 7)})
    cases.update({f"cut to {n} bytes": good[:n] for n in range(1, len(good), 11)})
    answers = {what: wire.post(wire.envelope("request", data, [s])) for what, s in cases.items()}
    first = answers["a stranger's"]
    refused("a stranger's signature", first, 401, "auth")
    different = {what: a for what, a in answers.items() if a.same != first.same}
    ok(f"{len(answers)} wrong signatures get the same bytes as a stranger's", not different, different)
    unknown = wire.post(wire.signed("request", wire.payload("request", "erin", **{**wire.asking(), "by": ["broker"]}), keys=[STRANGER]))
    ok("who is called the broker but isn't gets the same bytes", unknown.same == first.same, unknown)
    roster = wire.post(wire.signed("roster", wire.w.roster_yaml().encode(), keys=[STRANGER]))
    ok("a roster signed by a stranger gets the same bytes", roster.same == first.same, roster)
    wire.w.number -= 1
    sessions = wire.call("POST", "/v1/sessions", wire.body(wire.signed("session", wire.payload("session", "erin", challenge="ab" * 32), keys=[STRANGER])))
    ok("a stranger's sign-in gets the same bytes", sessions.same == first.same, sessions)
    token = wire.call("GET", "/v1/log?after=0", headers={"Authorization": "Bearer " + "ab" * 32})
    ok("a token that is none gets the same bytes", token.same == first.same, token)
    ok("none of them was logged", all(base64.b64encode(data) not in line for line in wire.lines()))


def broker_key_over_the_api(wire):
    from wire import broker_key
    key = broker_key(wire.w.dir / "keys")
    payload = wire.payload("close", "broker", request="ab" * 32, why="time")
    answer = wire.post(wire.signed("close", payload, keys=[key]))
    refused("the broker's own key speaks never through the API", answer, 401, "auth")


def elsewhere(wire):
    refused("another installation's statement", wire.say("request", "erin", installation="ab" * 32, **wire.asking()), 409, "stale-roster")
    refused("an unknown roster's statement", wire.say("request", "erin", roster="ab" * 32, **wire.asking()), 409, "stale-roster")
    head = wire.head()
    for what, other in (("another root", {**head, "root": "ab" * 32}), ("a longer log", {**head, "size": head["size"] + 1}), ("an empty log", {**head, "size": 0}),
                        ("a size of 2^53-1", {**head, "size": 2**53 - 1}), ("an older size with this root", {**head, "size": head["size"] - 1})):
        refused(f"a head that is no prefix: {what}", wire.say("request", "erin", head=other, **wire.asking()), 409, "fork")
        refused(f"a sign-in with a head that is no prefix: {what}", wire.sign_in("erin", head=other), 409, "fork")
    refused("a sign-in for another installation", wire.sign_in("erin", installation="ab" * 32), 409, "stale-roster")


def sign_ins(wire):
    first = wire.sign_in("erin")
    ok("a sign-in", first.status == 200, first)
    challenge = wire.call("GET", "/v1/challenge").json["challenge"]
    body = wire.body(wire.signed("session", wire.payload("session", "erin", challenge=challenge), "erin"))
    answers = [wire.call("POST", "/v1/sessions", body) for _ in range(2)]
    ok("a sign-in counts once", answers[0].status == 200, answers)
    refused("the same sign-in again", answers[1], 401, "auth")
    for what, wrong in (("made up", "ab" * 32), ("altered", "00" + challenge[2:]), ("with another end", challenge[:-2] + "00")):
        refused(f"a challenge {what}", wire.sign_in("erin", challenge=wrong), 401, "auth")
    refused("a challenge too short", wire.sign_in("erin", challenge="ab" * 31), 400, "bad-statement")
    request = wire.body(wire.signed("request", wire.payload("request", "erin", **wire.asking()), "erin"))
    refused("a request as a sign-in", wire.call("POST", "/v1/sessions", request), 400, "bad-statement")


# ---- 6: again ----


def said_again(wire):
    envelope = wire.signed("request", wire.payload("request", "erin", **wire.asking()), "erin")
    before = wire.size()
    first, second = wire.post(envelope), wire.post(envelope)
    ok("the same statement again: 200 with the first number", first.status == second.status == 200 and first.json["n"] == second.json["n"], (first, second))
    fields = wire.asking()
    envelope = wire.signed("request", wire.payload("request", "erin", **fields), "erin")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: wire.post(envelope), range(16)))
    numbers = {a.json.get("n") for a in answers}
    ok("the same statement 16 times at once: one entry", {a.status for a in answers} == {200} and len(numbers) == 1, answers)
    entries = [line for line in wire.lines() if envelope["payload"].encode() in line]
    ok("the log holds it once", len(entries) == 1 and wire.size() >= before + 2)
    stranger = {**envelope, "signatures": wire.signed("request", base64.b64decode(envelope["payload"]), keys=[STRANGER])["signatures"]}
    refused("a known statement signed by a stranger", wire.post(stranger), 401, "auth")
    refused("a known statement with a blob", wire.post(envelope, [b"x"]), 400, "bad-blob")
    time.sleep(0.05)
    again = wire.post(wire.signed("request", wire.payload("request", "erin", **fields), "erin"))
    refused("the same wish under another nonce, with the padlock used before", again, 400, "bad-key")


# ---- 7–10: the policy ----


def policy_says_no(w, wire, old):
    now = int(time.time() * 1000)
    refused("a request by somebody the policy does not name", wire.say("request", "grace", **wire.asking()), 403, "not-allowed")
    refused("a request by a holder", wire.say("request", "bob", **wire.asking()), 403, "not-allowed")
    refused("a request by a holder whom the policy names as requester", wire.say("request", "dave", **wire.asking()), 403, "holder-cannot-request")
    refused("an emergency that nobody defined", wire.say("request", "erin", **wire.asking(emergency="E9")), 422, "emergency")
    refused("an emergency that the policy does not list", wire.say("request", "erin", **wire.asking(emergency="E2")), 422, "emergency")
    refused("an emergency that needs an incident, without one", wire.say("request", "erin", **wire.asking(incident=None)), 422, "emergency")
    good = wire.say("request", "erin", **wire.asking(reason="\U0001F525" * 500))
    ok("a reason of exactly 500 characters is taken", good.status == 200, good)
    refused("expires_at in the past", wire.say("request", "erin", **wire.asking(expires_at=now - 1)), 410, "expired")
    refused("expires_at 0", wire.say("request", "erin", **wire.asking(expires_at=0)), 410, "expired")
    refused("expires_at beyond the policy", wire.say("request", "erin", made_at=now, **wire.asking(expires_at=now + 1800001)), 403, "too-long")
    refused("expires_at at the end of time", wire.say("request", "erin", **wire.asking(expires_at=2**53 - 1)), 403, "too-long")
    refused("open_for beyond the policy", wire.say("request", "erin", **wire.asking(open_for=3600001)), 403, "too-long")
    refused("made a day ago", wire.say("request", "erin", made_at=now - 86400000, **wire.asking()), 409, "clock")
    refused("made tomorrow", wire.say("request", "erin", made_at=now + 86400000, **wire.asking()), 409, "clock")
    refused("made eleven minutes ago", wire.say("request", "erin", made_at=now - 660000, **wire.asking()), 409, "clock")
    exact = wire.say("request", "erin", made_at=now, **wire.asking(expires_at=now + 1800000, open_for=3600000))
    ok("exactly as long as the policy allows is taken", exact.status == 200, exact)
    refused("a version that was replaced", wire.say("request", "erin", **wire.asking(version=old)), 409, "stale-version")
    refused("a version that never was", wire.say("request", "erin", **{**wire.asking(), "version": "ab" * 32}), 404, "not-found")
    refused("a credential that is not there", wire.say("request", "erin", **wire.asking(credential="prod/db/none")), 404, "not-found")
    refused("another credential's version", wire.say("request", "erin", **wire.asking(credential=B)), 409, "mismatch")


def age_text(key):
    from second_reader import bech32
    return bech32("age", key)


def keys_that_are_none(w, wire):
    good = age_key()
    low_order = [bytes(32), b"\1" + bytes(31), bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
                 bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
                 bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157")]
    for i, key in enumerate(low_order):
        refused(f"a padlock of low order ({i})", wire.say("request", "erin", **wire.asking(reply_to=age_text(key))), 400, "bad-key")
    for what, text in (("with a wrong checksum", good[:-1] + ("q" if good[-1] != "q" else "p")), ("in capitals", good.upper()), ("cut", good[:-1]),
                       ("of another kind", "age1" + "q" * 58), ("an SSH key", "ssh-ed25519 AAAA"), ("not canonical", age_text(b"\xed" + b"\xff" * 30 + b"\x7f")),
                       ("with the high bit", age_text(bytes(31) + b"\x89"))):
        refused(f"a padlock {what}", wire.say("request", "erin", **wire.asking(reply_to=text)), 400, "bad-key")
    opens = w.lines["bob"].split("opens: ")[1].rstrip("}")
    for what, text in (("of a holder", opens), ("of a version", wire.version(A).says["recipient"])):
        refused(f"a padlock that is the key {what}", wire.say("request", "erin", **wire.asking(reply_to=text)), 400, "bad-key")


def a_caller_out_of_breath(w):
    """Guessing is limited by caller, speaking by person: neither uses up the other's share."""
    w.config_extra = "limits: {failures_per_minute: 20, statements_per_minute: 60, sessions_per_minute: 30, open_requests: 1000}\n"
    w.write_config()
    import signal
    w.broker.send_signal(signal.SIGHUP)
    wait_for("the new limits", lambda: "config.reloaded" in w.broker_log())
    local, remote = Wire(w), Wire(w, tls=True)
    fields = local.asking()
    wrong = local.signed("request", local.payload("request", "erin", **fields), keys=[STRANGER])
    for _ in range(30):
        remote.post(wrong)
    stolen = local.signed("request", local.payload("request", "erin", **fields), "erin")
    stolen["signatures"] = [base64.b64encode(altered(base64.b64decode(stolen["signatures"][0]), -1)).decode()]
    answer = remote.post(stolen)
    ok("one caller's wrong signatures are limited: 429 with Retry-After", answer.status == 429 and answer.word == "rate" and "retry-after" in answer.headers, answer)
    good = local.say("request", "erin", **local.asking())
    ok("the person in whose name they were made speaks on from elsewhere", good.status == 200, good)
    said = [local.say("cancel", "frank", request="ab" * 32) for _ in range(70)]
    ok("one person's statements are limited", said[0].status == 404 and said[-1].status == 429 and "retry-after" in said[-1].headers, said[-1])
    ok("another person's are not", local.say("cancel", "erin", request="ab" * 32).status == 404)


def main():
    with Installation() as w:
        w.seal(A)
        old = Wire(w).version(A)
        w.seal(A, {"password": "another"})
        w.seal(B)
        for holder in ("bob", "carol"):
            w.must(holder, "inbox")
        wire = Wire(w)
        erin = wire.key("erin")
        mutated(wire)
        before = wire.size()
        malformed_bodies(wire)
        malformed_payloads(wire)
        blobs_that_do_not_belong(wire)
        wrong_signatures(wire, erin)
        broker_key_over_the_api(wire)
        elsewhere(wire)
        ok("nothing of all this is in the log", wire.size() == before, wire.size())
        sign_ins(wire)
        said_again(wire)
        policy_says_no(w, wire, old)
        keys_that_are_none(w, wire)
        a_caller_out_of_breath(w)
        ok("the broker lives, and its log holds", w.broker.poll() is None and w.run("erin", "log", "verify").code == 0)
    finish()


main()
