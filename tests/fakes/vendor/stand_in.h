#pragma once
// A stand-in for a vendor's library in a test: held open so that its state stays, scripted through
// its environment variable, its time told. And a clock that moves the boards' time with its own.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "core/clock.h"
#include "fakes/power_plant.h"
#include "sensor/sensor.h"

namespace joulebook::fakes {

class StandIn {
 public:
  // `set_time` is the name of the library's joulebook_fake_..._set_time.
  StandIn(std::string library, const char* variable, const char* set_time)
      : library_(std::move(library)),
        script_(testing::TempDir() + variable + "_" + std::to_string(::getpid()) + ".txt"),
        held_(::dlopen(library_.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (held_ == nullptr) {
      ADD_FAILURE() << ::dlerror();
      std::abort();
    }
    ::setenv(variable, script_.c_str(), 1);
    set_time_ = reinterpret_cast<void (*)(double)>(::dlsym(held_, set_time));
  }
  ~StandIn() {
    at(-1);
    ::dlclose(held_);
    std::filesystem::remove(script_);
  }
  StandIn(const StandIn&) = delete;
  StandIn& operator=(const StandIn&) = delete;

  [[nodiscard]] const std::string& path() const { return library_; }
  void script(const std::string& text) { put_file(script_, text); }
  void at(double seconds) { set_time_(seconds); }

 private:
  std::string library_;
  std::string script_;
  void* held_;
  void (*set_time_)(double) = nullptr;
};

// Board time is steady time: both begin at 1 s.
class PlantClock final : public Clock {
 public:
  explicit PlantClock(StandIn& plant) : plant_(plant) { tell(); }
  [[nodiscard]] SteadyTime now() const override { return clock_.now(); }
  [[nodiscard]] Anchor anchor() const override { return clock_.anchor(); }
  void sleep_until(SteadyTime t) override {
    clock_.sleep_until(t);
    tell();
  }
  void advance(double seconds) {
    sleep_until(now() + std::chrono::duration_cast<Nanos>(Seconds(seconds)));
  }
  void step_wall(Nanos d) { clock_.step_wall(d); }

 private:
  void tell() { plant_.at(static_cast<double>(clock_.now().ns) * 1e-9); }

  StandIn& plant_;
  FakeClock clock_;
};

inline std::vector<std::string> ids(const Discovery& found) {
  std::vector<std::string> all;
  for (const auto& sensor : found.sensors) all.push_back(sensor->info().id);
  return all;
}
inline std::vector<std::string> domains(const Discovery& found) {
  std::vector<std::string> all;
  for (const auto& sensor : found.sensors) all.push_back(sensor->info().domain);
  return all;
}
inline std::vector<std::string> codes(const Discovery& found) {
  std::vector<std::string> all;
  for (const Finding& finding : found.findings) all.push_back(finding.reason.code);
  return all;
}

}  // namespace joulebook::fakes
