#!/usr/bin/env bash
# A gateway and an agent on two machines, as far as the kernel can pretend: two network namespaces with a
# wire between them, and two time namespaces whose steady clocks are a day apart. A plant of 50 W
# is metered over TLS; what the gateway metered must hold the truth.
#   agent_netns_test.sh BUILD        exit code 77: not allowed to make namespaces here
set -euo pipefail
build=$1
skip() { echo "skipped: $1"; exit 77; }
[ "$(id -u)" = 0 ] || skip "not root"
for tool in ip nsenter unshare openssl python3; do command -v "$tool" >/dev/null || skip "no $tool"; done
unshare --time --monotonic 1 true 2>/dev/null || skip "no time namespaces"

work=$(mktemp -d)
gpu=jbg$$ gate=jbc$$
cleanup() {
  kill -KILL $(jobs -p) 2>/dev/null || true  # unshare passes no other signal on
  wait 2>/dev/null || true
  pkill -KILL -f "$work/root" 2>/dev/null || true
  ip netns del "$gpu" 2>/dev/null || true
  ip netns del "$gate" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT
ip netns add "$gpu" 2>/dev/null || skip "no network namespaces"
ip netns add "$gate"
ip link add jbv0 netns "$gpu" type veth peer name jbv1 netns "$gate" 2>/dev/null || skip "no veth"
# `ip -n` and `ip netns exec` remount the root, which not every tree allows; nsenter does not.
within() { nsenter --net=/run/netns/"$1" "${@:2}"; }
within "$gpu" ip addr add 10.231.77.2/24 dev jbv0 2>/dev/null || skip "no addresses in namespaces"
within "$gate" ip addr add 10.231.77.1/24 dev jbv1
for end in "$gpu:jbv0" "$gate:jbv1"; do
  within "${end%%:*}" ip link set lo up
  within "${end%%:*}" ip link set "${end##*:}" up
done

openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/key.pem" -out "$work/cert.pem" -days 2 \
  -subj /CN=10.231.77.2 -addext subjectAltName=IP:10.231.77.2 2>/dev/null
export JOULEBOOK_METER_TOKEN=0123456789abcdef0123
export XDG_STATE_HOME="$work/state"

# The plant and the agent share a clock that is a day ahead.
within "$gpu" unshare --time --monotonic 86400 --fork --kill-child bash -c '
  sleep 60 | "$0/bin/fake_power_plant" "$1/root" 50 5 5 >/dev/null &
  for _ in $(seq 600); do [ -e "$1/root/sys/class/powercap/intel-rapl:0/energy_uj" ] && break; sleep 0.1; done
  exec "$0/bin/joulebook" agent --sysroot "$1/root" --listen 10.231.77.2:8901 --open-to-network \
    --tls-cert "$1/cert.pem" --tls-key "$1/key.pem"' "$build" "$work" 2>"$work/agent.err" &
for _ in $(seq 600); do grep -q "agent on port" "$work/agent.err" 2>/dev/null && break; sleep 0.1; done

# The gateway's clock is an hour ahead of this machine's.
serve() {
  within "$gate" unshare --time --monotonic 3600 --fork --kill-child \
    "$build/bin/joulebook" serve --upstream http://10.231.77.2:8000 --listen 127.0.0.1:0 \
    --meter https://10.231.77.2:8901 --meter-ca "$work/cert.pem" --ledger "$work/ledger.db" "$@"
}
serve --for 6 --json "$work/result.json" 2>"$work/serve.err" >/dev/null || { cat "$work"/*.err; exit 1; }

python3 - "$work/result.json" <<'PY'
import json, sys
r = json.load(open(sys.argv[1]))
t = r["total"]
# package 50 W and dram 5 W; served for six seconds, a window more or less at the start.
seconds = t["value"] / 55
print(f'{t["value"]:.1f} J [{t["lo"]:.1f}, {t["hi"]:.1f}] {t["tier"]} {t["boundary"]}: {seconds:.2f} s')
assert t["boundary"] == "package+dram" or t["boundary"] == "dram+package", t
assert 5.5 < seconds < 7.5, seconds
assert t["lo"] <= t["value"] <= t["hi"] and t["hi"] - t["lo"] < 0.4 * t["value"], t
PY
"$build/bin/joulebook" ledger verify --ledger "$work/ledger.db"

# Another token is refused, and says so.
code=0
JOULEBOOK_METER_TOKEN=another-token-altogether serve --for 1 2>"$work/refused.err" >/dev/null || code=$?
[ "$code" = 4 ] && grep -q "does not take this token" "$work/refused.err" || { cat "$work/refused.err"; exit 1; }
echo "ok"
