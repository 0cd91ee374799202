"""Recovery from an export of many megabytes: read as it comes, with a few dozen bytes kept for each entry, so that any machine can do it."""
import os, subprocess

from harness import BREAKGLASS, BREAKGLASSD, World, finish, is_sanitized, ok, skip

LARGE, BYTES = 40, 900_000


def peak(args, env, **more):
    """(exit code, most memory it ever had in bytes); what it printed goes to a file."""
    process = subprocess.Popen(args, env=env, stdin=subprocess.DEVNULL, **more)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, used.ru_maxrss * 1024


class Recovery:
    """Verify, ask, approve, approve, open: of one credential from one export. Each step's code and memory."""

    def __init__(self, w, export, n):
        self.w, self.export, self.n = w, export, n

    def step(self, who, *arguments):
        args = [BREAKGLASS, "recover", *map(str, arguments), "--genesis", self.w.genesis, "--identity", self.w.identity(who)]
        with open(self.w.dir / f"step-{self.n}", "wb") as out:
            return peak(args, self.w.env(who), stdout=out, stderr=out)

    def all(self):
        folder = self.w.dir
        asked = folder / f"request-{self.n}"
        yield "verify", self.step("erin", "verify", self.export)
        yield "ask", self.step("erin", "ask", "prod/db/root", "--from", self.export, "--work", folder / f"work-{self.n}", "--emergency", "E1", "--incident", "I-1",
                               "--reason", "down", "--block", asked)
        code = next(w for w in (folder / f"step-{self.n}").read_text().split() if len(w) >= 9 and w[4] == "-")[:9]
        for who in ("alice", "bob"):
            yield f"approve ({who})", self.step(who, "approve", asked, "--from", self.export, "--code", code, "--block", folder / f"answer-{self.n}-{who}")
        answers = [folder / f"answer-{self.n}-{who}" for who in ("alice", "bob")]
        yield "open", self.step("erin", "open", *answers, "--from", self.export, "--work", folder / f"work-{self.n}", "--output", folder / f"secret-{self.n}", "--on-disk")


def export(w, name):
    path = w.dir / name
    code, used = peak([BREAKGLASSD, "export", str(path), "--config", w.config], dict(os.environ), stdout=subprocess.DEVNULL)
    assert code == 0
    return path, used


def restore(w, path):
    """The most memory of `init --from`, into a state of its own."""
    here = w.dir / f"restored-{path.stem}"
    config = w.dir / f"{path.stem}.yaml"
    config.write_text(open(w.config).read().replace(f"state: {w.state}", f"state: {here}"))
    code, used = peak([BREAKGLASSD, "init", "--from", str(path), "--config", str(config)], dict(os.environ), stdout=subprocess.DEVNULL)
    assert code == 0 and (here / "broker.db").stat().st_size > path.stat().st_size / 2
    return used


def main():
    if is_sanitized():
        skip("the sanitizer's own memory hides what is measured")
        return
    credentials = {"prod/db/root": {"opens_what": "superuser of the main database", "sealers": ["alice"]}}
    credentials.update({f"prod/key-{i}": {"opens_what": "a key store", "sealers": ["alice"]} for i in range(LARGE)})
    with World(credentials=credentials, config_extra="limits: {statements_per_minute: 100000, sessions_per_minute: 100000}\n") as w:
        w.seal(fields={"store": os.urandom(BYTES)})
        small, small_export = export(w, "small.export")
        for i in range(LARGE):
            w.seal(f"prod/key-{i}", fields={"store": os.urandom(BYTES)})
        large, large_export = export(w, "large.export")
        size = large.stat().st_size
        ok("an export of many megabytes", size > LARGE * BYTES, size)
        ok("`breakglassd export` does not hold it", large_export - small_export < size / 4, (small_export, large_export, size))
        least, most = restore(w, small), restore(w, large)
        ok("`breakglassd init --from` does not hold it", most - least < size / 4, (least, most, size))
        least = dict(Recovery(w, small, "small").all())
        for step, (code, used) in Recovery(w, large, "large").all():
            ok(f"recover {step}: done, and does not hold the export", code == 0 and least[step][0] == 0 and used - least[step][1] < size / 4,
               (code, least[step], used, size, (w.dir / "step-large").read_text()[-300:]))


main()
finish()
