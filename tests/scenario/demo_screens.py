"""./demo on a terminal: three people at their screens in a tmux of its own, side by side where they have room, else one whole screen each."""
import os, re, sys

from harness import BUILD, ROOT, finish, ok, wait_for
from screens_panes import Terminals


def play(terminals, columns, rows):
    env = {"PATH": os.environ["PATH"], "TERM": "screen-256color", "LANG": "C.UTF-8", "HOME": terminals.dir, "EDITOR": "true",
           "BREAKGLASS_BUILD": str(BUILD)}
    pane = terminals.open([sys.executable, str(ROOT / "tests" / "scenario" / "demo" / "story.py")], env, columns=columns, rows=rows)
    for what in ("An installation", "Alice seals", "play all three", "F10 ends it"):
        pane.sees(what)
        pane.sees(r"\(Enter\) *\n*$")
        pane.keys("Enter")
    return pane


def main():
    with Terminals() as terminals:
        pane = play(terminals, 130, 44)
        shown = pane.sees("F1 erin(.|\n)*F2 bob(.|\n)*F3 carol(.|\n)*The glass can be broken now")
        ok("on a large terminal: the on-call in front, both approvers beside her", shown.count("Enter look") == 3 or pane.sees("(Enter look(.|\n)*){3}"), shown)
        pane.keys("a").sees("Credentials")
        pane.keys("Enter").sees("< E1 >")
        pane.keys("Tab").type("INC-7", enter=False)
        pane.keys("Tab").type("SSO is down", enter=False)
        pane.keys("C-s").sees("Type yes")
        pane.type("yes")
        pane.sees(">>> +[0-9A-Z]{4}-[0-9A-Z]{4}")
        pane.sees("(WAITS FOR YOUR YES OR NO(.|\n)*){2}")
        pane.keys("F2").sees(r"\[F2 bob")
        pane.keys("Enter").sees("somebody asks you to break glass")
        ok("what erin asks reaches bob's screen", "SSO is down" in pane.text(), pane.text())
        pane.keys("F10").sees("Nothing of it stays behind")
        wait_for("its end", pane.is_dead)
        ok("F10 ends it, and the log is verified", "proven: breakglass log verify" in pane.text(scrollback=True), pane.text(scrollback=True))
        pane = play(terminals, 80, 24)
        pane.sees("breakglass . Now . acme-test . erin")
        pane.keys("F3").sees("breakglass . Now . acme-test . carol")
        ok("on a small one: a whole screen each, F1 to F3 change seats", pane.keys("F1").sees("breakglass . Now . acme-test . erin"))
        pane.keys("F10").sees("Nothing of it stays behind")
        wait_for("its end", pane.is_dead)
    finish()


main()
