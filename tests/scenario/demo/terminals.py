"""The demo's people at their screens: the on-call in front, two approvers beside her, in a tmux of its own."""
import os, shlex, shutil, subprocess, sys

from harness import BREAKGLASS

PEOPLE = ("erin", "bob", "carol")
ROLES = {"erin": "erin, on call: a asks", "bob": "bob, an approver", "carol": "carol, an approver"}
LEAST_COLUMNS, LEAST_ROWS = 60, 15  # of a screen


def can_play():
    """Whether there is a terminal that can show screens, and a tmux to show three of them."""
    if not (sys.stdin.isatty() and sys.stdout.isatty() and shutil.which("tmux")):
        return False
    return subprocess.run(["infocmp"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0 and os.environ.get("TERM", "dumb") != "dumb"


class Stage:
    """Panes side by side where three screens have room, else one whole screen each; F1, F2, F3 go to a person, F10 ends it."""

    def __init__(self, w, folder):
        self.w, self.socket = w, str(folder / "tmux")
        self.size = shutil.get_terminal_size()
        # One column and one row of borders each, the borders' titles, the status line.
        self.is_split = self.size.columns >= 2 * LEAST_COLUMNS + 1 and self.size.lines >= 2 * (LEAST_ROWS + 1) + 2

    def tmux(self, *arguments):
        environment = {k: v for k, v in os.environ.items() if k not in ("TMUX", "TMUX_PANE")}
        return subprocess.run(["tmux", "-S", self.socket, "-f", "/dev/null", *arguments], env=environment)

    def person(self, name):
        """What runs in a person's pane."""
        env = {**self.w.env(name), **{k: os.environ[k] for k in ("EDITOR", "VISUAL", "NO_COLOR") if k in os.environ}, "TERM": "screen-256color"}
        return shlex.join(["env", "-i", *[f"{k}={v}" for k, v in env.items()], BREAKGLASS, "--identity", self.w.identity(name)])

    def set_up(self):
        size = ["-x", str(self.size.columns), "-y", str(self.size.lines)]
        self.tmux("new-session", "-d", "-s", "demo", "-n", "erin", *size, self.person("erin"))
        for option, value in (("mouse", "on"), ("escape-time", "10"), ("status-left", ""), ("status-right", ""), ("prefix", "None")):
            self.tmux("set-option", "-g", option, value)
        for name in PEOPLE[1:]:
            if self.is_split:
                self.tmux("split-window", "-h" if name == "bob" else "-v", "-t", "demo:erin", self.person(name))
            else:
                self.tmux("new-window", "-d", "-t", "demo", "-n", name, self.person(name))
        if self.is_split:
            self.tmux("set-option", "-g", "pane-border-status", "top")
        for key, name in zip(("F1", "F2", "F3"), PEOPLE):
            where = f"demo:erin.{PEOPLE.index(name)}" if self.is_split else f"demo:{name}"
            self.tmux("set-option", "-p", "-t", where, "@person", f"{key} {ROLES[name]}")
            self.tmux("bind-key", "-n", key, "select-pane" if self.is_split else "select-window", "-t", where)
        self.tmux("set-option", "-g", "pane-border-format", " #{@person} ")
        self.tmux("set-option", "-g", "window-status-format", " #{@person} ")
        self.tmux("set-option", "-g", "window-status-current-format", " [#{@person}] ")
        self.tmux("set-option", "-g", "status-right-length", "40")
        self.tmux("set-option", "-g", "status-right", " F1 F2 F3: change seats | F10: end " if self.is_split else " F10: end ")
        self.tmux("bind-key", "-n", "F10", "kill-server")
        self.tmux("select-pane" if self.is_split else "select-window", "-t", "demo:erin.0" if self.is_split else "demo:erin")

    def play(self):
        """Until everybody has left, or F10."""
        self.set_up()
        self.tmux("attach-session", "-t", "demo")

    def close(self):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
