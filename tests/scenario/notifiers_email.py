"""The email program against real SMTP servers (aiosmtpd) with STARTTLS, with implicit TLS, without TLS, and with every kind of refusal."""
import asyncio, email, email.policy, email.utils, logging, queue, socket, threading, warnings
from concurrent.futures import ThreadPoolExecutor
from aiosmtpd.smtp import SMTP, AuthResult
from harness import finish, ok
from https_stub import DIR, EVENT, TOKEN, Answer, certificates, folder, private, stop, tls_context

logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # handshakes that must fail are no news
warnings.simplefilter("ignore")
CA = str(DIR / "ca.pem")
certificates()
loop = asyncio.new_event_loop()
threading.Thread(target=loop.run_forever, daemon=True).start()


class Mailbox:
    """Answers an address by its name, a mail by what `data` says; keeps what came."""

    def __init__(self, data="250 kept"):
        self.data, self.mails, self.commands = data, queue.Queue(), []

    async def handle_MAIL(self, server, session, envelope, address, options):
        self.commands.append(("MAIL", session.ssl is not None, session.authenticated))
        envelope.mail_from = address
        return "250 ok"

    async def handle_RCPT(self, server, session, envelope, address, options):
        name = address.split("@")[0]
        if name in ("550", "451"):
            return f"{name} not now, not here"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server, session, envelope):
        self.mails.put((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        if self.data == "hang":
            while not stop.is_set():
                await asyncio.sleep(0.05)
        return self.data

    def mail(self):
        sender, to, content = self.mails.get_nowait()
        return sender, to, email.message_from_bytes(content, policy=email.policy.default), content


def check_login(server, session, envelope, mechanism, data):
    return AuthResult(success=getattr(data, "login", None) == b"pager" and data.password == TOKEN.encode(), handled=False)


class Server:
    def __init__(self, certificate="good", implicit=False, starttls=True, data="250 kept", login=False):
        self.box = Mailbox(data)
        options = dict(authenticator=check_login, auth_required=True, auth_require_tls=not implicit) if login else {}
        if starttls and not implicit:
            options.update(tls_context=tls_context(certificate), require_starttls=True)
        make = lambda: SMTP(self.box, hostname="mail.example", enable_SMTPUTF8=False, loop=loop, **options)
        started = asyncio.run_coroutine_threadsafe(
            loop.create_server(make, "127.0.0.1", 0, ssl=tls_context(certificate) if implicit else None), loop)
        self.port = started.result().sockets[0].getsockname()[1]
        self.implicit = implicit


def mail(server, event=EVENT, **config):
    given = {"smarthost": f"127.0.0.1:{server.port}", "from": "breakglass@example.org", "to": "oncall@example.org", "ca_file": CA,
             "force_implicit_tls": "true" if server.implicit else "false", **config}
    return Answer("email", {k: v for k, v in given.items() if v is not None}, event)


# ---- what is sent ----
good, implicit = Server(), Server(implicit=True)
for what, server in (("STARTTLS", good), ("implicit TLS", implicit)):
    got = mail(server)
    sender, to, message, raw = server.box.mail()
    ok(f"{what}: accepted by its Message-ID", got.code == 0 and got.last == {"status": "accepted", "id": message["Message-ID"]}, got)
    ok(f"{what}: sender and recipient, once each", (sender, to, server.box.mails.qsize()) == ("breakglass@example.org", ["oncall@example.org"], 0), (sender, to))
ok("inside TLS only", all(tls for _, tls, _ in good.box.commands), good.box.commands)
ok("the subject says what happened", message["Subject"] == "[acme-prod] " + EVENT["text"], message["Subject"])
ok("the date is the event's", email.utils.parsedate_to_datetime(message["Date"]).timestamp() * 1000 == EVENT["at"], message["Date"])
ok("no machine answers it", message["Auto-Submitted"] == "auto-generated" and message["Importance"] == "high", message.items())
plain, page = (message.get_body((kind,)).get_content().replace("\r\n", "\n") for kind in ("plain", "html"))
ok("plain text and HTML side by side", message.get_content_type() == "multipart/alternative" and "\nWho: erin\n" in plain and
   ">erin</td>" in page, (plain, page))
ok("mark-up of people stays text in both", "\nReason: <!channel> <http://evil|click>\n" in plain and
   "&lt;!channel&gt; &lt;http://evil|click&gt;" in page and "<http" not in page, (plain, page))
ok("it carries the log head", f"18 {'bb' * 32}" in plain and f"18 {'bb' * 32}" in page, plain)
lines = raw.split(b"\r\n")
ok("lines are short, end in CRLF and are ASCII", max(map(len, lines)) <= 998 and b"\n" not in raw.replace(b"\r\n", b"") and raw.isascii(), raw)

asked = {**EVENT, "kind": "requested", "dedup_key": "requested/" + EVENT["request_id"], "severity": "warning"}
mail(good, asked), mail(good, asked), mail(good, EVENT), mail(good, {**EVENT, "dedup_key": "d-9", "request_id": "dd" * 32})
first, again, opened, other = (good.box.mail()[2] for _ in range(4))
ok("a repeat has the same Message-ID", first["Message-ID"] == again["Message-ID"] and "References" not in first, first.items())
ok("what follows answers the asking", opened["References"] == opened["In-Reply-To"] == first["Message-ID"] != opened["Message-ID"], opened.items())
ok("another request has another thread", other["References"] not in (None, opened["References"]), other.items())
ok("the holder reads what to type", "To approve: breakglass approve R17" in first.get_body(("plain",)).get_content(), first)

evil = "up\r\nBcc: eve@evil.example\r\n\r\n.\r\nMAIL FROM:<x@evil.example>\u2028\u202e\n"
got = mail(good, {**EVENT, **{k: evil for k in ("text", "reason", "who", "name", "incident", "credential", "emergency", "kind")}, "dedup_key": evil})
sender, to, message, raw = good.box.mail()
ok("texts of people begin no header, end no mail, add no recipient", got.code == 0 and to == ["oncall@example.org"] and message["Bcc"] is None and
   set(message.keys()) == {"Date", "From", "To", "Subject", "Message-ID", "In-Reply-To", "References", "Auto-Submitted", "MIME-Version", "Content-Type",
                           "Importance", "X-Priority"} and not message.defects and good.box.mails.empty(), (got, raw))
got = mail(good, {**EVENT, "text": "Größte Not: " + "ü🔥" * 100, "name": "ümlaut =?x?="})
message = good.box.mail()[2]
ok("a subject beyond ASCII arrives whole", message["Subject"].startswith("[ümlaut =?x?=] Größte Not: ü🔥ü🔥") and "�" not in message["Subject"], message["Subject"])

# ---- whom it reaches ----
people = [{"name": n, "contact": {"email": a}} for n, a in (("carol", "carol@example.org"), ("dave", "oncall@example.org"), ("eve", "x@y\r\nBcc: z@y"), ("bob", ""))]
named = {**EVENT, "to": [*people, {"name": "alice", "contact": {"slack": "U0123"}}]}
mail(good, named), mail(good, {**named, "quiet": True})
loud, quiet = good.box.mail(), good.box.mail()
ok("people whom the page addresses get it at their own addresses, once", loud[1] == ["oncall@example.org", "carol@example.org"] ==
   [a.addr_spec for a in loud[2]["To"].addresses], loud)
ok("but not that it is over", quiet[1] == ["oncall@example.org"], quiet)
got = mail(good, to="a@example.org, b@example.org,c@example.org")
_, to, message, _ = good.box.mail()
ok("several recipients", got.code == 0 and to == ["a@example.org", "b@example.org", "c@example.org"] == [a.addr_spec for a in message["To"].addresses], to)
got = mail(good, to="550@example.org, b@example.org")
ok("one wrong address keeps the page from nobody else, and is said", got.code == 0 and good.box.mail()[1] == ["b@example.org"] and
   got.last["id"].endswith(" (1 of 2 addresses refused)"), got)

# ---- what answers mean ----
good.box.commands.clear()
for what, server, config, code, why in (
        ("a refused recipient", good, {"to": "550@example.org"}, 1, "550 to RCPT"),
        ("a recipient for later", good, {"to": "451@example.org"}, 75, "451 to RCPT"),
        ("a refused mail", Server(data="550 spam"), {}, 1, "550 to DATA"),
        ("a mail for later", Server(data="451 greylisted"), {}, 75, "451 to DATA"),
        ("a full mailbox", Server(implicit=True, data="452 full"), {}, 75, "452 to DATA")):
    got = mail(server, **config)
    ok(f"{what} exits {code}", got.failed(code) and why in got.last["why"], got)

# ---- whom it trusts ----
bare = Server(starttls=False)
got = mail(bare)
ok("no STARTTLS: misconfigured, and no mail was begun", got.failed(78) and not bare.box.commands and bare.box.mails.empty(), got)
for what, name in (("wrong host name", "wrong"), ("untrusted certificate", "stranger"), ("expired certificate", "expired")):
    for how, server in (("STARTTLS", Server(name)), ("implicit TLS", Server(name, implicit=True))):
        got = mail(server)
        ok(f"{how}, {what}: failed, and no mail was begun", got.failed(78) and not server.box.commands, got)
got = mail(good, ca_file=None)
ok("without ca_file the system's authorities count", got.failed(78), got)

# ---- login ----
word, wrong = private("smtp-password", TOKEN + "\n"), private("smtp-wrong", "verysecret-but-wrong")
for how, server in (("STARTTLS", Server(login=True)), ("implicit TLS", Server(implicit=True, login=True))):
    got = mail(server, auth_username="pager", auth_password_file=word)
    ok(f"{how}: logged in inside TLS", got.code == 0 and [logged_in for *_, logged_in in server.box.commands] == [True], (got, server.box.commands))
    server.box.commands.clear()
    got = mail(server, auth_username="pager", auth_password_file=wrong)
    ok(f"{how}: a wrong password is refused for good", got.failed(77) and not server.box.commands, got)
    got = mail(server)
    ok(f"{how}: no login where one is wanted is refused for good", got.failed(77) and not server.box.commands, got)
server = Server(starttls=False, login=True)
got = mail(server, auth_username="pager", auth_password_file=word)
ok("no login outside TLS", got.failed(78), got)

# ---- configuration ----
for what, config in (
        ("an unknown key", {"smart_host": "x:25"}), ("no server", {"smarthost": None}), ("a server without port", {"smarthost": "mail.example.org"}),
        ("a server that is a URL", {"smarthost": "evil@mail/x?:25"}), ("no sender", {"from": None}), ("nobody", {"to": None}), ("commas only", {"to": ", ,"}),
        ("an address that is none", {"to": "oncall"}), ("a line break in an address", {"to": "a@example.org\r\nBcc:eve@evil.example"}),
        ("a sender with a command", {"from": "a@example.org>\r\nRSET"}), ("a strange hello", {"hello": "x\r\nRSET"}),
        ("a password without name", {"auth_password_file": word}), ("a name without password", {"auth_username": "pager"}),
        ("a password that others can read", {"auth_username": "pager", "auth_password_file": private("open-password", TOKEN, 0o644)}),
        ("neither true nor false", {"force_implicit_tls": "maybe"})):
    got = mail(good, **config)
    ok(f"{what}: misconfigured", got.failed(78) and good.box.mails.empty(), got)

# ---- no answer ----
listener = socket.create_server(("127.0.0.1", 0))
nobody = Server()
nobody.port = listener.getsockname()[1]
busy = socket.create_server(("127.0.0.1", 0))


def say_busy():
    peer, _ = busy.accept()
    peer.sendall(b"421 too many of you\r\n")
    peer.recv(100)
    peer.close()


threading.Thread(target=say_busy, daemon=True).start()
turned_away = Server()
turned_away.port = busy.getsockname()[1]
got = mail(turned_away)
ok("421 at the door: try again", got.failed(75), got)
with ThreadPoolExecutor() as pool:
    silent, hung = pool.submit(mail, nobody), pool.submit(mail, Server(data="hang"))
    got = silent.result()
    ok("a server that never speaks: try again", got.failed(75), got)
    got = hung.result()
    ok("a mail given away and never answered: outcome unknown", got.failed(3), got)
listener.close()
got = mail(nobody)
ok("nobody listening: try again", got.failed(75), got)
stop.set()
folder.cleanup()
finish()
