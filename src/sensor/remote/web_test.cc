// Meters over HTTP, and plugs, against scripted servers in this process. Each way in which a server is known to
// misbehave (Kepler's mock Redfish server has the same list) is an absence with a reason.
#include "sensor/remote/web.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "sensor/containment.h"
#include "sensor/remote/plugs.h"
#include "sensor/remote/remote.h"
#include "sensor/remote/test_web.h"

namespace joulebook {
namespace {

using test::Outcomes;
using test::place_of;
using testing::HasSubstr;
using testing::Not;

Result<WebAnswer> get(const ScriptedReply& reply) {
  const ScriptedEndpoint server({reply});
  const StopSignal never;
  return get_json(place_of(server), "/x", system_clock(), never);
}

ScriptedReply redirect(const std::string& to) {
  ScriptedReply reply = ScriptedReply::json("{}", 302);
  reply.headers.push_back("Location: " + to);
  return reply;
}

TEST(Web, EveryMisbehaviourIsAnAbsence) {
  EXPECT_EQ(get(ScriptedReply::json("{}", 401)).error().code, "sensor.permission");
  EXPECT_EQ(get(ScriptedReply::json("{}", 403)).error().code, "sensor.permission");
  EXPECT_EQ(get(ScriptedReply::json("{}", 404)).error().code, "sensor.missing");
  EXPECT_EQ(get(ScriptedReply::json("{}", 500)).error().code, "sensor.lost");
  EXPECT_EQ(get(ScriptedReply::json("{}", 503)).error().code, "sensor.lost");
  EXPECT_EQ(get(ScriptedReply::json("<html>login</html>")).error().code, "sensor.malformed");
  EXPECT_EQ(get(ScriptedReply::json("{\"Members\": [")).error().code, "sensor.malformed");
  EXPECT_EQ(get(ScriptedReply::json(std::string(2 << 20, ' '))).error().code, "sensor.malformed");
  ScriptedReply cut = ScriptedReply::json("{\"power\":");
  cut.cut = true;
  EXPECT_EQ(get(cut).error().code, "sensor.unreachable");
  for (const auto& error : {get(ScriptedReply::json("{}", 401)).error(), get(cut).error()}) {
    EXPECT_EQ(error.kind, ErrorKind::no_reading);
    EXPECT_FALSE(error.cure.empty());
  }
}

TEST(Web, SlowAnswersEndByThemselves) {
  ScriptedReply slow = ScriptedReply::json("{}");
  slow.delay = std::chrono::milliseconds(1500);
  const ScriptedEndpoint server({slow});
  WebPlace place = place_of(server);
  place.patience_s = 1;
  const StopSignal never;
  EXPECT_EQ(get_json(place, "/x", system_clock(), never).error().code, "sensor.unreachable");
  StopSignal stop;
  stop.set();
  EXPECT_FALSE(get_json(place, "/x", system_clock(), stop));
}

// Credentials must not follow a redirect to another host.
TEST(Web, RedirectsStayOnTheHost) {
  const ScriptedEndpoint other({ScriptedReply::json(R"({"stolen": 1})")});
  EXPECT_EQ(get(redirect(other.address() + "/y")).error().code, "sensor.redirected");
  EXPECT_EQ(get(redirect("//127.0.0.1/y")).error().code, "sensor.redirected");
  EXPECT_TRUE(other.requests().empty());
  EXPECT_EQ(get(redirect("/again")).error().code, "sensor.redirected");  // for ever
  const ScriptedEndpoint server({redirect("/moved"), ScriptedReply::json(R"({"a": 1})")});
  const StopSignal never;
  const auto answer = get_json(place_of(server), "/x", system_clock(), never);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(server.requests().back().path, "/moved");
}

TEST(Web, CredentialsComeFromFilesAndVariablesAlone) {
  const std::string file = testing::TempDir() + "secret_" + std::to_string(::getpid());
  std::ofstream(file) << "calvin\n";
  auto spec = parse_sensor_spec("redfish+http://127.0.0.1:1?user=root&password_file=" + file).value();
  const WebPlace place = WebPlace::from(spec, "http").value();
  EXPECT_EQ(place.password, "calvin");
  ::setenv("JOULEBOOK_TEST_TOKEN", "abcdef", 1);
  spec = parse_sensor_spec("redfish://bmc?token_env=JOULEBOOK_TEST_TOKEN").value();
  EXPECT_EQ(WebPlace::from(spec, "https")->token, "abcdef");
  spec = parse_sensor_spec("redfish://bmc?token_env=JOULEBOOK_NO_SUCH").value();
  EXPECT_EQ(WebPlace::from(spec, "https").error().code, "sensor.secret");
  spec = parse_sensor_spec("redfish://bmc?user=root").value();
  EXPECT_EQ(WebPlace::from(spec, "https").error().code, "sensor.secret");

  const ScriptedEndpoint server({ScriptedReply::json("{}", 401)});
  WebPlace asks = place_of(server);
  asks.user = "root";
  asks.password = "calvin";
  asks.token = "abcdef";
  const StopSignal never;
  const auto answer = get_json(asks, "/x", system_clock(), never);
  EXPECT_THAT(server.requests().at(0).headers, HasSubstr("Authorization: Basic cm9vdDpjYWx2aW4="));
  EXPECT_THAT(server.requests().at(0).headers, HasSubstr("X-Auth-Token: abcdef"));
  EXPECT_THAT(answer.error().message + answer.error().cure, Not(HasSubstr("calvin")));
  std::remove(file.c_str());
}

// A plug whose power is a known function of how often it was asked.
ScriptedReply shelly2_status(double watts, double wh) {
  return ScriptedReply::json(R"({"id":0,"output":true,"apower":)" + std::to_string(watts) +
                             R"(,"voltage":230.1,"aenergy":{"total":)" + std::to_string(wh) +
                             R"(,"by_minute":[0,0,0],"minute_ts":1700000000}})");
}

TEST(Plugs, AShellyIsFoundAndRead) {
  const ScriptedEndpoint server({ScriptedReply::json(R"({"id":"shellyplusplugs","gen":2})"),
                                 shelly2_status(100.0, 1000), shelly2_status(200.5, 1000.111)});
  const auto kind = shelly_kind(place_of(server), system_clock());
  ASSERT_TRUE(kind) << kind.error().message;
  EXPECT_EQ(*kind, PlugKind::shelly2);
  const auto source = web_source(place_of(server), plug_meter(*kind, 0, "shelly://x"), system_clock());
  ASSERT_EQ(source->infos().size(), 2U);
  EXPECT_EQ(source->infos()[0].domain, "wall:0");
  EXPECT_EQ(source->infos()[1].mirrors, std::vector<std::string>{"wall:0"});
  Outcomes got;
  const StopSignal stop;
  source->exchange(got, stop);
  source->exchange(got, stop);
  EXPECT_EQ(server.requests().back().path, "/rpc/Switch.GetStatus?id=0");
  const auto watts = [&](std::size_t i) {
    return static_cast<double>(got.readings[0].at(i).counts) * source->infos()[0].scale;
  };
  EXPECT_DOUBLE_EQ(watts(0), 100);
  EXPECT_DOUBLE_EQ(watts(1), 200.5);
  const auto& energy = got.readings[1];
  const double joules =
      static_cast<double>(energy.at(1).counts - energy.at(0).counts) * source->infos()[1].scale;
  EXPECT_NEAR(joules, 0.111 * 3600, 1e-6);
}

TEST(Plugs, TheFirstGenerationCountsWattMinutes) {
  const ScriptedEndpoint server({ScriptedReply::json(R"({"type":"SHPLG-S","mac":"x","auth":false})")});
  EXPECT_EQ(*shelly_kind(place_of(server), system_clock()), PlugKind::shelly1);
  const WebMeter meter = plug_meter(PlugKind::shelly1, 0, "x");
  const auto page = parse_json(R"({"meters":[{"power":42.5,"is_valid":true,"total":1000}]})");
  EXPECT_DOUBLE_EQ(meter.extract(*page)[0]->value, 42.5);
  EXPECT_DOUBLE_EQ(meter.extract(*page)[1]->value, 60'000);
  const auto invalid = parse_json(R"({"meters":[{"power":0,"is_valid":false,"total":0}]})");
  EXPECT_EQ(meter.extract(*invalid)[0].error().code, "sensor.malformed");
  EXPECT_EQ(meter.extract(Json::object())[0].error().code, "sensor.unsupported");
}

TEST(Plugs, TasmotaInBothItsForms) {
  const WebMeter meter = plug_meter(PlugKind::tasmota, 1, "x");
  EXPECT_EQ(meter.path, "/cm?cmnd=Status%208");
  auto page = parse_json(R"({"StatusSNS":{"Time":"2024-05-05T12:00:00","ENERGY":{"Total":12.345,"Power":7}}})");
  EXPECT_DOUBLE_EQ(meter.extract(*page)[0]->value, 7);
  EXPECT_NEAR(meter.extract(*page)[1]->value, 12.345 * 3.6e6, 1e-3);
  page = parse_json(R"({"StatusSNS":{"ENERGY":{"Total":[1,2],"Power":[3,4]}}})");
  EXPECT_DOUBLE_EQ(meter.extract(*page)[0]->value, 4);
  page = parse_json(R"({"StatusSNS":{"Time":"x"}})");
  EXPECT_EQ(meter.extract(*page)[0].error().code, "sensor.unsupported");
}

// 0 W of a relay that does not measure is not data, nor is a negative or missing number.
TEST(Plugs, WhatIsNotMeasuredIsNoReading) {
  const WebMeter meter = plug_meter(PlugKind::shelly2, 0, "x");
  const auto code = [&](const char* text) { return meter.extract(*parse_json(text))[0].error().code; };
  EXPECT_EQ(code(R"({"output":true})"), "sensor.unsupported");
  EXPECT_EQ(code(R"({"apower":null})"), "sensor.missing");
  EXPECT_EQ(code(R"({"apower":-3})"), "sensor.malformed");
  EXPECT_EQ(code(R"({"apower":"12"})"), "sensor.malformed");
}

// The meter itself says that it cannot be believed; a relay that is too hot measures all the same.
TEST(Plugs, AShellysOwnErrorsAreAbsences) {
  const WebMeter meter = plug_meter(PlugKind::shelly2, 0, "x");
  const auto values = [&](const char* text) { return meter.extract(*parse_json(text)); };
  for (const char* error : {"power_meter_failure", "out_of_range:apower"}) {
    const std::string page = R"({"apower":0,"aenergy":{"total":5},"errors":[")" + std::string(error) + "\"]}";
    EXPECT_EQ(values(page.c_str())[0].error().code, "sensor.reported");
    EXPECT_EQ(values(page.c_str())[1].error().code, "sensor.reported");
    EXPECT_THAT(values(page.c_str())[0].error().message, HasSubstr(error));
  }
  EXPECT_TRUE(values(R"({"apower":7,"aenergy":{"total":5},"errors":["overtemp"]})")[0]);
}

TEST(Remote, WhatCannotBeOpenedIsAFindingWithItsCure) {
  const ScriptedEndpoint dead({ScriptedReply::json("{}", 500)});
  const std::vector<std::string> specs{
      "redfish+http://127.0.0.1:" + std::to_string(dead.port()), "exec:/no/such/meter --key=s3cret",
      "tcp://127.0.0.1:1", "serial:/no/such/tty", "powermetrics:/no/such/log"};
  const Discovery found = probe_remote(specs, system_clock());
  EXPECT_TRUE(found.sensors.empty());
  ASSERT_EQ(found.findings.size(), specs.size());
  for (const auto& finding : found.findings) {
    EXPECT_EQ(finding.level, Finding::Level::problem);
    EXPECT_FALSE(finding.reason.cure.empty());
    EXPECT_THAT(finding.subject + finding.reason.message, Not(HasSubstr("s3cret")));
  }
}

TEST(Remote, TwoPlugsFeedOneMachine) {
  const ScriptedEndpoint a({ScriptedReply::json(R"({"gen":3})"), shelly2_status(100, 1)});
  const ScriptedEndpoint b({ScriptedReply::json(R"({"gen":2})"), shelly2_status(50, 1)});
  const std::vector<std::string> specs{"shelly://127.0.0.1:" + std::to_string(a.port()),
                                       "shelly://127.0.0.1:" + std::to_string(b.port()) + "?name=second"};
  Discovery found = probe_remote(specs, system_clock());
  ASSERT_EQ(found.sensors.size(), 4U);
  relate(found.sensors);
  std::vector<SensorInfo> infos;
  for (const auto& sensor : found.sensors) infos.push_back(sensor->info());
  EXPECT_EQ(plan_total(infos).domains, (std::vector<std::string>{"wall:0", "wall:1"}));
  EXPECT_EQ(infos[3].domain, "wall:1.counter");
  EXPECT_EQ(infos[3].mirrors, std::vector<std::string>{"wall:1"});
  EXPECT_EQ(found.findings.at(0).reason.code, "sensor.renamed");
  EXPECT_TRUE(found.sensors[2]->read());
}

}  // namespace
}  // namespace joulebook
