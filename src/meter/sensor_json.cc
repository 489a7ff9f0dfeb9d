#include "meter/sensor_json.h"

#include <cmath>

#include "core/json_strings.h"
#include "core/nanos.h"

namespace joulebook {
namespace {

std::optional<SensorKind> kind_from(std::string_view text) {
  for (const auto kind :
       {SensorKind::energy_counter, SensorKind::power_gauge, SensorKind::busy_time}) {
    if (to_string(kind) == text) return kind;
  }
  return std::nullopt;
}

// A range near 2^64 is not exact as a JSON number, so it travels as text.
std::uint64_t count_from(const Json& json) {
  return static_cast<std::uint64_t>(
      std::strtoull(std::string(json.as_string()).c_str(), nullptr, 10));
}

Json counts(const std::vector<std::uint64_t>& list) {
  Json out = Json::array();
  for (const std::uint64_t item : list) out.push(std::to_string(item));
  return out;
}

bool sane(const SensorInfo& info) {
  return !info.id.empty() && std::isfinite(info.scale) && info.scale > 0 && info.duty > 0 &&
         info.duty <= 1 && info.tick.count() >= 0 && info.averaging.count() >= 0;
}

}  // namespace

Json sensor_to_json(const SensorInfo& info) {
  return Json::object({{"id", info.id},
                       {"domain", info.domain},
                       {"name", info.name},
                       {"device", info.device},
                       {"kind", to_string(info.kind)},
                       {"scale", info.scale},
                       {"range", std::to_string(info.range)},
                       {"resolution", std::to_string(info.resolution)},
                       {"tick_ns", std::int64_t{info.tick.count()}},
                       {"averaging_ns", std::int64_t{info.averaging.count()}},
                       {"duty", info.duty},
                       {"accuracy", info.accuracy},
                       {"max_watts", info.max_watts},
                       {"sentinels", counts(info.sentinels)},
                       {"tier", to_string(info.tier)},
                       {"method", info.method},
                       {"contains", strings(info.contains)},
                       {"mirrors", strings(info.mirrors)},
                       {"may_contain", strings(info.may_contain)}});
}

Result<SensorInfo> sensor_from_json(const Json& json) {
  const auto kind = kind_from(json["kind"].as_string());
  const auto tier = tier_from_string(json["tier"].as_string());
  SensorInfo info;
  info.id = json["id"].as_string();
  info.domain = json["domain"].as_string();
  info.name = json["name"].as_string();
  info.device = json["device"].as_string();
  info.kind = kind.value_or(SensorKind::energy_counter);
  info.scale = json["scale"].as_double();
  info.range = count_from(json["range"]);
  info.resolution = count_from(json["resolution"]);
  info.tick = Nanos(json["tick_ns"].as_int(-1));
  info.averaging = Nanos(json["averaging_ns"].as_int(-1));
  info.duty = json["duty"].as_double();
  info.accuracy = json["accuracy"].as_double();
  info.max_watts = json["max_watts"].as_double();
  for (const auto& item : json["sentinels"].items()) info.sentinels.push_back(count_from(item));
  info.tier = tier.value_or(Tier::measured);
  info.method = json["method"].as_string();
  info.contains = strings(json["contains"]);
  info.mirrors = strings(json["mirrors"]);
  info.may_contain = strings(json["may_contain"]);
  if (kind && tier && sane(info)) return info;
  return fail(ErrorKind::input, "trace.malformed", "a sensor's description makes no sense",
              "record the trace again");
}

Json to_json(const ReadCost& cost) {
  if (cost.elsewhere) return Json::object({{"by", "poller"}});
  if (cost.each <= Nanos{0}) return {};
  return Json::object({{"by", "meter"}, {"cpu_s", Seconds(cost.each).count()}, {"interval_s", Seconds(cost.interval).count()}});
}

ReadCost read_cost_from_json(const Json& json) {
  return {nanos(json["cpu_s"].as_double(0)), nanos(json["interval_s"].as_double(0)), json["by"].as_string() == "poller"};
}

}  // namespace joulebook
