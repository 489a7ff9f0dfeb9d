#!/bin/sh
# A meter in ten lines: any file that holds microwatts, such as a board's power chip.
# joulebook run --sensor 'exec:examples/meters/hwmon.sh /sys/class/hwmon/hwmon0/power1_input' -- COMMAND
echo "joulebook-meter 1"
echo "domain node:0"
echo "kind power"
echo "unit mW"
echo "tick 100ms"
while uw=$(cat "$1"); do
  echo "$((uw / 1000))"
  sleep 0.1
done
echo "error $1 cannot be read"
