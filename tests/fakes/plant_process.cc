// The power plant as a program, for tests in other languages:
//   fake_power_plant SYSROOT PACKAGE_WATTS DRAM_WATTS [TICK_MS]
// Makes a powercap tree under SYSROOT (package-0, with core at half its power and dram below it),
// prints "ready", and keeps its counters going until standard input ends.
#include <cstdio>
#include <cstdlib>

#include "fakes/power_plant.h"

int main(int argc, char** argv) {
  using namespace joulebook;
  using fakes::PowerFunction;
  if (argc < 4) {
    std::fputs("usage: fake_power_plant SYSROOT PACKAGE_WATTS DRAM_WATTS [TICK_MS]\n", stderr);
    return 2;
  }
  const double package = std::atof(argv[2]);
  const double dram = std::atof(argv[3]);
  const Nanos tick = std::chrono::milliseconds(argc > 4 ? std::atoi(argv[4]) : 1);
  const auto zone = [tick](std::string directory, std::string name, double watts) {
    return fakes::ZoneSpec{.directory = std::move(directory),
                           .name = std::move(name),
                           .power = PowerFunction::constant(watts),
                           .tick = tick};
  };
  fakes::PowerPlant plant(argv[1], system_clock().now(),
                          {zone("intel-rapl:0", "package-0", package),
                           zone("intel-rapl:0/intel-rapl:0:0", "core", package / 2),
                           zone("intel-rapl:0/intel-rapl:0:1", "dram", dram)});
  plant.run(system_clock());
  std::puts("ready");
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  plant.stop();
  return 0;
}
