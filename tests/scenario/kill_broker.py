"""kill −9 of the broker at every write of a full opening: no acknowledged entry is lost, and the opening goes on afterwards without
anybody's help. Each round starts from the same installation, dies at one write more than the round before, and is carried on."""
import base64, json, os, pathlib, shutil, subprocess, sys

from harness import BREAKGLASSD, ROOT, World, finish, is_sanitized, ok, skip, wait_for

PASSWORD = "correct horse battery staple"


class Round:
    """The story of one opening, by people who try again when the broker goes away."""

    def __init__(self, w):
        self.w, self.acknowledged, self.deaths = w, [], 0

    def revive(self):
        if self.w.broker.poll() is not None:
            self.deaths += 1
            start(self.w, {})

    def act(self, who, *arguments, done=None):
        """Until it is acknowledged, or found done already."""
        for _ in range(6):
            result = self.w.run(who, *arguments)
            if result.code == 0:
                return result
            if result.code != 8 and not (result.word() in ("duplicate", "ended") and self.deaths):
                raise AssertionError(repr(result))
            if result.word() in ("duplicate", "ended"):
                return result
            self.revive()
        raise AssertionError(repr(result))

    def play(self):
        w = self.w
        self.act("erin", "request", "prod/db/root", "--emergency", "E1", "--incident", "INC-7", "--reason", "down", "--json")
        found = [r for r in self.act("erin", "status", "--json").json["requests"] if r["state"] != "ended"]
        asked = found[-1]
        for holder in ("bob", "carol"):
            result = self.act(holder, "approve", asked["request"], "--code", asked["code"], "--json")
            if result.code == 0:
                self.acknowledged.append(result.json["n"])
        opened = self.act("erin", "open", asked["request"], "--show", "--field", "password")
        assert opened.out.strip() == PASSWORD, opened
        result = self.act("erin", "close", "INC-7", "--json")
        if result.code == 0:
            self.acknowledged.append(result.json["n"])
        log = self.act("alice", "log", "tail", "--all", "--json")
        self.act("alice", "log", "verify")
        return [json.loads(l) for l in log.out.splitlines() if l.startswith("{")]


def start(w, env):
    log = open(w.dir / "broker.log", "ab")
    w.broker = subprocess.Popen([BREAKGLASSD, "--config", w.config], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                start_new_session=True, env={**os.environ, **env})
    log.close()
    wait_for("the broker or its end", lambda: w.answers() or w.broker.poll() is not None)


def main():
    with World() as w:
        shim = w.dir / "kill_at_write.so"
        built = subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", shim, ROOT / "tests/scenario/kill_at_write.c", "-ldl"])
        if built.returncode != 0:
            return ok("the shim builds", False)
        if is_sanitized():
            return skip("a preloaded shim and a sanitizer don't go together")
        w.seal(fields={"password": PASSWORD})
        for holder in w.holders:
            w.must(holder, "inbox")
        w.stop()
        kept = w.dir / "kept"
        for part in ("state", "people"):
            shutil.copytree(w.dir / part, kept / part, symlinks=True)

        rounds, at, lost, broken, died = 0, 1, [], [], 0
        while True:
            for part in ("state", "people"):
                shutil.rmtree(w.dir / part)
                shutil.copytree(kept / part, w.dir / part, symlinks=True)
            start(w, {"LD_PRELOAD": str(shim), "KILL_AT": str(at)})
            story = Round(w)
            if w.broker.poll() is not None:  # died while starting
                story.revive()
            try:
                log = story.play()
                numbers = {e["n"] for e in log}
                lost += [(at, n) for n in story.acknowledged if n not in numbers]
                opens = [e for e in log if e["type"] == "open"]
                if len(opens) != 1:
                    broken.append(f"write {at}: {len(opens)} open entries")
            except AssertionError as why:
                broken.append(f"write {at}: {why}\n{w.broker_log()[-1500:]}")
            died += story.deaths
            rounds += 1
            survived = w.broker.poll() is None and story.deaths == 0
            w.kill()
            if survived or at > 400 or len(broken) > 3:
                break  # the whole story has fewer writes than that
            at += 1
        ok(f"the opening goes on after kill -9 at each of {rounds - 1} writes", not broken, broken)
        ok("no acknowledged entry was lost", not lost, lost)
        ok("the broker really died each time", died >= rounds - 1 and rounds > 30, f"{died} deaths in {rounds} rounds")


main()
finish()
