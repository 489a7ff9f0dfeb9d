#!/usr/bin/env bash
# What the gateway costs: requests a second, latencies and CPU time against a mock server, side by side with a
# direct connection and with nginx (proxy_pass, buffering off, one worker), all in one run. Prints Markdown.
#   bench/gateway_speed.sh [BUILD]
# SECONDS_EACH (5) of each cell. Wants a machine that does nothing else; wrk and nginx of the distribution.
set -euo pipefail
build="${1:-build}"
each="${SECONDS_EACH:-5}"
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
done = function(summary, latency, requests)
  io.write(string.format("RESULT %f %f %f %d\n", summary.requests / summary.duration * 1e6, latency:percentile(50) / 1000,
    latency:percentile(99) / 1000, summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status + summary.errors.timeout))
end
LUA
cpu() { awk '{ print ($14 + $15) / 100 }' "/proc/$1/stat"; }
rss() { awk '/VmRSS/ { print $2 }' "/proc/$1/status"; }

echo "$(date -u +%F), $(nproc) hardware threads, load average $(cut -d' ' -f1 /proc/loadavg), joulebook $("$build/bin/joulebook" --version | awk '{print $2, $3}'), $(nginx -v 2>&1 | awk '{print $3}')"
echo
echo "| answers | connections | way | requests/s | of nginx | p50 ms | p99 ms | errors | CPU s per 1,000 |"
echo "| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |"
for stream in false true; do
  for connections in 1 64 1000; do
    declare -A rate=()
    for way in direct:$upstream:$mock nginx:http://127.0.0.1:8988:$nginx serve:http://127.0.0.1:8989:$ours pristine:http://127.0.0.1:8990:$pristine; do
      name=${way%%:*} pid=${way##*:} address=${way#*:}
      address=${address%:*}
      before=$(cpu "$pid")
      read -r _ rps p50 p99 errors < <(STREAM=$stream wrk -t 1 -c "$connections" -d "${each}s" -s "$work/ask.lua" "$address/v1/chat/completions" | grep RESULT)
      used=$(python3 -c "print(f'{($(cpu "$pid") - $before) / max(1, $rps * $each) * 1000:.3f}')")
      rate[$name]=$rps
      ratio=$([ "$name" = direct ] && echo "" || python3 -c "print(f'{$rps / ${rate[nginx]:-$rps}:.2f}')")
      kind=$([ "$stream" = true ] && echo streamed || echo whole)
      printf '| %s | %d | %s | %.0f | %s | %.2f | %.2f | %d | %s |\n' "$kind" "$connections" "$name" "$rps" "$ratio" "$p50" "$p99" "$errors" "$used"
    done
  done
done

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
