"""A broker that holds the broker's key and lies in exactly one way.

It starts from an honest broker's store, believes everything it is told (it has no rules), and serves the API on a unix
socket. A Lie changes one thing on the way out. With the plain `Lie` it is honest, which shows that what a client
refuses is the lie."""
import base64, http.server, json, shutil, socketserver, sqlite3, tempfile, threading, time, urllib.parse

# What an honest and a lying program have in common; named here because scenarios say lb.NAME.
from wire import (Line, age_key, broker_key, checkpoint, find, line_of, person_key, renumber, replace, root_of, sha256, sshsig)

# ---- what it knows ----


class Store:
    """Lines and blobs, as an honest broker left them."""

    def __init__(self, path=None):
        self.lines, self.blobs = [], {}
        if path:
            with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
                self.lines = [line.encode() for (line,) in db.execute("SELECT line FROM log ORDER BY n")]
                self.blobs = {bytes(k).hex(): bytes(v) for k, v in db.execute("SELECT sha256, bytes FROM blobs")}

    def copy(self):
        other = Store()
        other.lines, other.blobs = list(self.lines), dict(self.blobs)
        return other


class Lie:
    """The truth. A lie overrides one of these."""

    def log(self, lines, broker):
        """The log that is shown from the beginning; what people say is appended to it."""
        return lines

    def about(self, rosters, broker):
        return rosters

    def sign(self, lines, broker):
        return checkpoint(lines, broker.installation, broker.key)

    def blob(self, sha, found, broker):
        return found

    def receipt(self, receipt, broker):
        """None: hang up after taking the statement."""
        return receipt

    def take(self, broker):
        """Whether an accepted statement is put into the log."""
        return True

    def endless(self, path):
        return False

    def refuse(self, path):
        """(status, word) instead of an answer."""
        return None


# ---- the server ----


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def address_string(self):
        return "unix"

    def say(self, body, status=200, kind="application/json"):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def refuse(self, status, word):
        self.say({"error": word, "message": "no"}, status)

    def never_end(self):
        self.send_response(200)
        self.end_headers()
        self.close_connection = True
        try:
            while True:
                self.wfile.write(b"x" * 65536)
        except OSError:
            pass

    def do_GET(self):
        self.handle_call(None)

    def do_POST(self):
        self.handle_call(json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}"))

    def handle_call(self, body):
        broker = self.server.broker
        url = urllib.parse.urlsplit(self.path)
        refusal = broker.lie.refuse(url.path)
        broker.calls.append(url.path)
        if refusal:
            self.refuse(*refusal)
        elif broker.lie.endless(url.path):
            self.never_end()
        elif url.path == "/v1/about":
            self.say(broker.about())
        elif url.path == "/v1/challenge":
            self.say({"challenge": "c" * 64, "expires_at": int(time.time() * 1000) + 60000})
        elif url.path == "/v1/sessions":
            self.say({"token": "a" * 64, "expires_at": int(time.time() * 1000) + 600000})
        elif url.path == "/v1/log":
            after = int(urllib.parse.parse_qs(url.query)["after"][0])
            self.say(broker.log_from(after), kind="text/plain")
        elif url.path.startswith("/v1/blobs/"):
            sha = url.path.rsplit("/", 1)[1]
            found = broker.lie.blob(sha, broker.store.blobs.get(sha), broker)
            if found is None:
                self.refuse(404, "not-found")
            else:
                self.say(found, kind="application/octet-stream")
        elif url.path == "/v1/statements":
            receipt = broker.lie.receipt(broker.accept(body), broker)
            if receipt is None:
                self.close_connection = True
            else:
                self.say(receipt)
        else:
            self.refuse(404, "not-found")


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


class LyingBroker:
    """with LyingBroker(store, key, installation, lie) as liar: … `--broker` liar.address …"""

    def __init__(self, store, key, installation, lie=None):
        self.store, self.key, self.installation, self.lie = store, key, installation, lie or Lie()
        self.store.lines = list(self.lie.log(list(store.lines), self))
        self.calls = []
        self.lock = threading.Lock()
        self.folder = tempfile.mkdtemp(prefix="breakglass-liar-")
        self.address = f"unix:{self.folder}/s"

    def about(self):
        lines = self.store.lines
        rosters = [raw.decode() for raw in lines if Line(raw).type == "roster"]
        return {"name": "acme-test", "installation": self.installation, "program": "liar", "now": int(time.time() * 1000),
                "rosters": self.lie.about(rosters, self), "checkpoint": self.lie.sign(lines, self)}

    def log_from(self, after):
        lines = self.store.lines
        return b"".join(raw + b"\n" for raw in lines[after:]) + b"\n" + self.lie.sign(lines, self).encode()

    def accept(self, body):
        """Believes everything; the same statement again is the same entry."""
        with self.lock:
            said = body["statement"]
            payload = base64.b64decode(said["payload"])
            for blob in body.get("blobs", []):
                data = base64.b64decode(blob)
                self.store.blobs[sha256(data).hex()] = data
            known = [n for n, raw in enumerate(self.store.lines) if Line(raw).payload == payload]
            n = known[0] if known else len(self.store.lines)
            if not known and self.lie.take(self):
                at = max(int(time.time() * 1000), Line(self.store.lines[-1]).at)
                signatures = [base64.b64decode(s) for s in said["signatures"]]
                self.store.lines.append(line_of(n, at, said["type"], payload, signatures))
            return {"n": n, "id": sha256(payload).hex(), "checkpoint": self.lie.sign(self.store.lines, self)}

    def __enter__(self):
        self.server = Server(f"{self.folder}/s", Handler)
        self.server.broker = self
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        shutil.rmtree(self.folder, ignore_errors=True)
