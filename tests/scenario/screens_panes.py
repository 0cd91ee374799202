"""Panes of a private tmux server, each a person at a terminal, for scenarios and captures of the screens."""
import os, pathlib, re, shlex, subprocess, tempfile, time
from harness import BREAKGLASS, wait_for


class Terminals:
    """tmux with a server of its own; dies at close()."""

    def __init__(self, columns=80, rows=24):
        self.dir = tempfile.mkdtemp(prefix="breakglass-tmux-")
        self.socket = os.path.join(self.dir, "s")
        self.columns, self.rows = columns, rows
        self.count = 0

    def tmux(self, *arguments):
        return subprocess.run(["tmux", "-S", self.socket, "-f", "/dev/null", *map(str, arguments)], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)

    def open(self, command, env, columns=None, rows=None):
        """A program in a terminal of its own (a window: every pane has the full size)."""
        self.count += 1
        name = f"w{self.count}"
        words = ["env", "-i", *[f"{k}={v}" for k, v in env.items()], *command]
        done = self.tmux("new-session", "-d", "-s", name, "-x", columns or self.columns, "-y", rows or self.rows, shlex.join(words))
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        self.tmux("set-option", "-t", name, "remain-on-exit", "on")
        return Pane(self, name)

    def person(self, world, name, *arguments, term="screen-256color", **more):
        env = {**world.env(name), "TERM": term, "EDITOR": more.pop("editor", "true")}
        env.update(more.pop("env", {}))
        return self.open([BREAKGLASS, "--identity", world.identity(name), *arguments], env, **more)

    def close(self):
        self.tmux("kill-server")
        subprocess.run(["rm", "-rf", self.dir])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Pane:
    def __init__(self, terminals, name):
        self.terminals, self.name = terminals, name

    def text(self, scrollback=False):
        return self.terminals.tmux("capture-pane", "-p", "-t", self.name, *(["-S", "-"] if scrollback else [])).stdout

    def sees(self, text):
        """Waits until the text (a regular expression) is there."""
        try:
            return wait_for(text, lambda: (lambda t: t if re.search(text, t) else None)(self.text()))
        except TimeoutError:
            raise TimeoutError(f"{self.name} never saw {text!r}:\n{self.text()}")

    def lacks(self, text):
        return wait_for(f"no {text}", lambda: not re.search(text, self.text()))

    def keys(self, *keys):
        """One key after the other, as fingers do."""
        for key in keys:
            self.terminals.tmux("send-keys", "-t", self.name, key)
            if key == "Escape":
                time.sleep(0.25)  # what follows at once makes it Alt and that key, for any terminal program
        return self

    def type(self, text, enter=True):
        """Enter comes only when the text was read: a question may hold the same words, and a line break that comes with them is a paste."""
        tail = text[-20:]
        before = self.text().count(tail)
        self.terminals.tmux("send-keys", "-t", self.name, "-l", text)
        if enter:
            try:
                wait_for(text, lambda: self.text().count(tail) > before)
            except TimeoutError:
                raise TimeoutError(f"{self.name} never showed what was typed, {text!r}:\n{self.text()}")
            self.keys("Enter")
        return self

    def paste(self, text):
        """As a terminal pastes: between brackets when the program asked for them."""
        path = os.path.join(self.terminals.dir, "paste")
        pathlib.Path(path).write_text(text)
        self.terminals.tmux("load-buffer", path)
        self.terminals.tmux("paste-buffer", "-p", "-r", "-t", self.name)

    def resize(self, columns, rows):
        self.terminals.tmux("resize-window", "-t", self.name, "-x", columns, "-y", rows)

    def pid(self):
        return int(self.terminals.tmux("display-message", "-p", "-t", self.name, "#{pane_pid}").stdout)

    def is_dead(self):
        return self.terminals.tmux("display-message", "-p", "-t", self.name, "#{pane_dead}").stdout.strip() == "1"
