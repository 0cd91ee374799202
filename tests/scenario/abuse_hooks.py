"""Hooks that hang, print without end, give the secret away or lie, programs and names that are traps, and what a hook inherits: each with its exact answer."""
import base64, json, os, pathlib, shutil
from harness import World, finish, ok, wait_for
from page_file import PageFile
from rotator_process import HOOK, Rotator, Vaults, rotations, stand_in, steps
from second_reader import values

HANG, FLOOD_OUT, FLOOD_ERR, LEAK, LIE, LOOK, STAY = NAMES = [f"prod/{n}" for n in ("hang", "flood-out", "flood-err", "leak", "lie", "look", "stay")]
LEFT_OPEN = "what the rotator's parent left open"
# Two that wait in `set` for a file, so that what they inherit can be looked at; what they were given goes to the real hook. The one is a process for
# each step, the other stays for many.
WAITING = f"""#!/usr/bin/python3 -I
import json, os, pathlib, subprocess, sys, time
stays = __file__.endswith("stay")
if sys.argv[1] == "describe":
    said = json.loads(subprocess.run(["{HOOK}", "describe"], capture_output=True).stdout)
    print(json.dumps({{**said, "serve": True}} if stays else said))
    sys.exit()

def run(step, given):
    if step == "set":
        pathlib.Path(__file__ + ".pid").write_text(str(os.getpid()))
        while not pathlib.Path(__file__ + ".go").exists():
            time.sleep(0.05)
    return subprocess.run(["{HOOK}", step], input=given, capture_output=True)

if sys.argv[1] != "serve":
    done = run(sys.argv[1], sys.stdin.buffer.read())
    print(done.stdout.decode(), end="")
    sys.exit(done.returncode)
for line in sys.stdin:
    asked = json.loads(line)
    done = run(asked["step"], line.encode())
    last = json.loads(done.stdout.splitlines()[-1])
    print(json.dumps({{**last, "exit": done.returncode, "sequence": asked["sequence"]}}), flush=True)
"""


def first(name):
    return f"the first value of {name}"


def until(w, rotator, name, *wanted):
    wait_for(f"{name}: {wanted}", lambda: all(x in steps(w, name) for x in wanted) or rotator.process.poll() is not None)


def paged(pages, name, text):
    """The page that says so; it must name the credential and never hold a value of it."""
    wait_for(f"{name}: the page", lambda: any(e["credential"] == name and text in e["text"] for e in pages.of("rotation-failed")))
    return [e["severity"] for e in pages.of("rotation-failed") if e["credential"] == name and text in e["text"]][0] == "critical"


def kept(w, vaults, name):
    """Both versions still open, and the current one works."""
    found = values(w, credential=name)
    return sorted(found) == [1, 2] and found[1] == first(name) and vaults.accepts(name, found[1])


def said_of(rotator, name, step):
    return [l["why"] for l in rotator.lines() if l.get("event") == "hook.ended" and l["credential"] == name and l["step"] == step]


def hanging(w, vaults, rotator, pages):
    """Clause 31: TERM, then KILL, and nobody knows what it has done."""
    rotator.start()
    until(w, rotator, HANG, "set unknown")
    state = w.dir / "hang.state"
    ok("a hook that hangs gets TERM first", state.read_text() == "TERM\n")
    pid = int((w.dir / "hang.state.pid").read_text())
    ok("and is killed when it does not care", not pathlib.Path(f"/proc/{pid}").exists())
    ok("its outcome is unknown, and our log says why", said_of(rotator, HANG, "set") == ["it did not end in time and was killed"], rotator.text()[-2000:])
    ok("people are paged", paged(pages, HANG, "step `set` has an unknown outcome"))
    ok("both versions are kept: the current one opens and works", kept(w, vaults, HANG), values(w, credential=HANG))
    (w.dir / "hang.state.go").touch()
    until(w, rotator, HANG, "done")
    ok("and it ends with the same value", steps(w, HANG)[-1] == "done" and vaults.accepts(HANG, values(w, credential=HANG)[2]) and not vaults.accepts(HANG, first(HANG)), steps(w, HANG))
    ok("a clean stop", rotator.stop() == 0)


def flooding(w, vaults, rotator, pages):
    for name in (FLOOD_OUT, FLOOD_ERR):
        until(w, rotator, name, "set unknown", "done")
        ok(f"{name}: who prints a gigabyte is cut and killed", said_of(rotator, name, "set")[0] == "it printed without end and was killed", rotator.text()[-2000:])
        ok(f"{name}: its outcome is unknown, people are paged", paged(pages, name, "step `set` has an unknown outcome"))
        ok(f"{name}: then it is looked into, and ends with the same value", steps(w, name).count("set unknown") == 1 and max(values(w, credential=name)) == 2 and
           vaults.accepts(name, values(w, credential=name)[2]), steps(w, name))
    ok("what it printed is in no log", rotator.log.stat().st_size < 1_000_000)


def leaking(w, rotator, pages):
    until(w, rotator, LEAK, "set unknown", "done")
    ok("a secret on stderr: unknown, and our log says that it was withheld", said_of(rotator, LEAK, "set")[0] == "the hook printed a secret; what it said was withheld", rotator.text()[-2000:])
    ok("and people are paged", paged(pages, LEAK, "step `set` has an unknown outcome"))
    value = values(w, credential=LEAK)[2]
    texts = {"the rotator's log": rotator.text(), "the broker's": w.broker_log(), "the pages": json.dumps(pages.all())}
    ok("it is in no log and no page, in no form", not [n for n, t in texts.items() for f in (value, base64.b64encode(value.encode()).decode()) if f in t])
    ok("what it says without a secret is in our log", "all is well" in rotator.text(), rotator.text()[-2000:])


def lying(w, vaults, rotator, pages):
    """Clause 32: set is ok, and then the target takes neither value."""
    until(w, rotator, LIE, "test failed")
    found = values(w, credential=LIE)
    ok("set ok, and neither value works: the test says so", steps(w, LIE)[:4] == ["claim", "set started", "set ok", "test failed"] and not vaults.accepts(LIE, found[1]) and not vaults.accepts(LIE, found[2]), steps(w, LIE))
    ok("people are paged", paged(pages, LIE, "step `test` failed"))
    asked = w.request(credential=LIE)
    for who in ("bob", "carol"):
        w.approve(who, asked)
    ok("nothing is promoted; the current version still opens", "promoted" not in steps(w, LIE) and w.open(asked).out.strip() == first(LIE))
    w.must("erin", "close", "INC-7")
    def starts():
        return [p["made_at"] for c, p in rotations(w) if c == LIE and (p["step"], p.get("outcome")) == ("set", "started")]
    wait_for("two more tries", lambda: len(starts()) >= 3)
    a, b, c = starts()[:3]
    ok("it is tried again, each time later, though every `set` says ok", b - a >= 1000 and c - b >= 2000, starts())
    (w.dir / "lie.state.mended").touch()
    until(w, rotator, LIE, "done")
    ok("once the hook is mended, it ends by itself, with the same value", max(values(w, credential=LIE)) == 2 and vaults.accepts(LIE, values(w, credential=LIE)[2]), steps(w, LIE))


def looking(w, vaults, rotator, name, word):
    """Clause 34: a live hook, seen from outside."""
    program = str(w.dir / name.split("/")[1])
    pid = int(wait_for("the waiting hook", lambda: (t := pathlib.Path(program + ".pid")).exists() and t.read_text()))
    proc, value = pathlib.Path(f"/proc/{pid}"), values(w, credential=name)[2]
    held = {int(f.name): os.readlink(f) for f in (proc / "fd").iterdir()}
    ok(f"{name}: it has descriptors 0 to 2 alone, and these are pipes", sorted(held) == [0, 1, 2] and all(t.startswith("pipe:") for t in held.values()), held)
    environment = dict(x.split("=", 1) for x in (proc / "environ").read_text().split("\0") if x)
    ok(f"{name}: its environment is ours, not the rotator's", environment == {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}, environment)
    arguments = (proc / "cmdline").read_text().split("\0")
    ok(f"{name}: its one argument is `{word}`", arguments[-3:] == [program, word, ""], arguments)
    traces = b"".join((proc / x).read_bytes() for x in ("cmdline", "environ"))
    ok(f"{name}: the value is in neither", not [f for f in (value.encode(), base64.b64encode(value.encode())) if f in traces])
    ok(f"{name}: it stands in a folder and a group of its own", os.readlink(proc / "cwd") == "/" and os.getpgid(pid) == pid != os.getpgid(rotator.process.pid))
    pathlib.Path(program + ".go").touch()
    until(w, rotator, name, "done")
    ok(f"{name}: what it needed came on stdin: it is rotated", vaults.accepts(name, value))


def traps(w, rotator):
    """Clause 33: programs that somebody else could put under the rotator's hands."""
    good, folder = w.dir / "good", w.dir / "open-folder"
    shutil.copy(HOOK, good)
    def copy(name, mode, where=w.dir):
        shutil.copy(HOOK, where / name)
        os.chmod(where / name, mode)
        return str(where / name)
    folder.mkdir()
    inside = copy("inside", 0o755, folder)
    os.chmod(folder, 0o777)
    (w.dir / "link").symlink_to(good)
    for what, path, code, word, wanted in (
            ("a relative path", "hooks/file", 10, "unsafe-program", "absolute"), ("a path that climbs back", "./file", 10, "unsafe-program", "absolute"),
            ("a program that the world may write", copy("world", 0o777), 10, "unsafe-program", "writ"), ("one that its group may write", copy("group", 0o775), 10, "unsafe-program", "writ"),
            ("a setuid program", copy("setuid", 0o4755), 10, "unsafe-program", "setuid"), ("a setgid program", copy("setgid", 0o2755), 10, "unsafe-program", "set"),
            ("a symlink", str(w.dir / "link"), 10, "unsafe-program", "is a symlink"), ("a folder", str(folder), 10, "unsafe-program", ""),
            ("one in a folder that the world may write", inside, 10, "unsafe-program", "can be written by others"), ("one that may not be run", copy("text", 0o644), 10, "unsafe-program", "execut"),
            ("one that is not there", str(w.dir / "none"), 5, "no-file", "")):
        rotator.log.write_text("")
        rotator.configure({"file": {"program": path, "config": {}}})
        code_now, text = rotator.once(), rotator.text()
        ok(f"{what}: refused when the configuration is read, exit {code} {word}", code_now == code and f"breakglass-rotator: {word}: " in text and os.path.dirname(path) in text and wanted in text, (code_now, text))
    for name in ("x; rm -rf /", "../../etc", "-oProxyCommand=touch x"):
        for command in (("rotate", "--why", "x", "--", name), ("rotate", "--dry-run", "--", name)):
            done = w.run("alice", *command)
            ok(f"{command[0]} {command[1]} {name}: exit 2 usage", done.code == 2 and done.word() == "usage", done)


def hooks_of(w, vaults):
    def hook(name, body):
        return {"program": stand_in(w.dir, name, body), "config": {}}
    for name in ("look", "stay"):
        (w.dir / name).write_text(WAITING)
        os.chmod(w.dir / name, 0o700)
    leak = "printf '%s' \"$request\" | jq -r '.pending.password | ., @base64d' >&2"
    return {"hang": hook("hang", '[ "$1" = set ] && [ ! -e $state ] && { echo $$ >$state.pid; trap "echo TERM >>$state" TERM; while :; do sleep 0.1; done; }\n'
                                 '[ "$1" = reconcile ] && while [ ! -e $state.go ]; do sleep 0.05; done'),
            "flood-out": hook("flood-out", '[ "$1" = set ] && [ ! -e $state ] && { touch $state; exec head -c 1073741824 /dev/zero; }'),
            "flood-err": hook("flood-err", '[ "$1" = set ] && [ ! -e $state ] && { touch $state; real set; exec head -c 1073741824 /dev/zero >&2; }'),
            "leak": hook("leak", f'[ "$1" = set ] && {leak}\n[ "$1" = test ] && echo "all is well" >&2'),
            "lie": hook("lie", '[ "$1" = set ] && [ ! -e $state.mended ] && { request=$(printf "%s" "$request" | jq -c ".pending.password = \\"bmVpdGhlciBvZiBib3Ro\\""); real set; exit $?; }'),
            "look": {"program": str(w.dir / "look"), "config": {}}, "stay": {"program": str(w.dir / "stay"), "config": {}}}


with PageFile() as pages, World(rotators=["rot-1"], channels=pages.channels, credentials={n: {"opens_what": n, "sealers": ["alice"], "rotate": {"hook": n.split("/")[1]}} for n in NAMES}) as w:
    vaults = Vaults(w.dir, {n: first(n) for n in NAMES})
    hooks = hooks_of(w, vaults)
    for n in NAMES:
        w.seal(n, {"password": first(n)})
        hooks[n.split("/")[1]]["config"] = {"path": vaults.path(n)}
    for holder in ("alice", "bob", "carol"):
        w.must(holder, "inbox")
    w.must("alice", "rotate", *NAMES, "--why", "to see what they do")
    rotator = Rotator(w, {"hang": hooks.pop("hang")}, timeout="2s")
    hanging(w, vaults, rotator, pages)
    rotator.timeout, rotator.backoff = "60s", "{first: 1s, most: 1h}"
    rotator.configure(hooks)
    with open(w.dir / "left-open", "w+") as left:
        left.write(LEFT_OPEN)
        rotator.start(pass_fds=(left.fileno(),), env={"LEFT_IN_THE_ENVIRONMENT": LEFT_OPEN})
        ok("the rotator itself was given more", any("left-open" in os.readlink(f) for f in pathlib.Path(f"/proc/{rotator.process.pid}/fd").iterdir()))
    looking(w, vaults, rotator, LOOK, "set")
    looking(w, vaults, rotator, STAY, "serve")
    flooding(w, vaults, rotator, pages)
    leaking(w, rotator, pages)
    lying(w, vaults, rotator, pages)
    ok("a clean stop", rotator.stop() == 0)
    traps(w, rotator)
finish()
