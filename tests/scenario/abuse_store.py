#!/usr/bin/python3
"""The broker's database in hostile hands: replaced, cut, altered, of another installation. It doesn't start, or says what it served."""
import os, pathlib, random, shutil, sqlite3, subprocess, sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from harness import BREAKGLASSD, PATIENCE, World, finish, ok, wait_for
from wire import Line, Wire

SECRET = "correct horse battery staple"


class Kept:
    """A stopped broker's state, to be put back before every case."""

    def __init__(self, w):
        self.w, self.copy = w, w.dir / "kept"
        shutil.copytree(w.state, self.copy)
        self.name = next(self.copy.glob("*.db")).name

    @property
    def database(self):
        return self.w.state / self.name

    def anew(self):
        shutil.rmtree(self.w.state)
        shutil.copytree(self.copy, self.w.state)
        return self.database

    def sql(self, *statements, values=(), triggers=True):
        """Changes the database as somebody with its file could: the triggers are put aside and back."""
        with sqlite3.connect(self.database) as db:
            kept = db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall() if triggers else []
            for name, _ in kept:
                db.execute(f"DROP TRIGGER {name}")
            for statement in statements:
                db.execute(statement, values)
            for _, text in kept:
                db.execute(text)
        db.close()

    def lines(self):
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True) as db:
            return [Line(line.encode()) for (line,) in db.execute("SELECT line FROM log ORDER BY n")]


def run_until_judged(w):
    """Starts; (exit code, stderr) or (None, stderr) when it runs and has verified everything."""
    (w.state / "listen.json").unlink(missing_ok=True)
    log = w.dir / "judged.log"
    with open(log, "wb") as out:
        process = subprocess.Popen([BREAKGLASSD, "--config", w.config], stdout=out, stderr=out, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        wait_for("a verdict", lambda: process.poll() is not None or b'"store.verified"' in log.read_bytes())
        return process.poll(), log.read_text(errors="replace")
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(PATIENCE)


def refused(w, what, code=9, entry=None):
    """Exit 9; the listener never opened when it was found at start (a change below the snapshot may be found a moment later)."""
    got, said = run_until_judged(w)
    held = got == code and (entry is None or f"entry {entry}" in said)
    ok(f"{what}: exit {code}{f', entry {entry} is named' if entry is not None else ''}", held, (got, said[-1500:]))
    return said


# ---- 43: another file in its place ----


def replaced(w, k, other):
    def put(content):
        k.anew().write_bytes(content)
        for ending in ("-wal", "-shm"):
            pathlib.Path(str(k.database) + ending).unlink(missing_ok=True)

    whole = (k.copy / k.name).read_bytes()
    for what, content in (("nothing", b""), ("a byte", b"S"), ("zeros", bytes(len(whole))), ("random bytes", os.urandom(len(whole))), ("half of itself", whole[: len(whole) // 2]),
                          ("a page less", whole[:-4096]), ("its first page alone", whole[:4096]), ("itself with a header of zeros", bytes(100) + whole[100:]),
                          ("itself with another page size", whole[:16] + b"\x02\x00" + whole[18:]), ("itself with 2^31 pages", whole[:28] + b"\x7f\xff\xff\xff" + whole[32:])):
        put(content)
        got, said = run_until_judged(w)
        ok(f"a database of {what}: exit 9", got == 9, (got, said[-600:]))
    put(b"")
    with sqlite3.connect(k.database) as db:
        db.execute("CREATE TABLE x (y)")
    db.close()
    refused(w, "somebody else's database")
    for what, make in (("a symlink to it", lambda p: p.symlink_to(k.copy / k.name)), ("a folder", lambda p: p.mkdir()), ("a FIFO", lambda p: os.mkfifo(p)), ("a device", lambda p: p.symlink_to("/dev/zero"))):
        k.anew().unlink()
        make(k.database)
        refused(w, what)
    k.anew().unlink()
    refused(w, "no database")
    k.anew()
    shutil.copyfile(other, k.database)
    refused(w, "another installation's whole database")
    for ending in ("-journal", "-wal"):
        k.anew()
        pathlib.Path(str(k.database) + ending).write_bytes(os.urandom(5000))
        got, said = run_until_judged(w)
        ok(f"rubbish as its {ending[1:]}: the log stays what it was", got in (None, 9) and [l.id for l in k.lines()] == [l.id for l in lines_of(k)], (got, said[-600:]))


def lines_of(k):
    with sqlite3.connect(f"file:{k.copy / k.name}?mode=ro", uri=True) as db:
        return [Line(line.encode()) for (line,) in db.execute("SELECT line FROM log ORDER BY n")]


def schema(w, k):
    for what, statement in (("a trigger more", "CREATE TRIGGER t AFTER INSERT ON log BEGIN DELETE FROM blobs; END"), ("a view", "CREATE VIEW v AS SELECT * FROM log"),
                            ("a table more", "CREATE TABLE more (x)"), ("an index more", "CREATE INDEX more ON log (line)"),
                            ("a virtual table", "CREATE VIRTUAL TABLE more USING fts5(x)")):
        k.anew()
        k.sql(statement, triggers=False)
        refused(w, f"a database with {what}")
    for what, statements in (("no trigger against changes", ["DROP TRIGGER log_keeps_lines"]), ("a table missing", ["DROP TABLE outbox"]), ("the log as a view", ["ALTER TABLE log RENAME TO real_log",
                              "CREATE VIEW log AS SELECT * FROM real_log"]), ("another application's number", ["PRAGMA application_id = 7"]), ("a later form's number", ["PRAGMA user_version = 99"]),
                             ("a check that calls a function", ["DROP TABLE seen", "CREATE TABLE seen (key TEXT PRIMARY KEY CHECK (load_extension(key)), at INTEGER NOT NULL) STRICT, WITHOUT ROWID"])):
        k.anew()
        k.sql(*statements, triggers=False)
        refused(w, f"a database with {what}")


def rows(w, k, with_snapshot):
    """Lines altered in place. Without a snapshot the start finds it, with one the verification right behind it."""
    where = "with a snapshot" if with_snapshot else "without a snapshot"

    def anew():
        k.anew()
        if not with_snapshot:
            k.sql("DELETE FROM snapshot")

    lines = lines_of(k)
    n = len(lines)
    for i in sorted({0, 1, n // 2, n - 2, n - 1}):
        line = lines_of(k)[i]
        change = {"one letter of its payload": line.raw().replace(b'"payload":"', b'"payload":"A', 1), "its time": line.raw().replace(f'"at":{line.at}'.encode(), f'"at":{line.at - 1}'.encode())}
        forged = Line(line.raw())
        forged.signatures = [forged.signatures[0][:-1] + bytes([forged.signatures[0][-1] ^ 1])] + forged.signatures[1:]
        change["its signature"] = forged.raw()
        for what, raw in change.items():
            if what == "its time" and (i == 0 or i == n - 1) and not with_snapshot:
                continue  # unsigned, and in order: a later head shows it, see below
            anew()
            k.sql("UPDATE log SET line = ? WHERE n = ?", values=(raw.decode(), i))
            got, said = run_until_judged(w)
            named = f"entry {i}" in said
            if what == "its time" and not with_snapshot:
                ok(f"{where}: entry {i} with another time: its order is checked, or a client's head shows it", got in (None, 9), (got, said[-600:]))
            else:
                ok(f"{where}: entry {i} with {what} changed: exit 9", got == 9 and (named or with_snapshot), (got, said[-900:]))
    for what, statements in (("the last one missing", [f"DELETE FROM log WHERE n = {n - 1}"]), ("one in the middle missing", [f"DELETE FROM log WHERE n = {n // 2}"]),
                             ("the first missing", ["DELETE FROM log WHERE n = 0"]), ("a gap at the end", [f"UPDATE log SET n = {n + 5} WHERE n = {n - 1}"]),
                             ("two exchanged", [f"UPDATE log SET n = -1 WHERE n = {n - 2}", f"UPDATE log SET n = {n - 2} WHERE n = {n - 1}", f"UPDATE log SET n = {n - 1} WHERE n = -1"]),
                             ("a negative number", [f"UPDATE log SET n = -1 WHERE n = {n - 1}"])):
        anew()
        k.sql(*statements)
        got, said = run_until_judged(w)
        if what in ("the last one missing", "a negative number") and not with_snapshot:
            # Nobody can tell a log that ends earlier from one that was cut, but who has seen more: they refuse it.
            ok(f"{where}: {what}: nothing but a client can know, and it does", got in (None, 9) and (got == 9 or client_refuses(w)), (got, said[-600:]))
        else:
            ok(f"{where}: {what}: exit 9", got == 9, (got, said[-900:]))


def client_refuses(w):
    w.start()
    done = w.run("erin", "status")
    w.stop()
    return done.code == 4


def bits(w, k):
    """A bit flipped anywhere in the file: it is found, or nothing that counts was there."""
    whole, chance, wrong, found = (k.copy / k.name).read_bytes(), random.Random(43), [], 0
    before = [l.raw() for l in lines_of(k)]
    for _ in range(40):
        at = chance.randrange(len(whole))
        content = bytearray(whole)
        content[at] ^= 1 << chance.randrange(8)
        k.anew().write_bytes(bytes(content))
        got, said = run_until_judged(w)
        found += got == 9
        if got == 9:
            continue
        try:
            same = got is None and [l.raw() for l in k.lines()][: len(before)] == before
        except sqlite3.DatabaseError:
            same = False
        if not same:
            wrong.append((at, got, said[-500:]))
    ok(f"a bit flipped at 40 places of the file: exit 9 ({found}), or the log is untouched", not wrong, wrong[:2])


def blobs(w, k):
    """Sealed parts that were altered or taken away."""
    k.anew()
    wire = Wire(w)
    share = next(s["sha256"] for l in lines_of(k) if l.type == "version" for s in l.says["shares"] if s["holder"] == "bob")
    k.sql("UPDATE blobs SET bytes = zeroblob(length(bytes)) WHERE sha256 = ?", values=(bytes.fromhex(share),))
    refused(w, "a sealed share altered on the disk")
    k.anew()
    k.sql("DELETE FROM blobs WHERE sha256 = ?", values=(bytes.fromhex(share),))
    w.start()
    answer = wire.get(f"/v1/blobs/{share}", by="bob")
    ok("a share that is missing is said to be", answer.status in (404, 500), answer)
    w.stop()


def main():
    with World() as other:
        other.seal()
        other.stop()
        with World() as w:
            w.seal()
            w.must("carol", "inbox")
            asked = w.request("erin")
            for who in ("alice", "bob"):
                w.must(who, "approve", asked["request"], "--code", asked["code"])
            assert SECRET in w.open(asked).out
            w.must("erin", "close", asked["request"])
            w.must("erin", "status")
            w.stop()
            k = Kept(w)
            k.anew()
            got, said = run_until_judged(w)
            ok("the state that is altered below is whole", got is None, said)
            replaced(w, k, next(other.state.glob("*.db")))
            schema(w, k)
            rows(w, k, True)
            rows(w, k, False)
            bits(w, k)
            blobs(w, k)
    finish()


main()
