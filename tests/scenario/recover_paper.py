"""Only paper is left: identities put on paper as words, their files destroyed; with nothing but such words, an export and the program, in an
empty network namespace, a credential opens. Requests and answers travel as QR codes, read back by a decoder that is not ours from what an
80×24 terminal really showed. Neither the scrollback nor a core of it all has the words or the keys they stand for."""
import atexit, base64, os, pathlib, random, re, shutil, subprocess

from harness import BREAKGLASS, BREAKGLASSD, PATIENCE, Done, World, finish, ok, wait_for
from planted import search_core

SECRET = "hunter2-from-the-envelope"
ASK = ("--emergency", "E1", "--incident", "INC-7", "--reason", "the broker's host burnt down")
NO_NETWORK = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]
COLUMNS = 41 + 8  # of a code that fits 24 rows, with the light around it


class Pane:
    """A program at a terminal of 80×24 inside tmux."""

    def __init__(self, folder, command, cwd):
        self.socket = str(folder / f"tmux-{random.getrandbits(32):x}")
        atexit.register(self.end)
        self.ended = pathlib.Path(self.socket + ".code")
        quoted = " ".join("'" + str(x).replace("'", "'\\''") + "'" for x in command)
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", "-c", str(cwd),
                  f"sh -c 'read start; \"$0\" \"$@\"; echo $? >{self.ended}.part; mv {self.ended}.part {self.ended}; read end' " + quoted)
        self.tmux("set", "-g", "status", "off")
        self.keys("Enter")

    def tmux(self, *arguments):
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8", "TERM": "xterm-256color"}
        return subprocess.run(["tmux", "-u", "-S", self.socket, *arguments], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True).stdout

    def screen(self, *more):
        return self.tmux("capture-pane", "-p", *more)

    def wait(self, text):
        return wait_for(f"{text!r} on the screen", lambda: (s := self.screen()) and text in s and s)

    def type(self, text):
        self.tmux("send-keys", "-l", text)

    def keys(self, *names):
        self.tmux("send-keys", *names)

    def pid(self):
        shell = self.tmux("display", "-p", "#{pane_pid}").strip()
        return int(subprocess.run(["ps", "--ppid", shell, "-o", "pid="], stdout=subprocess.PIPE, text=True).stdout)

    def code(self):
        """The exit code, once it has ended."""
        wait_for("the end", self.ended.exists)
        return int(self.ended.read_text())

    def end(self):
        self.tmux("kill-server")


def words_on(page):
    """The 24 of `sign` and the 24 of `open` of a page as text."""
    rows = [line for line in page.splitlines() if re.fullmatch(r"\s*(\d{1,2} [a-z]{3,8}\s*)+", line)]
    pairs = [(int(n), word) for line in rows for n, word in re.findall(r"(\d{1,2}) ([a-z]{3,8})", line)]
    return [word for half in (pairs[:24], pairs[24:]) for _, word in sorted(half)]


def cell(word):
    return word.encode().ljust(8, b"\0")


def bits_of(words, listed):
    bits = "".join(f"{listed.index(w):011b}" for w in words)
    return bytes(int(bits[i:i + 8], 2) for i in range(0, 256, 8))


class Search:
    def __init__(self):
        self.needles = {}

    def plant(self, name, words, keys):
        for i in range(len(words) - 1):
            a, b = words[i], words[i + 1]
            for form in (cell(a) + cell(b), f"{a} {b}".encode(), f"{a[:4]} {b[:4]} ".encode(), f"{i % 24 + 1:2} {a:8}  ".encode()):
                self.needles[form] = f"{name}'s words {i + 1} and {i + 2}"
        for key in keys:
            self.needles[key] = self.needles[key.hex().encode()] = f"a key of {name}"
            for shift in range(3):
                self.needles[base64.b64encode(b"\0" * shift + key)[4 if shift else 0:(shift + 32) // 3 * 4]] = f"a key of {name} in base64"

    def bytes(self, where, data):
        return [f"{what} in {where}" for needle, what in self.needles.items() if needle in data]


def render(screen, path):
    """A picture of what the terminal showed: the left columns of all rows, two modules to a character; nothing is added."""
    dark = {" ": (0, 0), "█": (1, 1), "▀": (1, 0), "▄": (0, 1)}
    rows = []
    for line in (screen.split("\n") + [""] * 24)[:24]:
        for half in (0, 1):
            rows.append([dark[c][half] for c in line.ljust(80)[:COLUMNS]])
    scale = 6
    body = "\n".join("\n".join(["".join(str(b) * scale for b in row)] * scale) for row in rows)
    path.write_text(f"P1\n{COLUMNS * scale} {len(rows) * scale}\n{body}\n")
    return path


def decode(path):
    done = subprocess.run(["zbarimg", "-q", "--raw", "--nodbus", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return done.stdout.strip()


def photograph(pane, folder):
    """Every part that the pane shows, one Enter after the other."""
    texts, number, of = [], 1, None
    while of is None or number <= of:
        screen = pane.wait(f"part {number}/")
        of = int(re.search(r"part \d+/(\d+)", screen)[1])
        shown = "\n".join(line[:COLUMNS] for line in screen.split("\n"))
        texts.append(decode(render(shown, folder / "photo.pbm")))
        pane.keys("Enter")
        number += 1
    return texts


class Bare:
    """A folder with nothing but the program and the export: no identity, nothing joined."""

    def __init__(self, w, name, export):
        self.dir, self.w, self.name = w.dir / f"bare-{name}", w, name
        self.dir.mkdir(mode=0o700)
        shutil.copy(BREAKGLASS, self.dir / "breakglass")
        shutil.copy(export, self.dir / "vault.export")

    def command(self, *arguments):
        return [*NO_NETWORK, "./breakglass", "recover", *map(str, arguments), "--from", "vault.export", "--genesis", self.w.genesis]

    def run(self, *arguments, words):
        done = subprocess.run([*self.command(*arguments), "--words-fd", "0"], cwd=self.dir, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(self.dir)},
                              input=" ".join(words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=PATIENCE * 2)
        return Done(arguments, done)

    def pane(self, *arguments):
        return Pane(self.dir, ["env", f"HOME={self.dir}", *self.command(*arguments), "--words"], self.dir)


def type_words(pane, words):
    """As a hurried person does: four letters each."""
    pane.wait("sign  1 of 24")
    pane.type(" ".join(w[:4] for w in words[:-1]) + " ")
    pane.wait("open 24 of 24")
    pane.type(words[-1] + " ")


def main():
    rng = random.Random(7)
    people = ["alice", "bob", "erin", "safe-1", "safe-2"]
    with World(people=people, holders=["alice", "safe-1", "safe-2"], requesters=["erin"]) as w:
        listed = re.findall(r'"([a-z]{3,8})"', (pathlib.Path(__file__).parents[2] / "quorum/mnemonic_list.c").read_text().split("= {")[1])
        search, words = Search(), {}

        # ---- making envelopes ----
        for name in ("safe-1", "safe-2", "erin"):
            page = w.must(name, "paper", name, "--for", "the safe of building 3", "--page", "-", "--text").out
            words[name] = words_on(page)
            seed = bytes.fromhex(re.search(r"breakglass-sign/v1 ([0-9a-f]{64})", pathlib.Path(w.identity(name)).read_text())[1])
            ok(f"{name}'s page has both keys as 24 words each", len(words[name]) == 48 and bits_of(words[name][:24], listed) == seed, page.count("\n"))
            search.plant(name, words[name], [seed, bits_of(words[name][24:], listed)])
        fingerprint = subprocess.run(["ssh-keygen", "-l", "-f", "-"], input=re.search(r"ssh-ed25519 \S+", w.lines["erin"])[0].rstrip(",") + "\n", stdout=subprocess.PIPE, text=True).stdout.split()[1]
        ok("and says whose they are, what for, and how to know them", all(x in page for x in ("erin", "the safe of building 3", w.genesis, fingerprint, re.search(r"age1\w+", w.lines["erin"])[0]))
           and page.endswith("\f") and max(map(len, page.splitlines())) <= 80, page if "age1" not in page else "")
        pane = Pane(w.dir, ["env", *(f"{k}={v}" for k, v in w.env("safe-1").items()), BREAKGLASS, "paper", "safe-1", "--identity", w.identity("safe-1")], w.dir)
        screen = pane.wait("Enter wipes this page")
        ok("at a terminal the whole page is on 80×24", words_on(screen) == words["safe-1"])
        pane.keys("Enter")
        ok("which ends well", pane.code() == 0)
        found = search.bytes("the scrollback", pane.screen("-S", "-").encode())
        ok("and leaves nothing in the scrollback", not found, found)
        pane.end()
        runtime = pathlib.Path("/dev/shm") / f"breakglass-paper-{os.getpid()}"
        runtime.mkdir(mode=0o700)
        try:
            done = w.run("safe-1", "paper", "safe-1", "--page", w.dir / "page.pdf")
            on_disk = subprocess.run(["stat", "-f", "-c", "%T", w.dir], stdout=subprocess.PIPE, text=True).stdout.strip() not in ("tmpfs", "ramfs")
            ok("no page is written to a disk unasked (exit 10)", (done.code == 10 and not (w.dir / "page.pdf").exists()) or not on_disk, done)
            done = w.run("safe-1", "paper", "safe-1", "--page", runtime / "page.pdf")
            text = subprocess.run(["pdftotext", "-layout", runtime / "page.pdf", "-"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            ok("the PDF page has the same words, mode 0600", done.code == 0 and words_on(text.stdout) == words["safe-1"] and not text.stderr
               and (runtime / "page.pdf").stat().st_mode & 0o777 == 0o600, (done, text.stderr))
        finally:
            shutil.rmtree(runtime)
        (w.dir / "page.pdf").unlink(missing_ok=True)
        done = w.run("safe-1", "paper", "safe-2", "--page", "-")
        ok("a page never gets a name that the roster gives somebody else (exit 6)", done.code == 6 and "safe-1" in done.err and not done.out, done)
        done = w.run("alice", "paper", "safe-3", "--new", "--page", "-", "--text", identity=False)
        line = re.search(r"^safe-3: \{signs: (\S+ \S+), opens: (age1\w+)\}$", done.err, re.M)
        ok("new keys can be made that are on paper only; their roster line is told apart from the page", done.code == 0 and line and line[2] in done.out and len(words_on(done.out)) == 48, done.err)

        # ---- checking them ----
        def on_words(who, *arguments, of=None, **more):
            return w.run(who, *arguments, "--words-fd", "0", input=" ".join(of or words[who]), identity=False, **more)
        done = on_words("safe-1", "paper", "--check", "safe-1")
        ok("an envelope's words are checked without printing them", done.code == 0 and "safe-1" in done.out and not search.bytes("stdout", (done.out + done.err).encode()), done.err)
        done = on_words("safe-1", "paper", "--check", of=words["safe-1"][:30] + ["abandonx"] + words["safe-1"][31:])
        ok("a word that is none is named by its place (exit 4)", done.code == 4 and done.word() == "bad-words" and "`open`: word 7 of 24" in done.err, done.err)
        swapped = [*words["safe-1"]]
        at = next(i for i in range(23) if swapped[i] != swapped[i + 1])
        swapped[at], swapped[at + 1] = swapped[at + 1], swapped[at]
        done = on_words("safe-1", "paper", "--check", "safe-1", of=swapped)
        # One order in 256 fits the checksum by chance: then they are somebody else's.
        ok("words in a wrong order are not this person", (done.code == 4 and "`sign`: the checksum" in done.err) or done.code == 5, done.err)
        done = on_words("safe-1", "paper", "--check", of=words["safe-1"] + ["zoo"])
        ok("so are more than there should be", done.code == 4, done.err)

        done = w.run("safe-1", "whoami", "--words-fd", "0", input=" ".join(words["safe-1"]))
        ok("words stand instead of an identity file, never beside one (exit 2)", done.code == 2 and "leave --identity out" in done.err, done)
        done = w.run("safe-1", "whoami", "--words", "--no-input", identity=False)
        ok("nobody is asked for them with --no-input (exit 2)", done.code == 2 and "--words-fd" in done.err, done)

        # ---- an envelope is one more holder ----
        for name in ("safe-1", "safe-2", "erin"):
            os.unlink(w.identity(name))
        w.seal(fields={"password": SECRET})
        w.must("alice", "inbox")
        ok("the envelope's holder proves custody", on_words("safe-1", "inbox").code == 0)
        done = on_words("erin", "request", "prod/db/root", "--emergency", "E1", "--incident", "INC-6", "--reason", "down", "--json")
        ok("online, a request by words", done.code == 0, done)
        asked = done.json
        w.must("alice", "approve", asked["request"], "--code", asked["code"])
        done = on_words("safe-1", "approve", asked["request"], "--code", asked["code"])
        ok("approved online with an envelope's words", done.code == 0, done)
        done = on_words("erin", "open", asked["request"], "--show", "--field", "password")
        ok("opened with words", done.code == 0 and done.out == SECRET, done)
        w.must("alice", "status")

        # ---- only paper is left ----
        vault = w.dir / "vault.export"
        subprocess.run([BREAKGLASSD, "export", str(vault), "--config", w.config], check=True, stdout=subprocess.DEVNULL)
        w.stop()
        shutil.rmtree(w.state)
        erin, one, two = (Bare(w, name, vault) for name in ("erin", "safe-1", "safe-2"))

        pane = erin.pane("ask", "prod/db/root", *ASK, "--qr")
        type_words(pane, words["erin"])
        pane.wait("part 1/")
        coloured = pane.screen("-e")
        ok("QR codes are black on white whatever the theme", "\x1b[30m" in coloured and ("\x1b[107m" in coloured or "\x1b[47m" in coloured), coloured[:200])
        request = photograph(pane, erin.dir)
        ok(f"a decoder that is not ours reads every part ({len(request)}) from the terminal's picture", all(re.fullmatch(rf"BG1:{i + 1}/{len(request)}:[A-Z2-7]{{4}}:[A-Z2-7]+", t) for i, t in enumerate(request)), request)
        code = re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}", pane.wait("Then: breakglass recover open"))
        ok("the code stands apart from them", pane.code() == 0 and code)
        history = pane.screen("-S", "-")
        found = search.bytes("the scrollback", history.encode())
        ok("the scrollback has neither words nor codes", not found and "█" not in history and "sign  1" not in history, found)
        pane.end()
        code = code[0]

        mixed = request * 2
        rng.shuffle(mixed)
        (one.dir / "request").write_text("\n".join(mixed[: len(mixed)]) + "\n")
        pane = one.pane("approve", "request", "--qr-file", "answer.pbm")
        pane.wait("sign  1 of 24")
        first = words["safe-1"][0]
        pane.type("zzz ")
        pane.wait("not on the list")
        pane.keys("C-u")
        pane.type(first + " ")
        pane.wait("sign  2 of 24")
        pane.keys("BSpace")
        ok("Backspace goes back a word", f"sign  1 of 24: {first}" in pane.wait("sign  1 of 24"))
        pane.type(" " + " ".join(w_[:4] for w_ in words["safe-1"][1:23]) + " ")
        pane.wait("sign 24 of 24")
        wrong = next(x for x in ("zoo", "abandon", "zebra") if bits_of(words["safe-1"][:23] + [x], listed) is not None and x != words["safe-1"][23] and not fits(words["safe-1"][:23] + [x], listed))
        pane.type(wrong + " ")
        ok("a set that doesn't fit together is told at its last word", "one is wrong" in pane.wait("fit together"))
        pane.keys("C-u")
        pane.type(words["safe-1"][23] + " ")
        pane.wait("open  1 of 24")
        search_core(search, "the program in the middle of typing", pane.pid(), w.dir, marker=b"vault.export")
        pane.type(" ".join(w_[:4] for w_ in words["safe-1"][24:]) + " ")
        pane.wait("reads out to you")
        search_core(search, "the program at the confirmation, which is on the same screen as ever", pane.pid(), w.dir)
        pane.type(code.lower())
        pane.keys("Enter")
        ok("parts in any order and doubled were a request; it is answered with words", pane.code() == 0 and (one.dir / "answer.pbm").exists(), pane.screen())
        found = search.bytes("the scrollback", pane.screen("-S", "-").encode())
        ok("its scrollback has no words", not found and "sign " not in pane.screen("-S", "-").replace("sign and", ""), found)
        pane.end()
        answer = decode(one.dir / "answer.pbm")
        ok("the answer's picture is one code", answer.startswith("BG1:1/1:"), answer[:60])

        (two.dir / "request").write_text("\n".join(request[:-1]))
        done = two.run("approve", "request", "--code", code, words=words["safe-2"])
        ok("a part that is missing is named (exit 4)", done.code == 4 and f"part {len(request)} of {len(request)}" in done.err, done)
        (two.dir / "request").write_text("\n".join(request))
        done = two.run("approve", "request", "--code", code, "--block", "answer", "--qr-file", "answer.svg", words=words["safe-2"])
        ok("the other envelope answers", done.code == 0 and (two.dir / "answer.svg").read_text().startswith("<svg"), done)
        (erin.dir / "one").write_text(answer + "\n" + answer + "\n")
        (erin.dir / "two").write_text((two.dir / "answer").read_text())
        done = erin.run("open", "one", "two", "--show", "--field", "password", words=words["safe-2"])
        ok("somebody else's words open nothing (exit 4 or 5)", done.code in (3, 4, 5) and SECRET not in done.out, done)
        done = erin.run("open", "one", "two", "--show", "--field", "password", words=words["erin"])
        ok("with paper words only, in an empty network namespace, it opens", done.code == 0 and done.out == SECRET, done)

        found = [f for p in w.dir.rglob("*") if p.is_file() and not p.is_symlink() for f in search.bytes(p, p.read_bytes())]
        ok("no file has the words or the keys", not found, found)
        ok("the search finds what is there", search.bytes("x", " ".join(words["erin"]).encode()) != [])


def fits(words, listed):
    import hashlib
    bits = "".join(f"{listed.index(w):011b}" for w in words)
    key = bytes(int(bits[i:i + 8], 2) for i in range(0, 256, 8))
    return hashlib.sha256(key).digest()[0] == int(bits[256:], 2)


main()
finish()
