#!/usr/bin/env python3
"""A bench analyser that answers text commands over TCP (SCPI: Yokogawa WT, GUDE and others), as a meter.

joulebook run --sensor 'exec:examples/meters/analyser.py 192.0.2.7 10001' -- COMMAND

Arguments: HOST PORT [QUERY]. QUERY is what the instrument is asked, one line; its answer is a number of
watts. Times are this machine's monotonic clock, taken in the middle of question and answer.
"""
import socket
import sys
import time

HEADER = """joulebook-meter 1
domain wall:0
kind power
unit W
tick 100ms
averages 100ms
accuracy 0.002
clock monotonic"""


def main() -> None:
    host, port = sys.argv[1], int(sys.argv[2])
    query = sys.argv[3] if len(sys.argv) > 3 else ":NUMERIC:NORMAL:VALUE? 1"
    print(HEADER, flush=True)
    with socket.create_connection((host, port), timeout=5) as link:
        answers = link.makefile("r", encoding="ascii", errors="replace")
        while True:
            asked = time.monotonic()
            link.sendall(query.encode("ascii") + b"\n")
            answer = answers.readline()
            if not answer:
                raise ConnectionError("the instrument closed the connection")
            middle = (asked + time.monotonic()) / 2
            try:
                watts = float(answer)
                if not 0 <= watts < 1e9:  # 9.91E37 is an instrument's "not a number"
                    raise ValueError(answer)
                print(f"{middle:.6f} {watts:.3f}", flush=True)
            except ValueError:
                print(f"error the instrument answered {answer.strip()[:80]!r}", flush=True)
            time.sleep(max(0.0, 0.1 - (time.monotonic() - asked)))


try:
    main()
except (OSError, IndexError, ValueError) as problem:
    print(f"error {problem}", flush=True)
    sys.exit(1)
except KeyboardInterrupt:
    pass
