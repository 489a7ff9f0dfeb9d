// Meters that speak lines, as real programs, over a pseudo-terminal and over a loopback socket.
#include "sensor/remote/line_source.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "core/file_tree.h"
#include "core/text.h"
#include "fakes/loopback_server.h"
#include "fakes/power_plant.h"

namespace joulebook {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr const char* kHead = "echo joulebook-meter 1; echo kind power; echo unit W; echo tick 10ms; ";

class Outcomes final : public ReadingSink {
 public:
  void reading(std::size_t, const RawReading& reading) override { readings.push_back(reading); }
  void absence(std::size_t, const Error& error) override { absences.push_back(error); }
  std::vector<RawReading> readings;
  std::vector<Error> absences;
};

class Programs : public testing::Test {
 protected:
  Programs() : folder_(testing::TempDir() + "lines_" + std::to_string(::getpid())) {
    std::filesystem::create_directories(folder_);
  }
  ~Programs() override { std::filesystem::remove_all(folder_); }

  Result<std::unique_ptr<RemoteSource>> open(const std::string& script) {
    const std::vector<std::string> argv{"/bin/sh", "-c", script};
    return open_line_source([argv] { return start_program(argv); }, "exec:test", system_clock(),
                            patience_);
  }
  // Exchanges until `done` or far too long.
  template <class Done>
  void exchange_until(RemoteSource& source, Done done) {
    const SteadyTime until = system_clock().now() + Nanos(seconds(60));
    while (!done() && system_clock().now() < until) source.exchange(outcomes_, stop_);
  }
  bool complains(const std::string& code) {
    return std::any_of(outcomes_.absences.begin(), outcomes_.absences.end(),
                       [&](const Error& error) { return error.code == code; });
  }

  LinePatience patience_{.first_wait = milliseconds(5)};
  std::string folder_;
  Outcomes outcomes_;
  StopSignal stop_;
};

TEST_F(Programs, ATenLineScriptIsAMeter) {
  auto source = open(std::string(kHead) +
                     "echo domain wall:3; echo accuracy 0.01; while :; do echo 12.5; sleep 0.01; done");
  ASSERT_TRUE(source) << source.error().message;
  const SensorInfo& info = (*source)->infos()[0];
  EXPECT_EQ(info.domain, "wall:3");
  EXPECT_EQ(info.kind, SensorKind::power_gauge);
  EXPECT_DOUBLE_EQ(info.scale, 0.1);  // a digit after the point was printed
  EXPECT_DOUBLE_EQ(info.accuracy, 0.01);
  exchange_until(**source, [&] { return outcomes_.readings.size() >= 3; });
  EXPECT_EQ(outcomes_.readings[2].counts, 125U);
  EXPECT_GT(outcomes_.readings[2].begin, outcomes_.readings[1].begin);
  EXPECT_TRUE(outcomes_.absences.empty());
}

TEST_F(Programs, EnergyInKilowattHoursStatesItsStep) {
  auto source = open(
      "echo joulebook-meter 1; echo kind energy; echo unit kWh; echo 3.217; sleep 100");
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_DOUBLE_EQ((*source)->infos()[0].scale, 3600);
  EXPECT_THAT((*source)->infos()[0].method, HasSubstr("0.001 kWh"));
  exchange_until(**source, [&] { return !outcomes_.readings.empty(); });
  EXPECT_EQ(outcomes_.readings[0].counts, 3217U);
}

// Timestamps of this machine's clocks are joined to steady time exactly or to within a breath.
TEST_F(Programs, TimestampsOfThisMachineAreJoined) {
  auto source = open(std::string(kHead) + "echo clock unix; echo $(date +%s.%N) 7; sleep 100");
  const SteadyTime before = system_clock().now();
  ASSERT_TRUE(source) << source.error().message;
  exchange_until(**source, [&] { return !outcomes_.readings.empty(); });
  const RawReading& reading = outcomes_.readings[0];
  EXPECT_LE(reading.end, system_clock().now());
  EXPECT_GT(reading.end, before - Nanos(seconds(30)));
  EXPECT_LT(reading.end - reading.begin, Nanos(milliseconds(50)));
}

TEST_F(Programs, ATimestampInTheFutureIsNoReading) {
  auto source = open(std::string(kHead) + "echo clock unix; echo 4000000000 7; sleep 100");
  ASSERT_TRUE(source);
  exchange_until(**source, [&] { return !outcomes_.absences.empty(); });
  EXPECT_EQ(outcomes_.absences[0].code, "sensor.malformed");
  EXPECT_TRUE(outcomes_.readings.empty());
}

TEST_F(Programs, ErrorLinesAreAbsencesInTheirOwnWords) {
  auto source = open(std::string(kHead) + "echo 5; echo error the probe is off; sleep 100");
  ASSERT_TRUE(source);
  exchange_until(**source, [&] { return !outcomes_.absences.empty(); });
  EXPECT_EQ(outcomes_.absences[0].code, "sensor.reported");
  EXPECT_THAT(outcomes_.absences[0].message, HasSubstr("the probe is off"));
}

TEST_F(Programs, WhatIsNoReadingIsNamedAndNeverANumber) {
  for (const char* wrong : {"nan", "-5", "inf", "1e99", "9.91E37", "\\0377\\0376", "9999999", "hello"}) {
    auto source = open(std::string(kHead) + "echo max 100; echo 5; sleep 0.05; printf '%b\\n' '" +
                       wrong + "'; sleep 100");
    ASSERT_TRUE(source) << source.error().message;
    outcomes_ = {};
    exchange_until(**source, [&] { return !outcomes_.absences.empty(); });
    ASSERT_FALSE(outcomes_.absences.empty()) << wrong;
    EXPECT_EQ(outcomes_.absences[0].code, "sensor.malformed") << wrong;
    EXPECT_TRUE(is_valid_utf8(outcomes_.absences[0].message));
    EXPECT_LE(outcomes_.readings.size(), 1U);
  }
}

// IEEE 488.2 instruments answer 9.91E37 for "not a number"; others have marks of their own.
TEST_F(Programs, StatedSentinelsAreAbsences) {
  for (const char* mark : {"9.91E37", "6553.5"}) {
    auto source = open(std::string(kHead) + "echo sentinel 9.91E37; echo sentinel 6553.5; echo 5.0; "
                       "sleep 0.05; echo " + mark + "; sleep 100");
    ASSERT_TRUE(source) << source.error().message;
    outcomes_ = {};
    exchange_until(**source, [&] { return !outcomes_.absences.empty(); });
    ASSERT_TRUE(complains("sensor.sentinel")) << mark;
    EXPECT_LE(outcomes_.readings.size(), 1U);
  }
}

TEST_F(Programs, AHalfLineIsNoReading) {
  auto source = open(std::string(kHead) + "echo 5; sleep 0.05; printf 77");
  ASSERT_TRUE(source);
  exchange_until(**source, [&] { return complains("sensor.lost"); });
  for (const auto& reading : outcomes_.readings) EXPECT_EQ(reading.counts, 5U);
}

TEST_F(Programs, OneThatEndsIsStartedAgainAndItsWordsAreKept) {
  auto source = open(std::string(kHead) + "echo 5; echo out of paper >&2; exit 3");
  ASSERT_TRUE(source) << source.error().message;
  exchange_until(**source, [&] { return outcomes_.readings.size() >= 3; });
  EXPECT_GE(outcomes_.readings.size(), 3U);
  ASSERT_TRUE(complains("sensor.lost"));
  EXPECT_THAT(outcomes_.absences[0].message, HasSubstr("exit code 3: out of paper"));
}

TEST_F(Programs, OneThatComesBackAsAnotherMeterIsRefused) {
  const std::string flag = folder_ + "/flag";
  auto source = open(std::string(kHead) + "if [ -e " + flag + " ]; then echo domain wall:9; fi; touch " +
                     flag + "; echo 5");
  ASSERT_TRUE(source);
  exchange_until(**source, [&] { return complains("sensor.malformed"); });
  ASSERT_TRUE(complains("sensor.malformed"));
  EXPECT_EQ(outcomes_.readings.size(), 1U);
}

TEST_F(Programs, OneThatHangsIsStale) {
  patience_.silence = milliseconds(100);
  auto source = open(std::string(kHead) + "echo 5; sleep 1000");
  ASSERT_TRUE(source);
  exchange_until(**source, [&] { return complains("sensor.stale"); });
  EXPECT_TRUE(complains("sensor.stale"));
  exchange_until(**source, [&] { return outcomes_.readings.size() >= 2; });  // it was started again
  EXPECT_GE(outcomes_.readings.size(), 2U);
}

TEST_F(Programs, AFloodIsTakenInSips) {
  auto source = open(std::string(kHead) + "exec yes 41");
  ASSERT_TRUE(source);
  for (int i = 0; i < 20; ++i) (*source)->exchange(outcomes_, stop_);
  EXPECT_GE(outcomes_.readings.size(), 10U);
  EXPECT_LE(outcomes_.readings.size(), 20U);  // the newest of each look
  EXPECT_EQ(outcomes_.readings.back().counts, 41U);
}

TEST_F(Programs, ALineWithoutEndIsCutAndNamed) {
  auto source = open(std::string(kHead) +
                     "echo 5; sleep 0.05; head -c 300000 /dev/zero | tr '\\0' 1; echo; sleep 100");
  ASSERT_TRUE(source);
  exchange_until(**source, [&] { return !outcomes_.absences.empty(); });
  EXPECT_THAT(outcomes_.absences.at(0).message, HasSubstr("longer than 1024 bytes"));
}

TEST_F(Programs, WhatNeverSpeaksIsAnAbsenceWithItsOwnWords) {
  patience_.first_reading = milliseconds(200);
  EXPECT_EQ(open("sleep 1000").error().code, "sensor.stale");
  const auto dead = open("echo no such instrument >&2; exit 9");
  ASSERT_FALSE(dead);
  EXPECT_EQ(dead.error().code, "sensor.lost");
  EXPECT_THAT(dead.error().message, HasSubstr("no such instrument"));
  const auto wrong = open("echo joulebook-meter 1; echo unit bananas; echo 5; sleep 100");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, "sensor.malformed");
  EXPECT_THAT(wrong.error().message, HasSubstr("bananas"));
  const auto none = open_line_source([] { return start_program({"/no/such/program"}); }, "exec:none",
                                     system_clock(), patience_);
  EXPECT_EQ(none.error().code, "sensor.program");
}

TEST_F(Programs, TheWholeFamilyIsEnded) {
  const std::string pids = folder_ + "/pids";
  auto source = open(std::string(kHead) + "sleep 1000 & echo $! > " + pids + "; echo $$ >> " + pids +
                     "; trap '' TERM; echo 5; while :; do sleep 1000; done");
  ASSERT_TRUE(source) << source.error().message;
  source->reset();
  std::ifstream file(pids);
  int pid = 0;
  int seen = 0;
  while (file >> pid) {
    ++seen;
    // Gone, or a zombie that only its adoptive parent can bury.
    for (int i = 0; ::kill(pid, 0) == 0 && i < 400; ++i) {
      const auto stat = read_file("/proc/" + std::to_string(pid) + "/stat");
      if (!stat || stat->find(") Z ") != std::string::npos) break;
      std::this_thread::sleep_for(milliseconds(5));
    }
    const auto stat = read_file("/proc/" + std::to_string(pid) + "/stat");
    EXPECT_TRUE(!stat || stat->find(") Z ") != std::string::npos) << *stat;
  }
  EXPECT_EQ(seen, 2);
}

TEST_F(Programs, ItsCpuTimeIsKnown) {
  auto source = open(std::string(kHead) +
                     "echo 5; i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo 6; sleep 100");
  ASSERT_TRUE(source);
  exchange_until(**source, [&] {
    return !outcomes_.readings.empty() && outcomes_.readings.back().counts == 6;
  });
  EXPECT_GT((*source)->program_cpu_seconds(), 0.005);
}

TEST(Serial, APseudoTerminalIsAMeter) {
  const int master = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  ASSERT_GE(master, 0);
  ASSERT_EQ(::grantpt(master), 0);
  ASSERT_EQ(::unlockpt(master), 0);
  char name[128];
  ASSERT_EQ(::ptsname_r(master, name, sizeof name), 0);
  const std::string path = name;
  // Held open, so that what is written before the meter opens it is kept.
  const int held = ::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
  const std::string text = "joulebook-meter 1\nkind power\nunit mW\n4000\n";
  ASSERT_EQ(::write(master, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  auto source = open_line_source([path] { return open_serial(path, 115200); }, "serial:pty",
                                 system_clock());
  ASSERT_TRUE(source) << source.error().message;
  Outcomes outcomes;
  const StopSignal stop;
  (*source)->exchange(outcomes, stop);
  ASSERT_EQ(outcomes.readings.size(), 1U);
  EXPECT_DOUBLE_EQ(static_cast<double>(outcomes.readings[0].counts) * (*source)->infos()[0].scale, 4);
  source->reset();
  ::close(held);
  ::close(master);
}

TEST(Serial, WhatIsNoSerialLineIsSaid) {
  EXPECT_EQ(open_serial("/no/such/tty", 9600).error().code, "sensor.missing");
  EXPECT_EQ(open_serial("/dev/null", 9600).error().code, "sensor.unsupported");
  EXPECT_EQ(open_serial("/dev/null", 12345).error().code, "sensor.unsupported");
}

// Says one thing to whoever comes.
fakes::LoopbackServer speaker_of(const std::string& text) {
  return fakes::LoopbackServer(
      [text](int peer) { (void)::send(peer, text.data(), text.size(), MSG_NOSIGNAL); });
}

TEST(Tcp, AnAnalyserIsReadAndConnectedToAgain) {
  const auto speaker = speaker_of("joulebook-meter 1\nkind power\nunit kW\n1.25\n");
  auto source = open_line_source([&] { return open_tcp("127.0.0.1", speaker.port()); }, "tcp:test",
                                 system_clock(), {.first_wait = milliseconds(1)});
  ASSERT_TRUE(source) << source.error().message;
  Outcomes outcomes;
  const StopSignal stop;
  for (int i = 0; outcomes.readings.size() < 3 && i < 1000; ++i) (*source)->exchange(outcomes, stop);
  ASSERT_GE(outcomes.readings.size(), 3U);
  EXPECT_DOUBLE_EQ(static_cast<double>(outcomes.readings[0].counts) * (*source)->infos()[0].scale, 1250);
  EXPECT_EQ(outcomes.absences.at(0).code, "sensor.lost");
}

TEST(Tcp, NobodyThereIsSaid) {
  int port = 0;
  {
    const auto speaker = speaker_of("");
    port = speaker.port();
  }
  EXPECT_EQ(open_tcp("127.0.0.1", port).error().code, "sensor.unreachable");
}

}  // namespace
}  // namespace joulebook
