#include "sensor/remote/plugs.h"

#include <fmt/format.h>

#include <optional>

#include "core/text.h"
#include "sensor/containment.h"

namespace joulebook {
namespace {

constexpr std::size_t kLongestWord = 64;

struct Traits {
  std::string name;
  double power_step;   // W
  double energy_step;  // J
  Nanos counter_tick;
};

Traits traits(PlugKind kind) {
  switch (kind) {
    case PlugKind::shelly1:
      return {"Shelly, first generation", 0.01, 60, std::chrono::seconds(60)};
    case PlugKind::shelly2:
      return {"Shelly", 0.1, 3.6, std::chrono::seconds(60)};
    case PlugKind::tasmota:
      break;
  }
  return {"Tasmota", 1, 3600, std::chrono::seconds(60)};
}

SensorInfo gauge(const Traits& plug, const std::string& id) {
  SensorInfo info;
  info.id = id + ":power";
  info.domain = "wall:0";
  info.name = plug.name + " plug";
  info.device = id;
  info.kind = SensorKind::power_gauge;
  info.scale = plug.power_step;
  info.tick = std::chrono::seconds(1);
  info.averaging = std::chrono::seconds(1);
  info.method = fmt::format("{} plug over HTTP, power in steps of {:g} W, taken for the mean of 1 s, "
                            "accuracy not stated",
                            plug.name, plug.power_step);
  return info;
}

SensorInfo counter(const Traits& plug, const std::string& id) {
  SensorInfo info = gauge(plug, id);
  info.id = id + ":energy";
  info.domain += kCounterSuffix;
  info.kind = SensorKind::energy_counter;
  info.scale = plug.energy_step;
  info.tick = plug.counter_tick;
  info.averaging = Nanos{0};
  info.method = fmt::format("{} plug over HTTP, counter in steps of {:g} J by the minute", plug.name,
                            plug.energy_step);
  return info;
}

Result<WebValue> scaled_by(Result<WebValue> value, double factor) {
  if (value) value->value *= factor;
  return value;
}

tl::unexpected<Error> unmetered(const std::string& what) {
  return fail(ErrorKind::no_reading, "sensor.unsupported", what + " does not measure power",
              "name another channel=, or a plug that measures");
}

std::vector<Result<WebValue>> shelly1(const Json& page, std::size_t channel) {
  const Json& meter = page["meters"].at(channel);
  if (meter.is_null()) return {unmetered("this channel"), unmetered("this channel")};
  if (!meter["is_valid"].as_bool(true)) {
    const auto invalid = fail(ErrorKind::no_reading, "sensor.malformed",
                              "the plug says that its own reading is not valid",
                              "wait until it has started; see its own page");
    return {invalid, invalid};
  }
  // total counts watt-minutes.
  return {number_in(meter["power"], "power"), scaled_by(number_in(meter["total"], "total"), 60)};
}

// The errors by which a Shelly says that its meter cannot be believed: power_meter_failure and
// out_of_range:... (shelly-api-docs, Gen 2, EM and PM1). The others are about the relay.
std::optional<std::string> meter_error(const Json& page) {
  for (const Json& item : page["errors"].items()) {
    const std::string_view text = item.as_string();
    if (text == "power_meter_failure" || text.starts_with("out_of_range")) {
      return valid_utf8(text.substr(0, kLongestWord));
    }
  }
  return std::nullopt;
}

std::vector<Result<WebValue>> shelly2(const Json& page) {
  if (!page.has("apower")) return {unmetered("this switch"), unmetered("this switch")};
  if (const auto error = meter_error(page)) {
    const auto reported = fail(ErrorKind::no_reading, "sensor.reported",
                               "the plug reports " + *error, "see the plug's own page");
    return {reported, reported};
  }
  return {number_in(page["apower"], "apower"),
          scaled_by(number_in(page["aenergy"]["total"], "aenergy.total"), 3600)};
}

// Several outlets answer with an array of powers.
std::vector<Result<WebValue>> tasmota(const Json& page, std::size_t channel) {
  const Json& energy = page["StatusSNS"]["ENERGY"];
  if (energy.is_null()) return {unmetered("this device"), unmetered("this device")};
  const auto pick = [&](const Json& value) -> const Json& {
    return value.is_array() ? value.at(channel) : value;
  };
  return {number_in(pick(energy["Power"]), "Power"),
          scaled_by(number_in(pick(energy["Total"]), "Total"), 3.6e6)};
}

}  // namespace

WebMeter plug_meter(PlugKind kind, int channel, const std::string& id) {
  const Traits plug = traits(kind);
  const auto index = static_cast<std::size_t>(channel);
  WebMeter meter;
  meter.infos = {gauge(plug, id), counter(plug, id)};
  meter.infos[1].mirrors = {meter.infos[0].domain};
  switch (kind) {
    case PlugKind::shelly1:
      meter.path = "/status";
      meter.extract = [index](const Json& page) { return shelly1(page, index); };
      break;
    case PlugKind::shelly2:
      meter.path = fmt::format("/rpc/Switch.GetStatus?id={}", channel);
      meter.extract = shelly2;
      break;
    case PlugKind::tasmota:
      meter.path = "/cm?cmnd=Status%208";
      meter.extract = [index](const Json& page) { return tasmota(page, index); };
      break;
  }
  return meter;
}

Result<PlugKind> shelly_kind(const WebPlace& place, const Clock& clock) {
  const StopSignal never;
  const auto answer = get_json(place, "/shelly", clock, never);
  if (!answer) return fail(answer.error());
  if (answer->body["gen"].as_int() >= 2) return PlugKind::shelly2;
  if (answer->body.has("type")) return PlugKind::shelly1;
  return fail(ErrorKind::no_reading, "sensor.unsupported", place.name + " does not answer as a Shelly does",
              "see whether the address is right");
}

}  // namespace joulebook
