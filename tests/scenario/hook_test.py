"""The conformance runner: the template hook passes it, `file` passes it against its real target, and each deliberately bad hook is caught by the rule it breaks."""
import json, os, pathlib, re, subprocess, tempfile
from harness import BUILD, ROOT, ROTATOR, finish, ok
from hook_steps import conformance

TEMPLATE = (ROOT / "packaging" / "hook-template").read_text()

# (name, text of the template, what stands there instead, the rule that must find it)
BAD = [
    ("prints the value on stderr", "set_value() {", "set_value() {\n        value pending >&2", "no value is printed"),
    ("prints the value in base64", "        lets_in pending && ok ',\"evidence\":\"works\"'", "        ok \",\\\"evidence\\\":\\\"works\\\",\\\"why\\\":\\\"$(get .pending.password)\\\"\"", "no value is printed"),
    ("has the value in an argument", "set_value() {", "set_value() {\n        sh -c 'sleep 0.3' sh \"$(value pending)\"", "arguments or environment"),
    ("has the value in the environment", "set_value() {", "set_value() {\n        V=$(value pending) sleep 0.3", "arguments or environment"),
    ("hangs", "test_value() {", "test_value() {\n        sleep 1000", "every step ends by itself in time"),
    ("prints without end", "test_value() {", "test_value() {\n        yes", "every step ends by itself in time"),
    ("says ok and does nothing", "set_value() {", "set_value() {\n        ok ''", "`test` says that the value works"),
    ("says ok and exits 1", "ok() { printf '{\"status\":\"ok\"%s}\\n' \"$1\"; exit 0; }", "ok() { printf '{\"status\":\"ok\"%s}\\n' \"$1\"; exit 1; }", "exit code and answer say the same"),
    ("talks beside the contract", "check() {", "check() {\n        echo looking", "in the contract's words"),
    ("says in words when to come again", 'failed","why"', 'failed","retry_after_s":"soon","why"', "in the contract's words"),
    ("does not look at the value", "        lets_in pending && ok ',\"evidence\":\"works\"'", "        ok ',\"evidence\":\"works\"'", "`test` fails for a value that was never set"),
    ("calls everything refused", "revoke() {", "revoke() {\n        ok ',\"evidence\":\"refused\"'", "`revoke` proves nothing while"),
    ("believes that what was asked is in force", "        ok ',\"evidence\":\"other\"'", "        ok ',\"evidence\":\"pending\"'", "that another one is in force"),
    ("takes an empty value", "[ \"$1\" = check ] || [ -n \"$(value pending)\" ] || misconfigured 'no pending password'", ":", "malformed input is refused"),
    ("forgets its configuration", "path=$(get .config.path)", "path=$(get '.config.path // \"/tmp/x\"')", "missing configuration key"),
    ("takes any step", "misconfigured 'unknown step'", "ok ''", "an unknown step exits 78"),
    ("describes nothing", "if [ \"$1\" = describe ]; then", "if [ \"$1\" = describe ]; then\n        exit 0", "`describe` says"),
    # The old hash is gone before the new one is there, and nothing mends it.
    ("leaves a gap in the middle of set", "        value pending | openssl", "        rm -f \"$path\"; sleep 0.3\n        value pending | openssl", "killed in the middle of `set`"),
]

with tempfile.TemporaryDirectory() as folder:
    os.chmod(folder, 0o700)
    folder = pathlib.Path(folder)

    def hook(text):
        path = folder / "hook"
        path.write_text(text)
        os.chmod(path, 0o700)
        return path

    conformance("the template", hook(TEMPLATE), {"path": str(folder / "password")})
    conformance("one that says when to come again", hook(TEMPLATE.replace('failed","why"', 'failed","retry_after_s":120,"why"')), {"path": str(folder / "password")})
    conformance("file", BUILD / "rotators" / "hooks" / "file", {"path": str(folder / "vault")})
    for name, text, bad, rule in BAD:
        ok(f"{name}: the template has the place", TEMPLATE.count(text) == 1)
        code, out = conformance(None, hook(TEMPLATE.replace(text, bad)), {"path": str(folder / "password")}, "--first",
                                "--timeout", "3s" if "time" in rule else "60s")
        broken = [l for l in out.splitlines() if l.startswith("not ok")]
        ok(f"a hook that {name} is caught", code == 1 and any(rule in l for l in broken), out)

    # ---- --dry-run ----
    told = hook(TEMPLATE.replace("set -u\n", f'set -u\necho "$1" >>{folder}/asked\n', 1))
    before = (folder / "password").read_bytes()
    code, out = conformance(None, told, {"path": str(folder / "password")}, "--dry-run")
    ok("--dry-run asks `describe` and `check`, and nothing else", code == 0 and set((folder / "asked").read_text().split()) == {"describe", "check"} and "was not tried" in out, out)
    ok("and changes nothing", (folder / "password").read_bytes() == before)
    code, out = conformance(None, told, {"path": str(folder / "no folder" / "password")}, "--dry-run")
    ok("and says what is not ready", code == 1 and "not ok - `check` says yes" in out, out)

    (folder / "config.yaml").write_text(f"path: {folder}/password\n")
    os.chmod(folder / "config.yaml", 0o600)

    # ---- abuse 34: what a hook is given ----
    spy = hook(TEMPLATE.replace("set_value() {", f"set_value() {{\n        {{ ls -l /proc/$$/fd; env; pwd; cat /proc/$$/cmdline; }} >{folder}/seen"))
    with open("/dev/null") as extra:
        os.set_inheritable(extra.fileno(), True)
        done = subprocess.run([ROTATOR, "hook", "test", str(spy), "--config", str(folder / "config.yaml")], capture_output=True, text=True,
                              pass_fds=[extra.fileno()], env={**os.environ, "AWS_SECRET_ACCESS_KEY": "from the environment", "LD_DEBUG_OUTPUT": "/tmp/x"})
    seen = (folder / "seen").read_text()
    # The shell that looks has its own redirection open for the moment (10) and its output on the file.
    descriptors = set(re.findall(r" (\d+) -> ", seen))
    ok("a hook inherits descriptors 0 to 2 alone", {"0", "1", "2"} <= descriptors and str(extra.fileno) not in descriptors and
       not descriptors - {"0", "1", "2", "10", "11"}, seen)
    names = {l.split("=")[0] for l in seen.splitlines() if "=" in l}
    ok("and a clean environment", names <= {"PATH", "LANG", "PWD", "SHLVL", "OLDPWD", "_"}, names)
    ok("in /", "\n/\n" in seen, seen)

    # ---- abuse 33: what is not run at all ----
    setuid, link = hook(TEMPLATE), folder / "link"
    link.symlink_to(setuid)
    for what, path, mode in (("relative", "hook", 0o700), ("a symlink", link, 0o700), ("world-writable", setuid, 0o777), ("setuid", setuid, 0o4700),
                             ("not there", folder / "none", 0o700)):
        os.chmod(setuid, mode)
        done = subprocess.run([ROTATOR, "hook", "test", str(path), "--config", str(folder / "config.yaml")], capture_output=True, text=True, cwd=folder)
        ok(f"a program that is {what} is not run", done.returncode in (5, 10) and ("unsafe-program" in done.stderr or "no-file" in done.stderr), (done.returncode, done.stderr))
    os.chmod(setuid, 0o700)
    os.chmod(folder / "config.yaml", 0o644)
    done = subprocess.run([ROTATOR, "hook", "test", str(setuid), "--config", str(folder / "config.yaml")], capture_output=True, text=True)
    ok("a configuration that others can read is refused", done.returncode == 10 and "unsafe-file" in done.stderr, done.stderr)
    for arguments in (["hook"], ["hook", "test"], ["hook", "try", str(setuid)], ["hook", "test", str(setuid), "--timeout", "soon"]):
        ok(f"`{' '.join(map(str, arguments[:3]))[:40]}` wrong: usage", subprocess.run([ROTATOR, *map(str, arguments)], capture_output=True).returncode == 2)
# Every hook that is built goes through the runner in a scenario of its own.
texts = [p.read_text() for p in pathlib.Path(__file__).parent.glob("*.py")]
texts = [t for t in texts if "conforms()" in t or "conformance(" in t]
for program in sorted(p for p in (BUILD / "rotators" / "hooks").iterdir() if p.is_file() and os.access(p, os.X_OK)):
    ok(f"{program.name} is put through the runner", any(f'("{program.name}"' in t or f'"hooks" / "{program.name}"' in t for t in texts))
finish()
