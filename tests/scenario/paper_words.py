"""Words from an envelope stand instead of an identity file: on the screens, where locking wipes them and unlocking asks for them again, and when
they become a file once more."""
import os, pathlib, re, subprocess

from harness import BREAKGLASS, Done, World, finish, ok
from planted import Search, identity_secrets, search_core
from screens_panes import Terminals


def words_on(page):
    """The 24 of `sign` and the 24 of `open` of a page as text."""
    rows = [line for line in page.splitlines() if re.fullmatch(r"\s*(\d{1,2} [a-z]{3,8}\s*)+", line)]
    pairs = [(int(n), word) for line in rows for n, word in re.findall(r"(\d{1,2}) ([a-z]{3,8})", line)]
    return [word for half in (pairs[:24], pairs[24:]) for _, word in sorted(half)]


def type_words(pane, words):
    pane.sees("sign  1 of 24")
    pane.type(" ".join(w[:4] for w in words[:24]) + " ", enter=False)
    pane.sees("open  1 of 24")
    pane.type(" ".join(w[:4] for w in words[24:]) + " ", enter=False)


def with_passphrase(w, name, passphrase, words, *arguments):
    """Words on stdin, the passphrase on a descriptor."""
    read, write = os.pipe()
    os.write(write, passphrase.encode() + b"\n")
    os.close(write)
    done = subprocess.run([BREAKGLASS, *map(str, arguments), "--passphrase-fd", str(read), *(["--words-fd", "0"] if words else [])], env=w.env(name), pass_fds=[read],
                          input=" ".join(words) if words else "", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    os.close(read)
    return Done(arguments, done)


def screens(w, terminals, search, words):
    asked = w.request()
    pane = terminals.open([BREAKGLASS, "--words"], {**w.env("carol"), "TERM": "screen-256color"})
    type_words(pane, words)
    pane.sees("Now . acme-test . carol")
    ok("`breakglass --words`: the screens are carol's, by words alone")
    search_core(search, "the screens that words unlocked", pane.pid(), w.dir)
    pane.keys("C-x").sees("Locked")
    pane.keys("Enter")
    type_words(pane, words[:24] + words[:24])
    ok("locked, they open to nobody else's words", "Locked" in pane.sees("ALARM"), pane.text())
    pane.keys("Enter")
    type_words(pane, words)
    pane.sees("Now . acme-test . carol")
    ok("the same words unlock them again")
    pane.sees("erin")
    pane.keys("Enter").sees("everything is down")
    pane.keys("y").sees("The code they read out")
    pane.type(asked["code"].lower(), enter=False)
    pane.keys("Enter")
    pane.sees("RECEIPT")
    ok("and approve there, by the code", any('"approval"' in l for l in w.must("bob", "log", "tail", "--all", "--json").out.splitlines()))
    pane.keys("Escape", "q")
    everything = pane.text(scrollback=True)
    ok("no words stay in the scrollback", not any(f"{a[:4]} {b[:4]}" in everything for a, b in zip(words, words[1:])), everything)


def save(w, words):
    made = pathlib.Path(w.home("carol")) / "again"
    done = with_passphrase(w, "carol", "short", words, "paper", "--save", made)
    ok("a weak passphrase makes no file (exit 2)", done.code == 2 and not made.exists(), done)
    wrong = words[:24] + words[25:26] + words[24:25] + words[26:]
    done = with_passphrase(w, "carol", "a correct horse battery", wrong, "paper", "--save", made)
    ok("nor do words that do not fit together (exit 4)", done.code == 4 and not made.exists(), done)
    done = with_passphrase(w, "carol", "a correct horse battery", words, "paper", "--save", made)
    ok("`paper --save` makes an identity file of words, mode 0600", done.code == 0 and made.stat().st_mode & 0o777 == 0o600, done)
    done = with_passphrase(w, "carol", "a correct horse battery", words, "paper", "--save", made)
    ok("and never overwrites one (exit 6)", done.code == 6, done)
    done = with_passphrase(w, "carol", "a correct horse battery", None, "whoami", "--identity", made, "--json")
    ok("it is carol's, under its passphrase", done.code == 0 and done.json["name"] == "carol", done)
    done = with_passphrase(w, "carol", "another horse battery", None, "whoami", "--identity", made)
    ok("under no other", done.code != 0 and done.word() == "wrong-passphrase", done)
    stock = subprocess.run(["age-keygen", "-y", made], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    ok("it is no plain key file", stock.returncode != 0)


def main():
    search = Search()
    with Terminals() as terminals, World() as w:
        w.seal(fields={"password": "x"})
        for holder in w.holders:
            w.must(holder, "inbox")
        for what, secret in identity_secrets(w.identity("carol")):
            search.plant(f"carol's {what}", secret)
        words = words_on(w.must("carol", "paper", "carol", "--page", "-", "--text").out)
        os.unlink(w.identity("carol"))
        screens(w, terminals, search, words)
        save(w, words)


main()
finish()
