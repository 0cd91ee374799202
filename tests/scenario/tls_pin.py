#!/usr/bin/python3
"""Over TLS only the key that the roster names is spoken to: a man in the middle hears no token and is refused, and the
broker's key changes only by a signed roster."""
import pathlib, socket, ssl, subprocess, sys, threading

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from harness import BREAKGLASSD, World, finish, ok


class Middle:
    """Ends TLS with a key of its own and passes everything on to the real broker, listening."""

    def __init__(self, folder, unix):
        self.unix, self.heard = unix, b""
        key, cert = folder / "middle.key", folder / "middle.crt"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out",
                        cert, "-subj", "/CN=127.0.0.1", "-days", "1"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(cert, key)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"https://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            plain, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(plain,), daemon=True).start()

    def serve(self, plain):
        try:
            with self.tls.wrap_socket(plain, server_side=True) as client, socket.socket(socket.AF_UNIX) as broker:
                broker.connect(self.unix)
                threading.Thread(target=self.back, args=(broker, client), daemon=True).start()
                while data := client.recv(65536):
                    self.heard += data
                    broker.sendall(data)
        except OSError:
            pass

    @staticmethod
    def back(broker, client):
        try:
            while data := broker.recv(65536):
                client.sendall(data)
        except OSError:
            pass


def address(w):
    return next(f"https://{a.removeprefix('https://')}" for a in map(str, w.listen().values()) if "127.0.0.1" in a)


def check_middle(w):
    middle = Middle(w.dir, w.socket)
    done = w.run("erin", "status", "--broker", middle.address)
    ok("another TLS key is refused: exit 4 lying-broker", done.code == 4 and done.word() == "lying-broker", repr(done))
    ok("whoever has another TLS key hears no token and no statement", b"Bearer" not in middle.heard and b"POST" not in middle.heard,
       middle.heard[:500])
    done = w.run("erin", "join", f"{middle.address}#{w.genesis}", env={"XDG_STATE_HOME": w.home("erin") + "/elsewhere"})
    ok("joining through another TLS key is refused: exit 4", done.code == 4, repr(done))


def check_new_key(w):
    made = subprocess.run([BREAKGLASSD, "keygen", "--dir", str(w.dir / "new")], check=True, stdout=subprocess.PIPE, text=True).stdout
    pin = next(l for l in made.splitlines() if "tls:" in l).split("tls: ")[1].rstrip("} \n")
    old = w.broker_line.split("tls: ")[1].rstrip("} \n")
    for name in ("tls_key.pem", "tls_cert.pem"):
        (w.dir / "new" / name).replace(w.dir / "keys" / name)
    w.stop()
    w.start()
    done = w.run("erin", "status", "--broker", address(w))
    ok("a TLS key that no roster names is refused, the broker's own too: exit 4", done.code == 4, repr(done))
    w.broker_line = w.broker_line.replace(old, pin)
    w.must("alice", "roster", "submit", w.sign_roster(w.roster_yaml()))
    done = w.run("erin", "status", "--broker", address(w))
    ok("once a signed roster names the new key, a client that has not seen it follows", done.code == 0, repr(done))


def main():
    with World(tls=True) as w:
        done = w.run("erin", "join", f"{address(w)}#{w.genesis}", env={"XDG_STATE_HOME": w.home("erin") + "/tls"})
        ok("joining over TLS needs no certificate authority, only the pin of the roster", done.code == 0, repr(done))
        done = w.run("erin", "status", "--broker", address(w))
        ok("the roster's TLS key is spoken to", done.code == 0, repr(done))
        check_middle(w)
        check_new_key(w)
    finish()


main()
