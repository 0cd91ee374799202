"""The `command` hook: a program of the user's own, told what to do by arguments, the value on its stdin, its exit code the answer; every rule of the contract, every exit code, and one whole rotation."""
import os, pathlib, tempfile
from harness import finish, ok
from hook_steps import Hook, rotation

OLD, NEW = "the old one", "nEw0123456789abcdefghijklmnopqrs"
PROGRAM = """#!/bin/sh
# app-password set|test|check|end|handle: keeps a SHA-512 crypt hash; says in `calls` how it was called.
umask 077
f={folder}/password
printf '%s\\n' "$*" >>{folder}/calls
[ -e {folder}/exit-$1 ] && exit "$(cat {folder}/exit-$1)"
case $1 in
set) openssl passwd -6 -stdin >$f.new && mv $f.new $f ;;
test) salt=$(cut -d'$' -f3 $f) && [ "$(openssl passwd -6 -salt "$salt" -stdin)" = "$(cat $f)" ] ;;
check) [ -w {folder} ] ;;
handle) sha256sum <$f | cut -c1-64 ;;
esac
"""

with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    os.chmod(folder, 0o700)
    program = folder / "app-password"
    program.write_text(PROGRAM.replace("{folder}", name))
    program.chmod(0o700)
    hook = Hook("command", {step: f"{program} {step} {{credential}} --step={{step}}" for step in ("check", "set", "test", "end", "handle")})

    def exits(step, code):
        path = folder / f"exit-{step}"
        path.write_text(str(code)) if code is not None else path.unlink(missing_ok=True)

    hook.grammar(NEW)
    ok("set, and the old value works", hook("set", OLD).is_ok() and hook("test", OLD).is_ok("works"))
    got = hook("set", NEW)
    handle = got.handle
    ok("set again, with the handle that the program prints", got.is_ok() and len(handle) == 64, got)
    got = hook("revoke", NEW, opened=OLD, handle=handle)
    ok("revoke: refused", got.is_ok("refused"), got)
    ok("without the old value: replaced", hook("revoke", NEW, handle=handle).is_ok("replaced"))
    ok("without a program for the handle: unproven", Hook("command", {k: v for k, v in hook.config.items() if k != "handle"})("revoke", NEW, handle=handle).is_ok("unproven"))
    calls = (folder / "calls").read_text()
    ok("placeholders are filled in", "set prod/test/root --step=set\n" in calls and "end prod/test/root --step=revoke\n" in calls, calls)
    ok("no argument ever had a value", NEW not in calls and OLD not in calls)

    # ---- exit codes ----
    for code, exit in ((1, 1), (75, 75), (77, 77), (78, 78), (2, 3), (130, 3), (3, 3)):
        exits("set", code)
        got = hook("set", NEW)
        ok(f"set exits {code}: {exit}", got.failed(exit) and got.last["status"] == ("unknown" if exit == 3 else "failed"), got)
    exits("set", 65)
    got = hook("set", NEW)
    ok("set exits 65: another value is wanted", got.failed(1) and got.last.get("value") == "rejected", got)
    exits("set", None)
    for code, exit in ((75, 75), (77, 77), (78, 78), (2, 75)):
        exits("test", code)
        got = hook("reconcile", NEW)
        ok(f"test exits {code}: {exit}, which says nothing about the value", got.failed(exit), got)
    exits("test", 0)
    got = hook("test", NEW)
    ok("a program that lets in noise proves nothing", got.failed(78, "any password"), got)
    exits("test", None)
    exits("check", 77)
    got = hook("set", NEW)
    ok("check is asked before set", got.failed(77, "check"), got)
    exits("check", None)
    exits("end", 75)
    got = hook("revoke", NEW, opened=OLD)
    ok("sessions that could not be ended are not called ended", got.failed(75, "end"), got)
    exits("end", None)
    program.write_text(PROGRAM.replace("{folder}", name).replace("set)", "set) sleep 1000;"))
    got = hook("set", NEW, seconds=4)
    ok("a program that hangs is ended in time to say so: unknown", got.failed(3, "by itself"), got)
    program.write_text(PROGRAM.replace("{folder}", name))

    # ---- what is not run ----
    for what, text in (("a relative program", "app-password set"), ("two spaces", f"{program}  set"), ("no program there", f"{folder}/none set")):
        got = hook("check", set=text)
        ok(f"{what} is refused", got.failed(78, "`set`"), got)
    program.chmod(0o777)
    got = hook("check")
    ok("a program that others can change is refused", got.failed(78), got)
    program.chmod(0o700)

    hook.conforms()
    hook("set", OLD)
    rotation(hook, OLD, lambda value: hook("test", value).code == 0)
finish()
