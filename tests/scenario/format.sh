#!/usr/bin/env bash
# The code is formatted as .clang-format says, and text files keep to .editorconfig.
set -uo pipefail
cd "$(dirname "$0")/../.."
failed=0
wrong=$(find base quorum broker client tui notifiers rotators tests -name '*.[ch]' -print0 | xargs -0 -n 16 -P 2 clang-format --dry-run -Werror 2>&1 |
    grep -oE '^[^:]+' | sort -u)
if [ -z "$wrong" ]; then echo "ok - clang-format has nothing to say"; else
    echo "not ok - clang-format has nothing to say: $wrong"
    failed=1
fi
wrong=$(grep -rlE '[[:space:]]+$' --include='*.[ch]' --include='*.py' --include='*.sh' --include='*.build' --include='*.yaml' \
    base quorum broker client tui notifiers rotators tests/scenario tests/unit 2>/dev/null)
if [ -z "$wrong" ]; then echo "ok - no line ends in white space"; else
    echo "not ok - no line ends in white space: $wrong"
    failed=1
fi
exit $failed
