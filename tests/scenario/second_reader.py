"""A second reader of sealed versions, written from docs/protocol.md alone: stock `age` opens the files, and a few lines of Python join the shares.

    values(world, people=("alice", "bob"))   {number: password} of every version whose sealed bytes the broker still has
    values(world, credential="prod/db")      only of this credential's"""
import base64, hashlib, hmac, json, os, pathlib, subprocess, tempfile
from harness import BREAKGLASSD

L = 2**252 + 27742317777372353535851937790883648493  # order of ristretto255
ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def bech32(prefix, data):
    bits = int.from_bytes(data, "big") << 4  # 32 bytes are 256 bits: padded to 52 groups of five
    values = [(bits >> (5 * i)) & 31 for i in range(51, -1, -1)]
    spread = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]
    check = 1
    for v in spread + values + [0] * 6:
        top = check >> 25
        check = (check & 0x1ffffff) << 5 ^ v
        for i, g in enumerate((0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3)):
            check ^= g if (top >> i) & 1 else 0
    check ^= 1
    return prefix + "1" + "".join(ALPHABET[v] for v in values + [(check >> 5 * (5 - i)) & 31 for i in range(6)])


def age_identity_of(s):
    key = hmac.new(b"\0" * 32, s.to_bytes(32, "little"), hashlib.sha256).digest()
    key = hmac.new(key, b"breakglass/v1/version-key\x01", hashlib.sha256).digest()
    return bech32("age-secret-key-", key).upper()


def age_decrypt(blob, identity_path):
    return subprocess.run(["age", "-d", "-i", identity_path], input=blob, stdout=subprocess.PIPE, check=True).stdout


def combine(shares):
    """Lagrange at 0 over the scalar field."""
    total = 0
    for i, y in shares.items():
        factor = 1
        for j in shares:
            if j != i:
                factor = factor * j % L * pow(j - i, -1, L) % L
        total = (total + y * factor) % L
    return total


def field_of(document, wanted):
    head, _, rest = document.partition(b"\n")
    assert head.startswith(b"breakglass-secret/v1 "), head
    while rest and rest[0] != 0:
        line, _, rest = rest.partition(b"\n")
        name, length = line.split(b" ")
        if name == wanted.encode():
            return rest[: int(length)].decode()
        rest = rest[int(length) + 1:]


def export(world):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "export")
        subprocess.run([BREAKGLASSD, "export", "--config", world.config, path], check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        text = pathlib.Path(path).read_text()
    lines, rest = text.split("\n\n", 1)
    blobs = {}
    for line in rest.splitlines():
        if line.startswith('{"sha256"'):
            entry = json.loads(line)
            blobs[entry["sha256"]] = base64.b64decode(entry["blob"])
    return [json.loads(l) for l in lines.splitlines()], blobs


def values(world, people=("alice", "bob"), field="password", credential=None):
    lines, blobs = export(world)
    found = {}
    for line in lines:
        if line["type"] != "version":
            continue
        v = json.loads(base64.b64decode(line["payload"]))
        if v["ciphertext"]["sha256"] not in blobs or credential not in (None, v["credential"]):
            continue
        shares = {}
        for share in v["shares"]:
            if share["holder"] in people:
                text = age_decrypt(blobs[share["sha256"]], world.identity(share["holder"])).decode()
                shares[share["index"]] = int.from_bytes(bytes.fromhex(text.split()[-1]), "little")
        if len(shares) < v["need"]:
            continue
        shares = dict(list(shares.items())[: v["need"]])
        with tempfile.NamedTemporaryFile("w", suffix=".key") as key:
            key.write(age_identity_of(combine(shares)) + "\n")
            key.flush()
            found[v["number"]] = field_of(age_decrypt(blobs[v["ciphertext"]["sha256"]], key.name), field)
    return found
