"""The `unix-password` hook against a private root with accounts of its own, here and over a real sshd: every rule of the contract, sessions, refusals, and one whole rotation. The machine's own accounts stay as they are."""
import os, pathlib, shutil, subprocess, tempfile
from harness import ROOT, finish, ok, skip, wait_for
from hook_steps import Hook, rotation
from rooted_host import RootedHost, Session, hashed, now, on_terminal_of_its_own, start_of
from sshd_server import Sshd

OLD, NEW = "the old 'quoted\" one", "nEw0123456789abcdefghijklmnopqrs"

if os.getuid() != 0:
    skip("a private root needs root")
    finish()


with Sshd() as sshd, RootedHost({"app": (7301, hashed(OLD)), "app2": (7302, hashed(OLD)), "locked": (7303, "!" + hashed(OLD))}) as rooted:
    name, shadow = str(rooted.dir), rooted.shadow
    machine = pathlib.Path("/etc/shadow").read_bytes()
    here = Hook("unix-password", {"user": "app", "root": name})
    there = Hook("unix-password", {**here.config, "host": "127.0.0.1", "port": sshd.port, "host_key": sshd.public("host"), "admin_user": sshd.admin,
                                   "admin_key_file": str(sshd.dir / "admin")})
    here.grammar(NEW)
    # ---- sessions ----
    def parent_of(pid):
        try:
            return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            return None

    def sessions(hook, kind):
        stubborn = "trap '' HUP TERM; sleep 100000 >/dev/null 2>&1 & "
        before, with_child, neighbour = rooted.session("app", OLD), rooted.session("app", OLD, stubborn), rooted.session("app2", OLD)
        on_terminal, command, service = rooted.su("app"), rooted.su("app", command=True), rooted.su("app", on_terminal=False, command=True)
        child = next(int(p.name) for p in pathlib.Path("/proc").iterdir() if p.name.isdigit() and parent_of(p.name) == with_child.pid)
        child_start = start_of(child)
        everybody = (before, with_child, on_terminal, command, service, neighbour)
        got = hook("set", NEW)
        handle, changed = got.handle, int(got.handle.rsplit("@", 1)[1])
        ok(f"{kind}: set leaves sessions alone", got.is_ok() and all(s.lives() for s in everybody), got)
        wait_for("the next moment", lambda: now() > changed)
        after, login_after = rooted.session("app", NEW), rooted.su("app")
        got = hook("revoke", NEW, handle=handle, end_sessions="no")
        ok(f"{kind}: end_sessions: no leaves them open, and claims no more than that", got.is_ok("unproven") and before.lives() and on_terminal.lives(), got)
        got = hook("revoke", NEW, handle=handle, opened=OLD, end_sessions="no")
        ok(f"{kind}: but for what was tried", got.is_ok("refused") and before.lives(), got)
        got = hook("revoke", NEW, handle=handle)
        ok(f"{kind}: revoke: the sessions that began before the change have ended, one that will not hear of it too, and that is what replaced says",
           got.is_ok("replaced") and not before.lives() and before.is_gone() and with_child.is_gone() and start_of(child) != child_start, got)
        ok(f"{kind}: so have the logins on a terminal", on_terminal.is_gone() and command.is_gone(), (on_terminal.is_gone(), command.is_gone()))
        ok(f"{kind}: a session of the new password goes on, so do other accounts' and what runs as the account without being a login",
           after.lives() and login_after.lives() and neighbour.lives() and service.lives())
        got = hook("revoke", NEW, handle=handle)
        ok(f"{kind}: the step again ends nothing more", got.is_ok("replaced") and after.lives(), got)
        got = hook("revoke", NEW, handle=handle.split("@")[0])
        ok(f"{kind}: without knowing when, all of the account's sessions end", got.is_ok("replaced") and not after.lives() and neighbour.lives(), got)
        for session in (*everybody, after, login_after):
            session.end()
        hook("set", OLD)

    def elsewhere():
        """An account of the same name and number under another root is another one."""
        session = rooted.session("app", OLD)
        with tempfile.TemporaryDirectory(prefix="breakglass-root-") as other:
            shutil.copytree(rooted.dir / "etc", pathlib.Path(other, "etc"))
            got = here("revoke", OLD, root=other)
        ok("sessions under another root are left alone", got.is_ok("unproven") and session.lives(), got)
        session.end()

    def own_session():
        """The script in a session of the very account: it ends all others, and goes on."""
        script = rooted.write("end-lp", "user=lp root= terminals=1 admin= boot= moment=\n" + (ROOT / "rotators/hooks/sessions.sh").read_text() + "end_old\n")
        words = ["su", "-s", "/bin/sh", "lp"]
        other, first = on_terminal_of_its_own(words, Session.ECHO)
        own, second = on_terminal_of_its_own(words, f"sh {script}; {Session.ECHO}")
        ok("what the script itself runs in is spared", own.lives() and other.is_gone())
        for session, terminal in ((other, first), (own, second)):
            session.end()
            os.close(terminal)

    elsewhere()
    own_session()
    sessions(here, "here")
    sessions(there, "over SSH")
    kept, here.program = here.program, ["setpriv", "--bounding-set=-kill", "--inh-caps=-kill", here.program]
    got = here("check")
    ok("root that may not end other accounts' processes says so at check", got.failed(77, "CAP_KILL") and here("check", end_sessions="no").is_ok(), got)
    here.program = kept
    got = here("check", end_sessions="maybe")
    ok("end_sessions is yes or no", got.failed(78, "end_sessions"), got)

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
