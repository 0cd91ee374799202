"""The syslog program against a real rsyslog over TLS, with and without a client's certificate, and against servers that are not what they must be."""
import atexit, json, re, shutil, socket, struct, subprocess, threading
from harness import finish, ok, skip, wait_for
from https_stub import DIR, EVENT, Answer, certificate, certificates, folder, private, tls_context

CA = str(DIR / "ca.pem")
certificates()
certificate("pager", "ca", "DNS:pager.example")
private("pager.key", (DIR / "pager.key").read_text())


class Rsyslog:
    """Keeps every message as the JSON object that rsyslog makes of it."""

    def __init__(self, name, mode):
        self.kept, self.port_file = DIR / f"{name}.json", DIR / f"{name}.port"
        (DIR / f"{name}.conf").write_text(f"""
global(workDirectory="{DIR}" defaultNetstreamDriver="gtls" defaultNetstreamDriverCAFile="{CA}"
       defaultNetstreamDriverCertFile="{DIR}/good.pem" defaultNetstreamDriverKeyFile="{DIR}/good.key" maxMessageSize="16k")
module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="{mode}")
template(name="all" type="string" string="%jsonmesg%\\n")
input(type="imtcp" address="127.0.0.1" port="0" listenPortFileName="{self.port_file}")
action(type="omfile" file="{self.kept}" template="all")
""")
        self.process = subprocess.Popen(["/usr/sbin/rsyslogd", "-n", "-f", DIR / f"{name}.conf", "-i", DIR / f"{name}.pid"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        atexit.register(self.process.kill)
        wait_for("rsyslog's port", lambda: self.port_file.exists() and self.port_file.read_text().strip())
        self.port = int(self.port_file.read_text())

    def messages(self):
        text = self.kept.read_text() if self.kept.exists() else ""
        return [m for m in map(json.loads, text.splitlines()) if m["app-name"] == "breakglass"]

    def close(self):
        self.process.terminate()
        self.process.wait()


def syslog(server, event=EVENT, **config):
    given = {"address": f"127.0.0.1:{server.port}", "ca_file": CA, "hostname": "bg1.example", **config}
    return Answer("syslog", {k: v for k, v in given.items() if v is not None}, event)


def strict_frames(stream):
    """RFC 5425 and 5424 to the letter; anything else is an error."""
    found = []
    while stream:
        length = re.match(rb"([1-9][0-9]*) ", stream)
        message, stream = stream[length.end():length.end() + int(length[1])], stream[length.end() + int(length[1]):]
        assert len(message) == int(length[1])
        m = re.fullmatch(rb'<(1[0-9]{2}|[1-9]?[0-9])>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) '
                         rb'\[([!#-<>-\\^-~]{1,32})((?: [!#-<>-\\^-~]{1,32}="(?:[^"\\\]]|\\["\\\]])*")*)\] (.*)', message, re.S)
        values = dict(re.findall(r' ([!-~]+?)="((?:[^"\\\]]|\\["\\\]])*)"', m[8].decode()))
        found.append((*(x.decode() for x in m.groups()[:7]), {k: re.sub(r'\\(["\\\]])', r"\1", v) for k, v in values.items()}, m[9].decode()))
    return found


class Listener:
    """A TLS server by hand: keeps what came, or ends the connection as `end` says."""

    def __init__(self, name="good", end=None):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port, self.context, self.end, self.stream, self.done = self.listener.getsockname()[1], tls_context(name), end, b"", threading.Event()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        peer, _ = self.listener.accept()
        try:
            tls = self.context.wrap_socket(peer, server_side=True)
            if self.end:
                tls.recv(10)
                tls.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                tls.close()
                return
            while chunk := tls.recv(65536):
                self.stream += chunk
            tls.close()
        except OSError:
            pass
        finally:
            self.done.set()


EVIL = '"] [x@1 y="\\z\n<34>1 - - - - - -\u202e ümlaut'

# ---- to the letter ----
listener = Listener()
got = syslog(listener, {**EVENT, "reason": EVIL, "text": "Größte Not\n"})
listener.done.wait()
(pri, time, host, app, process, kind, data_id, data, text), = strict_frames(listener.stream)
ok("accepted by the dedup key", got.code == 0 and got.last == {"status": "accepted", "id": "d-1"}, got)
ok("an opening is critical, in authpriv", (pri, time, host, app, process, kind) == ("82", "2025-11-24T16:00:00Z", "bg1.example", "breakglass", "-", "opened"), listener.stream)
ok("the event is structured data", data_id == "breakglass@32473" and data["who"] == "erin" and data["dedup_key"] == "d-1" and
   data["head"] == f"18 {'bb' * 32}", data)
ok("people's text stays in its value", data["reason"] == '"] [x@1 y="\\z\\n<34>1 - - - - - -\\u{202e} ümlaut', data)
ok("UTF-8 says so", text == "\ufeffGrößte Not\\n", text)

# ---- a real rsyslog ----
if shutil.which("rsyslogd", path="/usr/sbin:/usr/bin"):
    server = Rsyslog("anonymous", "anon")
    for event in (EVENT, {**EVENT, "kind": "closed", "severity": "info", "dedup_key": "d-2", "reason": EVIL}):
        got = syslog(server, event, facility="local3")
        ok(f"rsyslog: {event['kind']} is accepted", got.code == 0, got)
    first, second = wait_for("both messages", lambda: len(server.messages()) == 2 and server.messages())
    ok("rsyslog: reads every field as it was meant", (first["msg"].strip(), first["hostname"], first["syslogfacility"], first["syslogseverity"], first["msgid"],
       first["timereported"][:19]) == (EVENT["text"], "bg1.example", "19", "2", "opened", "2025-11-24T16:00:00"), first)
    ok("rsyslog: and the structured data whole", 'who="erin"' in first["structured-data"] and first["structured-data"].endswith("]"), first)
    ok("rsyslog: an evil reason makes no second message", second["msg"].strip() == EVENT["text"] and second["msgid"] == "closed", second)
    server.close()
    got = syslog(server)
    ok("nobody listening: try again", got.failed(75), got)

    server = Rsyslog("mutual", "x509/certvalid")
    got = syslog(server, cert_file=str(DIR / "pager.pem"), key_file=str(DIR / "pager.key"))
    ok("rsyslog: with a client's certificate it is accepted", got.code == 0 and wait_for("the message", server.messages), got)
    got = syslog(server, {**EVENT, "dedup_key": "d-3"})
    ok("rsyslog: without one it is not", got.code in (3, 75) and got.last["status"] == "failed" and len(server.messages()) == 1, got)
    server.close()
else:
    skip("rsyslog is not installed")

# ---- whom it trusts ----
for what, name in (("wrong host name", "wrong"), ("untrusted certificate", "stranger"), ("expired certificate", "expired")):
    listener = Listener(name)
    got = syslog(listener)
    listener.done.wait()
    ok(f"{what}: failed, and nothing was sent", got.failed(78) and not listener.stream, got)
plain = socket.create_server(("127.0.0.1", 0))


def refuse_tls():
    peer, _ = plain.accept()
    peer.sendall(b"what is this?\n")
    peer.recv(1000)
    peer.close()


threading.Thread(target=refuse_tls, daemon=True).start()
listener = Listener()
listener.port = plain.getsockname()[1]
got = syslog(listener)
ok("a server without TLS: not sent", got.failed(75), got)
got = syslog(Listener(end="reset"))
ok("a connection that is ended over the page: outcome unknown, or not sent", got.failed(3) or got.failed(75), got)

# ---- configuration ----
for what, config in (("an unknown key", {"adress": "x:1"}), ("no address", {"address": None}), ("no port", {"address": "log.example"}),
                     ("a path in the address", {"address": "log.example/x:6514"}), ("no facility", {"facility": "local9"}),
                     ("a certificate without key", {"cert_file": str(DIR / "pager.pem")}),
                     ("a key that others can read", {"cert_file": str(DIR / "pager.pem"), "key_file": private("open.key", "x", 0o644)}),
                     ("a key that is none", {"cert_file": str(DIR / "pager.pem"), "key_file": private("none.key", "x")})):
    got = syslog(listener, **config)
    ok(f"{what}: misconfigured", got.failed(78), got)
folder.cleanup()
finish()
