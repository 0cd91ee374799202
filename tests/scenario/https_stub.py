"""A server on loopback that speaks HTTPS as a service would, keeps what it was sent and answers what a test wants; and the
certificates, private files and runs that every test of a notifier needs."""
import http.server, json, os, pathlib, queue, socket, ssl, struct, subprocess, tempfile, threading
from harness import BUILD

folder = tempfile.TemporaryDirectory(prefix="breakglass-notifiers-")
DIR = pathlib.Path(folder.name)
TOKEN = "T0/B0/verysecrettoken"  # no program may ever print it
stop = threading.Event()


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], cwd=DIR, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def authority(name):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key",
            "-out", f"{name}.pem", "-subj", f"/CN={name}", "-days", "2")


def certificate(name, ca, san, days=2):
    (DIR / f"{name}.ext").write_text(f"subjectAltName={san}\n")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr",
            "-subj", f"/CN={name}")
    openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.pem", "-CAkey", f"{ca}.key", "-CAcreateserial", "-days", str(days),
            "-extfile", f"{name}.ext", "-out", f"{name}.pem")


def certificates():
    """good: ours; wrong: for another host; stranger: by an authority that nobody trusts; expired: ours, of the day before."""
    authority("ca")
    authority("other")
    certificate("good", "ca", "IP:127.0.0.1")
    certificate("wrong", "ca", "DNS:elsewhere.example")
    certificate("stranger", "other", "IP:127.0.0.1")
    certificate("expired", "ca", "IP:127.0.0.1", days=-1)


def tls_context(name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(DIR / f"{name}.pem", DIR / f"{name}.key")
    return context


class Stub(http.server.BaseHTTPRequestHandler):
    """Answers what the last part of the path asks for and keeps what it was sent."""
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.seen.put(("GET", self.path, dict(self.headers), b""))
        self.reply(200, b"ok")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.put(("POST", self.path, dict(self.headers), body))
        getattr(self, "say_" + self.path.removesuffix("/v2/enqueue").rsplit("/", 1)[1])()

    def reply(self, status, body, **headers):
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def say_ok(self): self.reply(200, b"ok")
    def say_page(self): self.reply(200, b"<html>log in to the hotel</html>")
    def say_empty(self): self.reply(202, b"")
    def say_unauthorized(self): self.reply(401, b"")
    def say_forbidden(self): self.reply(403, b"action_prohibited")
    def say_gone(self): self.reply(410, b"channel_is_archived")
    def say_slow(self): self.reply(429, b"rate_limited", Retry_After="3600")
    def say_busy(self): self.reply(429, b"rate_limited", Retry_After="2")
    def say_broken(self): self.reply(500, b"")
    def say_elsewhere(self): self.reply(302, b"", Location=f"https://127.0.0.1:{self.server.server_port}/other/ok")

    def say_unacceptable(self): self.reply(400, b"")

    def say_hang(self):
        stop.wait()

    def say_reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def say_drip(self):
        """A good answer, one byte a second: it never comes whole in time."""
        try:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            while not stop.wait(1):
                self.wfile.write(b" ")
        except OSError:
            pass

    def say_endless(self):
        self.send_response(200)
        self.end_headers()
        try:
            while not stop.is_set():
                self.wfile.write(b"x" * 65536)
        except OSError:
            pass

    def say_headers(self):
        try:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while not stop.is_set():
                self.wfile.write(b"X-More: " + b"x" * 8000 + b"\r\n")
        except OSError:
            pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, name, stub=Stub):
        super().__init__(("127.0.0.1", 0), stub)
        self.socket = tls_context(name).wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.seen = queue.Queue()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        pass

    def url(self, path):
        return f"https://127.0.0.1:{self.server_port}/{path}"

    def close(self):
        self.shutdown()
        self.server_close()

    def taken(self):
        got = []
        while not self.seen.empty():
            got.append(self.seen.get())
        return got


EVENT = {"kind": "opened", "dedup_key": "d-1", "request": "R17", "request_id": "aa" * 32, "who": "erin", "credential": "prod/db/root",
         "opens_what": "superuser of the main database", "emergency": "E1", "emergency_means": "Customers are down", "incident": "INC-7",
         "reason": "<!channel> <http://evil|click>", "approvals": 2, "threshold": 2, "access_until": 1764003600000,
         "installation": "cc" * 32, "name": "acme-prod", "head": {"size": 18, "root": "bb" * 32}, "severity": "critical",
         "at": 1764000000000, "text": "erin opened prod/db/root (E1, INC-7)"}


def private(name, text, mode=0o600):
    path = DIR / name
    path.write_text(text)
    os.chmod(path, mode)
    return str(path)


class Answer:
    """One run of a notifier program."""
    secrets = (TOKEN, "verysecret")

    def __init__(self, program, config, event=EVENT, text=None, env={}):
        path = BUILD / "notifiers" / program if isinstance(program, str) else program
        done = subprocess.run([str(path)], input=text or json.dumps({"event": event, "config": config, "attempt": 1}),
                              capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", "https_proxy": "http://127.0.0.1:1", **env})
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr
        lines = done.stdout.splitlines()
        self.last = json.loads(lines[-1]) if lines else {}

    def __repr__(self):
        return f"exit {self.code} {self.out!r} {self.err!r}"

    def leaks(self):
        return any(t in self.out + self.err for t in self.secrets)

    def failed(self, code):
        return self.code == code and self.last.get("status") == "failed" and bool(self.last["why"]) and not self.leaks()
