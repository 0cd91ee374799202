"""Bulk rotation of many credentials of one real PostgreSQL with one command, against the bare sum: ALTER ROLE and a fresh login for each, in one
program. BREAKGLASS_ROTATIONS=N for another number than 1,000; BREAKGLASS_PROFILE=1 says who used the processors."""
import concurrent.futures, json, os, pathlib, re, resource, subprocess, sys, time

from support import AT_MOST, BUILD, LIMITS, note, row
from harness import World
from postgres_server import Postgres
from rotator_process import Rotator

N = int(os.environ.get("BREAKGLASS_ROTATIONS", 1000))
BARE = str(BUILD / "tests" / "bench" / "bare_rotation")
AT_ONCE = 8


def peak_mb(pid):
    return int(re.search(r"VmHWM:\s*(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def stat(pid, first, end):
    return sum(int(n) for n in pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[first:end]) / os.sysconf("SC_CLK_TCK")


def own_s(pid):
    """Processor time of the process itself."""
    return stat(pid, 11, 13)


def children_s(pid):
    """That of the children which it has seen end."""
    return stat(pid, 13, 15)


def mine_s():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Profile:
    """Processor time that several parties use meanwhile, in ms for each rotation."""

    def __init__(self, **parties):
        self.parties = parties
        self.before = {name: used() for name, used in parties.items()}

    def say(self, title):
        if os.environ.get("BREAKGLASS_PROFILE"):
            for name, used in self.parties.items():
                note(f"  {title}, processor time of the {name}", f"{(used() - self.before[name]) / N * 1e3:.1f} ms each")


def seal_all(world, names):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda n: world.seal(n, {"password": "first"}), names))
    for holder in world.holders:
        world.must(holder, "inbox")


def bare(pg):
    server = int(pathlib.Path(pg.data, "postmaster.pid").read_text().split()[0])
    profile = Profile(client=mine_s, server=lambda: children_s(server))
    seconds = subprocess.run([BARE, "127.0.0.1", str(pg.port), pg.password_file, str(N)], stdout=subprocess.PIPE, check=True, text=True).stdout
    profile.say("bare")
    return float(seconds)


def ours(world, pg, rotator):
    server, pid = int(pathlib.Path(pg.data, "postmaster.pid").read_text().split()[0]), rotator.process.pid
    profile = Profile(command=mine_s, server=lambda: children_s(server), broker=lambda: own_s(world.broker.pid), rotator=lambda: own_s(pid),
                      hooks=lambda: children_s(pid))
    began = time.monotonic()
    done = world.run("alice", "rotate", "--all", "--why", "bench", "--yes", "--wait", "--json", timeout=3600)
    seconds = time.monotonic() - began
    report = json.loads(done.out.splitlines()[-1])
    if done.code != 0 or sum(report["proven"].values()) != N:
        sys.exit(f"not all was proven: {done!r}\n{rotator.text()[-3000:]}")
    profile.say("ours")
    return seconds


with Postgres(settings="fsync = on\nlog_statement = 'none'\nmax_connections = 100") as pg:
    pg.sql(f"DO $$ BEGIN FOR i IN 0..{N - 1} LOOP EXECUTE format('CREATE ROLE %I LOGIN PASSWORD %L', 'bench' || i, 'first'); END LOOP; END $$")
    names = [f"prod/bench/{i}" for i in range(N)]
    credentials = {n: {"opens_what": "a role", "sealers": ["alice"], "rotate": {"hook": "postgres", "config": {"host": "127.0.0.1", "port": pg.port, "role": f"bench{i}"}}}
                   for i, n in enumerate(names)}
    with World(rotators=["rot-1"], credentials=credentials, config_extra=LIMITS) as w:
        seal_all(w, names)
        floor = bare(pg)
        hooks = {"postgres": {"program": str(BUILD / "rotators" / "hooks" / "postgres"), "config": {"admin_user": "postgres", "admin_password_file": pg.password_file}}}
        rotator = Rotator(w, hooks, extra=f"at_once: {{total: {AT_ONCE}, per_target: {AT_ONCE}}}\n")
        rotator.start()
        seconds = ours(w, pg, rotator)
        row(f"rotation of {N} PostgreSQL roles, proven", f"{seconds:.1f} s", f"{floor:.1f} s", seconds / floor, AT_MOST, 1.5)
        mb = peak_mb(rotator.process.pid)
        row("the peak of the rotator's memory, in MiB", f"{mb:.1f} MiB", "", mb, AT_MOST, 64)
        rotator.stop()
