"""A target that makes its values itself and knows two at once: the second slot is sealed and stored before it is used, a crash leaves at most an
orphan that the next attempt deletes, and the old slot works until the new one is proven and its openings have ended."""
import os, signal
from harness import World, finish, ok
from rotator_process import Rotator, statements, steps
from second_reader import values

CREDENTIAL = "prod/cloud/key"
# Slots are files: SLOTS/ID holds the secret. A file SLOTS/ID.off is one that was made, but is not in use yet.
HOOK = r"""#!/bin/sh
if [ "$1" = describe ]; then
        echo '{"hook":"cloud","contract":1,"slots":2,"steps":["check","prepare","set","test","revoke","reconcile"],"value":{"kind":"target","public":["id"]}}'
        exit 0
fi
request=$(cat)
get() { printf '%s' "$request" | jq -r "$1 // empty"; }
field() { printf '%s' "$request" | jq -r "$1 // empty | @base64d"; }
say() { printf '%s\n' "$1"; exit "$2"; }
slots=$(get .config.slots); old=$(get .old_handle); id=$(field .pending.id); secret=$(field .pending.password)
[ -n "$old" ] || old=$(field .opened.id)
echo "$1 $old" >>"$slots.calls"
case $1 in
check) [ -n "$old" ] || old=$(ls "$slots" | head -n 1)
        [ "$(ls "$slots" | wc -l)" = 1 ] || [ -e "$slots/$old" ] || say '{"status":"failed","why":"which one is in use?"}' 78
        say "{\"status\":\"ok\",\"handle\":\"$old\"}" 0 ;;
prepare) for f in "$slots"/*; do [ "${f##*/}" = "$old" ] || { rm "$f"; echo "orphan ${f##*/}" >>"$slots.calls"; }; done
        new=key-$(head -c 6 /dev/urandom | od -An -tx1 | tr -d ' \n'); value=$(head -c 18 /dev/urandom | base64)
        printf %s "$value" >"$slots/$new"
        say "{\"status\":\"ok\",\"handle\":\"$new\",\"fields\":{\"id\":\"$(printf %s "$new" | base64)\",\"password\":\"$(printf %s "$value" | base64)\"}}" 0 ;;
set) [ -e "$slots/$id" ] && say "{\"status\":\"ok\",\"handle\":\"$id\"}" 0; say '{"status":"failed","why":"it is gone"}' 1 ;;
test) [ "$(cat "$slots/$id")" = "$secret" ] && say '{"status":"ok","evidence":"works"}' 0; say '{"status":"failed","why":"refused"}' 1 ;;
revoke) [ "$(cat "$slots/$id")" = "$secret" ] || say '{"status":"failed","why":"the new one is refused"}' 1
        [ -n "$old" ] && [ "$old" != "$id" ] || say '{"status":"ok","evidence":"unproven"}' 0
        rm -f "$slots/$old"; say '{"status":"ok","evidence":"replaced"}' 0 ;;
reconcile) [ -e "$slots/$id" ] && say '{"status":"ok","evidence":"pending"}' 0; say '{"status":"ok","evidence":"other"}' 0 ;;
esac
"""


def hook(event, step):
    return f'"event":"hook.{event}","step":"{step}"'


def newest(w):
    return max(values(w).items())


with World(rotators=["rot-1"], credentials={CREDENTIAL: {"opens_what": "the cloud", "sealers": ["alice"], "rotate": {"hook": "cloud"}}}) as w:
    slots, program = w.dir / "slots", w.dir / "cloud"
    slots.mkdir()
    program.write_text(HOOK)
    os.chmod(program, 0o700)
    calls = w.dir / "slots.calls"

    def works(value):
        return value in [p.read_text() for p in slots.iterdir()]

    (slots / "key-first").write_text("the first secret")
    w.seal(CREDENTIAL, {"id": "key-first", "password": "the first secret"})
    rotator = Rotator(w, {"cloud": {"program": str(program), "config": {"slots": str(slots)}}})

    def order():
        w.must("alice", "rotate", CREDENTIAL, "--why", "to see it hold")

    # ---- custody first: the second slot exists, and is not used ----
    order()
    ok("a dry run says what would be done, and does nothing", rotator.start("--dry-run").process.wait(60) == 0 and f"{CREDENTIAL} version 1: check, with the hook cloud" in rotator.text() and not calls.exists(), rotator.text())
    ok("the second slot is made and sealed, and waits for its holders", rotator.once() == 0 and "set started" not in steps(w) and len(list(slots.iterdir())) == 2 and sorted(values(w)) == [1, 2], rotator.text()[-2000:])
    ok("the old one works meanwhile", works("the first secret"))
    for holder in ("alice", "bob", "carol"):
        w.must(holder, "inbox")
    ok("with custody it ends: the old slot is gone", rotator.once() == 0 and statements(w, "rotation")[-1]["evidence"]["old"] == "replaced" and not works("the first secret") and works(newest(w)[1]) and
       len(list(slots.iterdir())) == 1, (steps(w), rotator.text()[-2000:]))

    # ---- kill -9 wherever the value could be lost ----
    for where in (hook("started", "prepare"), hook("ended", "prepare"), '"event":"rotation.stepped","step":"start-set"', hook("ended", "set"), hook("ended", "revoke")):
        number, old = newest(w)
        order()
        code = rotator.once(stop_at=where)
        held = [n for n, v in values(w).items() if works(v)]
        ok(f"killed at {where}: a version opens and works", code == -signal.SIGKILL and held, (code, held, os.listdir(slots)))
        code = rotator.once()
        number_now, value = newest(w)
        ok(f"killed at {where}: it ends, one slot is left, and that is the newest version's", code == 0 and number_now == number + 1 and works(value) and not works(old) and len(list(slots.iterdir())) == 1,
           (code, number, number_now, os.listdir(slots), calls.read_text(), rotator.text()[-2000:]))
    ok("the slot that nobody knew was deleted as an orphan", calls.read_text().count("orphan") == 1, calls.read_text())
    files = [rotator.log, *(p for p in rotator.state.rglob("*") if p.is_file())]
    ok("no secret of any slot is in the rotator's log or folder", not [(p, n) for p in files for n, v in values(w).items() if v.encode() in p.read_bytes()])

    # ---- a live opening keeps its slot ----
    number, old = newest(w)
    asked = w.request(credential=CREDENTIAL)
    for who in ("bob", "carol"):
        w.approve(who, asked)
    ok("it is opened", w.open(asked).out.strip() == old)
    order()
    rotator.once()
    ok("the new one is promoted; the opened one still works, and no third slot is made", steps(w)[-1] == "promoted" and works(old) and works(newest(w)[1]) and len(list(slots.iterdir())) == 2, (steps(w)[-5:], os.listdir(slots)))
    order()
    before = calls.read_text().count("prepare")
    ok("not even when another rotation is due", rotator.once() == 0 and calls.read_text().count("prepare") == before and works(old), calls.read_text())
    w.must("erin", "close", "INC-7")
    ok("after its close both rotations end, in order", rotator.once() == 0 and [s for s in steps(w) if s == "done"][-2:] == ["done", "done"] and not works(old) and works(newest(w)[1]) and len(list(slots.iterdir())) == 1,
       (steps(w)[-12:], os.listdir(slots), rotator.text()[-2000:]))
finish()
