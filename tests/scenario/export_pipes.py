"""Exports that never touch this host's disk: written to a pipe, encrypted by stock `age`, checked from a pipe; a pipe that ends too early is no export, and
both ends say so."""
import os, subprocess

from harness import BREAKGLASS, BREAKGLASSD, World, finish, ok

with World() as w:
    w.seal()
    env = {**os.environ, **w.env("alice")}
    made = subprocess.run(["age-keygen"], capture_output=True, text=True, check=True)
    key = w.dir / "backup.key"
    key.write_text(made.stdout)
    recipient = next(l.split()[-1] for l in made.stdout.splitlines() if "public key" in l)
    export = f"{BREAKGLASSD} export - --config {w.config}"
    verify = f"{BREAKGLASS} recover verify - --genesis {w.genesis}"

    def shell(line):
        return subprocess.run(["bash", "-o", "pipefail", "-c", line], env=env, cwd=w.dir, capture_output=True, text=True, stdin=subprocess.DEVNULL)

    done = shell(f"{export} | {verify}")
    ok("`breakglassd export - | breakglass recover verify -`", done.returncode == 0 and "whole: 3 entries" in done.stdout and "3 entries exported to stdout" in done.stderr, done)
    done = shell(f"{export} | age -r {recipient} -o off-site.age && age -d -i backup.key off-site.age | {verify} --json")
    ok("encrypted on its way by stock `age`, and whole when it comes back", done.returncode == 0 and '"openable":1' in done.stdout.replace(" ", ""), done)
    whole = subprocess.run(export.split(), env=env, capture_output=True).stdout
    kept = w.dir / "vault.export"
    done = subprocess.run([BREAKGLASSD, "export", str(kept), "--config", w.config], env=env, capture_output=True, text=True)
    ok("the pipe carries the same bytes as the file", done.returncode == 0 and kept.read_bytes() == whole, done)

    for what, n in (("within an entry", len(whole) // 9), ("behind the log", whole.index(b"\n\n") + 1), ("within the checkpoint", whole.index(b"\n\n") + 40),
                    ("within the last blob", len(whole) - 9), ("before its last byte", len(whole) - 1), ("at its first byte", 0)):
        done = shell(f"head -c {n} vault.export | {verify}")
        ok(f"a pipe that was cut {what} is refused (exit 9)", done.returncode == 9 and "corrupt-log" in done.stderr and "whole" not in done.stdout, done)
    done = shell(f"({export}; echo more) | {verify}")
    ok("something behind it is refused, too", done.returncode == 9, done)

    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(export.split(), env=env, stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    ok("nobody reads: said in words, not by a signal (exit 1)", done.returncode == 1 and "ended before its end" in done.stderr and "entries exported" not in done.stderr, done)
    done = subprocess.run(export.split(), env=env, stdout=open("/dev/full", "wb"), stderr=subprocess.PIPE, text=True)
    ok("a full device: the same", done.returncode == 1 and "No space left" in done.stderr, done)
    done = subprocess.run([BREAKGLASS, "recover", "verify", "-"], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    ok("nothing at all is no export", done.returncode == 9, done)
finish()
