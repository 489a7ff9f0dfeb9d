#!/usr/bin/env bash
# Error of `synth --measure` on models small enough to run both ways: slices extrapolated to the whole,
# beside the whole itself, in time. Prints a Markdown table; the goal is 5 %.
#   bench/synth.sh [BUILD]
# SHAPES, WEIGHTS, PROMPT, OUTPUT, ROUNDS choose what is run. Wants a machine that does nothing else.
set -euo pipefail
build="${1:-build}"
shapes="${SHAPES:-SmolLM2-135M SmolLM2-360M Qwen2.5-0.5B Qwen3-0.6B Llama-3.2-1B gemma-3-270m}"
weights="${WEIGHTS:-q8_0}"
result=$(mktemp)
trap 'rm -f "$result"' EXIT

echo "| shape | layers | weights | slices | prompt, extrapolated | measured | error | step, extrapolated | measured | error |"
echo "| --- | ---: | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |"
for shape in $shapes; do
  for type in $weights; do
    "$build/bin/joulebook" synth "$shape" --measure --check --weights "$type" --prompt "${PROMPT:-128}" \
      --output "${OUTPUT:-32}" --rounds "${ROUNDS:-7}" --quiet --json "$result" >/dev/null
    python3 - "$result" <<'PY'
import json, sys
r = json.load(open(sys.argv[1]))
slices = ", ".join("+".join(map(str, s["layers"])) for s in r["slices"][:-1])
w = r["whole"]
print(f'| {r["shape"]} | {r["layers"]} | {r["weights"]} | {slices} '
      f'| {r["prompt"]["whole_s"]*1e3:.1f} ms | {w["prompt_s"]*1e3:.1f} ms | {w["prompt_error"]*100:+.1f} % '
      f'| {r["step"]["whole_s"]*1e3:.2f} ms | {w["step_s"]*1e3:.2f} ms | {w["step_error"]*100:+.1f} % |')
PY
  done
done
