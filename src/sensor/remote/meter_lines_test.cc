#include "sensor/remote/meter_lines.h"

#include <gtest/gtest.h>

#include "core/text.h"
#include "sensor/remote/spec.h"

namespace joulebook {
namespace {

using Kind = MeterLines::Line::Kind;

MeterLines with_header(std::string_view text) {
  MeterLines lines;
  for (const auto line : split(text, '\n')) (void)lines.take(line);
  return lines;
}

constexpr std::string_view kHeader =
    "joulebook-meter 1\ndomain wall:1\nname Yokogawa\nkind power\nunit W\ntick 1s\n"
    "accuracy 0.01\nmax 3000\naverages 250ms\n";

TEST(MeterLines, TheHeaderStatesWhatTheMeterIs) {
  const MeterLines lines = with_header(kHeader);
  ASSERT_TRUE(lines.check_header()) << lines.check_header().error().message;
  const MeterHeader& header = lines.header();
  EXPECT_EQ(header.domain, "wall:1");
  EXPECT_EQ(header.name, "Yokogawa");
  EXPECT_EQ(header.kind, SensorKind::power_gauge);
  EXPECT_EQ(header.tick, Nanos(std::chrono::seconds(1)));
  EXPECT_EQ(header.averaging, Nanos(std::chrono::milliseconds(250)));
  EXPECT_DOUBLE_EQ(header.accuracy, 0.01);
  EXPECT_DOUBLE_EQ(header.max_watts, 3000);
}

TEST(MeterLines, ReadingsComeInThreeForms) {
  MeterLines lines = with_header(kHeader);
  auto line = lines.take("  231.50 \r");
  ASSERT_EQ(line.kind, Kind::reading);
  EXPECT_DOUBLE_EQ(line.reading.value, 231.5);
  EXPECT_EQ(line.reading.decimals, 2);
  EXPECT_FALSE(line.reading.time);
  line = lines.take("1700000000.25 99");
  ASSERT_EQ(line.kind, Kind::reading);
  EXPECT_DOUBLE_EQ(*line.reading.time, 1700000000.25);
  EXPECT_DOUBLE_EQ(line.reading.value, 99);
  line = lines.take("time=12 volts=230 value=7.125");
  ASSERT_EQ(line.kind, Kind::reading);
  EXPECT_DOUBLE_EQ(line.reading.value, 7.125);
  EXPECT_DOUBLE_EQ(*line.reading.time, 12);
}

TEST(MeterLines, AnErrorLineIsAnAbsenceInItsOwnWords) {
  MeterLines lines = with_header(kHeader);
  const auto line = lines.take("error the probe came \xFF off");
  EXPECT_EQ(line.kind, Kind::error);
  EXPECT_EQ(line.text, "the probe came \xEF\xBF\xBD off");
}

TEST(MeterLines, WhatIsNoReadingIsMalformed) {
  for (const char* wrong : {"watts", "12W", "1 2 3", "value=", "value=x", "\xFF\xFE", "0x10", "1,5",
                            "-5 12", "99999999999 1", "{\"power\": 3}", "tick 2s"}) {
    MeterLines lines = with_header(kHeader);
    (void)lines.take("1");
    EXPECT_EQ(lines.take(wrong).kind, Kind::malformed) << wrong;
    EXPECT_TRUE(is_valid_utf8(lines.take(wrong).text));
  }
}

TEST(MeterLines, AHeaderThatSaysTooLittleIsRefused) {
  EXPECT_FALSE(with_header("kind power\nunit W").check_header());
  EXPECT_FALSE(with_header("joulebook-meter 2\nkind power\nunit W").check_header());
  EXPECT_FALSE(with_header("joulebook-meter 1\nkind power").check_header());
  EXPECT_FALSE(with_header("joulebook-meter 1\nkind power\nunit Wh").check_header());
  EXPECT_FALSE(with_header("joulebook-meter 1\nkind energy\nunit mW").check_header());
  EXPECT_FALSE(with_header("joulebook-meter 1\nkind volts\nunit W").check_header());
  EXPECT_FALSE(with_header("joulebook-meter 1\nunit furlong").check_header());
  for (const char* wrong : {"domain gpu:0", "domain wall", "domain wall:", "domain wall:0.gauge",
                            "tick 0s", "tick -1s", "tick 1", "accuracy 2", "accuracy nan", "max -3",
                            "max inf", "clock sundial", "resolution 0", "sentinel x", "sentinel nan"}) {
    const auto lines =
        with_header("joulebook-meter 1\nkind power\nunit W\n" + std::string(wrong) + "\n5");
    ASSERT_FALSE(lines.check_header()) << wrong;
    EXPECT_NE(lines.check_header().error().message.find(wrong), std::string::npos);
  }
}

TEST(MeterLines, CountsRefuseWhatIsNoReading) {
  EXPECT_EQ(to_counts(12.3, 0.1), 123U);
  EXPECT_EQ(to_counts(0.3, 0.1), 3U);  // 0.3 / 0.1 is a hair below 3
  EXPECT_EQ(to_counts(1.99, 1), 1U);   // a coarser meter has rounded down
  for (const double wrong : {-1.0, -1e-3, 1e300, std::numeric_limits<double>::quiet_NaN(),
                             std::numeric_limits<double>::infinity()}) {
    EXPECT_FALSE(to_counts(wrong, 0.1)) << wrong;
  }
}

TEST(LineCutter, CutsAnywhereAndBoundsWhatItHolds) {
  const std::string bytes = "one\ntwo\r\n\n" + std::string(100'000, 'x') + "\nthree\npart";
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, bytes.size()}) {
    LineCutter cutter;
    std::vector<std::pair<std::string, bool>> lines;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      cutter.feed(std::string_view(bytes).substr(at, step), [&](std::string_view line, bool cut) {
        lines.emplace_back(line, cut);
      });
    }
    ASSERT_EQ(lines.size(), 5U);
    EXPECT_EQ(lines[0].first, "one");
    EXPECT_TRUE(lines[3].second);
    EXPECT_EQ(lines[3].first.size(), MeterLines::kLongestLine);
    EXPECT_EQ(lines[4].first, "three");
    EXPECT_TRUE(cutter.holding());  // "part" is no line: its end never came
  }
}

TEST(SensorSpec, NamesEveryKindOfMeter) {
  const auto plug = parse_sensor_spec("shelly://plug.example:8080/?channel=1&domain=wall:2&max=3680");
  ASSERT_TRUE(plug) << plug.error().message;
  EXPECT_EQ(plug->place, "plug.example");
  EXPECT_EQ(plug->port, 8080);
  EXPECT_EQ(plug->option("channel"), "1");
  EXPECT_EQ(plug->id(), "shelly://plug.example:8080");
  EXPECT_EQ(parse_sensor_spec("serial:/dev/ttyUSB0?baud=9600")->place, "/dev/ttyUSB0");
  EXPECT_TRUE(parse_sensor_spec("ipmi:"));
  EXPECT_EQ(parse_sensor_spec("redfish://[2001:db8::1]:8443")->port, 8443);
  EXPECT_EQ(parse_sensor_spec("redfish://[2001:db8::1]")->place, "[2001:db8::1]");
  EXPECT_EQ(parse_sensor_spec("powermetrics:/tmp/mac%20book.log?name=x")->option("name"), "x");
}

TEST(SensorSpec, SplitsAProgramsWords) {
  const auto spec = parse_sensor_spec(R"(exec:./m.sh  'a b' "c\"d" e\ f '' --x=?y)");
  EXPECT_EQ(spec->words(),
            (std::vector<std::string>{"./m.sh", "a b", "c\"d", "e f", "", "--x=?y"}));
}

TEST(SensorSpec, RefusesNonsenseAndSecrets) {
  for (const char* wrong : {"", "exec", "exec:", "shelly:plug", "shelly://", "tcp://host", "ftp://x",
                            "tcp://h:0", "tcp://h:99999", "serial:/dev/x?baud=fast", "shelly://h?tick=0s",
                            "shelly://h?chanel=1", "shelly://a/b", "shelly://h?domain=wall"}) {
    const auto spec = parse_sensor_spec(wrong);
    ASSERT_FALSE(spec) << wrong;
    EXPECT_EQ(spec.error().code, "sensor.spec") << wrong;
    EXPECT_EQ(spec.error().kind, ErrorKind::usage);
    EXPECT_FALSE(spec.error().cure.empty());
  }
  for (const char* leak : {"redfish://root:calvin@bmc", "redfish://bmc?password=calvin",
                           "redfish://bmc?token=abcdef"}) {
    const auto spec = parse_sensor_spec(leak);
    ASSERT_FALSE(spec) << leak;
    EXPECT_EQ(spec.error().code, "sensor.secret");
    EXPECT_EQ((spec.error().message + spec.error().cure).find("calvin"), std::string::npos);
  }
}

}  // namespace
}  // namespace joulebook
