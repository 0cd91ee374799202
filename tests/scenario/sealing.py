"""Versions sealed by hand, from docs/protocol.md alone: stock age, libsodium's group operations, and arithmetic in Python.

    made = Sealing("prod/db/root", number=1, holders={"alice": "age1…", …}, need=2, document={"password": b"hunter2"})
    wire.say("version", "alice", made.blobs, **made.fields)

Everything that a hostile sealer could do is a change of `made` before it is said."""
import ctypes, ctypes.util, secrets

from second_reader import L, age_identity_of
from wire import age_to, sha256

SODIUM = ctypes.CDLL(ctypes.util.find_library("sodium"))


def times_base(scalar):
    out = ctypes.create_string_buffer(32)
    if SODIUM.crypto_scalarmult_ristretto255_base(out, scalar.to_bytes(32, "little")) != 0:
        raise ValueError("zero")
    return out.raw


def recipient_of(identity):
    """The age1… of an AGE-SECRET-KEY-1…"""
    import subprocess
    return subprocess.run(["age-keygen", "-y"], input=identity, stdout=subprocess.PIPE, check=True, text=True).stdout.strip()


def document_of(credential, number, fields):
    text = f"breakglass-secret/v1 {credential} {number}\n".encode()
    for name, value in fields.items():
        text += f"{name} {len(value)}\n".encode() + value + b"\n"
    return text + bytes(-len(text) % 256)


def scalar_hex(scalar):
    return scalar.to_bytes(32, "little").hex()


class Sealing:
    def __init__(self, credential, holders, need, document, number=1, previous="none", policy="main", reason="initial"):
        self.credential, self.number, self.need, self.holders = credential, number, need, dict(holders)
        self.coefficients = [secrets.randbelow(L - 1) + 1 for _ in range(need)]
        self.commitments = [times_base(c) for c in self.coefficients]
        self.recipient = recipient_of(age_identity_of(self.coefficients[0]))
        self.policy, self.previous, self.reason = policy, previous, reason
        self.index = {holder: i + 1 for i, holder in enumerate(self.holders)}
        self.files = {h: age_to(to, self.share_line(h).encode()) for h, to in self.holders.items()}
        self.ciphertext = age_to(self.recipient, document_of(credential, number, document))

    def f(self, i):
        return sum(c * pow(i, k, L) for k, c in enumerate(self.coefficients)) % L

    def share_line(self, holder, credential=None, number=None, recipient=None, index=None, scalar=None, word="breakglass-share/v1"):
        i = self.index[holder] if index is None else index
        value = self.f(self.index[holder]) if scalar is None else scalar
        return (f"{word} {credential or self.credential} {self.number if number is None else number} {recipient or self.recipient} {i} "
                f"{value if isinstance(value, str) else scalar_hex(value)}\n")

    def reseal(self, holder, text):
        """Another line for this holder."""
        self.files[holder] = age_to(self.holders[holder], text if isinstance(text, bytes) else text.encode())
        return self

    @property
    def blobs(self):
        return [self.ciphertext, *self.files.values()]

    @property
    def fields(self):
        return {"credential": self.credential, "number": self.number, "previous": self.previous, "policy": self.policy, "need": self.need,
                "recipient": self.recipient, "commitments": [c.hex() for c in self.commitments],
                "shares": [{"holder": h, "index": self.index[h], "recipient": to, "sha256": sha256(self.files[h]).hex()} for h, to in self.holders.items()],
                "ciphertext": {"sha256": sha256(self.ciphertext).hex(), "bytes": len(self.ciphertext)}, "reason": self.reason}
