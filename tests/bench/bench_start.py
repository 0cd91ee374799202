"""Start → first answer and idle resident memory against bare processes of the same libraries; ready with a long log against
ready with an empty one."""
import pathlib, signal, socket, ssl, subprocess, tempfile, time

from support import AT_MOST, BARE_HTTP, BREAKGLASSD, BareWorld, Load, free_port, median, mib, ms, row

ROUNDS = 15
ENTRIES = 10_000
GET = b"GET %s HTTP/1.1\r\nHost: broker\r\nConnection: close\r\n\r\n"
ANYBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
ANYBODY.check_hostname, ANYBODY.verify_mode = False, ssl.CERT_NONE


def first_answer(process, connect, path):
    """Tries until there is a 200; false when the process ended before."""
    while process.poll() is None:
        try:
            with connect() as s:
                s.sendall(GET % path)
                if s.recv(64).startswith(b"HTTP/1.1 200"):
                    return True
        except OSError:
            pass
        time.sleep(0.0002)
    return False


def to_unix(path):
    def connect():
        s = socket.socket(socket.AF_UNIX)
        s.connect(path)
        return s
    return connect


def to_tls(port):
    def connect():
        return ANYBODY.wrap_socket(socket.create_connection(("127.0.0.1", port)))
    return connect


def vm_rss(pid):
    """KiB resident, of the process and its children."""
    total = 0
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for each in [str(pid), *children]:
        for line in pathlib.Path(f"/proc/{each}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                total += int(line.split()[1])
    return total, len(children)


class Server:
    """A program that is started, asked once, looked at and stopped."""

    def __init__(self, args, connect, forget, path=b"/v1/about"):
        self.args, self.connect, self.forget, self.path = args, connect, forget, path

    def once(self, settle=0.0):
        for f in self.forget:
            pathlib.Path(f).unlink(missing_ok=True)
        began = time.monotonic()
        log = tempfile.TemporaryFile("w+")
        p = subprocess.Popen(self.args, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log)
        if not first_answer(p, self.connect, self.path):
            log.seek(0)
            raise RuntimeError(f"{self.args} ended with {p.returncode}: {log.read()}")
        took = time.monotonic() - began
        time.sleep(settle)
        memory = vm_rss(p.pid)
        p.send_signal(signal.SIGTERM)
        if p.wait(60) != 0:
            raise RuntimeError(f"{self.args[0]} ended with {p.returncode}")
        return took, memory


def alternate(ours, floor, settle=0.0):
    a, b = [], []
    for server in (ours, floor):
        server.once()
    for _ in range(ROUNDS):
        a.append(ours.once(settle))
        b.append(floor.once(settle))
    return a, b


def compare(how, ours, floor, at_most):
    a, b = alternate(ours, floor, settle=0.1)
    t, u = median([x[0] for x in a]), median([x[0] for x in b])
    row(f"start to first answer, {how}", ms(t), ms(u), t / u, AT_MOST, at_most)
    m, n = median([x[1][0] for x in a]), median([x[1][0] for x in b])
    row(f"idle resident memory, {how}", mib(m), mib(n), m / n, AT_MOST, 1.4)


def ours_unix(world, path=b"/v1/about"):
    listens = world.socket if path == b"/v1/about" else str(world.dir / "admin.sock")
    return Server([BREAKGLASSD, "--config", world.config], to_unix(listens), [world.socket, str(world.dir / "admin.sock")], path)


def unix():
    with BareWorld(tls=False) as world:
        bare = Server([BARE_HTTP, "unix", str(world.dir / "bare.sock"), str(world.dir / "bare.db")],
                      to_unix(str(world.dir / "bare.sock")), [world.dir / "bare.sock"])
        compare("unix", ours_unix(world), bare, 2.0)


def tls():
    ports = free_port(), free_port()
    with BareWorld(unix=False, port=ports[0]) as world:
        ours = Server([BREAKGLASSD, "--config", world.config], to_tls(ports[0]), [])
        bare = Server([BARE_HTTP, "tls", str(world.dir / "keys/tls_key.pem"), str(world.dir / "keys/tls_cert.pem"), str(ports[1])],
                      to_tls(ports[1]), [])
        compare("tls", ours, bare, 1.3)


def long_log():
    with BareWorld(tls=False) as long, BareWorld(tls=False) as empty:
        long.start()
        load = Load(long.address("unix"))
        load.approve(long.address("unix"), 32, ENTRIES // 33)
        load.close()
        long.stop()
        a, b = alternate(ours_unix(long, b"/readyz"), ours_unix(empty, b"/readyz"))
        t, u = median([x[0] for x in a]), median([x[0] for x in b])
        row(f"ready with {ENTRIES:,} entries, of with none", ms(t), ms(u), t / u, AT_MOST, 2.0)


unix()
tls()
long_log()
