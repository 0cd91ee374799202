"""A web API on loopback that behaves as its service documents, and the faults of a network, for the hooks that rotate over HTTPS.

A service is a class with `answer(method, path, headers, body) → (status, object or bytes, more headers)`. `service.fault = (KIND, MATCH)`
makes the next request whose "METHOD /path body" holds MATCH go wrong: slow (429, for an hour), busy (429, for two seconds), broken (500
before anything happens), hang, reset (before anything happens), lost (it happens, but no answer comes), elsewhere (302), endless."""
import base64, json, os, socket, struct, subprocess, threading, time, urllib.parse
from harness import ok
from hook_steps import Answer, Hook
from https_stub import DIR, Server, Stub, private

RETRY_AFTER_S = 2  # a rotation waits that long, and then goes on
TOKEN = "the-rotators-own-token-0123456789"


class Api(Stub):
    def do_ANY(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        service = self.server.service
        text = f"{self.command} {self.path} ".encode() + body
        self.server.seen.put((self.command, self.path, dict(self.headers), body))
        kind = None
        with service.lock:
            if service.fault and service.fault[1].encode() in text:
                kind, service.fault = service.fault[0], None
        if kind in ("broken", "slow", "busy", "elsewhere", "hang", "endless"):
            return getattr(self, "say_" + kind)()
        if kind == "reset":
            return self.cut()
        with service.lock:
            status, said, *more = service.answer(self.command, self.path, self.headers, body)
        if kind == "lost":
            return self.cut()
        self.reply(status, said if isinstance(said, bytes) else json.dumps(said).encode(), **(more[0] if more else {}))

    def say_slow(self): self.reply(429, b"rate_limited", Retry_After=str(RETRY_AFTER_S))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_ANY

    def cut(self):
        """The connection ends (RST) without a byte of an answer."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())


class Service:
    def __init__(self, certificate="good"):
        self.lock, self.fault = threading.RLock(), None
        self.server = Server(certificate, Api)
        self.server.service = self

    @property
    def url(self):
        return f"https://127.0.0.1:{self.server.server_port}"

    def taken(self):
        return self.server.taken()


class Vault(Service):
    """KV version 2 below the mount `secret`, as its API documentation says."""

    def __init__(self, *more):
        self.versions, self.may = {}, ["read", "patch", "update", "create"]
        super().__init__(*more)

    def write(self, path, **data):
        self.versions.setdefault(path, []).append({"data": data, "destroyed": False})

    def newest(self, path):
        return self.versions[path][-1]["data"]

    def answer(self, method, path, headers, body):
        if headers.get("X-Vault-Token") != TOKEN or headers.get("X-Vault-Request") != "true":
            return 403, {"errors": ["permission denied"]}
        said = json.loads(body) if body else {}
        if path == "/v1/sys/capabilities-self":
            rights = {p: self.may for p in said["paths"]}
            return 200, {**rights, "capabilities": self.may, "data": rights}
        _, _, mount, what, name = urllib.parse.unquote(path).split("/", 4)
        versions = self.versions.get(name, [])
        if mount != "secret" or headers.get("X-Vault-Namespace", "team") != "team":
            return 404, {"errors": []}
        if what == "metadata":
            listed = {str(i + 1): {"created_time": "2026-01-01T00:00:00Z", "deletion_time": "", "destroyed": v["destroyed"]} for i, v in enumerate(versions)}
            return 200, {"data": {"current_version": len(versions), "versions": listed, "custom_metadata": None}}
        if what == "destroy":
            for number in said["versions"]:
                versions[number - 1].update(destroyed=True, data=None)
            return 204, b""
        if method == "GET":
            if not versions:
                return 404, {"errors": []}
            now = versions[-1]
            metadata = {"version": len(versions), "destroyed": now["destroyed"], "deletion_time": "", "custom_metadata": None}
            return (404 if now["data"] is None else 200), {"request_id": "x", "lease_duration": 0, "data": {"data": now["data"], "metadata": metadata}}
        if said["options"]["cas"] != len(versions):
            return 400, {"errors": ["check-and-set parameter did not match the current version"]}
        if method == "PATCH" and headers["Content-Type"] != "application/merge-patch+json":
            return 415, {"errors": []}
        self.write(name, **({**versions[-1]["data"], **said["data"]} if method == "PATCH" else said["data"]))
        return 200, {"data": {"version": len(versions) or 1, "destroyed": False, "deletion_time": ""}}


class Kubernetes(Service):
    """One Secret and one Deployment whose pods follow its template only when the test lets them."""

    def __init__(self, *more):
        self.version, self.denied, self.rolls = 100, [], True
        self.secret = {"kind": "Secret", "apiVersion": "v1", "type": "Opaque", "metadata": {"name": "db", "namespace": "prod", "uid": "8f1c-uid"}, "data": {}}
        self.deployment = {"metadata": {"name": "app", "generation": 1}, "spec": {"replicas": 2, "template": {"metadata": {}}}, "status": {}}
        self.roll()
        super().__init__(*more)

    def write(self, **data):
        self.version += 1
        self.secret["metadata"]["resourceVersion"] = str(self.version)
        self.secret["data"].update({k: base64.b64encode(v.encode()).decode() for k, v in data.items()})

    def value(self, key="password"):
        return base64.b64decode(self.secret["data"][key]).decode()

    def roll(self):
        self.deployment["status"] = {"observedGeneration": self.deployment["metadata"]["generation"], "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}

    def answer(self, method, path, headers, body):
        if headers.get("Authorization") != f"Bearer {TOKEN}":
            return 401, {"kind": "Status", "code": 401}
        said = json.loads(body) if body else {}
        if path.endswith("/selfsubjectaccessreviews"):
            wanted = said["spec"]["resourceAttributes"]
            return 201, {"status": {"allowed": f"{wanted['verb']} {wanted['resource']}" not in self.denied}}
        if method == "PATCH" and headers["Content-Type"] != "application/merge-patch+json":
            return 415, {"kind": "Status"}
        if path == "/apis/apps/v1/namespaces/prod/deployments/app":
            if method == "PATCH":
                mark = said["spec"]["template"]["metadata"]["annotations"]
                if self.deployment["spec"]["template"]["metadata"].get("annotations") != mark:
                    self.deployment["spec"]["template"]["metadata"]["annotations"] = mark
                    self.deployment["metadata"]["generation"] += 1
                    if self.rolls:
                        self.roll()
            return 200, self.deployment
        if path != "/api/v1/namespaces/prod/secrets/db":
            return 404, {"kind": "Status", "code": 404}
        if method == "PATCH":
            if said["metadata"]["resourceVersion"] != self.secret["metadata"]["resourceVersion"]:
                return 409, {"kind": "Status", "reason": "Conflict"}
            self.write(**{k: base64.b64decode(v, validate=True).decode() for k, v in said["data"].items()})
        return 200, self.secret


class Keys(Service):
    """A web API with keys that roll, in the manner of payment services: several keys work side by side, a key is shown once, lists come
    in pages, an idempotency key replays the answer. And one password that is simply set."""

    def __init__(self, *more):
        self.keys, self.dead, self.number, self.replays, self.password = {}, set(), 0, {}, "first password"
        self.lag = self.linger = 0  # probes until a new key is known, and while a deleted one still is
        self.more = False
        super().__init__(*more)

    def add(self, name):
        self.number += 1
        key = {"id": f"key_{self.number}", "name": name, "secret": f"sk_live_{self.number:06}" + os.urandom(12).hex()}
        self.keys[key["id"]] = {**key, "lag": self.lag}
        return key

    def gets_in(self, given):
        for key in self.keys.values():
            if given == key["secret"] and key["lag"] == 0:
                return True
            key["lag"] -= key["lag"] > 0
        lingers = self.linger > 0 and given in self.dead
        self.linger -= lingers
        return lingers

    def answer(self, method, path, headers, body):
        given = headers.get("Authorization", "").encode("latin-1").decode()
        if path == "/v1/whoami":
            return (200, {"livemode": True}) if self.gets_in(given.removeprefix("Bearer ")) else (401, {"error": {"code": "api_key_expired"}})
        if path == "/v1/login":
            form = dict(urllib.parse.parse_qsl(body.decode()))
            return (200, {}) if form == {"user": "app", "password": self.password} else (403, {})
        if given != f"Bearer {TOKEN}":
            return 401, {"error": "admin"}
        if path == "/v1/users/app/password" and method == "PUT":
            said = json.loads(body)
            if len(said["password"]) < 12:
                return 422, {"error": "too short"}
            self.password = said["password"]
            return 204, b""
        if path == "/v1/keys" and method == "POST":
            replay = headers.get("Idempotency-Key")
            if replay not in self.replays:
                self.replays[replay] = self.add(json.loads(body)["name"])
            return 201, {"key": self.replays[replay] if replay else self.replays.pop(None)}
        if path == "/v1/keys?limit=100":
            return 200, {"data": [{"id": k["id"], "name": k["name"]} for k in self.keys.values()], "has_more": self.more}
        if method == "DELETE" and path.startswith("/v1/keys/"):
            key = self.keys.pop(path[9:], None)
            self.dead.add(key and key["secret"])
            return (200, {"deleted": True}) if key else (404, {"error": "no such key"})
        return 404, {"error": "no such path"}


def faults(name, service, ask, change, question, write):
    """What every hook must make of a bad network. ask() and change() run a step of which the first request that holds `question` or
    `write` goes wrong; the one only looks, the other changes something."""
    for kind, asked, changed in (("slow", 75, 75), ("broken", 75, 3), ("reset", 75, 3), ("lost", 75, 3), ("hang", 75, 3), ("endless", 1, 3), ("elsewhere", 1, 1)):
        for what, run, match, code in (("a question", ask, question, asked), ("a change", change, write, changed)):
            service.taken()
            service.fault = (kind, match)
            got = run(seconds=3 if kind == "hang" else 30)
            waits = RETRY_AFTER_S if kind == "slow" else None
            ok(f"{name}: {kind} at {what} exits {code}", got.failed(code) and not service.fault and got.last.get("retry_after_s") == waits, got)
            if kind == "elsewhere":
                ok(f"{name}: a redirect of {what} is not followed", not any(path.startswith("/other") for _, path, _, _ in service.taken()))


def strangers(name, service_class, run):
    """run(service) against servers that are not who they must be: nothing is sent to them."""
    for certificate in ("wrong", "stranger", "expired"):
        service = service_class(certificate)
        got = run(service)
        ok(f"{name}: {certificate} certificate: failed, and nothing was sent", got.failed(1) and not service.taken(), got)
        service.server.close()
    got = run(service)
    ok(f"{name}: nobody listening: try again", got.failed(75), got)


def token_file():
    return private("token", TOKEN + "\n")


def ca_file():
    return str(DIR / "ca.pem")


class Fields(Hook):
    """A hook whose value has several fields, some of which the target makes: given and answered as {NAME: TEXT}."""

    def __init__(self, *more):
        super().__init__(*more)
        self.secrets = []

    def __call__(self, step, pending=None, opened=None, handle=None, old_handle=None, old_by_hand=None, seconds=30, **changes):
        request = {"step": step, "idempotency_key": "k-1", "credential": "prod/test/root", "deadline": int(time.time() * 1000) + seconds * 1000,
                   "config": {k: v for k, v in {**self.config, **changes}.items() if v is not None}}
        request.update({k: v for k, v in (("handle", handle), ("old_handle", old_handle), ("old_by_hand", old_by_hand)) if v is not None})
        for key, fields in (("pending", pending), ("opened", opened)):
            if fields is not None:
                request[key] = {k: base64.b64encode(v.encode()).decode() for k, v in fields.items()}
        done = subprocess.run([self.program, step], input=json.dumps(request), capture_output=True, text=True,
                              env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}, cwd="/")
        # What is public may be said: ids, names, the user of a pair of roles.
        secret = [v for fields in (pending, opened) if fields for k, v in fields.items() if k not in ("access_key_id", "id", "username")]
        got = Answer(done, secret + self.secrets)
        got.fields = {k: base64.b64decode(v).decode() for k, v in got.last.get("fields", {}).items()}
        return got
