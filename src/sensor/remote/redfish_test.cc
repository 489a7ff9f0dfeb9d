// BMCs by Redfish, against scripted servers in this process.
#include "sensor/remote/redfish.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/scripted_endpoint.h"
#include "sensor/containment.h"
#include "sensor/remote/test_web.h"

namespace joulebook {
namespace {

using test::Outcomes;
using test::place_of;
using testing::HasSubstr;

std::string collection(const std::vector<std::string>& names) {
  std::string text = R"({"Members":[)";
  for (const auto& name : names) {
    text += (text.back() == '[' ? "" : ",") + std::string(R"({"@odata.id":"/redfish/v1/Chassis/)") +
            name + "\"}";
  }
  return text + "]}";
}

TEST(Redfish, PrefersEnvironmentMetricsOverPower) {
  const ScriptedEndpoint server(
      {ScriptedReply::json(collection({"Self"})),
       ScriptedReply::json(R"({"EnvironmentMetrics":{"@odata.id":"/redfish/v1/Chassis/Self/EnvironmentMetrics"},)"
                           R"("Power":{"@odata.id":"/redfish/v1/Chassis/Self/Power"}})"),
       ScriptedReply::json(R"({"PowerWatts":{"Reading":374.5},"EnergykWh":{"Reading":1234.5}})")});
  const auto meter = redfish_meter(place_of(server), "", "bmc", system_clock());
  ASSERT_TRUE(meter) << meter.error().message;
  EXPECT_EQ(meter->path, "/redfish/v1/Chassis/Self/EnvironmentMetrics");
  ASSERT_EQ(meter->infos.size(), 2U);
  EXPECT_EQ(meter->infos[0].domain, "node:0");
  EXPECT_EQ(meter->infos[1].domain, "node:0.counter");
}

TEST(Redfish, ACounterInJoulesIsPreferred) {
  const auto page = parse_json(R"({"PowerWatts":{"Reading":300},"EnergyJoules":{"Reading":987654}})");
  const auto meter = environment_meter(*page, "/p", "bmc");
  ASSERT_TRUE(meter);
  EXPECT_EQ(meter->infos[0].kind, SensorKind::energy_counter);
  EXPECT_EQ(meter->infos[0].domain, "node:0");
  EXPECT_EQ(meter->infos[1].domain, "node:0.gauge");
  EXPECT_DOUBLE_EQ(meter->extract(*page)[0]->value, 987654);
}

TEST(Redfish, FallsBackToPowerControl) {
  const ScriptedEndpoint server(
      {ScriptedReply::json(collection({"1", "2"})),
       ScriptedReply::json(R"({"EnvironmentMetrics":{"@odata.id":"/redfish/v1/Chassis/1/EnvironmentMetrics"},)"
                           R"("Power":{"@odata.id":"/redfish/v1/Chassis/1/Power"}})"),
       ScriptedReply::json("{}", 404),
       ScriptedReply::json(R"({"PowerControl":[{"PowerConsumedWatts":344,"PowerCapacityWatts":800,)"
                           R"("PowerMetrics":{"IntervalInMin":1,"AverageConsumedWatts":320}}]})"),
       ScriptedReply::json(R"({"Power":{"@odata.id":"/redfish/v1/Chassis/2/Power"}})"),
       ScriptedReply::json(R"({"PowerControl":[{"PowerConsumedWatts":50}]})")});
  const auto meter = redfish_meter(place_of(server), "", "bmc", system_clock());
  ASSERT_TRUE(meter) << meter.error().message;
  EXPECT_EQ(meter->path, "/redfish/v1/Chassis/1/Power");
  EXPECT_DOUBLE_EQ(meter->infos[0].max_watts, 800);
  ASSERT_EQ(meter->notes.size(), 1U);
  EXPECT_THAT(meter->notes[0], HasSubstr("2"));
}

TEST(Redfish, SensorsAreTheLastResort) {
  const ScriptedEndpoint server(
      {ScriptedReply::json(collection({"C"})),
       ScriptedReply::json(R"({"Sensors":{"@odata.id":"/redfish/v1/Chassis/C/Sensors"}})"),
       ScriptedReply::json(R"({"Members":[{"@odata.id":"/redfish/v1/Chassis/C/Sensors/FanSpeed"},)"
                           R"({"@odata.id":"/redfish/v1/Chassis/C/Sensors/TotalPower"}]})"),
       ScriptedReply::json(R"({"ReadingType":"Power","Reading":240,"Accuracy":2,"PhysicalContext":"Chassis"})")});
  const auto meter = redfish_meter(place_of(server), "", "bmc", system_clock());
  ASSERT_TRUE(meter) << meter.error().message;
  EXPECT_EQ(meter->path, "/redfish/v1/Chassis/C/Sensors/TotalPower");
  EXPECT_DOUBLE_EQ(meter->infos[0].accuracy, 0.02);
}

TEST(Redfish, NoPowerAnywhereIsSaid) {
  for (const auto& script : std::vector<std::vector<ScriptedReply>>{
           {ScriptedReply::json(collection({}))},
           {ScriptedReply::json("{}")},
           {ScriptedReply::json(collection({"1"})), ScriptedReply::json("{}")},
           {ScriptedReply::json(R"({"Members":[{"@odata.id":"https://evil.example/x"},{"@odata.id":"//e/x"}]})")}}) {
    const ScriptedEndpoint server(script);
    EXPECT_EQ(redfish_meter(place_of(server), "", "bmc", system_clock()).error().code,
              "sensor.unsupported");
  }
  const ScriptedEndpoint locked({ScriptedReply::json("{}", 401)});
  EXPECT_EQ(redfish_meter(place_of(locked), "", "bmc", system_clock()).error().code,
            "sensor.permission");
}

TEST(Redfish, ZeroNullAndNonsenseAreNoReadings) {
  const auto page = parse_json(R"({"PowerControl":[{"PowerConsumedWatts":344}]})");
  const auto meter = power_meter(*page, "/p", "bmc").value();
  const auto code = [&](const char* text) { return meter.extract(*parse_json(text))[0].error().code; };
  EXPECT_EQ(code(R"({"PowerControl":[{"PowerConsumedWatts":0}]})"), "sensor.malformed");
  EXPECT_EQ(code(R"({"PowerControl":[{"PowerConsumedWatts":null}]})"), "sensor.missing");
  EXPECT_EQ(code(R"({"PowerControl":[{"PowerConsumedWatts":-1}]})"), "sensor.malformed");
  EXPECT_EQ(code(R"({"PowerControl":[]})"), "sensor.missing");
  EXPECT_FALSE(power_meter(*parse_json(R"({"PowerControl":[{"PowerConsumedWatts":null}]})"), "/p", "b"));
}

// PowerMetrics' mean is a reading of its own window, never an instant one.
TEST(Redfish, TheAverageIsLabelledWithItsWindow) {
  const auto page = parse_json(R"({"PowerControl":[{"PowerConsumedWatts":344,"PowerCapacityWatts":800,)"
                               R"("PowerMetrics":{"IntervalInMin":5,"AverageConsumedWatts":320}}]})");
  const auto meter = power_meter(*page, "/p", "bmc").value();
  ASSERT_EQ(meter.infos.size(), 2U);
  const SensorInfo& mean = meter.infos[1];
  EXPECT_EQ(mean.domain, "node:0.average");
  EXPECT_EQ(mean.mirrors, std::vector<std::string>{"node:0"});
  EXPECT_EQ(mean.averaging, Nanos(std::chrono::minutes(5)));
  EXPECT_EQ(mean.tick, Nanos(std::chrono::minutes(5)));
  EXPECT_DOUBLE_EQ(mean.max_watts, 800);
  EXPECT_THAT(mean.method, HasSubstr("mean of 5 min"));
  EXPECT_EQ(meter.infos[0].averaging, Nanos(0));
  EXPECT_DOUBLE_EQ(meter.extract(*page)[1]->value, 320);
  EXPECT_EQ(plan_total(meter.infos).domains, std::vector<std::string>{"node:0"});
  const auto other = parse_json(R"({"PowerControl":[{"PowerConsumedWatts":344,)"
                                R"("PowerMetrics":{"IntervalInMin":10,"AverageConsumedWatts":320}}]})");
  EXPECT_EQ(meter.extract(*other)[1].error().code, "sensor.malformed");
}

TEST(Redfish, TheAverageAloneIsTheMeter) {
  const auto page = parse_json(R"({"PowerControl":[{"PowerConsumedWatts":null,)"
                               R"("PowerMetrics":{"IntervalInMin":1,"AverageConsumedWatts":320}}]})");
  const auto meter = power_meter(*page, "/p", "bmc").value();
  ASSERT_EQ(meter.infos.size(), 1U);
  EXPECT_EQ(meter.infos[0].domain, "node:0");
  EXPECT_EQ(meter.infos[0].averaging, Nanos(std::chrono::minutes(1)));
  EXPECT_DOUBLE_EQ(meter.extract(*page)[0]->value, 320);
  EXPECT_GT(meter.pace.count(), 0);
  for (const char* wrong : {"0", "-1", "1e300", "null", "\"1\"", "1441"}) {
    const std::string text = R"({"PowerControl":[{"PowerMetrics":{"AverageConsumedWatts":320,"IntervalInMin":)" +
                             std::string(wrong) + "}}]}";
    EXPECT_FALSE(power_meter(*parse_json(text), "/p", "bmc")) << wrong;
  }
}

// 16 and 32 bits of ones are IPMI's "not known" handed on: no watts, whatever the step.
TEST(Redfish, AllOnesAreNoReading) {
  for (const char* marked : {"65535", "4294967295"}) {
    for (const bool environment : {true, false}) {
      const std::string text = environment ? R"({"PowerWatts":{"Reading":)" + std::string(marked) + "}}"
                                           : R"({"PowerControl":[{"PowerConsumedWatts":)" +
                                                 std::string(marked) + "}]}";
      const ScriptedEndpoint server({ScriptedReply::json(text)});
      const auto page = parse_json(text);
      auto meter = environment ? environment_meter(*page, "/p", "bmc") : power_meter(*page, "/p", "bmc");
      auto poll = poll_by_hand(web_source(place_of(server), *meter, system_clock()), system_clock());
      poll.exchange();
      const auto reading = poll.sensors[0]->read();
      ASSERT_FALSE(reading) << text;
      EXPECT_EQ(reading.error().code, "sensor.sentinel");
    }
  }
}

// A reading that the BMC made long ago carries its own time, not that of our question.
TEST(Redfish, ItsOwnTimeIsJoinedThroughTheDateOfItsAnswers) {
  ScriptedReply old = ScriptedReply::json(
      R"({"PowerWatts":{"Reading":200,"ReadingTime":"2024-05-05T13:00:00Z"}})");
  old.headers.push_back("Date: Sun, 05 May 2024 13:00:10 GMT");
  const ScriptedEndpoint server({old});
  auto meter = environment_meter(*parse_json(R"({"PowerWatts":{"Reading":200}})"), "/p", "bmc").value();
  const auto source = web_source(place_of(server), std::move(meter), system_clock());
  Outcomes got;
  const StopSignal stop;
  const SteadyTime asked = system_clock().now();
  source->exchange(got, stop);
  const SteadyTime answered = system_clock().now();
  const RawReading& reading = got.readings[0].at(0);
  EXPECT_GT(Seconds(answered - reading.end).count(), 7.5);  // 10 s, less the seconds' own width at both ends
  EXPECT_LT(Seconds(asked - reading.begin).count(), 11.5);
}

}  // namespace
}  // namespace joulebook
