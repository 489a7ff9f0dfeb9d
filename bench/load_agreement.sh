#!/usr/bin/env bash
# One endpoint driven by AIPerf (PyPI, pinned) and by `joulebook load`: p50 and p99 of both, and how far
# they lie apart. The endpoint is the mock server of the tests, whose latencies are set, unless ADDRESS is
# given (then MODEL too). AIPerf goes into a private environment under build/.
#   bench/load_agreement.sh [ADDRESS MODEL]
# Settings: CONCURRENCY (4), REQUESTS (100), TOKENS (16 out), FIRST_MS (300) and GAP_MS (40) of the mock.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${BUILD:-build}
concurrency=${CONCURRENCY:-4} requests=${REQUESTS:-100} tokens=${TOKENS:-16}
work=$(mktemp -d)
server=
finish() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT

venv=$build/aiperf
if ! "$venv/bin/python" -c 'import aiperf' 2>/dev/null; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install -q aiperf==0.13.0
fi

if [ $# -ge 2 ]; then
  address=$1 model=$2
else
  "$build/bin/mock_upstream" --first-ms "${FIRST_MS:-300}" --gap-ms "${GAP_MS:-40}" >"$work/address" &
  server=$!
  until [ -s "$work/address" ]; do sleep 0.05; done
  address=$(cat "$work/address") model=mock-1b
fi

# A byte-level tokenizer of our own, so that nothing is fetched.
"$venv/bin/python" - "$work/tokenizer" 2>/dev/null <<'PY'
import sys
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast
alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
tokenizer = Tokenizer(models.BPE({c: i for i, c in enumerate(alphabet)}, []))
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
tokenizer.decoder = decoders.ByteLevel()
PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="!", pad_token="!").save_pretrained(sys.argv[1])
PY

"$venv/bin/aiperf" profile --model "$model" --url "$address" --endpoint-type chat --streaming \
  --tokenizer "$work/tokenizer" --use-server-token-count --concurrency "$concurrency" \
  --request-count "$requests" --warmup-request-count "$concurrency" \
  --synthetic-input-tokens-mean 50 --output-tokens-mean "$tokens" --extra-inputs ignore_eos:true \
  --ui None --no-gpu-telemetry --output-artifact-dir "$work/aiperf" >"$work/aiperf.log" 2>&1 ||
  { tail -n 30 "$work/aiperf.log" >&2; exit 1; }
"$build/bin/joulebook" load "$address" --model-name "$model" -c "$concurrency" --requests "$requests" \
  --input-tokens 50 --output-tokens "$tokens" --ledger "$work/ledger.db" --json "$work/load.json" \
  --quiet >/dev/null

"$venv/bin/python" - "$work" <<'PY'
import glob, json, sys
work = sys.argv[1]
theirs = json.load(open(glob.glob(work + "/aiperf/**/profile_export_aiperf.json", recursive=True)[0]))
point = json.load(open(work + "/load.json"))["points"][0]
ours = point["repeats"][0]["figures"]
rows = [("first token", "time_to_first_token", "ttft"), ("each token after it", "inter_token_latency", "tpot"),
        ("whole answer", "request_latency", "e2e")]
print(f"{point['plan']['concurrency']} in flight, {point['plan']['requests']} requests; ms")
print(f"{'':20}{'':5}{'AIPerf':>10}{'joulebook':>11}{'apart':>9}{'':>3}")
bad = 0
for name, a, b in rows:
    for q in ("p50", "p99"):
        x, y = theirs[a][q], ours[b][q]["value"] * 1e3
        apart = abs(y - x)
        good = apart <= 1 or apart <= 0.05 * x
        bad += not good
        print(f"{name:20}{q:5}{x:10.2f}{y:11.2f}{y - x:+9.2f} ({100 * (y / x - 1):+.1f} %){'' if good else '  *'}")
print("all within 5 % or 1 ms" if not bad else f"{bad} (*) further apart than 5 % and 1 ms")
sys.exit(bad > 0)
PY
