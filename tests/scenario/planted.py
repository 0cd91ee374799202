"""Planted secrets, and the forms in which a search must find them: raw, as hex, as base64 at every alignment, and with stride 4 and 28
(a terminal library's cells)."""
import base64, pathlib, re, subprocess

from harness import is_sanitized, ok, skip


def forms(name, secret):
    yield f"{name} raw", secret
    yield f"{name} hex", secret.hex().encode()
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + secret)
        # Only the characters that depend on nothing but the secret.
        yield f"{name} base64+{shift}", whole[4 if shift else 0:(shift + len(secret)) // 3 * 4]


def bech32_key(text):
    """The 32 bytes of AGE-SECRET-KEY-1…"""
    alphabet = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"
    bits = "".join(f"{alphabet.index(c):05b}" for c in text.split("KEY-1")[1][:-6])
    return bytes(int(bits[i:i + 8], 2) for i in range(0, 256, 8))


def identity_secrets(path):
    """Of an identity file without a passphrase: (what, 32 bytes) of both keys."""
    text = pathlib.Path(path).read_text()
    yield "seed", bytes.fromhex(re.search(r"breakglass-sign/v1 ([0-9a-f]{64})", text)[1])
    yield "opening key", bech32_key(re.search(r"AGE-SECRET-KEY-1\w+", text)[0])


class Search:
    def __init__(self):
        self.wanted, self.secrets = [], []

    def plant(self, name, secret):
        self.wanted += list(forms(name, secret))
        self.secrets.append((name, secret))

    def bytes(self, where, data):
        found = [f"{form} in {where}" for form, needle in self.wanted if needle in data]
        for stride in (4, 28):
            for first in range(stride):
                column = data[first::stride]
                found += [f"{name} stride {stride} in {where}" for name, secret in self.secrets if secret in column]
        return found

    def tree(self, folder, skip=()):
        found = []
        for path in pathlib.Path(folder).rglob("*"):
            if path.is_file() and not path.is_symlink() and not any(str(path).startswith(s) for s in skip):
                found += self.bytes(path, path.read_bytes())
        return found


def core_of(pid, folder):
    """Everything of the process that a core would hold."""
    target = folder / f"core-{pid}"
    try:
        subprocess.run(["gdb", "-q", "-batch", "-nx", "--readnever", "-iex", "set auto-load safe-path /", "-ex", f"attach {pid}", "-ex", f"gcore {target}", "-ex", "detach"],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=120)
        return target.read_bytes() if target.exists() else b""
    finally:
        target.unlink(missing_ok=True)


def search_core(search, what, pid, folder, marker=b"prod/db/root"):
    """A core is taken, with what the program surely knows, and nothing planted is in it. Gives the core, or None of a sanitized program: its shadow
    would be tens of GB."""
    if is_sanitized():
        return skip(f"no core of {what}: a sanitizer's shadow would fill the disk")
    data = core_of(pid, folder)
    ok(f"a core of {what} was taken, heap and all", len(data) > 100_000 and marker in data, len(data))
    found = search.bytes(f"a core of {what}", data)
    ok(f"nothing planted in a core of {what}", not found, found)
    return data
