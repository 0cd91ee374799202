"""Approvals accepted per second against the bare loop of Ed25519 verify + SQLite FULL group commit, fsyncs per approval,
and whether any answer leaves before its fsync."""
import re

from support import AT_LEAST, AT_MOST, BareWorld, Load, bare_commits, median, row

ROUNDS = 5
REQUESTS = {1: 3, 8: 16, 32: 48}  # of a round; each is approved by 32 holders


def rates(world, how):
    world.start()
    load = Load(world.address("unix"))
    for clients in (1, 8, 32):
        ours, bare = [], []
        for _ in range(ROUNDS):
            rate, got = load.approve(world.address(how), clients, REQUESTS[clients])
            ours.append(rate)
            bare.append(bare_commits(world.dir, clients, got["accepted"], got))
        row(f"approvals/s, {clients} client{'s' if clients > 1 else ''}, {how}", f"{median(ours):.0f} /s", f"{median(bare):.0f} /s",
            median(ours) / median(bare), AT_LEAST, 0.6)
    load.close()
    world.stop()


CALL = re.compile(r"^(\d+) +([\d.]+) (?:<\.\.\. )?(\w+)(?: resumed>)?(.*)$")


def trace(world, clients, requests):
    """Runs a round under strace; returns the system calls as (pid, name, rest) in the order of their ends, and how many
    approvals were accepted in it."""
    path = world.dir / "trace"
    world.start(("strace", "-f", "-ttt", "-s", "64", "-o", str(path), "-e",
                 "trace=fsync,fdatasync,recvfrom,recvmsg,read,sendto,sendmsg,write,writev"))
    load = Load(world.address("unix"))
    before = path.stat().st_size
    _, got = load.approve(world.address("unix"), clients, requests)
    with open(path, errors="replace") as f:
        f.seek(before)
        f.readline()
        lines = f.read().splitlines()
    load.close()
    world.stop()
    return lines, got["accepted"]


def judge(lines):
    """Counts fsyncs, and the answers `200` to a POST that left without an fsync that ended after their request came."""
    synced, came, pending, early, answers, fsyncs = 0, {}, {}, 0, 0, 0
    for at, line in enumerate(lines):
        m = CALL.match(line)
        if not m:
            continue
        pid, _, name, rest = m.groups()
        if rest.endswith("<unfinished ...>"):
            pending[pid] = rest
            if name in ("sendto", "sendmsg", "write", "writev"):
                rest = rest  # what leaves is judged when it begins
            else:
                continue
        elif " resumed>" in line:
            first = pending.pop(pid, "")
            if name in ("sendto", "sendmsg", "write", "writev"):
                continue
            rest = first.replace("<unfinished ...>", "") + rest
        fd = re.match(r"\((\d+)", rest)
        if name in ("fsync", "fdatasync"):
            fsyncs += 1
            synced = at
        elif name in ("recvfrom", "recvmsg", "read") and fd and "POST /v1/statements" in rest:
            came[fd[1]] = at
        elif name in ("sendto", "sendmsg", "write", "writev") and fd and "HTTP/1.1 200" in rest:
            answers += 1
            if fd[1] in came and synced < came.pop(fd[1]):
                early += 1
    return fsyncs, answers, early


def fsyncs(clients, requests, wanted):
    with BareWorld(tls=False) as world:
        lines, accepted = trace(world, clients, requests)
    counted, answers, early = judge(lines)
    if answers < accepted:
        raise RuntimeError(f"only {answers} answers to {accepted} approvals were seen")
    plural = "s" if clients > 1 else ""
    # the requests themselves are committed one by one
    each = (counted - requests) / accepted
    row(f"fsyncs per approval, {clients} client{plural}", f"{each:.2f}", "1" if clients == 1 else "0.2", each, AT_MOST, wanted)
    row(f"answers before their fsync, {clients} client{plural}", f"{early} of {answers}", "0", early, AT_MOST, 0)


def main():
    with BareWorld() as world:
        rates(world, "unix")
    with BareWorld() as world:
        rates(world, "tls")
    fsyncs(1, 2, 1.05)  # a checkpoint of the write-ahead log now and then
    fsyncs(32, 8, 0.2)


main()
