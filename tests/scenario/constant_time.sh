#!/usr/bin/env bash
# No branch and no memory index depends on a secret in split, verify, combine, key derivation, seal and open.
set -uo pipefail
cd "$(dirname "$0")/../.."
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# Built apart: valgrind wants no sanitizers, and the verdict functions get their meaning from tests/ct/poison.c.
if ! gcc -g -O2 -std=gnu11 -D_GNU_SOURCE -DBREAKGLASS_VERSION='"poison"' -ftrivial-auto-var-init=zero -I. -o "$out/poison" tests/ct/poison.c base/*.c quorum/*.c \
    $(pkg-config --cflags --libs libsodium jansson yaml-0.1 libcurl) -lpthread 2>"$out/build"; then
    cat "$out/build"
    echo "not ok - the poison test builds"
    exit 1
fi

follow() { valgrind -q --error-exitcode=99 --suppressions=tests/ct/valgrind.supp "$out/poison" "$@" >"$out/said" 2>&1; }

failed=0
if follow; then echo "ok - no branch and no index depends on a secret"; else
    cat "$out/said"
    echo "not ok - no branch and no index depends on a secret"
    failed=1
fi
follow --leak
if [ $? -eq 99 ]; then echo "ok - a branch on a secret would be noticed"; else
    echo "not ok - a branch on a secret would be noticed"
    failed=1
fi
exit $failed
