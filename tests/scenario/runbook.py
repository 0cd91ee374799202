"""Every command of runbook.md runs, in the order of the page, as the person that stands on its block. R17, XXXX-XXXX, GENESIS-SHA256,
NEXT-SHA256 and their like are what the page says they stand for: whatever the commands print. On `paper` blocks the person has no identity file,
and `--words` is answered with the words of their page. After a `newkeys` block that person's identity is the new one, and on `newhome` they sit at
a machine that has met no installation."""
import atexit, hashlib, os, pathlib, re, shutil, subprocess

from harness import BREAKGLASS, BREAKGLASSD, BUILD, ROOT, ROTATOR, World, finish, ok, wait_for

BLOCK = re.compile(r"^```sh (\w+)(?: (\w+))?\n(.*?)^```$", re.M | re.S)


def shell(w, who, script, folder, on_paper=False):
    if on_paper:
        words = w.must(who, "paper", who, "--page", "-", "--text").out
        rows = re.findall(r"^ +(?:\d{1,2} [a-z]+ *)+$", words, re.M)
        (folder / "words").write_text("\n".join(rows))
        script = f"exec 9<words; rm words\n" + script.replace("--words", "--words-fd 9").replace("breakglass ", f"{BREAKGLASS} ")
    # Where somebody has joined two installations, the first is meant unless the page names one.
    env = {**w.env(who), "BREAKGLASS_INSTALLATION": "acme-test"} if who != "root" else {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    bin_dir = w.dir / "bin" / who
    if not bin_dir.exists():
        bin_dir.mkdir(parents=True)
        identity = f"--identity {w.identity(who)} " if who != "root" else ""
        (bin_dir / "breakglass").write_text(f'#!/bin/sh\nexec {BREAKGLASS} {identity}"$@"\n')
        (bin_dir / "breakglassd").write_text(f'#!/bin/sh\nexec {BREAKGLASSD} "$@"\n')
        for name in ("breakglass", "breakglassd"):
            os.chmod(bin_dir / name, 0o755)
    return subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=folder, stdin=subprocess.DEVNULL, text=True,
                          env={**env, "PATH": f"{bin_dir}:{env['PATH']}", "NEW_VALUE": "by hand"},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)


def next_roster(folder):
    """The edit that the page describes: one higher, previous set, a holder replaced."""
    text = (folder / "next.yaml").read_text()
    digest = hashlib.sha256(text.encode()).hexdigest()
    number = int(re.search(r"^roster: (\d+)$", text, re.M)[1])
    text = re.sub(r"^roster: \d+$", f"roster: {number + 1}", text, flags=re.M)
    text = re.sub(r"^previous: \w+$", f"previous: {digest}", text, flags=re.M)
    text = text.replace("holders: [alice, bob, carol]", "holders: [alice, bob, frank]").replace("requesters: [erin, frank]", "requesters: [erin]")
    return text


def saved(path, text, known, name):
    """A roster as it was edited, and its hash for the page's placeholder."""
    path.write_text(text)
    known[name] = hashlib.sha256(text.encode()).hexdigest()


def first_roster(w, folder, known):
    """The edit for a new installation: a chain of its own, a new broker, admins that are there."""
    text = (folder / "first.yaml").read_text()
    text = re.sub(r"^roster: \d+$", "roster: 1", text, flags=re.M)
    text = re.sub(r"^previous: \w+$", "previous: none", text, flags=re.M)
    text = re.sub(r"^name: .*$", "name: acme-anew", text, flags=re.M)
    text = re.sub(r"^broker: .*$", known["broker line"], text, flags=re.M)
    text = re.sub(r"people: \[alice, bob\]", "people: [carol, erin]", text)
    text = text.replace('"sealers": ["alice"]', '"sealers": ["alice", "erin"]')
    saved(folder / "first.yaml", text, known, "FIRST-SHA256")
    config = pathlib.Path(w.config).read_text().replace(f"{w.dir}/keys/", f"{folder}/new-keys/")
    for name in ("state", "broker.sock", "admin.sock"):
        config = config.replace(f"{w.dir}/{name}", f"{folder}/new-{name}")
    (folder / "new-breakglassd.yaml").write_text(config)
    os.chmod(folder / "new-breakglassd.yaml", 0o600)
    known |= {"NEW-NAME": "acme-anew", "NEW-ADDRESS": f"unix:{folder}/new-broker.sock", "NEW-GENESIS": known["FIRST-SHA256"]}


def start_new_broker(folder):
    log = open(folder / "new-broker.log", "ab")
    broker = subprocess.Popen([BREAKGLASSD, "--config", str(folder / "new-breakglassd.yaml")], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    atexit.register(broker.kill)  # also when the scenario breaks off
    about = ["curl", "-s", "-o", "/dev/null", "--unix-socket", str(folder / "new-broker.sock"), "http://broker/v1/about"]
    wait_for("the new broker's answer", lambda: subprocess.run(about).returncode == 0 or broker.poll() is not None)
    return broker


def move_to_new_machine(w, who, folder):
    shutil.rmtree(pathlib.Path(w.home(who)) / "state")
    os.replace(folder / f"{who}-new.identity", w.identity(who))


def main():
    page = (ROOT / "runbook.md").read_text()
    blocks = BLOCK.findall(page)
    vault = None
    rotate = {"hook": "file", "config": {"path": ""}}
    folder = pathlib.Path(os.environ.get("TMPDIR", "/tmp")) / f"breakglass-runbook-{os.getpid()}"
    folder.mkdir(mode=0o700)
    rotate["config"]["path"] = str(folder / "vault")
    credentials = {"prod/db/root": {"opens_what": "the main database", "sealers": ["alice"], "tags": ["db"], "rotate": rotate},
                   "prod/db/spare": {"opens_what": "the spare", "sealers": ["alice"]}}
    with World(rotators=["rot-1"], credentials=credentials) as w:
        w.seal(fields={"password": "first"})
        w.seal("prod/db/spare", fields={"password": "spare"})
        for holder in w.holders:
            w.must(holder, "inbox")
        (w.dir / "rotator").mkdir(mode=0o700)
        config = w.dir / "rotator.yaml"
        config.write_text(f"brokers: ['unix:{w.socket}']\ngenesis: {w.genesis}\nidentity: {w.identity('rot-1')}\nstate: {w.dir}/rotator\n"
                          f"hooks: {{file: {{program: {BUILD}/rotators/hooks/file}}}}\n")
        os.chmod(config, 0o600)
        log = open(w.dir / "rotator.log", "ab")
        rotator = subprocess.Popen([ROTATOR, "--config", str(config)], env=w.env("rot-1"), stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        atexit.register(rotator.kill)
        (folder / "postmortem.txt").write_text("SSO was down from 02:31 to 03:55.\n")
        shutil.copy(w.config, folder / "breakglassd.yaml")
        known = {"GENESIS-SHA256": w.genesis, "ADDRESS#": f"unix:{w.socket}#"}
        new_broker = None
        # The page tells of opening before it tells approvers what to do: their blocks run when an opening needs them.
        waiting = [b for b in blocks if b[1] == "approves"]
        for block in blocks:
            who, label, script = block
            if label == "approves":
                continue
            if label == "gone":
                w.must(who, "status")  # seen after the export
                w.stop()
            if label == "restores":
                shutil.rmtree(w.state)  # the lost one; or the restored one that the page's other way replaces
            if label == "back":
                w.start()
            if label == "stopped":
                w.stop()
            if label == "newhome":
                move_to_new_machine(w, who, folder)
            if "breakglass open" in script and waiting:
                for approver, _, approval in waiting:
                    run(w, approver, approval, folder, known)
                waiting = []
            done = run(w, who, script, folder, known, label == "paper")
            if label == "asks":
                asked = w.must(who, "status", "--json").json["requests"][-1]
                known |= {"R17": asked["request"], "XXXX-XXXX": asked["code"]}
            if label == "recovers" or "recover ask" in script:  # a code of its own; stdout is no terminal, so the program says it apart from the block
                known["XXXX-XXXX"] = re.search(r"The code is ([0-9A-Z]{4}-[0-9A-Z]{4})", done.stdout)[1]
            if label == "edits":
                saved(folder / "next.yaml", next_roster(folder), known, "NEXT-SHA256")
            if label == "lostkeys":
                shutil.rmtree(w.dir / "keys")
                (folder / "keys").rename(w.dir / "keys")
            if label == "rekeys":
                text = re.sub(r"^broker: .*$", known["broker line"], (folder / "keys.yaml").read_text(), flags=re.M)
                saved(folder / "keys.yaml", text, known, "NEXT-SHA256")
            if "breakglassd keygen" in script:
                known["broker line"] = next(l for l in done.stdout.splitlines() if l.startswith("broker:"))
            if label == "begins":
                first_roster(w, folder, known)
            if label == "starts":
                new_broker = start_new_broker(folder)
            if label == "newkeys":
                known["new line"] = next(l.strip() for l in done.stdout.splitlines() if "signs:" in l)
            if label == "laptop":
                text = re.sub(rf"^  carol: .*$", f"  {known['new line']}", (folder / "laptop.yaml").read_text(), flags=re.M)
                saved(folder / "laptop.yaml", text, known, "NEXT-SHA256")
        if new_broker:
            new_broker.terminate()
            new_broker.wait(60)
        ok(f"{len(blocks)} blocks of commands were run", len(blocks) > 15)
        rotator.terminate()
        rotator.wait(60)
    shutil.rmtree(folder, ignore_errors=True)


def run(w, who, script, folder, known, on_paper=False):
    for name, value in sorted(known.items(), key=lambda item: -len(item[0])):  # NEW-ADDRESS before ADDRESS
        script = script.replace(name, value)
    script = script.replace("breakglass keygen ", "breakglass keygen --no-passphrase ")  # nobody types here
    done = shell(w, who, script, folder, on_paper)
    first = script.strip().splitlines()[0]
    ok(f"{who}: {first[:100]}", done.returncode == 0, done.stdout + (w.broker_log()[-800:] if done.returncode else ""))
    return done


main()
finish()
