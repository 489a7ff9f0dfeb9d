#!/usr/bin/env bash
# What an NVIDIA GPU shows: the device suite, what a reading costs, and J/token against batch, measured through the
# gateway beside what is predicted. Markdown on standard output; everything else into $OUT (default: a new folder).
# Needs BUILD/bin/joulebook, device_test and meter_cost (targets of those names), and a llama-server that was
# built for the GPU. Neither clocks nor limits are touched. Nobody else should use the GPU meanwhile.
#   bench/gpu.sh BUILD LLAMA_SERVER MODEL.gguf
# Settings: SWEEP (1,8,32) requests in flight, LOAD_S (20) each, IN (256) and TOKENS (128) a request, FIXED
# (pp2048,tg128; needs an engine in BUILD that knows the GPU, empty: left out), GPU (H100; what is predicted for),
# SERVER_FLAGS (-bs takes sampling off the CPU; a point below the most in flight makes a pass for each run of neighbouring
# slots, unless -kvu gives all slots one cache), SUITE_S (5).
set -euo pipefail
[ $# -eq 3 ] || { sed -n '2,12p' "$0" >&2; exit 2; }
build=$1 server=$2 model=$3
sweep=${SWEEP:-1,8,32} load_s=${LOAD_S:-20} in=${IN:-256} tokens=${TOKENS:-128} gpu=${GPU:-H100}
out=${OUT:-$(mktemp -d)}
mkdir -p "$out"
jb=$build/bin/joulebook
server_pid='' gate_pid=''
finish() {
  for pid in $gate_pid $server_pid; do
    kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true
  done
}
trap finish EXIT
up() {  # URL PID
  for _ in $(seq 480); do
    curl -sf -o "$out/up" "$1" && return
    kill -0 "$2" 2>/dev/null || return 1
    sleep 0.25
  done
  return 1
}

JOULEBOOK_EVIDENCE=$out/device.jsonl JOULEBOOK_DEVICE_SECONDS=${SUITE_S:-5} "$build/bin/device_test" >"$out/device_test.txt" 2>&1 ||
  echo "the device suite failed: $out/device_test.txt" >&2
"$build/bin/meter_cost" reads nvml: 1 >"$out/reads.txt"
for us in 1000 10000 100000; do "$build/bin/meter_cost" here nvml: $us 3 | sed "s/^/$us /"; done >"$out/cost.txt"
"$jb" calibrate --quick --json "$out/calibrate.json" >"$out/calibrate.txt" 2>&1 || echo "calibrate failed: $out/calibrate.txt" >&2
if [ -n "${FIXED=pp2048,tg128}" ]; then
  "$jb" study -m "$model" --fixed "$FIXED" --gpu-layers -1 --rounds 4 --max-rounds 4 --baseline 3 --devices gpu \
    --ledger "$out/study.db" --json "$out/study.json" >"$out/study.txt" 2>&1 || echo "the fixed lengths failed: $out/study.txt" >&2
fi

slots=$(tr ',' '\n' <<<"$sweep" | sort -n | tail -1)
# shellcheck disable=SC2086  # flags are words
"$server" -m "$model" -ngl 99 -np "$slots" -c $((slots * 2 * (in + tokens))) --no-cache-prompt --metrics --host 127.0.0.1 --port 8091 \
  ${SERVER_FLAGS:-} >"$out/server.txt" 2>&1 &
server_pid=$!
up http://127.0.0.1:8091/health $server_pid || { tail -n 3 "$out/server.txt" >&2; exit 1; }
"$jb" serve --upstream http://127.0.0.1:8091 --listen 127.0.0.1:8900 --shape "$model" --domains gpu --ledger "$out/serve.db" \
  --json "$out/serve.json" >"$out/serve.txt" 2>&1 &
gate_pid=$!
up http://127.0.0.1:8900/metrics $gate_pid || { cat "$out/serve.txt" >&2; exit 1; }
sleep 10  # silence, for the power of the loaded server at rest
"$jb" load http://127.0.0.1:8900 --sweep concurrency="$sweep" --duration "${load_s}s" --warmup 3s --input-tokens "$in" --output-tokens "$tokens" \
  --port 8091 --devices gpu --ledger "$out/load.db" --json "$out/load.json" >"$out/load.txt" 2>&1 || true
finish
gate_pid='' server_pid=''
"$jb" ledger verify --ledger "$out/serve.db" >"$out/verify.txt"
"$jb" predict "$model" --gpu "$gpu" --prompt "$in" --output "$tokens" --sweep batch="$sweep" --quiet --json "$out/predict.json" >/dev/null ||
  echo "nothing was predicted for $gpu" >&2
python3 "$(dirname "$0")/gpu_table.py" "$out"
