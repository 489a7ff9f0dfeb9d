# Meters outside the machine: BMCs, plugs, programs, logs of another machine.
