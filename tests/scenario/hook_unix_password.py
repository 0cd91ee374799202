"""The `unix-password` hook against a private root with an account of its own, here and over a real sshd: every rule of the contract, refusals, and one whole rotation. The machine's own accounts stay as they are."""
import os, pathlib, subprocess, tempfile
from harness import finish, ok, skip
from hook_steps import Hook, rotation
from sshd_server import Sshd

OLD, NEW = "the old 'quoted\" one", "nEw0123456789abcdefghijklmnopqrs"

if os.getuid() != 0:
    skip("a private root needs root")
    finish()


def hashed(password):
    return subprocess.run(["openssl", "passwd", "-6", "-stdin"], input=password, capture_output=True, text=True, check=True).stdout.strip()


with Sshd() as sshd, tempfile.TemporaryDirectory() as name:
    etc = pathlib.Path(name, "etc")
    etc.mkdir()
    (etc / "passwd").write_text("root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/:/bin/sh\nlocked:x:1001:1001::/:/bin/sh\n")
    (etc / "group").write_text("root:x:0:\napp:x:1000:\nlocked:x:1001:\n")
    shadow = etc / "shadow"
    shadow.write_text(f"root:*:19000:0:99999:7:::\napp:{hashed(OLD)}:19000:0:99999:7:::\nlocked:!{hashed(OLD)}:19000:0:99999:7:::\n")
    shadow.chmod(0o600)
    machine = pathlib.Path("/etc/shadow").read_bytes()
    here = Hook("unix-password", {"user": "app", "root": name})
    there = Hook("unix-password", {**here.config, "host": "127.0.0.1", "port": sshd.port, "host_key": sshd.public("host"), "admin_user": sshd.user,
                                   "admin_key_file": str(sshd.dir / "admin")})
    here.grammar(NEW)
    for hook, kind, method in ((here, "here", "yescrypt"), (there, "over SSH", "sha512")):
        ok(f"{kind}: check holds", hook("check").is_ok() and hook("check").handle.startswith("sha256:"))
        ok(f"{kind}: before set, the old one is in force", hook("reconcile", NEW).is_ok("other") and hook("test", OLD).is_ok("works"))
        others = [l for l in shadow.read_text().splitlines() if not l.startswith("app:")]
        got = hook("set", NEW, method=method)
        handle = got.handle
        stored = next(l.split(":")[1] for l in shadow.read_text().splitlines() if l.startswith("app:"))
        ok(f"{kind}: set stores a hash of that method", got.is_ok() and stored.startswith("$y$" if method == "yescrypt" else "$6$"), (got, stored))
        ok(f"{kind}: a second implementation finds the value in it", subprocess.run(["perl", "-e", "exit(crypt($ARGV[0], $ARGV[1]) ne $ARGV[1])", NEW, stored]).returncode == 0)
        ok(f"{kind}: other accounts are untouched", [l for l in shadow.read_text().splitlines() if not l.startswith("app:")] == others)
        ok(f"{kind}: test works", hook("test", NEW).is_ok("works"))
        ok(f"{kind}: the old one is refused", hook("revoke", NEW, opened=OLD, handle=handle).is_ok("refused"))
        ok(f"{kind}: without it: replaced; with a strange handle: unproven", hook("revoke", NEW, handle=handle).is_ok("replaced") and
           hook("revoke", NEW, handle="sha256:00").is_ok("unproven"))
        ok(f"{kind}: back to the old one", hook("set", OLD).is_ok())

    # ---- refusals ----
    got = here("check", user="locked")
    ok("a locked account is not unlocked by a rotation", got.failed(78, "locked") and here("set", NEW, user="locked").failed(78), got)
    got = here("check", user="nobody")
    ok("an account that is not there", got.failed(78, "no such account"), got)
    for key, value in (("user", "x; rm -rf /"), ("root", "relative"), ("method", "des")):
        got = here("check", **{key: value})
        ok(f"a malformed {key} is refused", got.failed(78, key), got)
    got = here("check", root="/nowhere")
    ok("no shadow file to read: refused", got.failed(77, "shadow"), got)
    got = there("set", NEW, admin_key_file=str(sshd.dir / "other"))
    ok("an admin whose key is refused", got.failed(77, "refuses"), got)
    got = there("set", NEW, host_key=sshd.public("other"))
    ok("another host's key: nothing is sent", got.failed(78, "host_key"), got)
    sshd.stop()
    for step in ("check", "set", "test", "revoke", "reconcile"):
        got = there(step, NEW)
        ok(f"host away at {step}: try again", got.failed(75), got)
    sshd.start()
    ok("nothing of this changed the password", here("test", OLD).is_ok("works"))
    here.conforms()
    shadow.write_text(shadow.read_text().replace(next(l for l in shadow.read_text().splitlines() if l.startswith("app:")), f"app:{hashed(OLD)}:19000:0:99999:7:::"))
    rotation(there, OLD, lambda value: here("test", value).code == 0)
    ok("the machine's own shadow file is as it was", pathlib.Path("/etc/shadow").read_bytes() == machine)
finish()
