#!/usr/bin/env bash
# What reading eight RAPL zones costs, in per cent of one core: this meter at 1 kHz and 100 Hz, beside
# a loop in C (the least that a sleeping reader can cost here), a shell loop, and what can be had from
# PyPI (pinned below, installed into build/peers by this script), all reading the same tree, which
# stands on tmpfs and counts each millisecond. Alternating runs, medians. Peers that only look at
# /sys/class/powercap need root, for a mount namespace of their own.
#   bench/meter_cost.sh [BUILD [ROUNDS [SECONDS]]]
set -euo pipefail
build="$(cd "${1:-build}" && pwd)"
rounds="${2:-5}"
seconds="${3:-5}"
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
peers="${JOULEBOOK_PEERS:-$build/peers}"  # a virtual environment
tree="$(mktemp -d /dev/shm/joulebook-cost.XXXXXX)"
cost="$build/bin/meter_cost"
pinned=(codecarbon==3.3.2 zeus==0.16.0 pyJoules==0.5.1)

"$cost" plant "$tree" 86400 &
plant=$!
trap 'kill $plant 2>/dev/null || true; rm -rf "$tree"' EXIT
until [ -s "$tree/sys/class/powercap/intel-rapl:1/intel-rapl:1:2/energy_uj" ]; do sleep 0.1; done
mkfifo "$tree/never"
mapfile -t files < <(find "$tree" -name energy_uj | sort)

# Per cent of one core that a command spends in user and system time; it runs for $seconds by itself.
share() {
  local TIMEFORMAT='%U %S'
  { time "$@" >/dev/null 2>&1 || true; } 2>&1 | tail -n 1 |
    awk -v s="$seconds" '{ printf "%.3f\n", 100 * ($1 + $2) / s }'
}

joulebook() { "$cost" meter "$tree" "$1" "$seconds" | awk '{ print $2 }'; }
least() { "$cost" loop "$tree" "$1" "$seconds"; }
# Reads with builtins alone and never starts a process: the cheapest that bash can.
shell() {
  share timeout "$seconds" bash -c '
    period=$1; exec {never}<>"$2"; shift 2
    while :; do
      for f in "$@"; do read -r joules <"$f"; done
      read -r -t "$period" -u "$never" _ || true
    done' loop "$(awk -v us="$1" 'BEGIN { print us / 1e6 }')" "$tree/never" "${files[@]}"
}

# The peers look at /sys/class/powercap: a mount namespace of their own shows them the tree there, as
# the kernel lays it out, flat and below the control type.
peer() {  # NAME PERIOD_US
  unshare -m bash -c '
    set -e
    mount -t tmpfs none /sys/class
    mkdir -p /sys/class/powercap/intel-rapl
    ln -s .. /sys/class/powercap/intel-rapl/subsystem
    for zone in "$1"/sys/class/powercap/intel-rapl:*; do
      ln -s "$zone" /sys/class/powercap/intel-rapl/
      ln -s "$zone" /sys/class/powercap/
    done
    shift
    exec "$@"' mount "$tree" "$peers/bin/python" "$here/meter_cost_peers.py" "$1" \
    "$(awk -v us="$2" 'BEGIN { print us / 1e6 }')" "$seconds" 2>"$build/peers.$1.err" | tail -n 1
}

install_peers() {
  [ -f "$peers/joulebook.stamp" ] && return
  rm -rf "$peers"
  python3 -m venv "$peers"
  for package in "${pinned[@]}"; do
    "$peers/bin/python" -m pip install -q --disable-pip-version-check "$package" >>"$build/peers.log" 2>&1 ||
      echo "$package: pip could not install it ($(tail -n 1 "$build/peers.log"))" >>"$build/peers.missing"
  done
  touch "$peers/joulebook.stamp"
}

median() { sort -n | awk '{ v[NR] = $1 } END { if (NR) printf "%.3f", (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2; else printf "-" }'; }

install_peers
declare -A results
for _ in $(seq "$rounds"); do
  for period in 1000 10000; do
    for who in joulebook least shell; do
      results[$who $period]+="$($who "$period")"$'\n'
    done
    for who in codecarbon zeus pyjoules; do
      read -r zones held percent <<<"$(peer "$who" "$period" || true)" || true
      [ -n "${percent:-}" ] || continue
      results[$who $period]+="$percent"$'\n'
      results[$who held $period]="$zones zones, $held reads/s"
      percent=
    done
  done
done

echo "per cent of one core, medians of $rounds rounds of $seconds s, load average $(cut -d' ' -f1 /proc/loadavg)"
printf '%-12s %10s %10s  %s\n' reader '1 kHz' '100 Hz' 'at 1 kHz it reads'
for who in joulebook least shell codecarbon zeus pyjoules; do
  a=$(printf '%s' "${results[$who 1000]:-}" | median)
  b=$(printf '%s' "${results[$who 10000]:-}" | median)
  note="${results[$who held 1000]:-8 zones}"
  [ "$a" = - ] && note="did not run: $(tail -n 1 "$build/peers.$who.err" 2>/dev/null)"
  printf '%-12s %10s %10s  %s\n' "$who" "$a" "$b" "$note"
done
[ ! -f "$build/peers.missing" ] || cat "$build/peers.missing"
echo "least: a loop of nanosleep and pread in C. Pinned: ${pinned[*]}"
