#!/usr/bin/env bash
# Moves the tree that installed_tree.sh made, and everything works again: program, CMake package,
# pkg-config.   moved_tree.sh SCRATCH PLANT
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
scratch=$1-moved plant=$2

rm -rf "$scratch"
mkdir -p "$scratch/else where"
cp -a "$1/prefix" "$scratch/else where/tree"
mv "$1/prefix" "$1/gone"  # what still points there must fail
trap 'mv "$1/gone" "$1/prefix"' EXIT
prefix="$scratch/else where/tree"

"$prefix/bin/joulebook" --version
on_a_plant "$plant" "$scratch" "$prefix/bin/joulebook" run --json "$scratch/run.json" -- sleep 0.2
expect_85_watts "$scratch/run.json" '{**r, "name": "run"}'

build_example "$prefix" "$scratch/example"
check_example "$scratch/example" "$scratch" "$plant"

if command -v pkg-config >/dev/null; then
  ln -sfn "$prefix" "$scratch/tree"  # pkg-config flags with a space in them need quoting
  export PKG_CONFIG_PATH=$scratch/tree/lib/pkgconfig
  # shellcheck disable=SC2046
  cc "$root/examples/cmake-project/window.c" -o "$scratch/by-pkg-config" $(pkg-config --cflags --libs joulebook)
  LD_LIBRARY_PATH=$prefix/lib on_a_plant "$plant" "$scratch" "$scratch/by-pkg-config" >"$scratch/c.json"
  expect_85_watts "$scratch/c.json" r
fi
