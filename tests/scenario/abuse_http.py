#!/usr/bin/python3
"""Connections and sizes: what is too large is not read, what is too slow is cut, and one caller can't take what others need."""
import base64, contextlib, os, pathlib, resource, select, socket, sys, time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from harness import World, finish, is_sanitized, ok, skip, wait_for
from wire import Wire, http_bytes, read_answer

CAP = 2 * 1024 * 1024
DEADLINE_S = 1
LIMITS = ("limits: {request_deadline: 1s, answer_deadline: 1s, connections: 64, connections_per_caller: 12, failures_per_minute: 1000000, "
          "threads: 1}\n")


def memory_kb(w):
    text = pathlib.Path(f"/proc/{w.broker.pid}/status").read_text()
    return int(next(line.split()[1] for line in text.splitlines() if line.startswith("VmRSS")))


def is_refused(answer, status, word):
    return answer.status == status and answer.word == word and set(answer.json) == {"error", "message"}


# ---- 1: size ----


def announced_too_large(w, wire):
    for path in ("/v1/statements", "/v1/sessions", "/v1/hooks/pagerduty", "/v1/log?after=0", "/v1/about"):
        method = "GET" if path.endswith(("0", "about")) else "POST"
        answer = wire.call(method, path, b"", {"Content-Length": 10**12})
        ok(f"a body announced beyond the cap is refused before its first byte: {method} {path}", is_refused(answer, 413, "too-large"), answer)
    for what, path, size in (("one byte over the cap", "/v1/statements", CAP + 1), ("a sign-in of more than 64 KiB", "/v1/sessions", 65537),
                             ("a webhook of more than 512 KiB", "/v1/hooks/pagerduty", 512 * 1024 + 1)):
        ok(f"{what} is too large", is_refused(wire.call("POST", path, b"", {"Content-Length": size}), 413, "too-large"))
    answer = wire.call("POST", "/v1/statements", b"{" + b" " * (CAP - 1))
    ok("a body of exactly the cap is read and judged", is_refused(answer, 400, "bad-statement"), answer)


def sizes_that_are_no_sizes(w, wire):
    for what, headers in (("chunked", {"Transfer-Encoding": "chunked"}), ("chunked and a length", {"Transfer-Encoding": "chunked", "Content-Length": 2})):
        answer = wire.send(http_bytes("POST", "/v1/statements", b"", headers) + b"5\r\nhello\r\n")
        ok(f"a body without an announced length is too large: {what}", is_refused(answer, 413, "too-large"), answer)
    for length in ("-1", "0x10", "+5", "5, 5", "18446744073709551617", "99999999999999999999999999999999", " ", "5 6"):
        answer = wire.send(http_bytes("POST", "/v1/statements", b"{}", {"Content-Length": length}))
        ok(f"Content-Length {length!r} is refused", answer.status in (0, 400, 413), answer)
    answer = wire.send(b"POST /v1/statements HTTP/1.1\r\nHost: broker\r\nContent-Length: 2\r\nContent-Length: 50000000\r\n\r\n{}")
    ok("two different lengths never get past the cap", answer.status in (0, 400, 413), answer)
    answer = wire.send(http_bytes("GET", "/v1/about", headers={"X-Long": "x" * 200000}))
    ok("a header of 200 kB is refused", answer.status in (0, 400, 413, 431, 494), answer)
    answer = wire.send(http_bytes("GET", "/v1/about?" + "a=b&" * 50000))
    ok("an address of 200 kB is refused", answer.status in (0, 400, 413, 414, 431), answer)
    ok("the broker goes on", wire.call("GET", "/v1/about").status == 200)


def flood_of_bodies(w, wire):
    """Ten times what the broker may keep, announced and really sent."""
    body = b'{"statement":"' + b"x" * (CAP - 20) + b'"}'
    wire.call("POST", "/v1/statements", body)
    before = memory_kb(w)
    for _ in range(10):
        wire.call("POST", "/v1/statements", body)
        with wire.connect() as sock:
            with contextlib.suppress(OSError):
                sock.sendall(http_bytes("POST", "/v1/statements", b"", {"Content-Length": 100 * CAP}) + b"x" * CAP)
            read_answer(sock)
    grown = memory_kb(w) - before
    if is_sanitized():
        skip("memory is not compared: a sanitizer keeps what was freed")
    else:
        ok("twenty bodies of the cap and beyond leave the memory as it was", grown < 3 * CAP // 1024, f"{grown} kB more")


def not_read(w, wire):
    """What is behind a refused announcement stays in the socket's buffers: the sender can't even get rid of it."""
    with wire.connect() as sock:
        sock.sendall(http_bytes("POST", "/v1/statements", b"", {"Content-Length": 10**9}))
        ok("the refusal comes while the body is still with its sender", read_answer(sock).status == 413)
        sock.settimeout(10)
        sent = 0
        with contextlib.suppress(OSError):
            while sent < 20 * CAP:
                sent += sock.send(b"x" * 65536)
        ok("no more than the cap of a refused body is taken", sent <= CAP, f"{sent} bytes went")


def strange_calls(w, wire):
    """Nothing that isn't a call of the API is answered by anything but a refusal."""
    for path in ("/", "/v1", "/v1/", "/v1/nothing", "/v2/about", "/v1/about/", "//v1/about", "/v1/../v1/about", "/v1/statements/x", "/healthz",
                 "/metrics", "/v1/about%00", "/v1/blobs/../../etc/passwd", "*"):
        answer = wire.call("GET", path)
        ok(f"GET {path} is refused", answer.status in (401, 404), answer)
    for method in ("PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH", "get", "X" * 100):
        answer = wire.call(method, "/v1/about")
        ok(f"{method[:8]} /v1/about is refused", answer.status in (404, 405), answer)
    head = wire.call("HEAD", "/v1/about")
    ok("HEAD /v1/about gives no body", head.status in (200, 404) and not head.body, head)
    for what, raw in (("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), ("a TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 60 + b"\r\n\r\n"),
                      ("zeros", b"\0" * 500 + b"\r\n\r\n"), ("no version", b"GET /v1/about\r\n\r\n"), ("a folded header", b"GET /v1/about HTTP/1.1\r\nA: b\r\n c\r\n\r\n")):
        answer = wire.send(raw)
        ok(f"{what} on the socket harms nothing", answer.status < 500 or answer.status == 505, answer)
    token = wire.token("erin")
    for header in ("Bearer", "Bearer ", "Basic " + token, "Bearer " + token[:-1], "Bearer " + token + "0", "Bearer " + token.upper(), "Bearer " + "f" * 64):
        answer = wire.call("GET", "/v1/log?after=0", headers={"Authorization": header})
        if header.split(" ")[-1] == token.upper() and token.upper() == token:
            continue
        ok(f"a token that is none is refused: {header[:12]}…", is_refused(answer, 401, "auth"), answer)
    for query in ("", "?after=", "?after=-1", "?after=1e3", "?after=0&wait=x", "?after=9999999999999999", "?after=%30x"):
        answer = wire.get(f"/v1/log{query}", token=token)
        ok(f"/v1/log{query} is refused", is_refused(answer, 400, "bad-statement"), answer)
    ok("more lines than there are: a fork", is_refused(wire.get("/v1/log?after=99999", token=token), 409, "fork"))
    for query, status in (("", 400), ("?from=2&to=1", 400), ("?from=0&to=99999", 404), ("?leaf=99998&size=99999", 404), ("?leaf=1&size=1", 400), ("?from=x&to=1", 400)):
        answer = wire.get(f"/v1/proof{query}", token=token)
        ok(f"/v1/proof{query} is refused", answer.status == status and answer.word, answer)


# ---- 2: time ----


def ended_after(sock, feed=None, each_s=0.2):
    """Seconds until the broker hangs up; feed() is called all the while."""
    began = time.monotonic()
    sock.setblocking(False)
    while time.monotonic() - began < 30:
        ready, _, _ = select.select([sock], [], [], each_s)
        try:
            if ready and not sock.recv(65536):
                break
            if feed:
                sock.send(feed())
        except BlockingIOError:
            pass
        except OSError:
            break
    return time.monotonic() - began


def slow_callers(w, wire, kind):
    wire.connect().close()
    with wire.raw() as sock:
        took = ended_after(sock)
        ok(f"{kind}: silence is cut at the deadline", DEADLINE_S * 0.9 <= took < 15, f"{took:.1f} s")
    for what, begin in (("a header", b"GET /v1/about HTTP/1.1\r\nX-Slow: "),
                        ("a body", http_bytes("POST", "/v1/statements", b"", {"Content-Length": 1000}))):
        with wire.connect() as sock:
            sock.sendall(begin)
            took = ended_after(sock, feed=lambda: b" ")
            ok(f"{kind}: {what} byte by byte is cut at the same absolute deadline", DEADLINE_S * 0.9 <= took < 15, f"{took:.1f} s")
    with wire.connect() as sock:
        sock.sendall(http_bytes("GET", "/v1/about"))
        first = read_answer(sock)
        took = ended_after(sock)
        ok(f"{kind}: a kept-alive connection is cut when it stays idle", first.status == 200 and took < 15, f"{took:.1f} s")


def slow_reader(w, wire):
    """Whoever asks for much and reads nothing."""
    w.seal("prod/db/root", {"password": os.urandom(700000)})
    w.must("bob", "status")
    asked = w.request("erin")
    for who in ("alice", "bob"):
        assert w.approve(who, asked).code == 0
    assert w.run("erin", "open", asked["request"], "--output", str(w.dir / "out"), "--on-disk", "--field", "password").code == 0
    sha, token = wire.version().says["ciphertext"]["sha256"], wire.token("erin")
    with wire.connect() as sock:
        sock.sendall(http_bytes("GET", f"/v1/blobs/{sha}", headers={"Authorization": f"Bearer {token}"}))
        wait_for("the answer's begin", lambda: select.select([sock], [], [], 1)[0])
        held = descriptors(w)
        wait_for("the end of a caller who takes no answer", lambda: descriptors(w) < held)
        got = 0
        with contextlib.suppress(OSError):
            while more := sock.recv(65536):
                got += len(more)
    ok("an answer that nobody takes is given up at its deadline", 0 < got < 700000, f"{got} bytes")
    ok("the same answer is whole for who takes it", len(wire.get(f"/v1/blobs/{sha}", token=token).body) > 700000)


def descriptors(w):
    return len(os.listdir(f"/proc/{w.broker.pid}/fd"))


# ---- 3: many ----


def slots_are_free_again(w, wire):
    held = [wire.connect() for _ in range(12)]
    for sock in held:
        sock.sendall(b"G")
    more = wire.call("GET", "/v1/about")
    ok("one caller's connections are capped", more.status == 0, more)
    for sock in held:
        ended_after(sock)
        sock.close()
    ok("after the deadline the slots are free", wait_for("a free slot", lambda: wire.call("GET", "/v1/about").status == 200))


def idle_crowd(w):
    crowd, other, local = Wire(w, tls=True), Wire(w, tls=True, source="127.0.0.2"), Wire(w)
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    held, served = [], []
    for i in range(2000):
        with contextlib.suppress(OSError):
            held.append(crowd.raw())
        if i % 250 == 249:
            served.append(other.call("GET", "/v1/about").status)
            served.append(local.call("GET", "/v1/about").status)
    ok("2,000 idle connections from one address: another address is served as before, and the unix socket", set(served) == {200}, served)
    gone = wait_for("the crowd's end", lambda: sum(is_gone(s) for s in held) >= len(held) - 12)
    ok("of 2,000 idle connections no more than the cap is kept", gone)
    for sock in held:
        sock.close()
    ok("the crowd's address is served again", wait_for("a slot", lambda: answers(crowd)))
    ok("nobody was answered wrongly, the broker lives", w.broker.poll() is None)


def answers(wire):
    try:
        return wire.call("GET", "/v1/about").status == 200
    except OSError:
        return False


def is_gone(sock):
    try:
        sock.setblocking(False)
        return sock.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def long_polls(w):
    """Waiting calls are capped by person and end by themselves."""
    wire = Wire(w)
    token, size = wire.token("erin"), wire.size()
    waiting = []
    for _ in range(9):
        sock = wire.connect()
        sock.sendall(http_bytes("GET", f"/v1/log?after={size}&wait=25", headers={"Authorization": f"Bearer {token}"}))
        waiting.append(sock)
    refused = wait_for("the ninth long poll's answer", lambda: [s for s in waiting if select.select([s], [], [], 0)[0]])
    first = read_answer(refused[0])
    ok("a ninth long poll of one person is refused", is_refused(first, 429, "rate") and "retry-after" in first.headers, first)
    frank = wire.get(f"/v1/log?after={size}&wait=0", by="frank")
    ok("another person's are not", frank.status == 200, frank)
    for sock in waiting:
        sock.close()


def main():
    with World(config_extra=LIMITS, tls=True) as w:
        wire = Wire(w)
        announced_too_large(w, wire)
        sizes_that_are_no_sizes(w, wire)
        strange_calls(w, wire)
        flood_of_bodies(w, wire)
        not_read(w, wire)
        slow_callers(w, wire, "unix socket")
        slow_callers(w, Wire(w, tls=True), "TLS")
        slots_are_free_again(w, wire)
        long_polls(w)
        idle_crowd(w)
        slow_reader(w, wire)
        ok("the broker stops in order after all this", w.stop() == 0)
    finish()


main()
