#!/usr/bin/env bash
# What the gateway costs: requests a second, latencies, CPU time and joules against a mock server, side by side with a
# direct connection and with nginx (proxy_pass, buffering off, one worker), all in one run: at full and at half load,
# until the first token, and the memory of idle streams. Prints Markdown, in about four minutes.
#   bench/gateway_speed.sh [BUILD]
# SECONDS_EACH (4) of each cell. Wants a machine that does nothing else; wrk and nginx of the distribution.
set -euo pipefail
build="${1:-build}"
each="${SECONDS_EACH:-4}"
for tool in wrk nginx python3; do command -v "$tool" >/dev/null || { echo "needs $tool (apt-get install wrk nginx-light)" >&2; exit 6; }; done
ninja -C "$build" joulebook mock_upstream >/dev/null
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
ulimit -n 65536 2>/dev/null || true

"$build/bin/mock_upstream" >"$work/address" &
mock=$!
until [ -s "$work/address" ]; do sleep 0.05; done
upstream=$(head -1 "$work/address")

cat >"$work/nginx.conf" <<CONF
worker_processes 1; daemon off; master_process off; pid $work/nginx.pid; error_log $work/error.log;
events { worker_connections 8192; }
http {
  access_log off; client_body_temp_path $work/body; proxy_temp_path $work/proxy;
  fastcgi_temp_path $work/f; uwsgi_temp_path $work/u; scgi_temp_path $work/s;
  upstream mock { server ${upstream#http://}; keepalive 1024; }
  server { listen 127.0.0.1:8988; location / { proxy_pass http://mock; proxy_http_version 1.1;
    proxy_set_header Connection ""; proxy_buffering off; } }
}
CONF
nginx -c "$work/nginx.conf" 2>/dev/null &
nginx=$!
serve() {
  "$build/bin/joulebook" serve --upstream "$upstream" --listen "127.0.0.1:$1" --ledger "$work/$1.db" --quiet "${@:2}" >/dev/null 2>&1 &
}
serve 8989 && ours=$!
serve 8990 --pristine && pristine=$!
sleep 2

cat >"$work/ask.lua" <<'LUA'
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"model":"mock","stream":' .. os.getenv("STREAM") .. ',"max_tokens":16,"messages":[{"role":"user","content":"one two three"}]}'
local pause = tonumber(os.getenv("PAUSE_MS") or "0")  -- of a connection between two requests, on average
if pause > 0 then
  delay = function() return math.random(0, math.floor(2 * pause + 0.5)) end
end
done = function(summary, latency, requests)
  io.write(string.format("RESULT %d %f %f %f %d\n", summary.requests, summary.requests / summary.duration * 1e6, latency:percentile(50) / 1000,
    latency:percentile(99) / 1000, summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status + summary.errors.timeout))
end
LUA
cat >"$work/live.py" <<'PY'
# live.py PORT: waits until all is settled; the J that the gateway itself took so far, by its own meter, or why it is not known.
import json, sys, time, urllib.request
ask = urllib.request.Request(f'http://127.0.0.1:{sys.argv[1]}/joulebook/v1/live', headers={'Accept': 'application/json'})
for _ in range(100):
    live = json.load(urllib.request.urlopen(ask, timeout=30))
    if live['requests']['open'] + live['requests']['pending'] == 0: break
    time.sleep(0.1)
own = [d['accounts_uj']['self'] for d in live['domains'] if 'self' in d['accounts_uj']]
print(sum(own) / 1e6 if own else (live['absences'] or [live['self']['energy']['reason']])[0]['code'])
PY
cpu() { awk '{ print ($14 + $15) / 100 }' "/proc/$1/stat"; }
# of_each UNIT BEFORE AFTER REQUESTS: what a request took, in so many parts of one; or why it is not known.
of_each() { python3 - "$@" <<'PY'
import sys
unit, before, after, requests = sys.argv[1:]
try: print(f'{(float(after) - float(before)) / max(1, int(requests)) * float(unit):.3g}')
except ValueError: print(after)
PY
}
# ask STREAM CONNECTIONS SECONDS ADDRESS [PAUSE_MS]: requests, requests a second, p50 and p99 in ms, errors
ask() {
  STREAM=$1 PAUSE_MS=${5:-0} wrk -t 1 -c "$2" -d "${3}s" -s "$work/ask.lua" "$4/v1/chat/completions" | awk '/RESULT/ { print $2, $3, $4, $5, $6 }'
}
ways="direct:$upstream:$mock nginx:http://127.0.0.1:8988:$nginx serve:http://127.0.0.1:8989:$ours pristine:http://127.0.0.1:8990:$pristine"

echo "$(date -u +%F), $(nproc) hardware threads, load average $(cut -d' ' -f1 /proc/loadavg), joulebook $("$build/bin/joulebook" --version | awk '{print $2, $3}'), $(nginx -v 2>&1 | awk '{print $3}')"
echo
echo "CPU time, of nginx and the mock server too, is user and system of the process; a gateway's, and its joules, until all
that it passed is settled and written; joules by its own meter"
echo "(account self of /joulebook/v1/live)."
echo
echo "| answers | connections | way | requests/s | of nginx | p50 ms | p99 ms | errors | CPU us a request | own J per 1,000 |"
echo "| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
declare -A full=()
for stream in false true; do
  kind=$([ "$stream" = true ] && echo streamed || echo whole)
  for connections in 1 64 1000; do
    declare -A rate=()
    for way in $ways; do
      name=${way%%:*} pid=${way##*:} address=${way#*:}
      address=${address%:*} port=${address##*:} joules=""
      case $name in serve | pristine) own_before=$(python3 "$work/live.py" "$port") ;; esac
      before=$(cpu "$pid")
      read -r n rps p50 p99 errors < <(ask "$stream" "$connections" "$each" "$address")
      case $name in serve | pristine) joules=$(of_each 1e3 "$own_before" "$(python3 "$work/live.py" "$port")" "$n") ;; esac
      used=$(of_each 1e6 "$before" "$(cpu "$pid")" "$n")
      rate[$name]=$rps
      ratio=$([ "$name" = direct ] && echo "" || python3 -c "print(f'{$rps / ${rate[nginx]:-$rps}:.2f}')")
      printf '| %s | %d | %s | %.0f | %s | %.2f | %.2f | %d | %s | %s |\n' "$kind" "$connections" "$name" "$rps" "$ratio" "$p50" "$p99" "$errors" "$used" "$joules"
    done
    [ "$connections" = 64 ] && full[$stream]=${rate[serve]}
  done
done

# Half of what serve can do with 64 connections, the same for each way: connections pause between requests.
echo
echo "At half load (64 connections, goal p50 0.2 and p99 1 ms more than direct):"
echo
echo "| answers | way | requests/s | p50 ms | p99 ms | p50 more than direct | than nginx | p99 more than direct | than nginx |"
echo "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
for stream in false true; do
  kind=$([ "$stream" = true ] && echo streamed || echo whole)
  pause=$(python3 -c "print(64 / (${full[$stream]} / 2) * 1000)")
  declare -A half50=() half99=()
  for way in $ways; do
    name=${way%%:*} address=${way#*:}
    address=${address%:*}
    read -r n rps p50 p99 errors < <(ask "$stream" 64 "$each" "$address" "$pause")
    half50[$name]=$p50 half99[$name]=$p99
    python3 - "$kind" "$name" "$rps" "$p50" "$p99" "${half50[direct]}" "${half50[nginx]:-nan}" "${half99[direct]}" "${half99[nginx]:-nan}" <<'PY'
import sys
kind, name, *rest = sys.argv[1:]
rps, p50, p99, d50, n50, d99, n99 = map(float, rest)
more = lambda a, b: '' if name in ('direct',) or b != b else f'{a - b:+.3f}'
print(f'| {kind} | {name} | {rps:.0f} | {p50:.3f} | {p99:.3f} | {more(p50, d50)} | {"" if name == "nginx" else more(p50, n50)} | {more(p99, d99)} | {"" if name == "nginx" else more(p99, n99)} |')
PY
  done
done

# From the last byte of a request to the first token of its stream, one connection, ways in turn.
echo
"$build/bin/mock_upstream" --first-ms 2 --gap-ms 1 >"$work/gaps" &
until [ -s "$work/gaps" ]; do sleep 0.05; done
gaps=$(head -1 "$work/gaps")
sed "s#${upstream#http://}#${gaps#http://}#; s#8988#8987#; s#nginx.pid#nginx2.pid#" "$work/nginx.conf" >"$work/nginx2.conf"
nginx -c "$work/nginx2.conf" 2>/dev/null &
"$build/bin/joulebook" serve --upstream "$gaps" --listen 127.0.0.1:8986 --ledger "$work/gaps.db" --quiet >/dev/null 2>&1 &
sleep 2
python3 - "${gaps##*:}" <<'PY'
import socket, sys, time
body = b'{"model":"mock","stream":true,"max_tokens":3,"messages":[{"role":"user","content":"x"}]}'
ask = b'POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n' % len(body) + body
ways = {'direct': int(sys.argv[1]), 'nginx': 8987, 'serve': 8986}
peers = {way: socket.create_connection(('127.0.0.1', port)) for way, port in ways.items()}
for peer in peers.values(): peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
seen = {way: [] for way in ways}
for _ in range(600):
    for way, peer in peers.items():
        begin = time.perf_counter()
        peer.sendall(ask)
        got = b''
        while b'data: ' not in got: got += peer.recv(65536)
        seen[way].append((time.perf_counter() - begin) * 1e3)
        while not got.endswith(b'\r\n0\r\n\r\n'): got += peer.recv(65536)
at = lambda way, q: sorted(seen[way])[int(q * len(seen[way]))]
print('| first token | p50 ms | p99 ms | p50 more than direct | p99 more than direct |\n| --- | ---: | ---: | ---: | ---: |')
for way in ways:
    more = '' if way == 'direct' else f'{at(way, 0.5) - at("direct", 0.5):+.3f} | {at(way, 0.99) - at("direct", 0.99):+.3f}'
    print(f'| {way} | {at(way, 0.5):.3f} | {at(way, 0.99):.3f} | {more or " | "} |')
PY

# Memory of streams that are open and silent: a thousand of them, whose next token is a minute away.
"$build/bin/mock_upstream" --gap-ms 60000 >"$work/slow" &
until [ -s "$work/slow" ]; do sleep 0.05; done
"$build/bin/joulebook" serve --upstream "$(head -1 "$work/slow")" --listen 127.0.0.1:8991 --ledger "$work/slow.db" --quiet >/dev/null 2>&1 &
slow=$!
sleep 2
python3 - "$slow" <<'PY'
import socket, sys, time
def rss(): return int(next(l for l in open(f'/proc/{sys.argv[1]}/status') if l.startswith('VmRSS')).split()[1])
body = b'{"model":"mock","stream":true,"max_tokens":3,"messages":[{"role":"user","content":"x"}]}'
ask = b'POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n' % len(body) + body
def open_(n):
    out = []
    for _ in range(n):
        s = socket.create_connection(('127.0.0.1', 8991)); s.sendall(ask); out.append(s)
    for s in out: s.recv(4096)
    return out
held = open_(50); time.sleep(1); before = rss()
held += open_(1000); time.sleep(2); after = rss()
print(f'\n1,000 idle streams: {after - before} KiB, {(after - before) / 1000:.1f} KiB each (goal 32)')
PY
