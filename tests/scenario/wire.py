"""The protocol's bytes, made by hand: statements that no honest program would sign, sent as they are.

    wire = Wire(world)
    answer = wire.say("request", "erin", credential="prod/db/root", …)     # signed with erin's key, POSTed to the broker
    answer = wire.post(wire.envelope("request", payload, [signature]))     # every byte chosen
    answer.status, answer.word                                             # 403, "not-allowed"

The first half knows formats only; it was written from docs/protocol.md and shares nothing with the programs."""
import base64, hashlib, json, os, pathlib, re, socket, ssl, struct, subprocess, time

from nacl.public import PrivateKey
from nacl.signing import SigningKey

# ---- bytes: Merkle tree, checkpoint, SSHSIG, lines ----


def sha256(data):
    return hashlib.sha256(data).digest()


def root_of(lines):
    """RFC 6962, section 2.1."""
    if not lines:
        return sha256(b"")
    if len(lines) == 1:
        return sha256(b"\0" + lines[0])
    half = 1 << (len(lines) - 1).bit_length() - 1
    return sha256(b"\1" + root_of(lines[:half]) + root_of(lines[half:]))


def checkpoint(lines, installation, key):
    name = f"breakglass/{installation}"
    text = f"{name}\n{len(lines)}\n{base64.b64encode(root_of(lines)).decode()}\n".encode()
    public = bytes(key.verify_key)
    mark = sha256(name.encode() + b"\n\1" + public)[:4]
    signature = base64.b64encode(mark + key.sign(text).signature).decode()
    return text.decode() + f"\n\u2014 {name} {signature}\n"


def string(data):
    return struct.pack(">I", len(data)) + data


def sshsig(key, kind, payload):
    """An SSHSIG blob (PROTOCOL.sshsig) in the namespace of this type of statement."""
    public = string(b"ssh-ed25519") + string(bytes(key.verify_key))
    head = string(f"breakglass/{kind}".encode()) + string(b"") + string(b"sha512")
    signed = b"SSHSIG" + head + string(hashlib.sha512(payload).digest())
    signature = string(b"ssh-ed25519") + string(key.sign(signed).signature)
    return b"SSHSIG" + struct.pack(">I", 1) + string(public) + head + string(signature)


def line_of(n, at, kind, payload, signatures):
    quoted = ",".join(json.dumps(base64.b64encode(s).decode()) for s in signatures)
    return f'{{"n":{n},"at":{at},"type":"{kind}","payload":"{base64.b64encode(payload).decode()}","signatures":[{quoted}]}}'.encode()


class Line:
    """A line taken apart, to be changed and put together again."""

    def __init__(self, raw):
        self.__dict__.update({k: v for k, v in json.loads(raw).items() if k not in ("payload", "signatures")})
        self.payload = base64.b64decode(json.loads(raw)["payload"])
        self.signatures = [base64.b64decode(s) for s in json.loads(raw)["signatures"]]

    @property
    def says(self):
        return json.loads(self.payload)

    @property
    def id(self):
        return sha256(self.payload).hex()

    def raw(self, n=None):
        return line_of(self.n if n is None else n, self.at, self.type, self.payload, self.signatures)

    def change(self, **fields):
        """Other words, the signature as it was."""
        self.payload = json.dumps({**self.says, **fields}, separators=(",", ":")).encode()
        return self

    def sign(self, key):
        self.signatures = [sshsig(key, self.type, self.payload)]
        return self


def find(lines, kind, **fields):
    """The last line of this type whose payload says so."""
    for raw in reversed(lines):
        line = Line(raw)
        if line.type == kind and (kind == "roster" or all(line.says.get(k) == v for k, v in fields.items())):
            return line
    raise LookupError(f"no {kind} {fields}")


def renumber(lines):
    return [Line(raw).raw(n) for n, raw in enumerate(lines)]


def replace(lines, line):
    return [line.raw() if n == line.n else raw for n, raw in enumerate(lines)]


def broker_key(folder):
    return SigningKey(bytes.fromhex((pathlib.Path(folder) / "sign").read_text().split()[1]))


def person_key(identity):
    """The signing key in a machine's identity file (without passphrase)."""
    for line in pathlib.Path(identity).read_text().splitlines():
        if line.startswith("# breakglass-sign/v1 "):
            return SigningKey(bytes.fromhex(line.split()[-1]))
    raise LookupError("no signing key")


def age_key():
    """A new age1… recipient: of a key that nobody keeps (bech32, BIP-173)."""
    alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
    bits = int.from_bytes(bytes(PrivateKey.generate().public_key), "big") << 4  # 256 bits in 52 groups of 5
    data = [bits >> 5 * i & 31 for i in range(51, -1, -1)]
    check = 1
    for value in [ord(c) >> 5 for c in "age"] + [0] + [ord(c) & 31 for c in "age"] + data + [0] * 6:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for i, g in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= g if top >> i & 1 else 0
    check ^= 1
    return "age1" + "".join(alphabet[d] for d in data + [check >> 5 * (5 - i) & 31 for i in range(6)])


def age_to(recipient, data):
    """Sealed by the stock program."""
    return subprocess.run(["age", "-r", recipient], input=data, stdout=subprocess.PIPE, check=True).stdout


# ---- calls ----


class Answer:
    """What came back: status 0 when the connection ended without an answer."""

    def __init__(self, raw):
        head, _, self.body = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        found = re.match(r"HTTP/1\.[01] (\d+)", lines[0])
        self.status = int(found[1]) if found else 0
        self.headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def word(self):
        try:
            return self.json.get("error")
        except (ValueError, AttributeError):
            return None

    @property
    def same(self):
        """What must not differ between two refusals."""
        return self.status, {k: v for k, v in self.headers.items() if k != "date"}, self.body

    def __repr__(self):
        return f"{self.status} {self.headers} {self.body[:400]!r}"


def read_answer(sock):
    """One answer of a connection that may stay open."""
    raw = b""
    try:
        while b"\r\n\r\n" not in raw or len(raw.partition(b"\r\n\r\n")[2]) < announced(raw):
            more = sock.recv(65536)
            if not more:
                break
            raw += more
    except ConnectionError:
        pass
    return Answer(raw)


def announced(raw):
    found = re.search(rb"\r\ncontent-length: *(\d+)", raw.partition(b"\r\n\r\n")[0], re.I)
    return int(found[1]) if found else 0


def http_bytes(method, path, body=None, headers=()):
    lines = [f"{method} {path} HTTP/1.1", "Host: broker", *(f"{k}: {v}" for k, v in dict(headers).items())]
    if body is not None and not any(k.lower() == "content-length" for k in dict(headers)):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b"")


class Wire:
    def __init__(self, world, tls=False, source=None):
        self.w, self.tls, self.source = world, tls, source

    # ---- connections ----
    def raw(self):
        """A connection below TLS and HTTP."""
        if not self.tls:
            sock = socket.socket(socket.AF_UNIX)
            sock.settimeout(60)
            sock.connect(self.w.socket)
            return sock
        host, port = self.w.listen()["tls"].rsplit(":", 1)
        return socket.create_connection((host, int(port)), timeout=60, source_address=(self.source, 0) if self.source else None)

    def connect(self):
        sock = self.raw()
        if not self.tls:
            return sock
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # the pin is the client's matter, not this one's
        return context.wrap_socket(sock)

    def send(self, data):
        with self.connect() as sock:
            try:
                sock.sendall(data)
            except (BrokenPipeError, ConnectionResetError):
                pass  # answered before everything was read
            return read_answer(sock)

    def call(self, method, path, body=None, headers=()):
        return self.send(http_bytes(method, path, body, headers))

    # ---- what the broker says of itself ----
    def about(self):
        return self.call("GET", "/v1/about").json

    def head(self, about=None):
        lines = (about or self.about())["checkpoint"].split("\n")
        return {"size": int(lines[1]), "root": base64.b64decode(lines[2]).hex()}

    def size(self):
        return self.head()["size"]

    def lines(self, by="erin"):
        """The log, as a signed-in person gets it."""
        lines, token = [], self.token(by)
        while True:
            body = self.get(f"/v1/log?after={len(lines)}", token=token).body
            more = body[:body.index(b"\n\n") + 1].splitlines() if not body.startswith(b"\n") else []
            if not more:
                return lines
            lines += more

    # ---- statements ----
    def key(self, name):
        return person_key(self.w.identity(name))

    def payload(self, kind, signer, /, **fields):
        """The payload's fields with an honest head; None takes a field away."""
        about = self.about()
        head = {"v": 1, "type": kind, "installation": about["installation"], "roster": Line(about["rosters"][-1].encode()).id,
                "by": [signer], "made_at": int(time.time() * 1000), "nonce": os.urandom(16).hex(), "head": self.head(about)}
        return {k: v for k, v in {**head, **fields}.items() if v is not None}

    @staticmethod
    def bytes_of(payload):
        return payload if isinstance(payload, bytes) else json.dumps(payload, separators=(",", ":")).encode()

    @staticmethod
    def envelope(kind, payload, signatures):
        return {"type": kind, "payload": base64.b64encode(payload).decode(),
                "signatures": [base64.b64encode(s).decode() for s in signatures]}

    def signed(self, kind, payload, *names, keys=()):
        """An envelope signed by these people (or keys)."""
        data = self.bytes_of(payload)
        keys = [self.key(n) for n in names] + list(keys)
        return self.envelope(kind, data, [sshsig(k, kind, data) for k in keys])

    def body(self, envelope, blobs=()):
        said = {"statement": envelope}
        if blobs:
            said["blobs"] = [base64.b64encode(b).decode() for b in blobs]
        return json.dumps(said).encode()

    def post(self, envelope, blobs=()):
        return self.call("POST", "/v1/statements", self.body(envelope, blobs))

    def say(self, kind, by, blobs=(), /, **fields):
        return self.post(self.signed(kind, self.payload(kind, by, **fields), by), blobs)

    # ---- signed in ----
    def sign_in(self, by, /, **fields):
        challenge = self.call("GET", "/v1/challenge").json["challenge"]
        payload = self.payload("session", by, **{"challenge": challenge, **fields})
        return self.call("POST", "/v1/sessions", self.body(self.signed("session", payload, by)))

    def token(self, by):
        return self.sign_in(by).json["token"]

    def get(self, path, by=None, token=None):
        return self.call("GET", path, headers={"Authorization": f"Bearer {token or self.token(by)}"})

    # ---- the acts, honestly ----
    def find(self, kind, **fields):
        return find(self.lines(), kind, **fields)

    def version(self, credential="prod/db/root"):
        """The newest version's line."""
        return self.find("version", credential=credential)

    def asking(self, by="erin", version=None, **fields):
        """The fields of a good request."""
        version = version or self.version()
        now = int(time.time() * 1000)
        return {"credential": version.says["credential"], "version": version.id, "emergency": "E1", "incident": "INC-1",
                "reason": "everything is down", "open_for": 600000, "reply_to": age_key(), "expires_at": now + 600000, **fields}

    def share(self, holder, version=None):
        """(the entry of the version, the share's line) as the holder reads it with stock age."""
        version = version or self.version()
        entry = next(s for s in version.says["shares"] if s["holder"] == holder)
        blob = self.get(f"/v1/blobs/{entry['sha256']}", by=holder).body
        line = subprocess.run(["age", "-d", "-i", self.w.identity(holder)], input=blob, stdout=subprocess.PIPE, check=True).stdout
        return entry, line.decode()

    def reshare_line(self, holder, request):
        """What the re-sealed file of an honest approval says."""
        version = self.line_of(request.says["version"])
        _, line = self.share(holder, version)
        return line.replace("breakglass-share/v1 ", f"breakglass-reshare-to/v1 {request.id} ", 1)

    def line_of(self, statement_id):
        return next(l for l in map(Line, self.lines()) if l.id == statement_id)

    def approving(self, holder, request, blob, **fields):
        """The fields of a good approval of this request's line with this re-sealed file."""
        version = self.line_of(request.says["version"])
        index = next(s["index"] for s in version.says["shares"] if s["holder"] == holder)
        return {"request": request.id, "version": version.id, "index": index, "share": sha256(blob).hex(),
                "expires_at": request.says["expires_at"], **fields}

    def approve(self, holder, request, text=None, blob=None, **fields):
        """An approval whose share file says what we want (None: the honest line)."""
        if blob is None:
            text = self.reshare_line(holder, request) if text is None else text
            blob = age_to(request.says["reply_to"], text if isinstance(text, bytes) else text.encode())
        return self.say("approval", holder, [blob], **self.approving(holder, request, blob, **fields))
