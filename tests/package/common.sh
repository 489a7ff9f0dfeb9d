# Shared by the tests of this folder. Sourced, never run.
set -euo pipefail

# Fails where COMMAND... finds something.
never() {
  if "$@"; then
    echo "should have found nothing: $*" >&2
    return 1
  fi
}

# Runs COMMAND... on a machine of 80 W package and 5 W DRAM, under a sysroot of its own.
on_a_plant() {  # PLANT SCRATCH COMMAND...
  local plant=$1 sysroot=$2/sysroot
  shift 2
  rm -rf "$sysroot"
  mkdir -p "$sysroot"
  coproc PLANT { "$plant" "$sysroot" 80 5; }
  local ready input=${PLANT[1]} pid=$PLANT_PID
  read -r ready <&"${PLANT[0]}"
  JOULEBOOK_SYSROOT=$sysroot "$@"
  exec {input}>&-
  wait "$pid"
}

# The quantity and span that PATH (a Python expression over `r`) picks in FILE must hold 85 W.
expect_85_watts() {  # FILE PATH
  python3 - "$1" "$2" <<'PYTHON'
import json, sys
r = json.load(open(sys.argv[1]))
w = eval(sys.argv[2])
q, true = w["total"], 85 * w["duration_s"]
assert q["value"] is not None, q
assert q["lo"] <= true <= q["hi"], (q, true)
assert q["unit"] == "J" and q["tier"] == "measured" and q["boundary"] == "package+dram", q
print(f'{w["name"]}: {q["value"]:.3f} J [{q["lo"]:.3f}, {q["hi"]:.3f}], true {true:.3f} J')
PYTHON
}

build_example() {  # PREFIX BUILD_DIR
  rm -rf "$2"
  cmake -S "$root/examples/cmake-project" -B "$2" -DCMAKE_PREFIX_PATH="$1" -DCMAKE_BUILD_TYPE=Release >"$2.log"
  cmake --build "$2" >>"$2.log"
}

check_example() {  # BUILD_DIR SCRATCH PLANT
  on_a_plant "$3" "$2" "$1/window_cpp" >"$2/cpp.json"
  expect_85_watts "$2/cpp.json" '[w for w in r["windows"] if w["name"] == "work"][0]'
  on_a_plant "$3" "$2" "$1/window_c" >"$2/c.json"
  expect_85_watts "$2/c.json" r
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
