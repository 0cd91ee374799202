#!/usr/bin/python3
"""Identity files that are unsafe, weak, damaged or half written, and machines on which memory can't be locked."""
import base64, hashlib, hmac, os, pathlib, resource, subprocess, sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from harness import BREAKGLASS, BREAKGLASSD, ROOT, ROTATOR, Done, World, finish, is_sanitized, ok, skip
from nacl.bindings import crypto_aead_chacha20poly1305_ietf_encrypt as chacha

PASSPHRASE, OTHER = "correct horse battery", "another long passphrase"


# ---- age passphrase files, written from the C2SP specification ----


def hkdf(ikm, salt, info):
    key = hmac.new(salt or bytes(32), ikm, hashlib.sha256).digest()
    return hmac.new(key, info + b"\1", hashlib.sha256).digest()


def b64(data):
    return base64.b64encode(data).rstrip(b"=")


def age_with_passphrase(content, log_n, said_log_n=None, passphrase=PASSPHRASE):
    """said_log_n: what the header says, if not what was used."""
    salt, file_key, nonce = os.urandom(16), os.urandom(16), os.urandom(16)
    wrap = hashlib.scrypt(passphrase.encode(), salt=b"age-encryption.org/v1/scrypt" + salt, n=1 << log_n, r=8, p=1, maxmem=1 << 30, dklen=32)
    said = str(log_n if said_log_n is None else said_log_n).encode()
    header = b"age-encryption.org/v1\n-> scrypt " + b64(salt) + b" " + said + b"\n" + b64(chacha(file_key, None, bytes(12), wrap)) + b"\n---"
    mac = hmac.new(hkdf(file_key, b"", b"header"), header, hashlib.sha256).digest()
    payload = chacha(content, None, bytes(11) + b"\1", hkdf(file_key, nonce, b"payload"))
    return header + b" " + b64(mac) + b"\n" + nonce + payload


class Bench:
    """An identity file in a folder of its own, looked at with `whoami`."""

    def __init__(self, w):
        self.w = w
        self.folder = w.dir / "bench"
        self.folder.mkdir(mode=0o700)
        self.path = self.folder / "identity"
        self.plain = pathlib.Path(w.identity("erin")).read_bytes()
        self.env = {**w.env("erin"), "XDG_STATE_HOME": str(w.dir / "nothing-joined")}

    def put(self, content, mode=0o600):
        self.path.unlink(missing_ok=True)
        self.path.write_bytes(content)
        os.chmod(self.path, mode)

    def whoami(self, passphrase=None, path=None, limits=None):
        args = [BREAKGLASS, "whoami", "--identity", str(path or self.path), "--no-input"] + (["--passphrase-fd", "0"] if passphrase else [])
        done = subprocess.run(args, input=passphrase + "\n" if passphrase else None, env=self.env, capture_output=True, text=True, preexec_fn=limits,
                              **({} if passphrase else {"stdin": subprocess.DEVNULL}))
        return Done(args, done)


def refused(what, done, code, word):
    ok(f"{what}: exit {code} {word}", done.code == code and done.word() == word, repr(done))


# ---- 19: where it lies ----


def unsafe_files(b):
    b.put(b.plain)
    ok("a plain identity of one's own is taken", b.whoami().code == 0)
    for mode in (0o640, 0o604, 0o620, 0o602, 0o660, 0o644, 0o777):
        os.chmod(b.path, mode)
        refused(f"mode {mode:o}", b.whoami(), 10, "unsafe-file")
    os.chmod(b.path, 0o600)
    for mode in (0o770, 0o720, 0o702, 0o777):
        os.chmod(b.folder, mode)
        refused(f"in a folder of mode {mode:o}", b.whoami(), 10, "unsafe-file")
    os.chmod(b.folder, 0o700)
    link = b.folder / "link"
    link.symlink_to(b.path)
    refused("a symlink", b.whoami(path=link), 10, "unsafe-file")
    os.mkfifo(b.folder / "fifo", 0o600)
    refused("a FIFO, not waited for", b.whoami(path=b.folder / "fifo"), 10, "unsafe-file")
    refused("a folder", b.whoami(path=b.folder), 10, "unsafe-file")
    refused("a device", b.whoami(path="/dev/zero"), 10, "unsafe-file")
    refused("no file", b.whoami(path=b.folder / "none"), 5, "no-file")
    if os.geteuid() == 0:
        os.chown(b.path, 65534, 65534)
        refused("somebody else's file", b.whoami(), 10, "unsafe-file")
        os.chown(b.path, 0, 0)
        os.chown(b.folder, 65534, 65534)
        refused("in somebody else's folder", b.whoami(), 10, "unsafe-file")
        os.chown(b.folder, 0, 0)
    else:
        skip("files of others need root to be made")


# ---- 20: what it says ----


def small_memory():
    resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20))


def work_factors(b):
    b.put(age_with_passphrase(b.plain, 15))
    ok("a work factor of 2^15 is taken", b.whoami(PASSPHRASE).code == 0)
    for log_n in (14, 10, 1):
        b.put(age_with_passphrase(b.plain, log_n))
        refused(f"a work factor of 2^{log_n}", b.whoami(PASSPHRASE), 4, "weak-kdf")
    for log_n in (21, 22, 30, 62, 63):
        b.put(age_with_passphrase(b.plain, 1, said_log_n=log_n))
        refused(f"a work factor of 2^{log_n}, where 400 MB is all there is", b.whoami(PASSPHRASE, limits=None if is_sanitized() else small_memory), 4, "kdf-limit")
    for said in ("0", "00", "015", "+15", "-1", "15 ", "1e1", "", "99", "256", "4294967311", "18446744073709551631"):
        b.put(age_with_passphrase(b.plain, 1, said_log_n=said))
        done = b.whoami(PASSPHRASE, limits=None if is_sanitized() else small_memory)
        ok(f"a work factor written {said!r} is refused", (done.code, done.word()) in ((4, "wrong-passphrase"), (4, "kdf-limit")), repr(done))


def damage(b):
    good = age_with_passphrase(b.plain, 15)
    stanza, mac = good.index(b"-> scrypt"), good.index(b"--- ")
    b.put(good)
    refused("a wrong passphrase", b.whoami(OTHER), 4, "wrong-passphrase")
    outside = [*range(0, stanza, 3), *range(mac, mac + 48, 3), *range(mac + 49, len(good), 19)]
    wrong = []
    for at in outside:
        b.put(good[:at] + bytes([good[at] ^ 1]) + good[at + 1:])
        done = b.whoami(PASSPHRASE)
        if (done.code, done.word()) != (9, "corrupt-identity"):
            wrong.append((at, done.code, done.err))
    ok(f"one bit flipped at {len(outside)} places outside the scrypt stanza: exit 9 corrupt-identity", not wrong, wrong)
    wrong, words = [], set()
    inside = range(stanza, mac, 4)
    for at in inside:
        b.put(good[:at] + bytes([good[at] ^ 1]) + good[at + 1:])
        done = b.whoami(PASSPHRASE)
        words.add(done.word())
        if (done.code, done.word()) not in ((4, "wrong-passphrase"), (9, "corrupt-identity"), (4, "weak-kdf"), (4, "kdf-limit")):
            wrong.append((at, done.code, done.err))
    ok(f"one bit flipped at {len(inside)} places inside it: a clear refusal, mostly `wrong passphrase or damaged`", not wrong and "wrong-passphrase" in words, wrong)
    wrong = []
    lengths = [*range(0, mac, 5), *range(mac, mac + 50), *range(mac + 50, len(good), 17)]
    for n in lengths:
        b.put(good[:n])
        done = b.whoami(PASSPHRASE)
        if done.code not in (4, 9) or done.word() not in ("corrupt-identity", "wrong-passphrase"):
            wrong.append((n, done.code, done.err))
    ok(f"cut at {len(lengths)} lengths: a clear refusal", not wrong, wrong)
    for what, content in (("a byte behind it", good + b"x"), ("two of them", good + good), ("16 MB", b"# \n" * 5000000), ("binary", os.urandom(4096)),
                          ("an age file to a key", subprocess.run(["age", "-r", b.w.lines["erin"].split("opens: ")[1].rstrip("}")], input=b.plain, capture_output=True).stdout)):
        b.put(content)
        refused(what, b.whoami(PASSPHRASE), 9, "corrupt-identity")


# ---- 21: passphrases and memory ----


def out_in_the_open(b):
    b.put(age_with_passphrase(b.plain, 15))
    for args in (["--passphrase", PASSPHRASE], [f"--passphrase={PASSPHRASE}"]):
        run = subprocess.run([BREAKGLASS, "whoami", "--identity", str(b.path), *args], env=b.env, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        done = Done(args, run)
        ok(f"{args[0].split('=')[0]} in argv: exit 2, and it isn't said again", done.code == 2 and PASSPHRASE not in done.out + done.err, repr(done))
    run = subprocess.run([BREAKGLASS, "whoami", "--identity", str(b.path), "--no-input"], env={**b.env, "BREAKGLASS_PASSPHRASE": PASSPHRASE}, capture_output=True, text=True,
                         stdin=subprocess.DEVNULL)
    ok("a passphrase in the environment: ignored with a warning", run.returncode == 2 and "ignored" in run.stderr and PASSPHRASE not in run.stderr, run.stderr)


def no_locked_memory(w, b):
    if is_sanitized():
        return skip("a sanitizer takes mlock away")
    b.put(b.plain)
    # Root may lock as much as it likes, unless this capability is gone.
    limited = ["setpriv", "--bounding-set=-ipc_lock", "--inh-caps=-ipc_lock"] if os.geteuid() == 0 else []
    limited += ["prlimit", "--memlock=0:0"]
    config = w.dir / "rotator.yaml"
    config.write_text("")
    for name, args in (("breakglass", [BREAKGLASS, "seal", "prod/db/root", "--identity", w.identity("alice")]), ("breakglassd", [BREAKGLASSD, "--config", w.config]),
                       ("breakglass-rotator", [ROTATOR, "--config", str(config)])):
        run = subprocess.run(limited + args, env=w.env("alice"), capture_output=True, text=True, stdin=subprocess.DEVNULL)
        ok(f"{name} where no memory can be locked: exit 10 and the remedy", run.returncode == 10 and "ulimit -l" in run.stderr, (run.returncode, run.stderr))


# ---- 22: a change of the passphrase ----


def killed_changes(w, b):
    if is_sanitized():
        return skip("a preloaded shim and a sanitizer don't go together")
    shim = w.dir / "kill_at_write.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", str(shim), str(ROOT / "tests/scenario/kill_at_write.c"), "-ldl"], check=True)
    old, at, wrong, left = age_with_passphrase(b.plain, 15), 0, [], 0
    while True:
        at += 1
        b.put(old)
        args = [BREAKGLASS, "passphrase", "--identity", str(b.path), "--passphrase-fd", "0"]
        run = subprocess.run(args, input=f"{PASSPHRASE}\n{OTHER}\n", env={**b.env, "LD_PRELOAD": str(shim), "KILL_AT": str(at), "KILL_NAMES": "1"}, capture_output=True, text=True)
        codes = b.whoami(PASSPHRASE).code, b.whoami(OTHER).code
        if sorted(codes) != [0, 4] or oct(b.path.stat().st_mode & 0o777) != "0o600":
            wrong.append((at, codes, run.returncode))
        if run.returncode == 0:
            break
    ok(f"kill -9 at each of {at - 1} writes of a change: the old or the new passphrase works", not wrong and at > 3 and codes == (4, 0), wrong or at)
    litter = [p for p in b.folder.iterdir() if ".tmp-" in p.name]
    ok("what a killed change leaves behind is as private as the file", all(p.stat().st_mode & 0o077 == 0 for p in litter), litter)


def main():
    with World() as w:
        b = Bench(w)
        unsafe_files(b)
        work_factors(b)
        damage(b)
        out_in_the_open(b)
        no_locked_memory(w, b)
        killed_changes(w, b)
    finish()


main()
