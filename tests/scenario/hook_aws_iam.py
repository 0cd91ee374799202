"""The `aws-iam` hook against IAM and STS as their documentation describes them; every signature is verified independently."""
from api_stub import Fields, ca_file, faults, strangers
from aws_stub import ADMIN, ADMIN_SECRET, Aws
from harness import finish, ok
from https_stub import certificates, private, stop

certificates()
aws = Aws()
first = aws.add()
hook = Fields("aws-iam", {"user": "emergency", "iam_url": aws.url, "sts_url": aws.url, "admin_key_id": ADMIN,
                          "admin_secret_file": private("admin-secret", ADMIN_SECRET + "\n"), "ca_file": ca_file()})
hook.secrets.append(ADMIN_SECRET)


def pair(key):
    return {"access_key_id": key[0], "secret_access_key": key[1]}


# ---- a whole rotation ----
got = hook("check")
ok("check names the key in use (the signature holds)", got.is_ok() and got.handle == first[0], got)
got = hook("prepare", old_handle=first[0])
new = got.fields
ok("prepare makes the second key", got.code == 0 and got.handle == new["access_key_id"] and set(aws.keys) == {first[0], got.handle}, got)
ok("and answers with its secret", new["secret_access_key"] == aws.keys[got.handle]["secret"])
more = {"handle": new["access_key_id"], "old_handle": first[0]}
ok("set leaves both alone", hook("set", new, **more).is_ok() and len(aws.keys) == 2)
aws.keys[new["access_key_id"]]["active"] = False
ok("reconcile sees a key that is off", hook("reconcile", new, **more).is_ok("other"))
ok("which set puts on", hook("set", new, **more).is_ok() and aws.keys[new["access_key_id"]]["active"])
ok("reconcile sees that it is on", hook("reconcile", new, **more).is_ok("pending"))
aws.keys[new["access_key_id"]]["lag"] = 2
ok("test waits until the new key is known everywhere", hook("test", new, **more).is_ok("works"))
aws.linger = 2
got = hook("revoke", new, opened=pair(first), **more)
ok("revoke deletes the old key, and tries it until it is refused", got.is_ok("refused") and list(aws.keys) == [new["access_key_id"]] and aws.linger == 0, got)
ok("revoke can be repeated", hook("revoke", new, opened=pair(first), **more).is_ok("refused"))
ok("without a handover, the key that is gone is replaced", hook("revoke", new, **more).is_ok("replaced"))
ok("when nobody knows the old key, nothing is claimed", hook("revoke", new).is_ok("unproven"))
actions = [b.split(b"&")[0].decode() for _, _, _, b in aws.taken()]
ok("inactive first, then deleted", "Action=UpdateAccessKey" in actions and actions.index("Action=DeleteAccessKey") > actions.index("Action=UpdateAccessKey"), actions)

# ---- orphans ----
used = new["access_key_id"]
aws.fault = ("lost", "CreateAccessKey")
got = hook("prepare", old_handle=used)
orphan = set(aws.keys) - {used}
ok("an answer that is lost after the creation is unknown", got.failed(3) and len(orphan) == 1, got)
got = hook("prepare", old_handle=used)
ok("the next prepare deletes that orphan and makes another", got.code == 0 and not orphan & set(aws.keys) and set(aws.keys) == {used, got.handle}, got)
second = got.fields
got = hook("prepare", opened=new)
ok("who opened it says which key is in use, too", got.code == 0 and set(aws.keys) == {used, got.handle} and got.handle != second["access_key_id"], got)
kept = set(aws.keys)
for what, given in (("nothing says", {}), ("a strange key is said to be in use", {"old_handle": "AKIASTRANGE000000001"})):
    for step in ("check", "prepare"):
        got = hook(step, **given)
        ok(f"two keys, and {what}: {step} deletes nothing and wants a person", got.failed(78, "a person has to") and set(aws.keys) == kept, got)
ok("the old key is never the new one", hook("revoke", second, old_handle=second["access_key_id"]).failed(1))
aws.keys = {used: aws.keys[used]}
ok("alone, but unnamed, a key is not thought to be in use by prepare", hook("prepare").failed(78) and set(aws.keys) == {used})
ok("a key of another user is found", (setattr(aws, "owner", "somebody"), hook("test", pair((used, aws.keys[used]["secret"]))))[1].failed(78, "another user"))
aws.owner = "emergency"
ok("a wrong secret does not work", hook("test", pair((used, "x" * 40)), seconds=4).failed(1))
ok("nor does it prove anything", hook("revoke", pair((used, aws.keys[used]["secret"])), opened=pair((ADMIN, "x" * 40)), old_handle="AKIASTRANGE000000001", seconds=5).failed(1))
ok("a new key that is not there is not set", hook("set", pair(("AKIASTRANGE000000001", "x" * 40))).failed(1))

# ---- rights, configuration ----
for what, changes, code in (("a wrong admin secret", {"admin_secret_file": private("wrong", "x" * 40)}, 77), ("another user", {"user": "nobody"}, 78),
                            ("the user's own key as admin", {"admin_key_id": used, "admin_secret_file": private("own", aws.keys[used]["secret"])}, 77),
                            ("no user", {"user": None}, 78), ("a user that is none", {"user": "a/b"}, 78), ("plain http", {"iam_url": "http://127.0.0.1"}, 78)):
    ok(f"{what} exits {code}", (got := hook("check", **changes)).failed(code), got)
aws.keys[ADMIN] = {"secret": "y" * 40, "active": True, "lag": 0}
ok("an admin that is the user itself is refused", hook("check", old_handle=used).failed(78, "admin_key_id"))
del aws.keys[ADMIN]
aws.denied = {"CreateAccessKey"}
ok("an admin who may not create is refused", hook("prepare", old_handle=used).failed(77, "AccessDenied"))
aws.denied = set()
aws.session_token = "FwoGZXIvYXdzEBYaD+session/token=="
ok("temporary credentials want their token", hook("check").failed(77))
ok("and are signed with it", hook("check", admin_session_token_file=private("session", aws.session_token)).is_ok())
aws.session_token = None
ok("a field that is missing is a mistake", hook("set", {"access_key_id": used}).failed(78))
ok("an unknown configuration key too", hook("check", usr="x").failed(78, "usr"))

# ---- odd answers ----
real = aws.answer
for what, said, code in (("a document type", b'<!DOCTYPE a [<!ENTITY b "c">]><ListAccessKeysResponse/>', 1), ("a page", b"<html>log in to the hotel", 1), ("nothing", b"", 1),
                         ("a list that goes on", aws.ListAccessKeys({}).replace("false", "true").encode(), 1), ("no list", b"<OtherResponse/>", 1)):
    aws.answer = lambda *_: (200, said)
    ok(f"{what} is no list of keys", (got := hook("check")).failed(code), got)
    ok(f"{what} is no new key", (got := hook("prepare", old_handle=used)).code in (1, 3), got)
aws.answer = real
throttled = b"<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>"
aws.answer = lambda *_: (400, throttled)
ok("a throttled request is tried again", hook("check").failed(75, "Throttling"))
aws.answer = real


# ---- the network ----
def remake(**more):
    return hook("prepare", old_handle=used, **more)


faults("aws-iam", aws, lambda **more: hook("check", old_handle=used, **more), remake, "ListAccessKeys", "CreateAccessKey")
ok("after all that, one prepare sets things right", (got := remake()).code == 0 and set(aws.keys) == {used, got.handle}, got)
strangers("aws-iam", Aws, lambda service: hook("check", iam_url=service.url, sts_url=service.url))
sent = aws.taken()
known = [ADMIN_SECRET, *(k["secret"] for k in aws.keys.values())]
ok("no secret is ever sent: requests are signed", not any(s in str(x) for x in sent for s in known))
fresh = Aws()
Fields("aws-iam", {**hook.config, "iam_url": fresh.url, "sts_url": fresh.url}).conforms()
stop.set()
finish()
