#!/usr/bin/env bash
# The demo holds: on the embedded default and against a private PostgreSQL.
set -uo pipefail
cd "$(dirname "$0")/../.."
failed=0
for target in "" --postgres; do
    out=$(/usr/bin/python3 tests/scenario/demo/story.py --script $target 2>&1)
    if [ $? -eq 0 ]; then
        echo "ok - the demo's story holds${target:+ with $target}: $(grep -c 'proven:' <<<"$out") proofs"
    else
        echo "$out" | tail -n 80
        echo "not ok - the demo's story holds${target:+ with $target}"
        failed=1
    fi
done
exit $failed
