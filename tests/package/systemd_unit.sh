#!/usr/bin/env bash
# The unit of examples/systemd, judged by systemd itself: nothing that it does not know, and as closed
# as its own scale of exposure says (0 closed, 10 open).
#   systemd_unit.sh UNIT PROGRAM
set -euo pipefail
unit=$1
program=$2
if ! command -v systemd-analyze >/dev/null; then
  echo "systemd-analyze is not here; skipped"
  exit 77
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
sed "s|/usr/bin/joulebook|$program|; /^Documentation=/d" "$unit" >"$dir/joulebook.service"
said=$(systemd-analyze verify "$dir/joulebook.service" 2>&1 | grep -F joulebook.service || true)
if [ -n "$said" ]; then
  echo "$said" >&2
  exit 1
fi
# In tenths.
systemd-analyze security --offline=true --threshold=25 "$dir/joulebook.service" | tail -3
