#include "sensor/remote/poller.h"

#include <gtest/gtest.h>

#include <thread>

#include "fakes/patience.h"

namespace joulebook {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Answers what it is told to.
class ScriptedSource final : public RemoteSource {
 public:
  explicit ScriptedSource(Clock& clock) : clock_(clock), infos_(1) {
    infos_[0].id = "scripted";
    infos_[0].name = "plug";
    infos_[0].domain = "wall:0";
    infos_[0].tick = seconds(1);
  }
  [[nodiscard]] const std::vector<SensorInfo>& infos() const override { return infos_; }
  void exchange(ReadingSink& sink, const StopSignal& stop) override {
    ++exchanges;
    if (hangs) (void)stop.sleep(seconds(100));
    if (burns) {
      const auto until = std::chrono::steady_clock::now() + milliseconds(60);
      while (std::chrono::steady_clock::now() < until) {
      }
    }
    if (failure) return sink.absence(0, *failure);
    for (int i = 0; i < readings; ++i) {
      sink.reading(0, {++counts, clock_.now() + Nanos(i), clock_.now() + Nanos(i)});
    }
  }
  [[nodiscard]] Nanos pace() const override { return milliseconds(5); }
  [[nodiscard]] double program_cpu_seconds() const override { return programs; }

  std::optional<Error> failure;
  int readings = 1;
  std::uint64_t counts = 0;
  std::atomic<int> exchanges{0};
  std::atomic<bool> hangs{false};
  std::atomic<bool> burns{false};
  double programs = 0;

 private:
  Clock& clock_;
  std::vector<SensorInfo> infos_;
};

class Polled : public testing::Test {
 protected:
  Polled() {
    auto source = std::make_unique<ScriptedSource>(clock_);
    source_ = source.get();
    poll_ = poll_by_hand(std::move(source), clock_);
  }
  Sensor& sensor() { return *poll_.sensors[0]; }

  FakeClock clock_;
  ScriptedSource* source_ = nullptr;
  ManualPoll poll_;
};

TEST_F(Polled, HandsOverEachReadingWithItsOwnInstants) {
  EXPECT_EQ(sensor().read().error().code, "sensor.stale");
  poll_.exchange();
  const SteadyTime taken = clock_.now();
  clock_.advance(milliseconds(300));
  const auto reading = sensor().read();
  ASSERT_TRUE(reading);
  EXPECT_EQ(reading->counts, 1U);
  EXPECT_EQ(reading->begin, taken);
  EXPECT_EQ(sensor().read()->begin, taken);  // nothing new: the same again
}

TEST_F(Polled, QueuesOldestFirstAndLosesOnlyTheOldest) {
  source_->readings = 3;
  poll_.exchange();
  EXPECT_EQ(sensor().read()->counts, 1U);
  EXPECT_EQ(sensor().read()->counts, 2U);
  EXPECT_EQ(sensor().read()->counts, 3U);
  EXPECT_EQ(sensor().read()->counts, 3U);
  clock_.advance(seconds(1));
  source_->readings = 1000;
  poll_.exchange();
  EXPECT_EQ(sensor().read()->counts, 1003U - 256 + 1);
}

TEST_F(Polled, AnOldReadingIsStaleAndNeverTheTruth) {
  poll_.exchange();
  ASSERT_TRUE(sensor().read());
  clock_.advance(kStaleTicks * Nanos(seconds(1)) + Nanos(1));
  EXPECT_EQ(sensor().read().error().code, "sensor.stale");
  EXPECT_EQ(sensor().read().error().kind, ErrorKind::no_reading);
  poll_.exchange();
  EXPECT_TRUE(sensor().read());
}

TEST_F(Polled, TheNewestFailureIsTheAbsence) {
  poll_.exchange();
  source_->failure = Error{ErrorKind::no_reading, "sensor.lost", "gone", "plug it in"};
  ASSERT_TRUE(sensor().read());
  poll_.exchange();
  EXPECT_EQ(sensor().read().error().code, "sensor.lost");
  source_->failure.reset();
  clock_.advance(seconds(1));
  poll_.exchange();
  EXPECT_TRUE(sensor().read());
}

TEST_F(Polled, ReadingsThatAreNotNewerAreLeftOut) {
  source_->readings = 2;
  poll_.exchange();
  poll_.exchange();  // the clock stood still
  EXPECT_EQ(sensor().read()->counts, 1U);
  EXPECT_EQ(sensor().read()->counts, 2U);
  EXPECT_EQ(sensor().read()->counts, 2U);
}

// A source that hangs holds neither the sampler up nor the end.
TEST(PollerThread, AHangingSourceHoldsNobodyUp) {
  auto source = std::make_unique<ScriptedSource>(system_clock());
  ScriptedSource& scripted = *source;
  auto sensors = poll_in_background(std::move(source), system_clock());
  scripted.hangs = true;
  ASSERT_TRUE(fakes::wait_for([&] { return scripted.exchanges >= 2; }));
  const SteadyTime before = system_clock().now();
  for (int i = 0; i < 1000; ++i) (void)sensors[0]->read();
  sensors.clear();
  EXPECT_LT(system_clock().now() - before, Nanos(seconds(20)));  // it would hang for 100 s
}

TEST(PollerThread, ItsTimeIsTheObservers) {
  auto source = std::make_unique<ScriptedSource>(system_clock());
  ScriptedSource& scripted = *source;
  scripted.programs = 0.5;
  const auto sensors = poll_in_background(std::move(source), system_clock());
  const double before = sensors[0]->own_cpu_seconds();
  EXPECT_GE(before, 0.5);
  scripted.burns = true;
  for (int i = 0; sensors[0]->own_cpu_seconds() - before < 0.05 && i < 2000; ++i) {
    std::this_thread::sleep_for(milliseconds(5));
  }
  EXPECT_GE(sensors[0]->own_cpu_seconds() - before, 0.05);
}

}  // namespace
}  // namespace joulebook
