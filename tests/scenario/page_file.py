"""A notifier that keeps every page in a file, to be counted.

    with PageFile() as pages, World(channels=pages.channels) as w: … pages.of("ready")
    with PageFile("chat", "pager") as pages: … pages.by("pager"); pages.down("pager"), until pages.up("pager")"""
import json, os, pathlib, shutil, tempfile


class PageFile:
    def __init__(self, *names):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="breakglass-pages-"))
        self.file = self.folder / "pages"
        self.names = names or ("file",)
        self.channels = {name: {"program": self._program(name)} for name in self.names}

    def _program(self, name):
        program = self.folder / f"notifier-{name}"
        # One write per page, so that two can't mix; what a courier that was killed had not said to its end is no page.
        program.write_text(f"#!/bin/sh\npage=$(cat)\ncase \"$page\" in *'\"attempt\":'*'}}') ;; *) exit 78 ;; esac\n[ -e {self.folder}/down-{name} ] && exit 75\n"
                           f"printf '%s %s\\n' {name} \"$page\" >> {self.file}\necho '{{\"status\":\"accepted\",\"id\":\"kept\"}}'\n")
        os.chmod(program, 0o755)
        return str(program)

    def down(self, name):
        (self.folder / f"down-{name}").touch()

    def up(self, name):
        (self.folder / f"down-{name}").unlink()

    def _lines(self):
        text = self.file.read_text() if self.file.exists() else ""
        for line in text.splitlines():
            name, page = line.split(" ", 1)
            yield name, json.loads(page)["event"]

    def all(self):
        return [event for _, event in self._lines()]

    def of(self, kind):
        return [e for e in self.all() if e["kind"] == kind]

    def by(self, name):
        """What this channel took, in order."""
        return [event for by, event in self._lines() if by == name]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)
