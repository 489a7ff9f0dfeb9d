#!/usr/bin/env bash
# The model of a machine without sensors, checked on CPUs that it did not see: coverage of its 80 %
# intervals, median error, mean width, beside a plain watts-a-thread rule. Seconds.
#   bench/machine_model.sh BUILD
set -euo pipefail
"$1/bin/machine_model_test" --gtest_filter='*LeaveOneCpuOut*:UnseenCpus*' |
  awk '/^\| watts/ { if (!headed++) { print; print "| --- | --- | --- | --- | --- |" } next }
       /^\|/ { print }
       /^unseen/ { later[++n] = $0 }
       END { print ""; for (i = 1; i <= n; ++i) print "- " later[i] }'
