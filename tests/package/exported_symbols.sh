#!/usr/bin/env bash
# The library exports what is on the list, by version, and nothing else. A name may be added to the
# list, never taken off it or changed (docs/c-abi.md).
#   exported_symbols.sh LIBRARY LIST [c-only]
set -euo pipefail
wanted=$(grep -v '^#' "$2" | sed '/^$/d')
[ "${3:-}" = c-only ] && wanted=$(grep -E '^joulebook_[a-z_]+@@' <<<"$wanted")
found=$(nm -D --defined-only --with-symbol-versions "$1" | sed 's/^[0-9a-f]* . //' | grep -v '^JOULEBOOK_[A-Z0-9._]*' | c++filt | LC_ALL=C sort -u)
diff <(LC_ALL=C sort -u <<<"$wanted") <(echo "$found") && echo "$(wc -l <<<"$found") symbols, as listed"
