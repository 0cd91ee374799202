"""After a recovery at terminals, in an empty network namespace: neither the programs' cores at the moments when they hold the most, nor any file,
argv, environment or scrollback has the secret, a share, the version's key, the one-time key or anybody's keys (raw, hex, base64, strides 4 and 28)."""
import base64, json, os, pathlib, re, shutil, signal, subprocess, tempfile

from harness import BREAKGLASS, BREAKGLASSD, World, finish, ok, skip, wait_for
from planted import Search, bech32_key, identity_secrets, search_core
from screens_panes import Terminals

PASSWORD = "Planted-for-the-recovery-51c7-Zq"
NO_NETWORK = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]


def plant_key(search, name, text):
    """An age identity, as bytes and as it is written."""
    search.plant(name, bech32_key(text))
    search.plant(f"{name} as text", text.strip().encode())


def stock_age(identity, sealed):
    done = subprocess.run(["age", "-d", "-i", identity], input=sealed, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return done.stdout if done.returncode == 0 else None


def plant_share(search, name, identity, blobs):
    """The holder's share of the one version, as stock age opens it."""
    text = next(t for t in (stock_age(identity, blob) for blob in blobs) if t)
    search.plant(f"{name}'s share", bytes.fromhex(text.split()[-1].decode()))


def look_into(search, folder, what, pid):
    search_core(search, what, pid, folder)
    traces = b"".join(pathlib.Path(f"/proc/{pid}/{x}").read_bytes() for x in ("cmdline", "environ"))
    found = search.bytes(f"argv and environ of {what}", traces)
    ok(f"nor in argv and environ of {what}", not found, found)


def main():
    if subprocess.run([*NO_NETWORK, "true"], stderr=subprocess.DEVNULL).returncode != 0:
        skip("no network namespaces here")
        return
    search = Search()
    search.plant("the secret", PASSWORD.encode())
    folder = pathlib.Path(tempfile.mkdtemp(prefix="breakglass-residue-"))
    with Terminals() as terminals, World() as w:
        w.seal(fields={"password": PASSWORD})
        vault = w.dir / "vault.export"
        subprocess.run([BREAKGLASSD, "export", vault, "--config", w.config], check=True, stdout=subprocess.DEVNULL)
        w.stop()
        shutil.rmtree(w.state)
        blobs = [base64.b64decode(json.loads(l)["blob"]) for l in vault.read_text().splitlines() if l.startswith('{"sha256"')]
        for name in ("erin", "bob", "carol"):
            for what, secret in identity_secrets(w.identity(name)):
                search.plant(f"{name}'s {what}", secret)
        for name in ("bob", "carol"):
            plant_share(search, name, w.identity(name), blobs)

        scrollbacks = {}

        def pane(who, *arguments, after=()):
            command = [*NO_NETWORK, BREAKGLASS, "recover", *map(str, arguments), "--from", str(vault), "--genesis", w.genesis, "--identity", w.identity(who), *after]
            return terminals.open(command, {**w.env(who), "TERM": "screen-256color"})

        def leave(p, what):
            wait_for(f"the end of {what}", p.is_dead)
            scrollbacks[what] = p.text(scrollback=True)

        # ---- asking ----
        p = pane("erin", "ask", "prod/db/root", "--emergency", "E1", "--incident", "INC-7", "--reason", "gone", "--block", w.dir / "request")
        code = re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}", p.sees("[0-9A-Z]{4}-[0-9A-Z]{4}"))[0]
        leave(p, "asking")
        kept = pathlib.Path(w.home("erin")) / "state/breakglass-recover/requests"
        search.plant("the one-time key", stock_age(w.identity("erin"), next(kept.iterdir()).read_bytes()))

        # ---- approving: the identity is unlocked, the share open ----
        for holder in ("bob", "carol"):
            p = pane(holder, "approve", w.dir / "request", "--block", w.dir / f"from-{holder}")
            p.sees("reads out to you")
            if holder == "bob":
                look_into(search, folder, "the approver at the confirmation", p.pid())
            p.type(code.lower(), enter=False)
            p.keys("Enter")
            leave(p, f"{holder}'s approving")
            ok(f"{holder} answers", (w.dir / f"from-{holder}").exists(), p.text())

        # ---- opening: all of it has been in the program's hands ----
        p = pane("erin", "open", w.dir / "from-carol", w.dir / "from-bob", after=("--exec", "--", "sleep", "600"))
        def child():
            listed = subprocess.run(["ps", "--ppid", str(p.pid()), "-o", "pid=,comm="], stdout=subprocess.PIPE, text=True).stdout.split()
            return int(listed[0]) if listed[1:] == ["sleep"] else None
        sleeper = wait_for("the program that gets the secret", child)
        version_key = w.must("erin", "recover", "open", "--from", vault, "--genesis", w.genesis, "--show", "--field", "age-identity", "--age-identity").out
        plant_key(search, "the version's key", version_key)
        look_into(search, folder, "the opener, its program still running", p.pid())
        found = search.bytes("the program's argv and environ", b"".join(pathlib.Path(f"/proc/{sleeper}/{x}").read_bytes() for x in ("cmdline", "environ")))
        ok("the program gets nothing by argv or environment", not found, found)
        os.kill(sleeper, signal.SIGKILL)
        leave(p, "opening")

        # ---- afterwards ----
        found = [f for what, text in scrollbacks.items() for f in search.bytes(f"the scrollback of {what}", text.encode())]
        ok(f"nothing in {len(scrollbacks)} scrollbacks", len(scrollbacks) == 4 and all("recover" in t or "prod" in t or t.strip() for t in scrollbacks.values()) and not found, found)
        own = [w.identity(name) for name in w.people]
        found = search.tree(w.dir, skip=own)
        ok("nothing in any file but the identities: blocks, answers and the recovery's folder included", not found, found)
        opened = stock_age(w.identity("erin"), next(kept.iterdir()).read_bytes())
        ok("the search finds what is there", opened and search.bytes("x", b"..." + opened) and search.tree(pathlib.Path(w.home("bob"))) != [])
    shutil.rmtree(folder, ignore_errors=True)


main()
finish()
