"""The whole story on the screens, in real terminals: the on-call and two approvers in three panes of tmux, against a real broker and a
real rotator. Asked and denied, asked again, approved twice with the typed code, opened, shown and hidden, done, rotated to its proof,
post-mortem in $EDITOR, log verified."""
import os, pathlib, re, tempfile

from demo.targets import Vault
from harness import BUILD, World, finish, ok, wait_for
from page_file import PageFile
from rotator_process import Rotator, statements
from screens_panes import Terminals

PASSWORD = "tr0ub4dor-and-three-more-words"
TOTP = "otpauth://totp/acme:root?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=acme"
WRITTEN = "SSO was down from 02:31 to 03:55. Next: a second identity provider."


def ask(erin, incident, reason):
    """From the credentials to the code that is read out."""
    erin.sees("Credentials")
    erin.keys("Enter").sees("emergency +< E1 >")
    erin.keys("Tab").type(incident, enter=False)
    erin.keys("Tab").type(reason, enter=False)
    shown = erin.sees(re.escape(reason[:20]))
    erin.keys("C-s").sees("Type yes")
    erin.type("yes")
    return shown, re.search(r"read out the code ([0-9A-Z]{4}-[0-9A-Z]{4})", erin.sees("read out the code"))[1]


def approve(pane, code):
    pane.sees("WAITS FOR YOUR YES OR NO")
    shown = pane.keys("Enter").sees("somebody asks you to break glass(.|\n)*in 24 h")
    pane.keys("y").sees("The code they read out")
    pane.type(code).sees("RECEIPT")
    return shown


def hand_over(w, erin):
    """The first field to a file in memory, and to a program."""
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="breakglass-test-") as folder:
        path, count = pathlib.Path(folder) / "password", pathlib.Path(folder) / "count"
        erin.keys("k", "w").sees("Into a new file in memory")
        erin.keys("C-u")
        erin.type(str(path)).sees("Written, for you alone")
        ok("a field goes to a file in memory, for its user alone", path.read_text() == PASSWORD and path.stat().st_mode & 0o777 == 0o600)
        erin.keys("x").sees("Run .fields on fd 3")
        erin.type(f"wc -c </dev/fd/3 >{count}").sees("Enter goes back to breakglass")
        erin.keys("Enter").sees("The program ended with 0")
        ok("and to a program, on a descriptor", count.read_text().strip() == str(len(PASSWORD)) and PASSWORD not in erin.text(), erin.text())


def story(w, vault, terminals, pages):
    editor = w.dir / "editor"
    editor.write_text(f"#!/bin/sh\ncp \"$1\" {w.dir}/draft\nprintf '%s\\n' '{WRITTEN}' > \"$1\"\n")
    os.chmod(editor, 0o755)
    erin = terminals.person(w, "erin", editor=str(editor))
    bob, carol = terminals.person(w, "bob"), terminals.person(w, "carol")

    ok("the first screen says whether the glass can be broken now", erin.sees(r"\[ok\] The glass can be broken now"))
    erin.keys("a")
    shown, code = ask(erin, "INC-6", "I just want to look")
    ok("before sending, the screen shows who is asked and how many must say yes", "alice, bob, carol; 2 of them must approve" in shown, shown)
    bob.sees("WAITS FOR YOUR YES OR NO")
    bob.keys("Enter").sees("somebody asks you to break glass(.|\n)*in 24 h")
    bob.keys("d").sees("No, because")
    bob.type("use the read replica").sees("RECEIPT")
    ok("a denial reaches the on-call with its reason", erin.sees(r"\[no\] +bob says no: use the read replica"))
    erin.keys("x").sees("Type cancel")
    erin.type("cancel").sees("cancelled")

    erin.keys("c")
    shown, code = ask(erin, "INC-7", "SSO is down and checkout fails")
    ok("and which channels page them", "everybody on call, by file" in shown, shown)
    bob.keys("n")
    ok("what an approver reads never holds the code", code not in approve(bob, code))
    ok("the on-call sees who approved and when", erin.sees(r"\[ok\] +bob approved \d+ s ago") and erin.sees("1 of 2"))
    erin.keys("o").sees("Not yet")
    approve(carol, code)
    erin.sees("READY +press o")
    erin.keys("o").sees("Type open")
    erin.type("open").sees("FIELDS")
    wait_for("the page about opening", lambda: pages.of("opened"))
    ok("opened: the fields are hidden, the clock runs", "time left" in erin.text() and PASSWORD not in erin.text())
    erin.keys("Enter").sees(PASSWORD)
    erin.keys("Enter").lacks(PASSWORD)
    ok("a field is shown alone, and hidden again", "GEZDGNBV" not in erin.text())
    erin.keys("j", "Enter")
    ok("a seed shows its one-time code, live, and not itself", erin.sees(r"\d{3} \d{3} +for \d+ s more") and "GEZDGNBV" not in erin.text())
    erin.keys("Enter").sees("hidden; Enter shows")
    hand_over(w, erin)

    erin.keys("D").sees("Type done")
    erin.type("done").sees("ROTATION")
    ok("Done shows the rotation, live, to its proof", erin.sees(r"\[#{10,}\] 6 of 6") and erin.sees("PROOF +.*refused"), erin.text())
    done = statements(w, "rotation")[-1]
    ok("and so says the log, and the target", done["evidence"]["old"] == "refused" and not vault.accepts(PASSWORD), done)

    erin.keys("i").sees("TIME LINE")
    erin.keys("m").sees("Was the criterion met")
    draft = (w.dir / "draft").read_text()
    ok("the draft has the time line, who approved and the time to approval",
       "INC-7" in draft and re.search(r"approved by bob after \d+ s; approved by carol after \d+ s; opened after \d+ s", draft) and
       'page "opened" by file was accepted' in draft, draft)
    erin.type("yes").sees("The post-mortem of INC-7 is in the log")
    ok("the post-mortem is in the log, signed", statements(w, "postmortem")[-1]["text"].startswith(WRITTEN[:30]))

    erin.keys("l").sees("entries, head")
    erin.keys("v").sees("consistent: .* entries")
    ok("the log is verified, with its signed head", "covers all" in erin.text().replace("\n", " "), erin.text())
    erin.keys("Enter").sees("signature")
    for pane in (erin, bob, carol):
        pane.keys("q")
        wait_for("the end", pane.is_dead)
    everything = "".join(pane.text(scrollback=True) for pane in (erin, bob, carol))
    ok("nothing of the secret stays in any terminal", PASSWORD not in everything and "GEZDGNBV" not in everything)


def main():
    with PageFile() as pages, Terminals() as terminals:
        with World(rotators=["rot-1"], channels=pages.channels, people=["alice", "bob", "carol", "erin"], requesters=("erin",),
                   credentials={Vault.name: {"opens_what": Vault.what, "sealers": ["alice"], "rotate": {"hook": "file"}}}) as w:
            vault = Vault(w.dir, PASSWORD)
            rotator = Rotator(w, {"file": {"program": str(BUILD / "rotators" / "hooks" / "file"), "config": {"path": vault.path}}}).start()
            try:
                w.seal(Vault.name, {"password": PASSWORD, "totp": TOTP})
                for holder in w.holders:
                    w.must(holder, "inbox")
                story(w, vault, terminals, pages)
            finally:
                rotator.stop()
    finish()


main()
