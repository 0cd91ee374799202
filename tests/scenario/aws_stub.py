"""IAM and STS for one account on loopback, answering as their API references say. Every request's Signature Version 4 is verified
from the specification, by nothing that the hook uses."""
import datetime, hashlib, hmac, re, secrets, string, urllib.parse
from api_stub import Service

ADMIN, ADMIN_SECRET = "AKIAADMIN00000000001", "admin/secret+with/slashes0123456789ABCDE"
NAMESPACE = "https://iam.amazonaws.com/doc/2010-05-08/"


def sign(key, text):
    return hmac.digest(key, text.encode(), hashlib.sha256)


def signature(secret, method, path, query, headers, signed, body, stamp, scope):
    canonical = "\n".join([method, urllib.parse.quote(path, safe="/-_.~"), query,
                           *(f"{name}:{' '.join(headers[name].split())}" for name in signed), "", ";".join(signed), hashlib.sha256(body).hexdigest()])
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        key = sign(key, part)
    return sign(key, text).hex()


# The example of AWS's own documentation for IAM's ListUsers: the verifier is no opinion of ours.
assert signature("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "GET", "/", "Action=ListUsers&Version=2010-05-08",
                 {"content-type": "application/x-www-form-urlencoded; charset=utf-8", "host": "iam.amazonaws.com", "x-amz-date": "20150830T123600Z"},
                 ["content-type", "host", "x-amz-date"], b"", "20150830T123600Z", "20150830/us-east-1/iam/aws4_request") == \
    "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"


class Refusal(Exception):
    pass


class Aws(Service):
    def __init__(self, *more, user="emergency"):
        self.user, self.keys, self.dead, self.number = user, {}, {}, 0
        self.lag = self.linger = 0          # how many logins a new key is still unknown, an old one still known
        self.denied, self.owner = set(), user
        self.session_token = None
        super().__init__(*more)

    def add(self, key_id=None, active=True):
        self.number += 1
        key_id = key_id or "AKIA" + "".join(secrets.choice(string.ascii_uppercase + "234567") for _ in range(16))
        self.keys[key_id] = {"secret": "".join(secrets.choice(string.ascii_letters + string.digits + "+/") for _ in range(40)), "active": active, "lag": self.lag}
        return key_id, self.keys[key_id]["secret"]

    def secret_of(self, key_id):
        if key_id == ADMIN:
            return ADMIN_SECRET
        key = self.keys.get(key_id)
        if key and key["lag"] > 0:
            key["lag"] -= 1
        elif key and key["active"]:
            return key["secret"]
        if self.linger > 0 and (dead := self.dead.get(key_id)):
            self.linger -= 1
            return dead
        raise Refusal(403, "InvalidClientTokenId")

    def verify(self, method, path, headers, body, service):
        h = {k.lower(): v for k, v in headers.items()}
        found = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=(\w+)/(\d{8}/([\w-]+)/(\w+)/aws4_request), ?SignedHeaders=([\w;-]+), ?Signature=([0-9a-f]{64})",
                             h.get("authorization", ""))
        if not found:
            raise Refusal(403, "MissingAuthenticationToken")
        key_id, scope, region, named, signed, given = found.groups()
        signed, stamp = signed.split(";"), h["x-amz-date"]
        then = datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
        must = {"host", "content-type", *(name for name in h if name.startswith("x-amz-"))}
        if (region, named) != ("us-east-1", service) or scope[:8] != stamp[:8] or signed != sorted(signed) or must - set(signed) or \
                abs((datetime.datetime.now(datetime.timezone.utc) - then).total_seconds()) > 900:
            raise Refusal(403, "SignatureDoesNotMatch")
        secret = self.secret_of(key_id)
        if not hmac.compare_digest(given, signature(secret, method, path, "", h, signed, body, stamp, scope)):
            raise Refusal(403, "SignatureDoesNotMatch")
        if key_id == ADMIN and self.session_token and h.get("x-amz-security-token") != self.session_token:
            raise Refusal(403, "InvalidClientTokenId")
        return key_id

    def answer(self, method, path, headers, body):
        form = dict(urllib.parse.parse_qsl(body.decode(), strict_parsing=True))
        action = form["Action"]
        try:
            caller = self.verify(method, path, headers, body, "sts" if action == "GetCallerIdentity" else "iam")
            if action != "GetCallerIdentity" and (caller != ADMIN or action in self.denied):
                raise Refusal(403, "AccessDenied")
            if action != "GetCallerIdentity" and form["UserName"] != self.user:
                raise Refusal(404, "NoSuchEntity")
            inside = getattr(self, action)(form)
        except Refusal as no:
            status, code = no.args
            return status, (f'<ErrorResponse xmlns="{NAMESPACE}"><Error><Type>Sender</Type><Code>{code}</Code><Message>No &amp; never</Message></Error>'
                            "<RequestId>7a62</RequestId></ErrorResponse>").encode(), {"Content_Type": "text/xml"}
        return 200, (f'<?xml version="1.0" encoding="UTF-8"?>\n<{action}Response xmlns="{NAMESPACE}">{inside}<ResponseMetadata><RequestId>7a62</RequestId>'
                     f"</ResponseMetadata></{action}Response>").encode(), {"Content_Type": "text/xml"}

    def known(self, form):
        if form["AccessKeyId"] not in self.keys:
            raise Refusal(404, "NoSuchEntity")
        return self.keys[form["AccessKeyId"]]

    def ListAccessKeys(self, form):
        listed = "".join(f"<member><UserName>{self.user}</UserName><AccessKeyId>{k}</AccessKeyId><Status>{'Active' if v['active'] else 'Inactive'}</Status>"
                         "<CreateDate>2026-01-01T00:00:00Z</CreateDate></member>" for k, v in self.keys.items())
        return f"<ListAccessKeysResult><UserName>{self.user}</UserName><AccessKeyMetadata>{listed}</AccessKeyMetadata><IsTruncated>false</IsTruncated></ListAccessKeysResult>"

    def CreateAccessKey(self, form):
        if len(self.keys) >= 2:
            raise Refusal(409, "LimitExceeded")
        key_id, secret = self.add()
        return (f"<CreateAccessKeyResult><AccessKey><UserName>{self.user}</UserName><AccessKeyId>{key_id}</AccessKeyId><Status>Active</Status>"
                f"<SecretAccessKey>{secret}</SecretAccessKey></AccessKey></CreateAccessKeyResult>")

    def UpdateAccessKey(self, form):
        self.known(form)["active"] = form["Status"] == "Active"
        return ""

    def DeleteAccessKey(self, form):
        self.dead[form["AccessKeyId"]] = self.known(form)["secret"]
        del self.keys[form["AccessKeyId"]]
        return ""

    def GetCallerIdentity(self, form):
        return f"<GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/path/{self.owner}</Arn><UserId>AIDA</UserId><Account>123456789012</Account></GetCallerIdentityResult>"
