#!/usr/bin/env bash
# Seconds that a sweep of 100,000 deployments takes on one core, its CSV written.
#   bench/predict.sh BUILD
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
start=$(date +%s.%N)
taskset -c 0 "$1/bin/joulebook" predict Llama-3.1-8B --sweep "batch=$(seq -s, 1 400)" \
  --sweep "prompt=$(seq -s, 100 100 25000)" --out "$folder/sweep.csv"
end=$(date +%s.%N)
rows=$(($(wc -l <"$folder/sweep.csv") - 1))
awk -v a="$start" -v b="$end" -v n="$rows" \
  'BEGIN { printf "%d points in %.2f s: %.1f us each\n", n, b - a, 1e6 * (b - a) / n }'
