#include "fakes/power_plant.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace joulebook::fakes {

PowerFunction PowerFunction::constant(double watts) { return steps({{0, watts}}); }

PowerFunction PowerFunction::steps(std::vector<std::pair<double, double>> from_watts) {
  PowerFunction f;
  if (from_watts.empty() || from_watts.front().first > 0) f.add(0, 0);
  for (const auto& [from, watts] : from_watts) f.add(from, watts);
  return f;
}

PowerFunction PowerFunction::ramp(double begin_watts, double end_watts, double seconds) {
  PowerFunction f;
  f.add(0, begin_watts, (end_watts - begin_watts) / seconds);
  f.add(seconds, end_watts);
  return f;
}

PowerFunction PowerFunction::square(double low, double high, double period, double duty) {
  PowerFunction f = steps({{0, high}, {duty * period, low}});
  f.period_ = period;
  return f;
}

double PowerFunction::Piece::until(double t) const {
  const double span = t - std::max(0.0, from);
  return joules + span * (watts + slope * span / 2);
}

void PowerFunction::add(double from, double watts, double slope) {
  pieces_.push_back({from, watts, slope, pieces_.empty() ? 0 : pieces_.back().until(from)});
}

double PowerFunction::watts(double t) const {
  if (period_ > 0) t -= period_ * std::floor(t / period_);
  const auto next = std::ranges::upper_bound(pieces_, t, {}, &Piece::from);
  const Piece& current = next == pieces_.begin() ? *next : *std::prev(next);
  return current.watts + current.slope * (t - current.from);
}

double PowerFunction::integral(double t) const {
  const auto next = std::ranges::lower_bound(pieces_, t, {}, &Piece::from);
  return next == pieces_.begin() ? 0 : std::prev(next)->until(t);
}

double PowerFunction::joules(double t) const {
  if (t <= 0) return 0;
  if (period_ <= 0) return integral(t);
  const double cycles = std::floor(t / period_);
  return cycles * integral(period_) + integral(t - cycles * period_);
}

PowerPlant::PowerPlant(std::string sysroot, SteadyTime origin, std::vector<ZoneSpec> zones)
    : sysroot_(std::move(sysroot)), origin_(origin) {
  const std::string base = sysroot_ + "/sys/class/powercap/";
  for (ZoneSpec& spec : zones) {
    const std::string directory = base + spec.directory;
    put_file(directory + "/name", spec.name + "\n");
    put_file(directory + "/max_energy_range_uj", std::to_string(spec.range_uj) + "\n");
    zones_.push_back({std::move(spec), directory, 0});
  }
  tick(origin);
}

PowerPlant::~PowerPlant() { stop(); }

std::string PowerPlant::path(const std::string& zone, const std::string& file) const {
  return "/sys/class/powercap/" + find(zone).spec.directory + "/" + file;
}

std::string PowerPlant::full_path(const std::string& zone, const std::string& file) const {
  return sysroot_ + path(zone, file);
}

void PowerPlant::change(const std::string& zone, double watts, Clock& clock) {
  const std::lock_guard lock(mutex_);
  for (Zone& each : zones_) {
    if (each.spec.name == zone) each.spec.power.then(Seconds(clock.now() - origin_).count(), watts);
  }
}

void PowerPlant::tick(SteadyTime t) {
  const std::lock_guard lock(mutex_);
  for (const Zone& zone : zones_) {
    if (removed_.contains(zone.spec.name)) continue;
    const auto fault = published_.find(zone.spec.name);
    write(zone,
          fault != published_.end() ? fault->second : std::to_string(counter(zone, t)) + "\n");
  }
}

void PowerPlant::run(Clock& clock) {
  stop();
  running_ = true;
  Nanos shortest = std::chrono::seconds(1);
  for (const Zone& zone : zones_) shortest = std::min(shortest, zone.spec.tick);
  thread_ = std::thread([this, &clock, shortest] {
    SteadyTime before = clock.now();
    for (SteadyTime next = before; running_; next = std::max(next + shortest, clock.now())) {
      clock.sleep_until(next);
      tick(clock.now());
      const SteadyTime now = clock.now();
      longest_pause_ns_ = std::max(longest_pause_ns_.load(), (now - before).count());
      before = now;
    }
  });
}

void PowerPlant::stop() {
  running_ = false;
  if (thread_.joinable()) thread_.join();
}

Joules PowerPlant::energy(const std::string& zone, SteadyTime begin, SteadyTime end) const {
  const std::lock_guard lock(mutex_);
  const PowerFunction& power = find(zone).spec.power;
  return Joules(power.joules(Seconds(end - origin_).count()) -
                power.joules(Seconds(begin - origin_).count()));
}

Watts PowerPlant::power(const std::string& zone, SteadyTime t) const {
  const std::lock_guard lock(mutex_);
  return Watts(find(zone).spec.power.watts(Seconds(t - origin_).count()));
}

std::uint64_t PowerPlant::counter_at(const std::string& zone, SteadyTime t) const {
  const std::lock_guard lock(mutex_);
  return counter(find(zone), t);
}

void PowerPlant::publish(const std::string& zone, std::string content) {
  const std::lock_guard lock(mutex_);
  write(find(zone), content);
  published_[zone] = std::move(content);
}

void PowerPlant::remove(const std::string& zone) {
  const std::lock_guard lock(mutex_);
  removed_[zone] = true;
  std::filesystem::remove(find(zone).directory + "/energy_uj");
}

void PowerPlant::heal(const std::string& zone) {
  const std::lock_guard lock(mutex_);
  published_.erase(zone);
  removed_.erase(zone);
}

void PowerPlant::reset(const std::string& zone, SteadyTime t) {
  const std::lock_guard lock(mutex_);
  for (Zone& each : zones_) {
    if (each.spec.name != zone) continue;
    each.base_uj = since_origin_uj(each, t);
    each.spec.start_uj = 0;
  }
}

void PowerPlant::in_place(bool on) {
  const std::lock_guard lock(mutex_);
  in_place_ = on;
}

const PowerPlant::Zone& PowerPlant::find(const std::string& name) const {
  for (const Zone& zone : zones_) {
    if (zone.spec.name == name) return zone;
  }
  std::fprintf(stderr, "power plant: no zone %s\n", name.c_str());
  std::abort();
}

std::uint64_t PowerPlant::since_origin_uj(const Zone& zone, SteadyTime t) const {
  const std::int64_t since = (t - origin_).count() - zone.spec.phase.count();
  if (since < 0) return 0;
  const std::int64_t updated = since - since % zone.spec.tick.count() + zone.spec.phase.count();
  return static_cast<std::uint64_t>(zone.spec.power.joules(static_cast<double>(updated) * 1e-9) *
                                    1e6);
}

std::uint64_t PowerPlant::counter(const Zone& zone, SteadyTime t) const {
  const ZoneSpec& spec = zone.spec;
  const std::uint64_t energy = spec.start_uj + since_origin_uj(zone, t) - zone.base_uj;
  const std::uint64_t rounded = energy - energy % spec.resolution_uj;
  return spec.range_uj == 0 ? rounded : rounded % spec.range_uj;
}

void PowerPlant::write(const Zone& zone, const std::string& content) const {
  const std::string path = zone.directory + "/energy_uj";
  const std::string target = in_place_ ? path : path + ".next";
  const int fd = ::open(target.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  const auto size = static_cast<off_t>(content.size());
  if (fd < 0 || ::pwrite(fd, content.data(), content.size(), 0) != size ||
      ::ftruncate(fd, size) != 0) {
    std::perror(target.c_str());
    std::abort();
  }
  ::close(fd);
  if (!in_place_) std::filesystem::rename(target, path);
}

std::vector<ZoneSpec> small_server(PowerFunction package, PowerFunction dram) {
  return {{.directory = "intel-rapl:0", .name = "package-0", .power = std::move(package)},
          {.directory = "intel-rapl:0/intel-rapl:0:0", .name = "dram", .power = std::move(dram)}};
}

void put_file(const std::string& path, const std::string& content) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << content;
  out.close();
  if (!out) {
    std::perror(path.c_str());
    std::abort();
  }
}

}  // namespace joulebook::fakes
