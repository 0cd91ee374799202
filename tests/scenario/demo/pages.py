"""Where the demo's pages arrive: one HTTPS server on loopback that answers as Slack and PagerDuty do, with a certificate of its own."""
import http.server, json, os, ssl, subprocess, threading


class Pages:
    """`slack` and `pagerduty` hold what was posted, oldest first."""

    def __init__(self, folder):
        self.slack, self.pagerduty = [], []
        self.ca = str(folder / "pages-ca.pem")
        self._certificate(folder)
        pages = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                is_slack = self.path.startswith("/services/")
                (pages.slack if is_slack else pages.pagerduty).append(body)
                answer = b"ok" if is_slack else json.dumps({"status": "success", "dedup_key": body.get("dedup_key", "")}).encode()
                self.send_response(200 if is_slack else 202)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "pages.pem", folder / "pages.key")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _certificate(self, folder):
        def openssl(*arguments):
            subprocess.run(["openssl", *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        openssl("req", "-x509", *new_key, "-keyout", "pages-ca.key", "-out", "pages-ca.pem", "-subj", "/CN=demo pages", "-days", "2")
        openssl("req", *new_key, "-keyout", "pages.key", "-out", "pages.csr", "-subj", "/CN=127.0.0.1")
        (folder / "san").write_text("subjectAltName=IP:127.0.0.1\n")
        openssl("x509", "-req", "-in", "pages.csr", "-CA", "pages-ca.pem", "-CAkey", "pages-ca.key", "-CAcreateserial", "-days", "2",
                "-extfile", "san", "-out", "pages.pem")
        os.chmod(folder / "pages.key", 0o600)

    def channels(self, folder, build):
        """The broker's `channels:` that lead here, through the real notifier programs."""
        url, key = folder / "slack-url", folder / "routing-key"
        url.write_text(f"https://127.0.0.1:{self.port}/services/T0/B0/demo\n")
        key.write_text("0123456789abcdef0123456789abcdef\n")
        for path in (url, key):
            os.chmod(path, 0o600)
        return {
            "slack-oncall": {"program": str(build / "notifiers" / "slack"), "config": {"api_url_file": str(url), "ca_file": self.ca}},
            "pagerduty": {"program": str(build / "notifiers" / "pagerduty"),
                          "config": {"routing_key_file": str(key), "api_url": f"https://127.0.0.1:{self.port}", "ca_file": self.ca}},
        }
