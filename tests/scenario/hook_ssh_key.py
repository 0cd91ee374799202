"""The `ssh-key` hook against a real sshd: every rule of the contract, both keys side by side, other lines untouched, refusals, and one whole rotation."""
import contextlib, os, pathlib, re, shutil, signal, socket, subprocess, tempfile, time
from harness import finish, ok, skip, wait_for
from hook_steps import Hook, rotation
from sshd_server import Sshd

with Sshd() as sshd:
    config = {"host": "127.0.0.1", "port": sshd.port, "host_key": sshd.public("host"), "user": sshd.account, "admin_user": sshd.admin,
              "admin_key_file": str(sshd.dir / "admin"), "authorized_keys": str(sshd.keys)}
    if os.getuid() != 0: # whose sessions would end is the one who runs this
        config["end_sessions"] = "no"
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
    second.unlink()

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

    # ---- killed in the middle ----
    with socket.create_server(("127.0.0.1", 0)) as silent: # takes connections and says nothing
        def stuck(step):
            """A hook that waits for its host, its ssh, and the folder that both use."""
            process = hook.start(step, new, port=silent.getsockname()[1])
            children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
            wait_for("the hook's ssh", lambda: any("ssh\0" in words for words in map(words_of, children.read_text().split())))
            ssh = children.read_text().split()[0]
            folder = re.search(r"/tmp/breakglass-ssh-\w+", words_of(ssh))
            return process, int(ssh), folder and pathlib.Path(folder.group())

        def words_of(pid):
            try:
                return pathlib.Path(f"/proc/{pid}/cmdline").read_text()
            except (FileNotFoundError, ProcessLookupError):
                return ""

        def end(process, ssh):
            process.kill()
            process.communicate()
            with contextlib.suppress(ProcessLookupError):
                os.kill(ssh, signal.SIGKILL)

        killed, its_ssh, left = stuck("test")
        end(killed, its_ssh)
        running, its_ssh, held = stuck("test")
        ok("the next hook removes it", not left.exists() and held.is_dir(), left)
        hook("test", new)
        ok("but none that is in use", held.is_dir(), held)
        end(running, its_ssh)
        hook("test", new)
        ok("until that one is dead too", not held.exists(), held)
        running, its_ssh, none = stuck("check")
        ok("an admin's login needs no folder", none is None, none)
        end(running, its_ssh)

    # ---- sessions ----
    def later_than_the_change():
        """The moment of the file's last change has passed, as coarsely as the kernel counts."""
        changed = sshd.keys.stat().st_ctime
        wait_for("the next moment", lambda: time.time() > changed + 0.1)

    if os.getuid() == 0:
        sshd.keys.write_text(OTHERS + f"{sshd.public('old')} installed by hand\n")
        before, neighbour = sshd.session(old), sshd.session(sshd.private("admin"), sshd.neighbour)
        got = hook("set", new)
        handle = got.handle
        ok("set leaves sessions alone", got.is_ok() and before.lives(), got)
        got = hook("revoke", new, handle=handle, old_handle=fingerprint)
        ok("revoke: the session that came in by the old key has ended, and that is what replaced says", got.is_ok("replaced") and not before.lives(), got)
        later_than_the_change()
        after = sshd.session(new)
        got = hook("revoke", new, opened=old, handle=handle)
        ok("the step again: a session of the new key goes on, so do those of other accounts", got.is_ok("refused") and after.lives() and neighbour.lives(), got)
        sshd.keys.write_text(sshd.keys.read_text() + f"{sshd.public('old')} installed by hand\n")
        before = sshd.session(old)
        got = hook("revoke", new, handle=handle, old_handle=fingerprint, end_sessions="no")
        ok("end_sessions: no leaves it open, and claims no more than that", got.is_ok("unproven") and before.lives() and not sshd.accepts(old), got)
        got = hook("revoke", new, opened=old, handle=handle, old_handle=fingerprint, end_sessions="no")
        ok("but for what was tried", got.is_ok("refused") and before.lives(), got)
        got = hook("revoke", new, handle=handle, old_handle=fingerprint)
        ok("told to after all, it ends then", got.is_ok("replaced") and not before.lives() and neighbour.lives(), got)
        for session in (before, after, neighbour):
            session.end()
    else:
        skip("sessions of an account that is not this user's need root")
    tools = sshd.dir / "tools"
    tools.mkdir()
    for tool in ("sh", "id", "cat", "cut", "dirname", "readlink", "sleep", "su"):
        (tools / tool).symlink_to(shutil.which(tool))
    sshd.config.write_text(sshd.config.read_text() + f"SetEnv PATH={tools}\n")
    sshd.stop(), sshd.start()
    got = hook("check", end_sessions="yes")
    ok("where sessions cannot be seen, check says so and what to do", got.failed(78, "sessions", "awk", "end_sessions: no"), got)
    ok("end_sessions: no does without", hook("check", end_sessions="no").is_ok())
    sshd.config.write_text(sshd.config.read_text().replace("SetEnv", "# SetEnv"))
    sshd.stop(), sshd.start()
    got = hook("check", end_sessions="maybe")
    ok("end_sessions is yes or no", got.failed(78, "end_sessions"), got)

    hook.conforms()
    sshd.keys.write_text(OTHERS.replace(sshd.public("other"), sshd.public("host")) + sshd.public("other") + " first\n")
    rotation(hook, sshd.private("other"), sshd.accepts)
finish()
