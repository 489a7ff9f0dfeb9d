"""Reads the RAPL zones that /sys/class/powercap shows with another tool's own reader, every PERIOD
seconds for SECONDS, and prints the zones it reads, the reads a second it held, and the CPU time that
it and its child processes spent, in per cent of one core. For bench/meter_cost.sh.

    meter_cost_peers.py codecarbon|zeus|pyjoules PERIOD SECONDS
"""
import os
import sys
import time


def codecarbon():
    from codecarbon.core.cpu import IntelRAPL
    from codecarbon.core.units import Time

    rapl = IntelRAPL()
    rapl.start()
    duration = Time.from_seconds(float(sys.argv[2]))
    return len(rapl._rapl_files), lambda: rapl.get_cpu_details(duration)


def zeus():
    from zeus.device.cpu.rapl import RAPLCPUs

    cpus = RAPLCPUs()
    count = len(cpus)

    def read():
        for index in range(count):
            cpus.get_total_energy_consumption(index)

    return count, read


def pyjoules():
    from pyJoules.device import DeviceFactory

    devices = DeviceFactory.create_devices()
    zones = sum(len(device.get_configured_domains()) for device in devices)

    def read():
        for device in devices:
            device.get_energy()

    return zones, read


def cpu_seconds():
    """User and system time of this process and of its living descendants' first generation."""
    ticks = os.sysconf("SC_CLK_TCK")
    sum_s = time.process_time()
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == os.getpid():
            sum_s += (int(fields[11]) + int(fields[12])) / ticks
    return sum_s


def main():
    peer, period, seconds = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
    zones, read = {"codecarbon": codecarbon, "zeus": zeus, "pyjoules": pyjoules}[peer]()
    read()
    before = cpu_seconds()
    begin = time.monotonic()
    reads = 0
    due = begin
    while (now := time.monotonic()) - begin < seconds:
        read()
        reads += 1
        due = max(due + period, now)
        time.sleep(max(0.0, due - time.monotonic()))
    span = time.monotonic() - begin
    print(f"{zones} {reads / span:.0f} {100 * (cpu_seconds() - before) / span:.3f}")


if __name__ == "__main__":
    main()
