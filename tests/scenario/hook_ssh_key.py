"""The `ssh-key` hook against a real sshd: every rule of the contract, both keys side by side, other lines untouched, refusals, and one whole rotation."""
import pathlib, subprocess, tempfile
from harness import finish, ok
from hook_steps import Hook, rotation
from sshd_server import Sshd

with Sshd() as sshd:
    config = {"host": "127.0.0.1", "port": sshd.port, "host_key": sshd.public("host"), "user": sshd.user, "admin_user": sshd.user,
              "admin_key_file": str(sshd.dir / "admin"), "authorized_keys": str(sshd.keys)}
    hook = Hook("ssh-key", config, field="private_key")
    sshd.keygen("new")
    old, new = sshd.private("old"), sshd.private("new")
    OTHERS = f"# a comment about nobody\n\nfrom=\"127.0.0.1\",no-pty {sshd.public('other')} somebody else\n"
    sshd.keys.write_text(OTHERS + f"{sshd.public('old')} installed by hand\n")
    sshd.keys.chmod(0o640)
    fingerprint = subprocess.run(["ssh-keygen", "-lf", str(sshd.dir / "old.pub")], capture_output=True, text=True).stdout.split()[1]

    hook.grammar(new)
    ok("before set, the new key is refused", hook("reconcile", new).is_ok("other") and hook("test", new).failed(1, "refuses"))
    ok("check names the handed-over key by its fingerprint", hook("check", opened=old).handle == fingerprint)
    ok("and nothing that it cannot know", hook("check").is_ok() and hook("check").handle is None)
    got = hook("set", new)
    handle = got.handle
    ok("set says the fingerprint that ssh-keygen says", got.is_ok() and handle == subprocess.run(
        ["ssh-keygen", "-lf", str(sshd.dir / "new.pub")], capture_output=True, text=True).stdout.split()[1], got)
    ok("both keys log in", sshd.accepts(old) and sshd.accepts(new) and hook("test", new).is_ok("works"))
    ok("set again adds nothing twice", hook("set", new).is_ok() and sshd.keys.read_text().count(sshd.public("new")) == 1)
    ok("the line says whose it is", f"{sshd.public('new')} breakglass:prod/test/root\n" in sshd.keys.read_text(), sshd.keys.read_text())
    ok("check knows its own line from then on", hook("check").handle == handle)
    got = hook("revoke", new, opened=old, handle=handle, old_handle=fingerprint)
    ok("revoke: the old key was tried and refused", got.is_ok("refused"), got)
    ok("stock ssh: the old key is refused, the new one logs in", not sshd.accepts(old) and sshd.accepts(new))
    left = sshd.keys.read_text()
    ok("other lines and the file's mode are as they were", left.startswith(OTHERS) and sshd.keys.stat().st_mode & 0o777 == 0o640 and
       len(left.splitlines()) == 4, left)
    ok("nothing lies beside it", [p.name for p in sshd.keys.parent.iterdir()] == ["authorized_keys"])

    # Without the old key in hand.
    sshd.keygen("next")
    got = hook("set", sshd.private("next"))
    got = hook("revoke", sshd.private("next"), old_handle=handle, handle=got.handle)
    ok("without the old key: its fingerprint is gone", got.is_ok("replaced") and not sshd.accepts(new), got)
    got = hook("revoke", sshd.private("next"))
    ok("without knowing which it was: unproven", got.is_ok("unproven"), got)
    got = hook("revoke", sshd.private("next"), opened=sshd.private("next"))
    ok("a key that is the new one is not revoked", got.failed(1, "new one") and sshd.accepts(sshd.private("next")), got)
    sshd.keys.write_text(sshd.keys.read_text() + f"{sshd.public('new')} breakglass:prod/test/root\n{sshd.public('old')} breakglass:prod/test/other\n")
    got = hook("revoke", sshd.private("next"))
    ok("a line of a rotation that was given up goes, that of another credential stays", got.is_ok("replaced") and not sshd.accepts(new) and sshd.accepts(old), got)
    second = sshd.dir / "second"
    second.write_text(sshd.public("old") + "\n")
    sshd.config.write_text(sshd.config.read_text().replace(f"{sshd.dir}/admin.pub", f"{sshd.dir}/admin.pub {second}"))
    sshd.stop(), sshd.start()
    got = hook("revoke", sshd.private("next"), opened=old)
    ok("a key that another file lets in is not called dead", got.failed(1, "still logs in"), got)

    # The line's options, and a file that is not there yet.
    sshd.keys.unlink()
    got = hook("set", new, options='from="127.0.0.1",no-agent-forwarding')
    ok("options stand before the key; the file is made", got.is_ok() and sshd.keys.read_text() ==
       f'from="127.0.0.1",no-agent-forwarding {sshd.public("new")} breakglass:prod/test/root\n' and sshd.accepts(new), (got, sshd.keys.read_text()))

    # ---- refusals ----
    got = hook("set", new, host_key=sshd.public("other"))
    ok("another host's key: nothing is sent", got.failed(78, "host_key"), got)
    got = hook("check", admin_key_file=str(sshd.dir / "other"))
    ok("an admin whose key is refused", got.failed(77, "refuses"), got)
    got = hook("check", user="nobody-at-all")
    ok("an account that the admin cannot be", got.failed(77, "act as the account"), got)
    for key, value in (("host", "-oProxyCommand=touch${IFS}x"), ("user", "x; rm -rf /"), ("authorized_keys", "a b"), ("options", "x' y"), ("admin_key_file", "admin")):
        got = hook("check", **{key: value})
        ok(f"a malformed {key} is refused", got.failed(78, key), got)
    got = hook("set", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n")
    ok("a damaged key is refused", got.failed(78, "private key"), got)
    log = (sshd.dir / "log").read_text(errors="replace")
    sshd.stop()
    for step in ("check", "set", "test", "revoke", "reconcile"):
        got = hook(step, new)
        ok(f"host away at {step}: try again", got.failed(75), got)
    sshd.start()

    hook.conforms()
    sshd.keys.write_text(OTHERS.replace(sshd.public("other"), sshd.public("host")) + sshd.public("other") + " first\n")
    rotation(hook, sshd.private("other"), sshd.accepts)
finish()
