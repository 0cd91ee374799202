"""Abuse cases 38 to 41 on the real screens: texts that want to be more than text, fingers and pastes that press everything, requests that
change under a confirmation, terminals that are tiny, dumb or broken, deaths at every step, and secrets that must not stay anywhere."""
import os, pathlib, random, re, shlex, shutil, signal, tempfile, time, unicodedata

from harness import BREAKGLASS, World, finish, ok, wait_for
from planted import Search, search_core
from rotator_process import statements
from screens_panes import Terminals

PASSWORD = "Planted-Passw0rd-9f2c71aa-Zq"
LABELS = ["who", "credential", "opens", "emergency", "incident", "reason", "asked", "expires", "now", "access for", "approvals", "in 24 h", "owes",
          "your share"]


def look_at_request(pane):
    """An Enter on the heels of an Escape is Alt-Enter to any terminal program, and does nothing: pressed again, as a person would."""
    pane.sees("WAITS FOR YOUR YES OR NO")
    pressed = 0

    def looks():
        nonlocal pressed
        text = pane.text()
        if "Approve only if you are talking" in text:
            return text
        if "WAITS FOR YOUR YES OR NO" in text and time.monotonic() - pressed > 1:
            pressed = time.monotonic()
            pane.keys("Enter")
        return None

    return wait_for("the request's screen", looks)


# ---- 38 ----

def columns(line):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


def hostile_texts(w, terminals):
    reasons = {
        "ESC, C1 and carriage returns": "down\x1b[2J\x1b[1;1H\u009b31m \r\nwho          alice, team sre\x07",
        "bidi and zero-width characters": "\u202eevil\u202c \u2066x\u2069 \u200b\u200d\ufeff end",
        "a thousand marks, as many as fit": "a" + "\u0301" * 480,
        "wide characters": "漢字" * 60 + "👩‍💻",
    }
    for what, reason in reasons.items():
        asked = w.must("frank", "request", "prod/db/root", "--emergency", "E1", "--incident", "INC-38", "--reason", reason, "--json").json
        bob = terminals.person(w, "bob", rows=60)
        shown = look_at_request(bob).splitlines()
        at = [next((y for y, line in enumerate(shown) if line[1:13].rstrip() == label), None) for label in LABELS]
        once = all(sum(line[1:13].rstrip() == label for line in shown) == 1 for label in LABELS)
        inside = all(line.startswith(" " * 14) or line[1:13].strip() for line in shown[at[5]:at[6]] if line.strip())
        raw = any(ord(c) < 32 or 0x7f <= ord(c) < 0xa0 or c in "\u202e\u202c\u2066\u2069\u200b\u200d\ufeff" for line in shown for c in line)
        ok(f"{what} in a reason: escaped, in their box, every label once and in place",
           None not in at and at == sorted(at) and once and inside and not raw and max(map(columns, shown)) <= 80, "\n".join(shown))
        bob.keys("q")
        w.must("frank", "cancel", asked["request"])


# ---- 39 ----

def nothing_but_the_code(w, terminals):
    asked = w.request()
    bob = terminals.person(w, "bob")
    look_at_request(bob)
    bob.keys("y", "y", "Enter", "y", "Enter", "Enter", "Enter").sees("wrong codes|not this request's code|somebody asks")
    bob.keys("Escape", "Escape").sees("WAITS FOR YOUR YES OR NO")
    look_at_request(bob)
    for _ in range(6):
        bob.keys("Enter", "y")
    bob.keys("Escape").sees("somebody asks")
    bob.keys("y").sees("The code they read out")
    bob.paste(asked["code"] + "\n")
    bob.sees(asked["code"])
    bob.keys("Enter").sees("That came all at once")
    bob.paste("y\n" + asked["code"] + "\ny\n")
    bob.sees("y" + asked["code"])
    bob.keys("Enter").lacks(asked["code"])
    bob.keys("Escape").lacks("The code they read out")
    bob.paste("y" + asked["code"] + "\n")
    bob.keys("y").sees("The code they read out")
    bob.type("0000-0000").sees("not this request's code")
    bob.type("1111-1111").sees("not this request's code")
    bob.type("2222-2222").sees("3 wrong codes")
    ok("repeated y and Enter, pasted text with newlines, wrong codes: nothing was approved", statements(w, "approval") == [])

    look = bob.sees("somebody asks")
    bob.keys("y").sees("The code they read out")
    bob.type(asked["code"], enter=False)
    w.approve("carol", asked)
    shown = bob.sees("changed while you were typing")
    flat = " ".join(shown.split())
    ok("a request that changes under the confirmation: refused, and the screen says what changed",
       "nothing was sent: carol approved; 1 of 2 now" in flat and "0 of 2" in look, shown)
    bob.keys("Enter").sees("1 of 2: carol")
    ok("and nothing was sent", len(statements(w, "approval")) == 1)
    bob.keys("q")
    w.must("erin", "cancel", asked["request"])


# ---- 40 ----

def terminals_of_all_kinds(w, terminals):
    small = terminals.person(w, "erin", columns=20, rows=5)
    ok("20 columns and 5 rows: it says what it wants", small.sees("breakglass wants") and "60x15" in small.text(), small.text())
    chance = random.Random(40)
    for _ in range(60):
        small.resize(chance.randint(1, 200), chance.randint(1, 70))
    small.resize(80, 24)
    ok("a storm of resizes ends with a whole screen", small.sees(r"\[.. ?\] The glass|can be broken now|WAITS|Nothing is open"), small.text())
    small.keys("q")
    wait_for("its end", small.is_dead)
    ok("the program left by itself", "signal" not in small.text(), small.text())

    folder = w.dir / "terminfo"
    (folder / "s").mkdir(parents=True)
    (folder / "s" / "screen-256color").write_bytes(os.urandom(400))
    for what, env, why in (("TERM=dumb", {"TERM": "dumb"}, "TERM=dumb cannot show screens"), ("no TERM", {"TERM": ""}, "TERM is not set"),
                           ("a terminal nobody knows", {"TERM": "no-such-thing"}, "nothing is known of a terminal called TERM=no-such-thing")):
        pane = shell(w, terminals, "erin", env=env, rows=60)
        shown = " ".join(pane.sees(r"CODE=\d+").split())
        ok(f"{what}: it says why there are no screens, and shows the state as text", why in shown and "Every command works" in shown and
           "CODE=0" in shown and "Requests" in shown, shown)
    pane = shell(w, terminals, "erin", env={"TERM": "screen-256color", "TERMINFO": str(folder)})
    shown = pane.sees(r"CODE=\d+|The glass")
    ok("a broken TERMINFO: another description, or a message", "CODE=2" in shown or "The glass" in shown, shown)
    pane.keys("q").sees(r"CODE=\d+")

    for what, env, colours in (("NO_COLOR", {"TERM": "screen-256color", "NO_COLOR": "1"}, False), ("vt100", {"TERM": "vt100"}, False),
                               ("linux", {"TERM": "linux"}, True), ("screen-256color", {"TERM": "screen-256color"}, True)):
        pane = shell(w, terminals, "erin", env=env)
        pane.sees("The glass")
        codes = re.findall(r"\x1b\[([\d;]*)m", terminals.tmux("capture-pane", "-e", "-p", "-t", pane.name).stdout)
        has = any(re.fullmatch(r"[349][0-7]|38|48|1[0]?[0-7]", c) and c not in ("7", "1", "0") for code in codes for c in code.split(";"))
        ok(f"{what}: the same words{'' if colours else ', without colour'}", has == colours, codes)
        pane.keys("q").sees(r"CODE=\d+")


def shell(w, terminals, who, env=None, rows=None):
    """The program inside a shell that tells the terminal's settings before and after."""
    state = w.dir / f"stty-{terminals.count}"
    script = (f"stty -g > {state}.before; {shlex.join([BREAKGLASS, '--identity', w.identity(who)])}; code=$?; stty -g > {state}.after; "
              "echo CODE=$code; exec sleep 1000")
    settings = {**w.env(who), "TERM": "screen-256color", **(env or {})}
    pane = terminals.open(["/bin/sh", "-c", script], {k: v for k, v in settings.items() if v}, rows=rows)
    pane.stty = lambda: [pathlib.Path(f"{state}.{x}").read_text() for x in ("before", "after")]
    return pane


def program_of(pane):
    """The program inside the pane's shell."""
    children = pathlib.Path(f"/proc/{pane.pid()}/task/{pane.pid()}/children").read_text().split()
    return int(children[0])


def to_asking(pane):
    pane.sees("The glass")
    pane.keys("c", "Enter").sees("emergency +< E1 >")
    pane.keys("Tab").type("INC-40", enter=False)
    pane.keys("Tab").type("typed, not sent", enter=False)
    pane.keys("C-s").sees("Type yes")


def to_secret(pane):
    pane.sees("OPEN, ")
    pane.keys("Enter").sees("not in memory")
    pane.keys("Enter").sees("hidden; Enter shows")
    pane.keys("Enter").sees(PASSWORD)


def deaths(w, terminals):
    steps = {"on the first screen": (lambda p: p.sees("The glass"), [signal.SIGHUP]), "in a half-typed request": (to_asking, [signal.SIGTERM]),
             "with a secret shown": (to_secret, [signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGABRT])}
    for where, (go, ways) in steps.items():
        for how in ways:
            pane = shell(w, terminals, "erin")
            go(pane)
            os.kill(program_of(pane), how)
            shown = pane.sees(r"CODE=\d+")
            before, after = pane.stty()
            everything = pane.text(scrollback=True)
            ok(f"{how.name} {where}: the terminal is as it was, and shows nothing of it",
               before == after and PASSWORD not in everything and "breakglass |" not in shown, (before, after, shown))


def suspended(w, terminals):
    pane = terminals.open(["/bin/bash", "--norc", "--noprofile", "-i"], {**w.env("erin"), "TERM": "screen-256color", "PS1": "PROMPT "})
    pane.sees("PROMPT")
    pane.type(shlex.join([BREAKGLASS, "--identity", w.identity("erin")]))
    to_secret(pane)
    pane.keys("C-z").sees("Stopped")
    ok("^Z with a secret shown: the shell is back, and nothing of the secret is there", PASSWORD not in pane.text(scrollback=True), pane.text())
    Cores.look(program_of(pane), "while it is suspended")
    pane.type("stty -a | grep -c ' echo '", enter=False).keys("Enter").sees("^1$|\n1\n")
    pane.type("fg").sees("time left")
    ok("fg brings the screen back, with the field hidden", PASSWORD not in pane.text() and "hidden; Enter shows" in pane.sees("hidden; Enter shows"))
    pane.keys("Enter").sees(PASSWORD)
    pane.keys("C-c")
    pane.lacks(PASSWORD)
    pane.keys("C-c").sees(r"fg\n(.*\n)+PROMPT\s*$")


# ---- 41 ----

class Cores:
    search, folder = Search(), None

    @classmethod
    def look(cls, pid, when):
        return search_core(cls.search, f"the program {when}", pid, cls.folder)


def cores(w, terminals):
    pane = terminals.person(w, "erin")
    to_secret(pane)
    ways = [("while it is shown", lambda: None), ("after hiding", lambda: (pane.keys("Enter"), pane.lacks(PASSWORD))),
            ("after leaving the screen", lambda: (pane.keys("Enter"), pane.sees(PASSWORD), pane.keys("Escape"), pane.sees("OPEN, "))),
            ("after locking", lambda: (pane.keys("Enter", "Enter"), pane.sees("hidden; Enter"), pane.keys("Enter"), pane.sees(PASSWORD), pane.keys("C-x"),
                                       pane.sees("Locked")))]
    for when, go in ways:
        go()
        data = Cores.look(pane.pid(), when)
        if data and when == "while it is shown":
            ok("the search with stride 28 finds what curses holds", any(b"FIELDS" in data[i::28] for i in range(28)))
    stays = pane.text(scrollback=True) + terminals.tmux("capture-pane", "-p", "-a", "-q", "-t", pane.name).stdout
    ok("nor in the terminal's scrollback", PASSWORD not in stays)
    pane.keys("Enter").sees("The fields are not in memory|OPEN, ")
    pane.keys("C-c", "q")


# ---- locked ----

def silently(terminals, pane, text):
    """A passphrase does not show while it is typed."""
    terminals.tmux("send-keys", "-t", pane.name, "-l", text)
    pane.keys("Enter")


def locked(w, terminals):
    passphrase = "a correct horse battery"
    pane = terminals.person(w, "frank", "passphrase")
    pane.sees("New passphrase")
    silently(terminals, pane, passphrase)
    pane.sees("The same again")
    silently(terminals, pane, passphrase)
    pane.sees("has its new passphrase")
    pane = terminals.person(w, "frank")
    pane.sees("Passphrase of")
    silently(terminals, pane, passphrase)
    pane.sees("Now . acme-test . frank")
    pane.keys("C-x").sees("Locked")
    pane.keys("Enter").sees("Passphrase of")
    silently(terminals, pane, "a wrong one")
    pane.sees("Wrong passphrase")
    pane.keys("C-c").sees("Locked")
    ok("locked: a wrong passphrase does not open it, ^C leaves it locked", "aborted" in pane.text(), pane.text())
    pane.keys("Enter").sees("Passphrase of")
    silently(terminals, pane, passphrase)
    pane.sees("The glass|REQUESTS|Nothing is open")
    ok("the passphrase unlocks it, and was never to be seen", "horse" not in pane.text(scrollback=True))
    pane.keys("q")


# ---- the broker goes away ----

def broker_lost(w, terminals):
    pane = terminals.person(w, "erin")
    to_asking(pane)
    w.kill()
    pane.sees("broker away")
    pane.type("yes").sees("unreachable")
    ok("without a broker, what was typed stays", "typed, not sent" in pane.text() and "INC-40" in pane.text(), pane.text())
    w.start()
    pane.sees("broker ok")
    pane.keys("C-s").sees("Type yes")
    pane.type("yes").sees("read out the code")
    ok("and is sent when it is back", statements(w, "request")[-1]["reason"] == "typed, not sent")
    pane.keys("x").sees("Type cancel")
    pane.type("cancel").sees("cancelled")
    pane.keys("q")


def main():
    Cores.folder = pathlib.Path(tempfile.mkdtemp(prefix="breakglass-cores-"))
    Cores.search.plant("password", PASSWORD.encode())
    try:
        with Terminals() as terminals, World() as w:
            w.seal(fields={"password": PASSWORD})
            for holder in w.holders:
                w.must(holder, "inbox")
            hostile_texts(w, terminals)
            nothing_but_the_code(w, terminals)
            broker_lost(w, terminals)
            asked = w.request()
            for who in ("carol", "bob"):  # carol's share is out already
                w.approve(who, asked)
            w.open(asked)
            terminals_of_all_kinds(w, terminals)
            deaths(w, terminals)
            locked(w, terminals)
            cores(w, terminals)
            suspended(w, terminals)
    finally:
        shutil.rmtree(Cores.folder, ignore_errors=True)
    finish()


main()
