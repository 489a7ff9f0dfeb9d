#include "sensor/board/board_sensor.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "sensor/board/board_test_machine.h"

namespace joulebook {
namespace {

TEST(ParseValue, WholeNumbersOnly) {
  EXPECT_EQ(parse_value("12\n"), 12);
  EXPECT_EQ(parse_value(" -7 "), -7);
  for (const char* bad : {"", "\n", "1.5", "1e3", "0x10", "12 W", "18446744073709551615", "--1"}) {
    EXPECT_EQ(parse_value(bad), std::nullopt) << bad;
  }
}

TEST(Sentinel, IsEveryMarkThatDriversWrite) {
  for (const std::int64_t mark : {-1LL, 4294967295LL, 4294967295000LL, 4294967295000000LL,
                                  2147483647LL, 2147483647000LL, 2147483647000000LL}) {
    EXPECT_TRUE(is_sentinel(mark)) << mark;
    EXPECT_FALSE(is_sentinel(mark - 1)) << mark;
  }
  EXPECT_FALSE(is_sentinel(0));
  EXPECT_FALSE(is_sentinel(150'000'000));
}

// One file whose reads answer from a script: a number, or an error.
class Scripted final : public FileTree {
 public:
  Result<std::string> read(const std::string&) const override { return answer(); }
  Result<std::vector<std::string>> list(const std::string&) const override {
    return fail(ErrorKind::no_reading, "file.missing", "none");
  }
  Result<std::string> link(const std::string&) const override {
    return fail(ErrorKind::no_reading, "file.missing", "none");
  }
  bool exists(const std::string&) const override { return true; }
  Result<std::unique_ptr<KeptFile>> keep(const std::string&) const override {
    return std::make_unique<File>(*this);
  }
  std::string root() const override { return {}; }
  Result<std::string> answer() const {
    if (!code.empty()) return fail(ErrorKind::no_reading, code, "power1_input: " + code);
    return text;
  }

  std::string text = "5\n";
  std::string code;

 private:
  class File final : public KeptFile {
   public:
    explicit File(const Scripted& tree) : tree_(tree) {}
    Result<std::size_t> read(char* buffer, std::size_t capacity) override {
      const auto answer = tree_.answer();
      if (!answer) return fail(answer.error());
      return answer->copy(buffer, capacity);
    }

   private:
    const Scripted& tree_;
  };
};

std::unique_ptr<Sensor> sensor_on(const Scripted& tree, SensorKind kind, Clock& clock) {
  BoardSensorSpec spec;
  spec.info.id = spec.info.name = "power";
  spec.info.kind = kind;
  spec.terms.push_back({ValueFile::open(tree, "/sys/power1_input").value()});
  return make_board_sensor(std::move(spec), clock);
}

// ENODATA is how a driver says that a channel is off; it was lumped in with broken files.
TEST(BoardSensor, FailuresKeepTheirReason) {
  Scripted tree;
  FakeClock clock;
  const auto sensor = sensor_on(tree, SensorKind::power_gauge, clock);
  EXPECT_EQ(sensor->read()->counts, 5U);
  const std::pair<const char*, const char*> cases[] = {{"file.no_data", "sensor.no_data"},
                                                       {"file.permission", "sensor.permission"},
                                                       {"file.missing", "sensor.lost"},
                                                       {"file.io", "sensor.lost"}};
  for (const auto& [file, expected] : cases) {
    tree.code = file;
    EXPECT_EQ(sensor->read().error().code, expected);
    EXPECT_EQ(sensor->read().error().kind, ErrorKind::no_reading);
  }
  tree.code.clear();
  EXPECT_EQ(sensor->read()->counts, 5U);
  tree.text = std::string(100, '1');
  EXPECT_EQ(sensor->read().error().code, "sensor.malformed");
}

TEST(BoardSensor, ACounterPassesASentinelOnItsWay) {
  Scripted tree;
  FakeClock clock;
  tree.text = "4294967295\n";
  EXPECT_EQ(sensor_on(tree, SensorKind::energy_counter, clock)->read()->counts, 4294967295U);
  EXPECT_EQ(sensor_on(tree, SensorKind::power_gauge, clock)->read().error().code,
            "sensor.sentinel");
}

// Whatever a file says, it becomes that power or a reason; never a sentinel, never below zero,
// never more than any machine draws.
RC_GTEST_PROP(BoardSensor, AnyNumberIsThatPowerOrAReason, ()) {
  Scripted tree;
  FakeClock clock;
  const auto sensor = sensor_on(tree, SensorKind::power_gauge, clock);
  const auto value = *rc::gen::oneOf(rc::gen::arbitrary<std::int64_t>(),
                                     rc::gen::inRange<std::int64_t>(-10, 5'000'000'000));
  tree.text = std::to_string(value) + "\n";
  const auto reading = sensor->read();
  const bool plausible = value >= 0 && value <= kMostMicrowatts && !is_sentinel(value);
  RC_ASSERT(reading.has_value() == plausible);
  if (reading) RC_ASSERT(reading->counts == static_cast<std::uint64_t>(value));
}

}  // namespace
}  // namespace joulebook
