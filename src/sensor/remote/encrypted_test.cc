// Meters over TLS and with digest authentication, against a real server on loopback
// (tests/fakes/web_meter.py): who is believed, who is not, and what is said about it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "sensor/remote/byte_stream.h"
#include "sensor/remote/plugs.h"
#include "sensor/remote/remote.h"
#include "sensor/remote/web.h"

namespace joulebook {
namespace {

using testing::HasSubstr;
using testing::Not;

class Encrypted : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = testing::TempDir() + "web_meter_" + std::to_string(::getpid());
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ + "/password") << "joule\n";
    std::ofstream(folder_ + "/wrong") << "watt\n";
    auto started = start_program({"python3", WEB_METER, folder_});
    ASSERT_TRUE(started) << started.error().message;
    server_ = std::move(*started);
    const StopSignal never;
    std::string line;
    for (int i = 0; line.find('\n') == line.npos && i < 600; ++i) {
      if (server_->read(line, std::chrono::seconds(1), never) == ByteStream::Got::end) break;
    }
    std::istringstream(line) >> plain_ >> here_ >> elsewhere_ >> ca_ >> other_ca_;
    ASSERT_FALSE(other_ca_.empty()) << server_->complaint();
  }
  static void TearDownTestSuite() {
    server_.reset();
    std::filesystem::remove_all(folder_);
  }
  static Discovery probe(const std::string& scheme, const std::string& port, const std::string& options) {
    const std::vector<std::string> specs{scheme + "://127.0.0.1:" + port + options};
    return probe_remote(specs, system_clock());
  }
  static std::string problem(const Discovery& found) {
    return found.sensors.empty() && found.findings.size() == 1 ? found.findings[0].reason.code : "";
  }

  static inline std::unique_ptr<ByteStream> server_;
  static inline std::string folder_, plain_, here_, elsewhere_, ca_, other_ca_;
};

double watts(Sensor& sensor) {
  const auto reading = sensor.read();
  return reading ? static_cast<double>(reading->counts) * sensor.info().scale : -1;
}

TEST_F(Encrypted, ABmcWhoseSignerIsNamedIsRead) {
  const Discovery found = probe("redfish", here_, "?ca=" + ca_);
  ASSERT_EQ(found.sensors.size(), 1U) << found.findings.at(0).reason.message;
  EXPECT_DOUBLE_EQ(watts(*found.sensors[0]), 374.5);
  EXPECT_TRUE(found.findings.empty());
  EXPECT_THAT(found.sensors[0]->info().method, Not(HasSubstr("certificate")));
}

TEST_F(Encrypted, AnUnknownSignerIsRefused) {
  const Discovery found = probe("redfish", here_, "");
  EXPECT_EQ(problem(found), "sensor.untrusted");
  EXPECT_THAT(found.findings.at(0).reason.cure, HasSubstr("ca=FILE"));
  EXPECT_EQ(problem(probe("redfish", here_, "?ca=" + other_ca_)), "sensor.untrusted");
  EXPECT_EQ(problem(probe("redfish", here_, "?insecure=0")), "sensor.untrusted");
}

// The right signer of the wrong host: somebody stands between.
TEST_F(Encrypted, ACertificateOfAnotherHostIsRefused) {
  EXPECT_EQ(problem(probe("redfish", elsewhere_, "?ca=" + other_ca_)), "sensor.untrusted");
}

TEST_F(Encrypted, WhatIsTakenUncheckedIsSaid) {
  const Discovery found = probe("redfish", elsewhere_, "?insecure=1");
  ASSERT_EQ(found.sensors.size(), 1U);
  EXPECT_DOUBLE_EQ(watts(*found.sensors[0]), 374.5);
  ASSERT_EQ(found.findings.size(), 1U);
  EXPECT_EQ(found.findings[0].reason.code, "sensor.insecure");
  EXPECT_THAT(found.sensors[0]->info().method, HasSubstr("certificate not checked"));
}

TEST_F(Encrypted, WhatSpeaksNoTlsIsUnreachable) {
  EXPECT_EQ(problem(probe("redfish", plain_, "?insecure=1")), "sensor.unreachable");
}

// A Shelly of the second generation challenges: the password never travels, so a plain line will do.
TEST_F(Encrypted, AShellyIsReadByDigest) {
  const std::string secret = "user=admin&password_file=" + folder_ + "/password";
  const Discovery bare = probe("shelly", plain_, "?" + secret);
  ASSERT_EQ(bare.sensors.size(), 2U) << bare.findings.at(0).reason.message;
  EXPECT_DOUBLE_EQ(watts(*bare.sensors[0]), 42);
  EXPECT_NEAR(watts(*bare.sensors[1]), 1234.5 * 3600, 3.6);
  EXPECT_TRUE(bare.findings.empty());
  const Discovery both = probe("shelly+https", here_, "?ca=" + ca_ + "&" + secret);
  ASSERT_EQ(both.sensors.size(), 2U);
  EXPECT_DOUBLE_EQ(watts(*both.sensors[0]), 42);
}

TEST_F(Encrypted, AWrongPasswordAndNoneAreAbsences) {
  for (const std::string& options : {std::string(), "?user=admin&password_file=" + folder_ + "/wrong"}) {
    const Discovery found = probe("shelly", plain_, options);
    ASSERT_EQ(found.sensors.size(), 2U);
    const auto reading = found.sensors[0]->read();
    ASSERT_FALSE(reading);
    EXPECT_EQ(reading.error().code, "sensor.permission");
    EXPECT_THAT(reading.error().message + reading.error().cure, Not(HasSubstr("watt\n")));
  }
}

// The Date by which a foreign clock is joined is that of the answer, not of the challenge.
TEST_F(Encrypted, TheChallengesHeadersAreNotTheAnswers) {
  WebPlace place;
  place.base = "http://127.0.0.1:" + plain_;
  place.name = "plug";
  place.user = "admin";
  place.password = "joule";
  place.digest = true;
  const StopSignal never;
  const auto answer = get_json(place, "/rpc/Switch.GetStatus?id=0", system_clock(), never);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_GT(answer->date_ns, 0);
  EXPECT_DOUBLE_EQ(answer->body["apower"].as_double(), 42);
}

}  // namespace
}  // namespace joulebook
