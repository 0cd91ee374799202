"""Bulk rotation of many credentials of one real PostgreSQL with one command, against the bare sum: ALTER ROLE and a fresh login for each, in one
program. BREAKGLASS_ROTATIONS=N for another number than 1,000."""
import concurrent.futures, json, os, pathlib, re, subprocess, sys, time

from support import AT_MOST, BUILD, LIMITS, row
from harness import World
from postgres_server import Postgres
from rotator_process import Rotator

N = int(os.environ.get("BREAKGLASS_ROTATIONS", 1000))
BARE = str(BUILD / "tests" / "bench" / "bare_rotation")
AT_ONCE = 8


def peak_mb(pid):
    return int(re.search(r"VmHWM:\s*(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def seal_all(world, names):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda n: world.seal(n, {"password": "first"}), names))
    for holder in world.holders:
        world.must(holder, "inbox")


with Postgres(settings="fsync = on\nlog_statement = 'none'\nmax_connections = 100") as pg:
    pg.sql(f"DO $$ BEGIN FOR i IN 0..{N - 1} LOOP EXECUTE format('CREATE ROLE %I LOGIN PASSWORD %L', 'bench' || i, 'first'); END LOOP; END $$")
    names = [f"prod/bench/{i}" for i in range(N)]
    credentials = {n: {"opens_what": "a role", "sealers": ["alice"], "rotate": {"hook": "postgres", "config": {"host": "127.0.0.1", "port": pg.port, "role": f"bench{i}"}}}
                   for i, n in enumerate(names)}
    with World(rotators=["rot-1"], credentials=credentials, config_extra=LIMITS) as w:
        seal_all(w, names)
        bare = float(subprocess.run([BARE, "127.0.0.1", str(pg.port), pg.password_file, str(N)], stdout=subprocess.PIPE, check=True, text=True).stdout)
        hooks = {"postgres": {"program": str(BUILD / "rotators" / "hooks" / "postgres"), "config": {"admin_user": "postgres", "admin_password_file": pg.password_file}}}
        rotator = Rotator(w, hooks, extra=f"at_once: {{total: {AT_ONCE}, per_target: {AT_ONCE}}}\n")
        rotator.start()
        began = time.monotonic()
        done = w.run("alice", "rotate", "--all", "--why", "bench", "--yes", "--wait", "--json", timeout=3600)
        ours = time.monotonic() - began
        report = json.loads(done.out.splitlines()[-1])
        if done.code != 0 or sum(report["proven"].values()) != N:
            sys.exit(f"not all was proven: {done!r}\n{rotator.text()[-3000:]}")
        row(f"rotation of {N} PostgreSQL roles, proven", f"{ours:.1f} s", f"{bare:.1f} s", ours / bare, AT_MOST, 1.5)
        mb = peak_mb(rotator.process.pid)
        row("the peak of the rotator's memory, in MiB", f"{mb:.1f} MiB", "", mb, AT_MOST, 64)
        if os.environ.get("BREAKGLASS_PROFILE"):
            print(subprocess.run(["ps", "-o", "pid,time,rss,args", "-p", f"{rotator.process.pid},{w.broker.pid}"], stdout=subprocess.PIPE, text=True).stdout)
        rotator.stop()
