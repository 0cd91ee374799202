"""The main job as a story: asked, paged, approved, opened, restarted in the middle, closed, rotated, proven, verified."""
import json, os, pathlib, re, shutil, subprocess, sys, time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import BREAKGLASS, BUILD, ROTATOR, World, wait_for
from pages import Pages
from targets import Database, Vault
from terminals import Stage, can_play

SCRIPT = "--script" in sys.argv
began = time.monotonic()
held = True


def say(text=""):
    print(text, flush=True)


def step(title):
    say(f"\n\033[1m[{time.monotonic() - began:6.2f} s] {title}\033[0m" if sys.stdout.isatty() else
        f"\n[{time.monotonic() - began:6.2f} s] {title}")
    if not SCRIPT:
        input("  (Enter) ")


def proof(what, true, why=""):
    global held
    held = held and bool(true)
    say(f"  {'proven' if true else 'FAILED'}: {what}{'' if true else ' ' + str(why)[:1500]}")


def show(text, indent="    "):
    for line in text.rstrip().splitlines():
        say(indent + line)


def command(w, who, *arguments, **more):
    """Runs and shows a command as this person."""
    say(f"  {who}$ breakglass " + " ".join(f"'{a}'" if " " in str(a) else str(a) for a in arguments))
    done = w.run(who, *arguments, **more)
    show(done.out)
    show(done.err)
    return done


def typed(w, who, *arguments):
    """A command that the person at the terminal answers themselves."""
    say(f"  {who}$ breakglass " + " ".join(map(str, arguments)))
    return subprocess.run([BREAKGLASS, *map(str, arguments), "--identity", w.identity(who)],
                          env={**w.env(who), "TERM": os.environ.get("TERM", "dumb")}).returncode == 0


def start_rotator(w, target):
    state = w.dir / "rotator"
    state.mkdir(mode=0o700)
    config = w.dir / "rotator.yaml"
    config.write_text(f"brokers: ['unix:{w.socket}']\ngenesis: {w.genesis}\nidentity: {w.identity('rot-1')}\nstate: {state}\n"
                      f"hooks: {{{target.hook}: {{program: {BUILD}/rotators/hooks/{target.hook}, config: {{{target.hook_config}}}}}}}\n")
    os.chmod(config, 0o600)
    log = open(w.dir / "rotator.log", "ab")
    return subprocess.Popen([ROTATOR, "--config", str(config)], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                            env=w.env("rot-1"), start_new_session=True)


def entries_of(tail, words):
    """Of `log tail` the entries that speak of this, each with all its lines."""
    entries = re.split(r"\n(?= *\d{4}-\d\d-\d\d )", tail.rstrip())
    return [e for e in entries if words in " ".join(e.split())]


def approve(w, who, asked):
    if SCRIPT:
        return command(w, who, "approve", asked["request"], "--code", asked["code"]).code == 0
    say(f"  You are {who} now. The requester reads the code out to you: {asked['code']}")
    while not typed(w, who, "approve", asked["request"]):
        input("  Nothing was approved. Once more? (Enter, or ^C to leave) ")
    return True


def on_the_screens(w, target, pages, folder, first):
    """The story in the hands of whoever sits there; at the end, what has come of it."""
    step("03:07. SSO is down, Erin is on call: play all three")
    stage = Stage(w, folder)
    show("""Erin:  a asks for the credential (Enter picks it), Tab goes on, ^S sends. Read the code out to yourself.
Bob:   Enter looks at the request, y approves with that code. Then Carol.
Erin:  o opens, Enter shows the password, D is done: watch the rotation to its proof. i, then m: the post-mortem.""")
    show("F1, F2, F3 (or the mouse) change seats, F10 ends it, ? helps on every screen.")
    input("  (Enter) ")
    try:
        stage.play()
    finally:
        stage.close()
    say()
    command(w, "erin", "status")
    log = w.must("erin", "log", "tail", "--all", "--json").out
    if '"type":"open"' in log:
        say(f"  The glass was broken; Slack had {len(pages.slack)} pages of it, PagerDuty {len(pages.pagerduty)}.")
    if evidence(log):
        proof("the old password is refused", not target.accepts(first), target.words())
        proof("the log says so, with evidence: old refused, new works", evidence(log) == {"old": "refused", "new": "works"}, evidence(log))
    proof("breakglass log verify", command(w, "alice", "log", "verify").code == 0)
    say("\nNothing of it stays behind.")


def status(w, who="erin"):
    return w.must(who, "status", "--json").json


def main():
    folder = pathlib.Path(os.environ.get("TMPDIR", "/tmp")) / f"breakglass-demo-{os.getpid()}"
    folder.mkdir(mode=0o700)
    first = "tr0ub4dor-and-three-more-words"
    target = pages = w = rotator = None
    try:
        target = (Database if "--postgres" in sys.argv else Vault)(folder, first)
        pages = Pages(folder)
        step("An installation: five people, three of them holders, any two of whom can open; a rotator; a broker that holds no key")
        w = World(people=["alice", "bob", "carol", "erin"], requesters=("erin",), rotators=["rot-1"],
                  credentials={target.name: {"opens_what": target.what, "sealers": ["alice"], "rotate": target.rotate}},
                  channels=pages.channels(folder, BUILD))
        show(w.must("erin", "roster", "show").out)
        rotator = start_rotator(w, target)

        step(f"Alice seals {target.name}; from now on nobody can read it alone, the broker least of all")
        w.seal(target.name, {"password": first}, by="alice")
        for holder in ("alice", "bob", "carol"):
            w.must(holder, "inbox")  # proves that each holder's share fits
        proof("the present password works", target.accepts(first), target.words())
        if not SCRIPT and can_play():
            on_the_screens(w, target, pages, folder, first)
            return 0 if held else 1

        step("03:07. Erin is on call, SSO is down. She asks")
        command(w, "erin", "request", target.name, "--emergency", "E1", "--incident", "INC-7", "--reason",
                "SSO is down and checkout has been failing since 02:40")
        request = [r for r in status(w)["requests"] if r["credential"] == target.name][-1]
        asked = {"request": request["request"], "code": request["code"]}
        wait_for("the page about asking", lambda: pages.slack and pages.pagerduty)
        proof("Slack and PagerDuty were paged when she asked", True)

        step("One approval is not enough")
        proof("bob approves after typing the code that Erin reads out by phone", approve(w, "bob", asked))
        refused = command(w, "erin", "open", asked["request"], "--show")
        proof("the broker has nothing to give: not-ready", refused.code == 3, refused)

        step("The second one is")
        proof("carol approves", approve(w, "carol", asked))
        n_slack, n_pagerduty = len(pages.slack), len(pages.pagerduty)
        opened = command(w, "erin", "open", asked["request"], "--show", "--field", "password")
        proof("Erin holds the password, and it works", opened.out.strip() == first and target.accepts(opened.out.strip()), opened)
        wait_for("the page about opening", lambda: len(pages.slack) > n_slack and len(pages.pagerduty) > n_pagerduty)
        last = pages.slack[-1]
        show(f"Slack: {last.get('text', '')}")
        proof("everybody was paged the moment the glass broke", "open" in json.dumps(pages.slack[n_slack:]).lower())
        proof("no page carries the password or the code",
              not any(x in json.dumps(pages.slack + pages.pagerduty) for x in (first, asked["code"])))

        step("The broker is killed in the middle of it (kill -9), and started again: nobody has to unseal anything")
        w.kill()
        w.start()
        again = w.open(asked)
        proof("the opening goes on", again.out.strip() == first, again)
        found = subprocess.run(["grep", "-rlaF", first, str(w.state)], stdout=subprocess.PIPE, text=True).stdout
        proof("the password is nowhere on the broker's disk", not found, found)

        step("The incident is over: Erin closes it, and the credential is rotated without anybody's hand")
        command(w, "erin", "close", "INC-7", "--wait")
        proof("the old password is refused", not target.accepts(first), target.words())
        show("\n".join(entries_of(w.must("erin", "log", "tail", "-n", "100").out, "rot-1")))
        log = w.must("erin", "log", "tail", "--all", "--json").out
        proof("the log says so, with evidence: old refused, new works", evidence(log) == {"old": "refused", "new": "works"}, log[-1500:])

        step("The new password is sealed to the same holders: it opens in a drill, and works")
        second = w.request(by="erin", credential=target.name, incident="DRILL-1")
        for who in ("alice", "bob"):
            w.approve(who, second)
        value = w.open(second).out.strip()
        proof("the new one is another, and works", value and value != first and target.accepts(value))
        w.must("erin", "close", "DRILL-1", "--wait")

        step("The post-mortem: was it an emergency as defined?")
        text = folder / "postmortem.txt"
        text.write_text("SSO was down from 02:31 to 03:55. The written criterion was met. Next: a second identity provider.\n")
        proof("written and signed", command(w, "erin", "postmortem", "INC-7", "--met", "yes", "--file", str(text)).code == 0)
        w.must("erin", "postmortem", "DRILL-1", "--met", "drill", "--file", str(text))

        step("Anybody can check the whole story, with or without us")
        proof("breakglass log verify", command(w, "alice", "log", "verify").code == 0)
        export = folder / "log.export"
        w.must("alice", "log", "export", str(export))
        check_with_ssh_keygen(w, export, folder)
        damaged = bytearray(export.read_bytes())
        damaged[len(damaged) // 3] ^= 1
        bad = folder / "damaged.export"
        bad.write_bytes(damaged)
        proof("one flipped bit is found (exit 9)", command(w, "alice", "log", "verify", str(bad)).code == 9)
        say(f"\n{'Every step held' if held else 'NOT every step held'}; {time.monotonic() - began:.1f} s.")
    finally:
        if rotator:
            rotator.terminate()
            rotator.wait(20)
        if w:
            if not held:
                show(w.broker_log()[-3000:])
                show((w.dir / "rotator.log").read_text()[-3000:] if (w.dir / "rotator.log").exists() else "")
            w.close()
        if target:
            target.close()
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if held else 1


def payloads(log):
    import base64
    for line in log.splitlines():
        if line.startswith("{"):
            entry = json.loads(line)
            yield entry, base64.b64decode(entry["payload"])


def evidence(log):
    done = [json.loads(p) for e, p in payloads(log) if e["type"] == "rotation"]
    done = [p["evidence"] for p in done if p["step"] == "done"]
    return {k: v for k, v in (done[-1] if done else {}).items() if k in ("old", "new")}


def check_with_ssh_keygen(w, export, folder):
    """Every statement of the log by stock `ssh-keygen -Y verify`, with the keys of the roster."""
    import base64
    keys = {}
    for name, line in {**w.lines, "broker": w.broker_line}.items():
        keys[name] = "ssh-ed25519 " + line.split("ssh-ed25519 ")[1].split(",")[0].split("}")[0]
    (folder / "signers").write_text("".join(f"{n} {k}\n" for n, k in keys.items()))
    checked = bad = 0
    for entry, payload in payloads(export.read_text().split("\n\n")[0]):
        names = json.loads(payload)["by"] if entry["type"] != "roster" else w.admins[: w.admins_need]
        for name, signature in zip(names, entry["signatures"]):
            armored = "-----BEGIN SSH SIGNATURE-----\n" + signature + "\n-----END SSH SIGNATURE-----\n"
            (folder / "sig").write_text(armored)
            done = subprocess.run(["ssh-keygen", "-Y", "verify", "-f", str(folder / "signers"), "-I", name, "-n",
                                   "breakglass/" + entry["type"], "-s", str(folder / "sig")], input=payload, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT)
            checked, bad = checked + 1, bad + (done.returncode != 0)
    proof(f"stock ssh-keygen accepts all {checked} signatures of the log", checked > 10 and bad == 0, f"{bad} refused")


if not SCRIPT and not sys.stdin.isatty():
    print("demo: no terminal here; ./demo --script plays the story without one", file=sys.stderr)
    sys.exit(2)
try:
    sys.exit(main())
except (KeyboardInterrupt, EOFError):
    print("\nleft; nothing stays behind")
    sys.exit(12)
