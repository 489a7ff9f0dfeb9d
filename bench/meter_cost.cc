// What reading costs, for bench/meter_cost.sh.
//   meter_cost plant DIR SECONDS             makes DIR/sys/class/powercap with eight zones and keeps
//                                            them counting, each millisecond, in place
//   meter_cost loop DIR PERIOD_US SECONDS    reads them in a bare loop of nanosleep and pread: the least
//                                            that a sleeping reader can cost here, in per cent
//   meter_cost meter DIR PERIOD_US SECONDS   reads them with the meter; prints the zones read, the
//                                            CPU time of the sampler thread as `self` has it, and
//                                            that of all threads but the main one as the kernel has
//                                            it, in per cent of one core
//   meter_cost here PREFIX PERIOD_US SECONDS the same of this machine's own sensors with that id
//   meter_cost reads PREFIX SECONDS          one reading after the other of each of them for so long:
//                                            readings, median, p95 and greatest duration and CPU time
//                                            of one, in µs
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <vector>

#include "core/clock.h"
#include "meter/meter.h"
#include "sensor/discover.h"

namespace joulebook {
namespace {

constexpr int kZones = 8;
constexpr const char* kNames[kZones] = {"package-0", "core", "uncore", "dram",
                                        "package-1", "core", "uncore", "dram"};

std::string directory(int zone) {
  const int socket = zone / 4;
  const std::string package = fmt::format("intel-rapl:{}", socket);
  return zone % 4 == 0 ? package : fmt::format("{}/{}:{}", package, package, zone % 4 - 1);
}

void put(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

int plant(const std::string& root, double seconds) {
  int files[kZones];
  for (int zone = 0; zone < kZones; ++zone) {
    const std::string dir = root + "/sys/class/powercap/" + directory(zone);
    std::filesystem::create_directories(dir);
    put(dir + "/name", std::string(kNames[zone]) + "\n");
    put(dir + "/max_energy_range_uj", "262143328850\n");
    put(dir + "/energy_uj", "100000000000\n");
    files[zone] = ::open((dir + "/energy_uj").c_str(), O_WRONLY | O_CLOEXEC);
  }
  Clock& clock = system_clock();
  const SteadyTime start = clock.now();
  for (SteadyTime t = start; Seconds(t - start).count() < seconds; t = clock.now()) {
    for (int zone = 0; zone < kZones; ++zone) {
      const auto uj = 100'000'000'000 + (t - start).count() / 1000 * (zone + 1) * 10;
      char text[32];
      const int size = std::snprintf(text, sizeof text, "%lld\n", static_cast<long long>(uj));
      if (::pwrite(files[zone], text, static_cast<std::size_t>(size), 0) < 0) return 1;
    }
    clock.sleep_until(t + std::chrono::milliseconds(1));
  }
  return 0;
}

double cpu_of(clockid_t id) {
  timespec ts{};
  clock_gettime(id, &ts);
  return static_cast<double>(ts.tv_sec) + static_cast<double>(ts.tv_nsec) * 1e-9;
}

double other_threads() { return cpu_of(CLOCK_PROCESS_CPUTIME_ID) - cpu_of(CLOCK_THREAD_CPUTIME_ID); }

int loop(const std::string& root, Nanos period, double seconds) {
  int files[kZones];
  for (int zone = 0; zone < kZones; ++zone) {
    const std::string path = root + "/sys/class/powercap/" + directory(zone) + "/energy_uj";
    files[zone] = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  }
  Clock& clock = system_clock();
  const SteadyTime begin = clock.now();
  const double before = cpu_of(CLOCK_THREAD_CPUTIME_ID);
  SteadyTime next = begin;
  while (Seconds(clock.now() - begin).count() < seconds) {
    next = std::max(next + period, clock.now());
    clock.sleep_until(next);
    char text[64];
    for (const int file : files) {
      if (::pread(file, text, sizeof text, 0) <= 0) return 4;
    }
  }
  const double spent = cpu_of(CLOCK_THREAD_CPUTIME_ID) - before;
  fmt::print("{:.3f}\n", 100 * spent / Seconds(clock.now() - begin).count());
  return 0;
}

int meter(const std::string& root, const SensorChoice& choice, Nanos period, double seconds) {
  const std::shared_ptr<const FileTree> files = real_files(root);
  Discovery found = discover(files, system_clock(), choice);
  const std::size_t zones = found.sensors.size();
  auto opened = open_meter(std::move(found.sensors), {.period = period}, system_clock(), files);
  if (!opened || zones == 0 || !(*opened)->start()) return 4;
  Meter& running = **opened;
  running.watch_processes({::getpid()});
  system_clock().sleep_until(running.now() + std::chrono::milliseconds(500));
  const SteadyTime begin = running.now();
  const double before = other_threads();
  system_clock().sleep_until(begin + Nanos(static_cast<std::int64_t>(seconds * 1e9)));
  const double spent = other_threads() - before;
  const SteadyTime end = running.now();
  running.settle(end);
  const double span = Seconds(end - begin).count();
  const double self = running.energy({"cost", begin, end}).cpu.self;
  fmt::print("{} {:.3f} {:.3f}\n", zones, 100 * self / span, 100 * spent / span);
  return 0;
}

int reads(const SensorChoice& choice, double seconds) {
  Clock& clock = system_clock();
  Discovery found = discover(real_files(""), clock, choice);
  for (const auto& sensor : found.sensors) {
    std::vector<double> took;
    const double before = cpu_of(CLOCK_THREAD_CPUTIME_ID);
    const SteadyTime begin = clock.now();
    for (SteadyTime at = begin; Seconds(at - begin).count() < seconds;) {
      const auto reading = sensor->read();
      const SteadyTime now = clock.now();
      if (reading) took.push_back(Seconds(now - at).count() * 1e6);
      at = now;
    }
    const double cpu = (cpu_of(CLOCK_THREAD_CPUTIME_ID) - before) * 1e6;
    if (took.empty()) return 4;
    std::sort(took.begin(), took.end());
    const auto at = [&](double q) { return took[static_cast<std::size_t>(q * static_cast<double>(took.size() - 1))]; };
    fmt::print("{} {} {:.2f} {:.2f} {:.2f} {:.2f}\n", sensor->info().id, took.size(), at(0.5), at(0.95), at(1),
               cpu / static_cast<double>(took.size()));
  }
  return found.sensors.empty() ? 4 : 0;
}

}  // namespace
}  // namespace joulebook

int main(int argc, char** argv) {
  using namespace joulebook;
  if (argc == 4 && std::strcmp(argv[1], "plant") == 0) return plant(argv[2], std::atof(argv[3]));
  if (argc == 5 && std::strcmp(argv[1], "meter") == 0) {
    return meter(argv[2], {{"powercap:"}, false, false}, std::chrono::microseconds(std::atoll(argv[3])), std::atof(argv[4]));
  }
  if (argc == 5 && std::strcmp(argv[1], "here") == 0) {
    return meter("", {{argv[2]}, true, false}, std::chrono::microseconds(std::atoll(argv[3])), std::atof(argv[4]));
  }
  if (argc == 4 && std::strcmp(argv[1], "reads") == 0) return reads({{argv[2]}, true, false}, std::atof(argv[3]));
  if (argc == 5 && std::strcmp(argv[1], "loop") == 0) {
    return loop(argv[2], std::chrono::microseconds(std::atoll(argv[3])), std::atof(argv[4]));
  }
  fmt::print(stderr, "usage: meter_cost plant DIR SECONDS | loop|meter DIR PERIOD_US SECONDS | "
                     "here PREFIX PERIOD_US SECONDS | reads PREFIX SECONDS\n");
  return 2;
}
