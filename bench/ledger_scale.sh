#!/usr/bin/env bash
# A million metered requests into one ledger: settle rate beside SQLite's own bulk insert of the same
# rows (the goal is a ratio of 0.5), memory, file, and how long the ledger takes to answer after.
#   bench/ledger_scale.sh [BUILD [REQUESTS]]
set -euo pipefail
build="${1:-build}"
directory="$(mktemp -d "${TMPDIR:-/tmp}/joulebook-scale.XXXXXX")"
trap 'rm -rf "$directory"' EXIT
"$build/bin/ledger_scale" "$directory" "${2:-1000000}"
