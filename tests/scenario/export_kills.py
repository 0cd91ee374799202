"""An export that is killed at each of its writes, or whose disk fills up: what was there stays and proves itself, nothing half done is ever taken for
an export, and the next try is whole."""
import fcntl, json, os, socket, subprocess

from harness import BREAKGLASSD, ROOT, World, finish, is_sanitized, ok, skip, wait_for
from exports_folder import NAME, Exports, events, get, size, value, verify
from page_file import PageFile

UNFINISHED = ".breakglass-export.tmp"
AT = 1795903200000


class Child:
    """The broker's side of an export's process, told to make one."""

    def __init__(self, w, folder, env=None, at=AT, keep=2):
        head = json.loads(w.must("alice", "status", "--json").out)
        task = {"do": "make", "state": str(w.state), "sign": f"{w.dir}/keys/sign", "folder": str(folder), "keep": keep, "name": "acme-test",
                "installation": w.genesis, "at": at, "entries": head["log"]["size"], "root": head["log"]["root"], "young_ms": 0}
        ours, theirs = socket.socketpair()
        self.socket = ours
        self.process = subprocess.Popen([BREAKGLASSD, "export-process"], env={"PATH": "/usr/bin:/bin", **(env or {})}, stderr=subprocess.DEVNULL,
                                        preexec_fn=lambda: os.dup2(theirs.fileno(), 3), close_fds=False)
        theirs.close()
        ours.sendall(json.dumps(task).encode() + b"\n")

    def end(self):
        """Its answer, or None when it was killed."""
        got = b""
        while not got.endswith(b"\n"):
            try:
                chunk = self.socket.recv(65536)
            except ConnectionResetError:  # killed before it had read what it was told
                break
            if not chunk:
                break
            got += chunk
        self.process.wait()
        self.socket.close()
        return json.loads(got) if got.endswith(b"\n") else None


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def killed_everywhere(w, shim):
    folder = w.dir / "killed"
    folder.mkdir(mode=0o700)
    for i in range(2):
        assert Child(w, folder, at=AT + 1000 * i).end()["result"] == "written"
        w.must("erin", "cancel", w.request(incident=f"INC-{i}")["request"])
    before, broken, at = names(folder), [], 1
    raw = {name: (folder / name).read_bytes() for name in before}
    while True:
        env = {"LD_PRELOAD": str(shim), "KILL_AT": str(at), "KILL_NAMES": "1", "KILL_WRITES": "1"}
        answer = Child(w, folder, env=env, at=AT + 5000).end()
        if answer:
            break
        left = [n for n in names(folder) if n != UNFINISHED]
        if any(n not in left for n in before[1:]) or any((folder / n).read_bytes() != raw[n] for n in before if n in left):
            broken.append(f"place {at}: what was there is not: {left}")
        for n in left:
            if n not in before and verify(w, folder / n).code != 0:
                broken.append(f"place {at}: {n} does not prove itself")
        if before[0] not in left and not any(n not in before for n in left):
            broken.append(f"place {at}: the oldest went before the new one was there")
        again = Child(w, folder, at=AT + 9000).end()
        good = names(folder)
        if again["result"] not in ("written", "unchanged") or UNFINISHED in good or len(good) != 2 or verify(w, folder / again["file"]).code != 0:
            broken.append(f"place {at}: the next one: {again} {good}")
        for n in good:
            (folder / n).unlink()
        for n in before:
            (folder / n).write_bytes(raw[n])
        at += 1
    ok(f"killed at each of {at - 1} places: nothing is lost, nothing half done counts, the next one is whole", not broken and at > 8, broken or at)


def lying_disk(w, shim):
    """One bit is not what was written: found by reading it again, before the file has a name."""
    folder = w.dir / "lying"
    folder.mkdir(mode=0o700)
    first = Child(w, folder).end()["file"]
    w.must("erin", "cancel", w.request(incident="INC-LIE")["request"])
    raw, believed, at = (folder / first).read_bytes(), [], 1
    while True:
        answer = Child(w, folder, env={"LD_PRELOAD": str(shim), "FLIP_AT": str(at)}, at=AT + 5000, keep=1).end()
        if answer["result"] == "written" and verify(w, folder / answer["file"]).code == 0:
            break  # fewer writes than that
        if answer["result"] != "failed" or names(folder) != [first] or (folder / first).read_bytes() != raw:
            believed.append((at, answer, names(folder)))
            break
        at += 1
    ok(f"a disk that put down one other bit at any of {at - 1} writes is found out; the export before stays", not believed and at > 4, believed or at)


def at_once(w):
    folder = w.dir / "at-once"
    folder.mkdir(mode=0o700)
    fd = os.open(folder, os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_EX)
    answer = Child(w, folder).end()
    ok("two never write into one folder at once", answer["result"] == "busy" and not names(folder), answer)
    os.close(fd)
    child = Child(w, folder)
    child.socket.shutdown(socket.SHUT_WR)
    child.process.wait()
    ok("one whose broker is gone ends, whatever it was at", not [n for n in names(folder) if n != UNFINISHED and verify(w, folder / n).code != 0], names(folder))


# ---- a full disk ----


def full_disk(w, x, pages):
    x.folder.rmdir()
    x.folder.mkdir(mode=0o700)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size=1m,mode=0700,uid={os.geteuid()}", "breakglass-test", str(x.folder)], stderr=subprocess.DEVNULL).returncode:
        skip("mounting a file system is not allowed here")
        return
    try:
        x.reload()
        wait_for("an export", lambda: x.holding(size(w)))
        kept = x.folder / x.newest()
        raw = kept.read_bytes()
        with open(x.folder / "filler", "wb", buffering=0) as f:
            for n in (65536, 4096, 1):
                try:
                    while True:
                        f.write(b"x" * n)
                except OSError:
                    pass
        w.must("erin", "cancel", w.request(incident="INC-FULL")["request"])
        page = wait_for("the page of the full disk", lambda: [e for e in pages.of("export-failed") if "No space left" in e["text"]])[0]
        ok("a full disk is paged, with what the kernel says", page["exports"] == "making", page)
        wait_for("another try", lambda: value(w, "export_failures_total") >= 2)
        ok("what was there stays whole, what did not fit is gone", kept.read_bytes() == raw and names(x.folder) == sorted([kept.name, "filler"]), names(x.folder))
        ok("the broker goes on as before", get(w, "/readyz", "admin.sock") == "ready\n" and w.request(incident="INC-ON")["request"])
        (x.folder / "filler").unlink()
        wait_for("the page that it works again", lambda: [e for e in pages.of("export-recovered") if e["exports"] == "making"])
        wait_for("an export of it all", lambda: x.holding(size(w)))
        ok("with space again it goes on by itself", verify(w, x.folder / x.newest()).code == 0)
    finally:
        x.reload("")
        subprocess.run(["umount", "-l", str(x.folder)], check=False)


# ---- the broker itself ----


def broker_killed(w, x):
    x.reload()
    for i in range(6):
        w.must("erin", "cancel", w.request(incident=f"INC-K{i}")["request"])
        started = len(events(w, "broker.started"))
        w.kill()
        w.start()
        wait_for("it to run again", lambda: len(events(w, "broker.started")) > started)
    wait_for("an export of it all", lambda: x.holding(size(w)))
    ok("a broker that is killed again and again leaves nothing but whole exports", all(NAME.fullmatch(n) and verify(w, x.folder / n).code == 0 for n in x.files()), x.files())
    wait_for("the unfinished one to be gone", lambda: not (x.folder / UNFINISHED).exists())


with PageFile() as pages, World(channels=pages.channels) as w:
    w.seal()
    x = Exports(w)
    if is_sanitized():
        skip("a preloaded library and the sanitizer do not mix")
    else:
        shim = w.dir / "kill_at_write.so"
        subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", shim, ROOT / "tests/scenario/kill_at_write.c", "-ldl"], check=True)
        killed_everywhere(w, shim)
        lying_disk(w, shim)
    at_once(w)
    full_disk(w, x, pages)
    broker_killed(w, x)
finish()
