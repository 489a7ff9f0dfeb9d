#include "sensor/remote/ipmi.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "core/file_tree.h"

namespace joulebook {
namespace {

using testing::HasSubstr;

std::string sample(const std::string& name) {
  return read_file(std::string(SENSOR_SAMPLES) + "/remote/" + name).value();
}

TEST(Dcmi, IsReadInBothForms) {
  const auto older = parse_dcmi(sample("dcmi-1.8.18.txt"));
  ASSERT_TRUE(older) << older.error().message;
  EXPECT_DOUBLE_EQ(older->watts, 220);
  EXPECT_DOUBLE_EQ(older->least, 45);
  EXPECT_DOUBLE_EQ(older->most, 612);
  EXPECT_DOUBLE_EQ(older->average, 218);
  EXPECT_EQ(older->period, Nanos(std::chrono::seconds(1)));
  const auto newer = parse_dcmi(sample("dcmi-1.8.19.txt"));
  ASSERT_TRUE(newer) << newer.error().message;
  EXPECT_DOUBLE_EQ(newer->watts, 214);
  EXPECT_EQ(newer->period, Nanos(std::chrono::seconds(1)));
}

TEST(Dcmi, SwitchedOffZeroAndNonsenseAreNoReadings) {
  const auto off = parse_dcmi("    Instantaneous power reading:   0 Watts\n    Power reading state is:  deactivated\n");
  EXPECT_EQ(off.error().code, "sensor.deactivated");
  EXPECT_EQ(parse_dcmi("Instantaneous power reading: 0 Watts\nPower reading state is: activated").error().code,
            "sensor.malformed");
  for (const char* wrong : {"", "Instantaneous power reading", "Instantaneous power reading: watts",
                            "Instantaneous power reading: -5 Watts", "Instantaneous power reading: 99999999 Watts"}) {
    EXPECT_EQ(parse_dcmi(wrong).error().code, "sensor.malformed") << wrong;
  }
}

// A stand-in for ipmitool in front of PATH.
class FakeTool : public testing::Test {
 protected:
  FakeTool() : folder_(testing::TempDir() + "ipmi_" + std::to_string(::getpid())) {
    std::filesystem::create_directories(folder_);
    before_ = std::getenv("PATH");
    ::setenv("PATH", (folder_ + ":" + before_).c_str(), 1);
  }
  ~FakeTool() override {
    ::setenv("PATH", before_.c_str(), 1);
    std::filesystem::remove_all(folder_);
  }
  void tool(const std::string& script) {
    const std::string path = folder_ + "/ipmitool";
    std::ofstream(path) << "#!/bin/sh\n" << script;
    ::chmod(path.c_str(), 0755);
  }
  Result<std::unique_ptr<RemoteSource>> open(const std::string& spec = "ipmi:") {
    return open_ipmi(parse_sensor_spec(spec).value(), system_clock());
  }
  std::string folder_;
  std::string before_;
};

class Last final : public ReadingSink {
 public:
  void reading(std::size_t, const RawReading& r) override { reading_ = r; }
  void absence(std::size_t, const Error& e) override { error = e; }
  RawReading reading_;
  Error error;
};

TEST_F(FakeTool, IsAskedOutOfProcess) {
  tool("[ \"$*\" = 'dcmi power reading' ] || exit 9\ncat " + std::string(SENSOR_SAMPLES) +
       "/remote/dcmi-1.8.18.txt\n");
  const auto source = open("ipmi:?accuracy=0.03&tick=2s");
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_EQ((*source)->infos()[0].domain, "node:0");
  EXPECT_DOUBLE_EQ((*source)->infos()[0].accuracy, 0.03);
  EXPECT_EQ((*source)->pace(), Nanos(std::chrono::seconds(2)));
  Last last;
  const StopSignal stop;
  (*source)->exchange(last, stop);
  EXPECT_EQ(last.reading_.counts, 220U);
  tool("echo 'Could not open device at /dev/ipmi0' >&2; exit 1\n");
  (*source)->exchange(last, stop);
  EXPECT_EQ(last.error.code, "sensor.permission");
  EXPECT_GT((*source)->program_cpu_seconds(), 0);
}

// Firmware without a meter answers 65535 W (xapi-project/xen-api #5561), or 0.
TEST_F(FakeTool, SixteenOnesAreNoReading) {
  tool("echo 'Instantaneous power reading: 65535 Watts'; echo 'Power reading state is: activated'\n");
  auto source = open();
  ASSERT_TRUE(source) << source.error().message;
  const ManualPoll poll = poll_by_hand(std::move(*source), system_clock());
  poll.exchange();
  const auto reading = poll.sensors[0]->read();
  ASSERT_FALSE(reading);
  EXPECT_EQ(reading.error().code, "sensor.sentinel");
  EXPECT_THAT(reading.error().message, HasSubstr("65535"));
}

TEST_F(FakeTool, ItsFailuresAreNamed) {
  tool("echo 'DCMI request failed because: Invalid command (c1)' >&2; exit 1\n");
  const auto unsupported = open();
  EXPECT_EQ(unsupported.error().code, "sensor.unsupported");
  EXPECT_THAT(unsupported.error().message, HasSubstr("Invalid command"));
  tool("yes garbage\n");  // without end: what is taken of it is bounded
  EXPECT_FALSE(open());
}

TEST(NoTool, IsSaid) {
  const std::string before = std::getenv("PATH");
  ::setenv("PATH", "/no/such/folder", 1);
  const auto source = open_ipmi(parse_sensor_spec("ipmi:").value(), system_clock());
  ::setenv("PATH", before.c_str(), 1);
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, "sensor.program");
  EXPECT_THAT(source.error().cure, HasSubstr("apt install ipmitool"));
}

}  // namespace
}  // namespace joulebook
