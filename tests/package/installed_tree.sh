#!/usr/bin/env bash
# Installs the build, builds the example project against it and runs that on a machine of known
# power.   installed_tree.sh BUILD SCRATCH PLANT
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
build=$1 scratch=$2 plant=$3

rm -rf "$scratch" "$scratch-moved"
mkdir -p "$scratch"
prefix=$scratch/prefix
cmake --install "$build" --prefix "$prefix" >"$scratch/install.log"

readelf -d "$prefix/lib/libjoulebook.so" >"$scratch/dynamic"

# Nothing that a build reads names this build's or this prefix's place.
never grep -rlE "$build|$root|$prefix" "$prefix"/lib/cmake "$prefix"/lib/pkgconfig "$prefix"/include
never grep -E 'RPATH|RUNPATH' "$scratch/dynamic"
# It needs the C and C++ run-time libraries and nothing else.
never grep -vE '\[(libc|libm|libstdc\+\+|libgcc_s|ld-linux[-a-z0-9_]*)\.so\.[0-9]+\]' \
  <(grep NEEDED "$scratch/dynamic")

# Where the engine's server came along, so did what the tasks of pictures and voices run, and finds its libraries.
if [ -x "$prefix/libexec/joulebook/llama-server" ]; then
  for tool in llama-mtmd-cli llama-tts; do
    never grep "not found" <(LD_LIBRARY_PATH=$prefix/libexec/lib:$prefix/lib ldd "$prefix/libexec/joulebook/$tool")
    [ -x "$prefix/libexec/joulebook/$tool" ]
  done
fi
# Of tasks that can't run here a row names the cure, within this tree.
"$prefix/bin/joulebook" study tasks --quick --only image --minutes 0.05 --work "$scratch/work" --ledger "$scratch/tasks.db" \
  --json "$scratch/tasks.json" >/dev/null 2>&1 || true
grep -q "beside an installed program: python3 -m venv $prefix/libexec/joulebook/" "$scratch/tasks.json"

build_example "$prefix" "$scratch/example"
check_example "$scratch/example" "$scratch" "$plant"
