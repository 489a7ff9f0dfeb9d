#include "meter/renewed_meter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>

#include "fakes/patience.h"
#include "meter/feed.h"
#include "meter/record.h"
#include "meter/test_sensors.h"

namespace joulebook {
namespace {

using testing::ElementsAre;

constexpr Nanos kMs = std::chrono::milliseconds(1);

// A machine whose sensors come and go. Each opened one dies with what it was opened on, as a handle of a driver does.
class Machine {
 public:
  struct Part {
    double watts = 0;
    std::shared_ptr<std::atomic<bool>> there = std::make_shared<std::atomic<bool>>(true);
  };
  void plug(const std::string& domain, double watts, bool answers = true) {
    const std::lock_guard lock(mutex_);
    parts_[domain] = {watts};
    *parts_[domain].there = answers;
  }
  void unplug(const std::string& domain) {
    const std::lock_guard lock(mutex_);
    *parts_[domain].there = false;
    parts_.erase(domain);
  }
  [[nodiscard]] std::vector<std::unique_ptr<Sensor>> sensors() const;
  [[nodiscard]] std::vector<SensorInfo> infos() const {
    std::vector<SensorInfo> out;
    for (const auto& sensor : sensors()) out.push_back(sensor->info());
    return out;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Part> parts_;
};

class PartSensor final : public Sensor {
 public:
  PartSensor(const std::string& domain, const Machine::Part& part) : live_(part.watts), there_(part.there) {
    info_ = live_.info();
    info_.id = "part:" + domain;
    info_.domain = info_.name = domain;
  }
  [[nodiscard]] const SensorInfo& info() const override { return info_; }
  [[nodiscard]] Result<RawReading> read() override {
    if (*there_) return live_.read();
    return fail(ErrorKind::no_reading, "sensor.lost", "it is gone", "plug it in");
  }

 private:
  test::LiveSensor live_;
  std::shared_ptr<std::atomic<bool>> there_;
  SensorInfo info_;
};

std::vector<std::unique_ptr<Sensor>> Machine::sensors() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::unique_ptr<Sensor>> out;
  for (const auto& [domain, part] : parts_) out.push_back(std::make_unique<PartSensor>(domain, part));
  return out;
}

class Renewed : public testing::Test {
 protected:
  std::unique_ptr<RenewedMeter> open(Nanos overlap = 300 * kMs) {
    Renewal renewal;
    renewal.look = [this](const auto&) {
      ++looks_;
      return machine_.infos();
    };
    renewal.open = [this](Renewal::Publish publish) {
      ++opened_;
      MeterOptions options;
      options.publish = std::move(publish);
      return open_meter(machine_.sensors(), options, system_clock(), real_files());
    };
    renewal.publish = [this](std::string_view bytes) { feed_.publish(bytes); };
    renewal.overlap = overlap;
    auto meter = open_renewed_meter(std::move(renewal), system_clock());
    EXPECT_TRUE(meter);
    EXPECT_TRUE((*meter)->start());
    return std::move(*meter);
  }
  static std::vector<std::string> domains(const std::vector<SensorInfo>& infos) {
    std::vector<std::string> out;
    for (const auto& info : infos) out.push_back(info.domain);
    return out;
  }
  static std::vector<std::string> domains(const WindowEnergy& energy) {
    std::vector<std::string> out;
    for (const auto& domain : energy.domains) out.push_back(domain.domain);
    return out;
  }
  bool come_to_read(RenewedMeter& meter, const std::vector<std::string>& wanted) {
    meter.renew();
    return fakes::wait_for([&] { return domains(meter.sensors()) == wanted; });
  }
  static WindowEnergy next_window(Meter& meter) {
    const SteadyTime begin = meter.now();
    std::this_thread::sleep_for(100 * kMs);
    const SteadyTime end = meter.now();
    meter.settle(end);
    return meter.energy({"w", begin, end});
  }

  Machine machine_;
  TraceFeed feed_;
  std::atomic<int> looks_{0};
  std::atomic<int> opened_{0};
};

TEST_F(Renewed, BeginsWhenTheFirstSensorIsThere) {
  const auto meter = open();
  const auto none = next_window(*meter);
  ASSERT_FALSE(none.total.present());
  EXPECT_EQ(none.total.reason->code, "sensor.none");
  EXPECT_THAT(none.total.reason->message, testing::HasSubstr("no sensor can be read"));
  machine_.plug("package:0", 40);
  ASSERT_TRUE(come_to_read(*meter, {"package:0"}));
  const auto some = next_window(*meter);
  ASSERT_TRUE(some.total.present()) << some.total.reason->message;
  EXPECT_TRUE(some.total.interval().contains(40 * some.window.duration().count()));
  EXPECT_FALSE(meter->energy(none.window).total.present()) << "what was said stays";
}

// Windows that tile, over the seam: each has all that was read when it began, and none is lost.
TEST_F(Renewed, NoWindowIsLostWhereAnotherDomainBegins) {
  machine_.plug("package:0", 40);
  constexpr Nanos kOverlap = 2000 * kMs;
  const auto meter = open(kOverlap);
  std::vector<WindowEnergy> windows;
  const auto both = [&] { return domains(windows.back()).size() == 2; };
  for (int i = 0; i < 600 && (windows.empty() || !both()); ++i) {
    if (i == 2) {
      machine_.plug("gpu:0", 90);
      meter->renew();
    }
    windows.push_back(next_window(*meter));
  }
  ASSERT_TRUE(both());
  for (const auto& window : windows) {
    if (2 * (window.window.end - window.window.begin) > kOverlap) continue;  // longer than any was to be
    ASSERT_TRUE(window.total.present()) << window.total.reason->message;
    const double watts = domains(window).size() == 2 ? 130 : 40;
    EXPECT_TRUE(window.total.interval().contains(watts * window.window.duration().count()));
  }
  // Asked once more, windows from before are what they were.
  EXPECT_EQ(meter->energy(windows[1].window).total.value, windows[1].total.value);
}

TEST_F(Renewed, WhatVanishedIsAnAbsenceUntilItIsBack) {
  machine_.plug("gpu:0", 90);
  machine_.plug("package:0", 40);
  const auto meter = open(Nanos(0));
  meter->renew();
  ASSERT_TRUE(fakes::wait_for([&] { return looks_ >= 1; }));
  machine_.unplug("gpu:0");
  ASSERT_TRUE(fakes::wait_for([&] { return silent_sensors(*meter, system_clock().now()) == std::vector<std::string>{"part:gpu:0"}; }));
  meter->renew();
  ASSERT_TRUE(fakes::wait_for([&] { return looks_ >= 2; }));
  EXPECT_THAT(domains(meter->sensors()), ElementsAre("gpu:0", "package:0")) << "it is missed, not left out";
  const auto without = next_window(*meter);
  EXPECT_FALSE(without.total.present());
  machine_.plug("gpu:0", 90);
  meter->renew();
  ASSERT_TRUE(fakes::wait_for([&] { return silent_sensors(*meter, system_clock().now()).empty(); }));
  EXPECT_TRUE(next_window(*meter).total.present());
}

TEST_F(Renewed, ASensorThatNeverAnswersIsTakenOnce) {
  machine_.plug("package:0", 40);
  const auto meter = open(Nanos(0));
  machine_.plug("gpu:0", 90, false);
  ASSERT_TRUE(come_to_read(*meter, {"gpu:0", "package:0"}));
  const auto opened = opened_.load();
  for (int i = 0; i < 3; ++i) {
    const int before = looks_;
    meter->renew();
    ASSERT_TRUE(fakes::wait_for([&] { return looks_ > before; }));
  }
  EXPECT_EQ(opened_, opened);
}

// Who reads its trace is told of another, and never given readings of one under the header of the other.
TEST_F(Renewed, ItsTraceBeginsAnew) {
  machine_.plug("package:0", 40);
  const auto meter = open();
  TraceStream early;
  ASSERT_TRUE(early.feed(feed_.header()));
  std::uint64_t cursor = feed_.first_from(0);
  machine_.plug("gpu:0", 90);
  ASSERT_TRUE(come_to_read(*meter, {"gpu:0", "package:0"}));
  std::size_t highest = 0;
  ASSERT_TRUE(fakes::wait_for([&] {
    const auto events = early.feed(feed_.since(cursor));
    EXPECT_TRUE(events);
    for (const auto& event : *events) {
      if (const auto* reading = std::get_if<ReadingEvent>(&event)) highest = std::max(highest, reading->channel);
    }
    return highest == 1;
  }));
  EXPECT_THAT(domains(early.header()->sensors), ElementsAre("gpu:0", "package:0"));
  TraceStream late;
  ASSERT_TRUE(late.feed(feed_.header()));
  std::uint64_t first = feed_.first_from(0);
  const auto events = late.feed(feed_.since(first));
  ASSERT_TRUE(events);
  EXPECT_FALSE(events->empty());
}

TEST(RenewedMeter, WhatCannotBeOpenedIsTheErrorOfItsFirstMeter) {
  Renewal renewal;
  renewal.open = [](Renewal::Publish) -> Result<std::unique_ptr<Meter>> { return fail(ErrorKind::usage, "meter.domain", "no such domain", "name one"); };
  const auto meter = open_renewed_meter(std::move(renewal), system_clock());
  ASSERT_FALSE(meter);
  EXPECT_EQ(meter.error().code, "meter.domain");
}

}  // namespace
}  // namespace joulebook
