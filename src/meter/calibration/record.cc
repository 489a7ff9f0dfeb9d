#include "meter/calibration/record.h"

#include <cmath>

#include "core/version.h"
#include "sensor/containment.h"

namespace joulebook {
namespace {

// A reader of members that remembers the first failure.
class Reader {
 public:
  Quantity quantity(const Json& json) {
    auto q = quantity_from_json(json);
    if (q) return std::move(*q);
    broken_ = true;
    return {};
  }
  std::string text(const Json& json) {
    if (!json.is_string()) broken_ = true;
    return std::string(json.as_string());
  }
  std::int64_t whole(const Json& json) {
    if (!json.is_int()) broken_ = true;
    return json.as_int();
  }
  int small(const Json& json) {
    const std::int64_t n = whole(json);
    if (n < 0 || n > 1'000'000) broken_ = true;
    return static_cast<int>(n);
  }
  SensorKind kind(const Json& json) {
    for (const auto each :
         {SensorKind::energy_counter, SensorKind::power_gauge, SensorKind::busy_time}) {
      if (json.as_string() == to_string(each)) return each;
    }
    broken_ = true;
    return {};
  }
  [[nodiscard]] bool broken() const { return broken_; }

 private:
  bool broken_ = false;
};

Json sensor_json(const SensorCalibration& s) {
  const bool gpu = domain_kind(s.domain) == "gpu" || domain_kind(s.domain) == "gpu-memory" ||
                   domain_kind(s.domain) == "module";
  Json response = Json::array();
  for (const auto& point : s.response) {
    const char* busy = gpu ? "busy_multiprocessors" : "busy_threads";
    response.push(Json::object({{busy, point.busy}, {"power", to_json(point.power)}}));
  }
  return Json::object({{"id", s.id},
                       {"domain", s.domain},
                       {"kind", to_string(s.kind)},
                       {"tick", to_json(s.tick)},
                       {"averaging", to_json(s.averaging)},
                       {"lag", to_json(s.lag)},
                       {"duty", to_json(s.duty)},
                       {"idle", to_json(s.idle)},
                       {"idle_context", s.context.present() || s.context.reason ? to_json(s.context) : Json()},
                       {"idle_slope", to_json(s.slope)},
                       {"temperature", to_json(s.celsius)},
                       {"response", std::move(response)}});
}

SensorCalibration read_sensor(const Json& json, Reader& read) {
  SensorCalibration s;
  s.id = read.text(json["id"]);
  s.domain = read.text(json["domain"]);
  s.kind = read.kind(json["kind"]);
  s.tick = read.quantity(json["tick"]);
  s.averaging = read.quantity(json["averaging"]);
  s.lag = read.quantity(json["lag"]);
  s.duty = read.quantity(json["duty"]);
  s.idle = read.quantity(json["idle"]);
  if (!json["idle_context"].is_null()) s.context = read.quantity(json["idle_context"]);
  s.slope = read.quantity(json["idle_slope"]);
  s.celsius = read.quantity(json["temperature"]);
  for (const auto& point : json["response"].items()) {
    const Json& gpu = point["busy_multiprocessors"];
    s.response.push_back({read.small(gpu.is_null() ? point["busy_threads"] : gpu),
                          read.quantity(point["power"])});
  }
  return s;
}

Json work_json(const WorkCalibration& w) {
  Json power = Json::array();
  for (const auto& each : w.power) {
    power.push(Json::object({{"domain", each.domain}, {"power", to_json(each.power)}}));
  }
  return Json::object({{"kind", w.kind},
                       {"device", w.device},
                       {"threads", w.threads},
                       {"working_set_bytes", w.working_set},
                       {"rate", to_json(w.rate)},
                       {"power", std::move(power)}});
}

WorkCalibration read_work(const Json& json, Reader& read) {
  WorkCalibration w;
  w.kind = read.text(json["kind"]);
  if (!json["device"].is_null()) w.device = read.text(json["device"]);
  w.threads = read.small(json["threads"]);
  w.working_set = read.whole(json["working_set_bytes"]);
  w.rate = read.quantity(json["rate"]);
  for (const auto& each : json["power"].items()) {
    w.power.push_back({read.text(each["domain"]), read.quantity(each["power"])});
  }
  return w;
}

Json header_json(const Calibration& c) {
  return Json::object(
      {{"machine", Json::object({{"cpu", c.machine.cpu},
                                 {"threads", c.machine.threads},
                                 {"kernel", c.machine.kernel}})},
       {"joulebook", Json::object({{"version", build_version()}, {"commit", build_commit()}})},
       {"measured_utc", c.measured_utc},
       {"measured_ns", c.measured_ns},
       {"duration_s", c.duration_s},
       {"quick", c.quick}});
}

}  // namespace

const SensorCalibration* Calibration::find(std::string_view sensor) const {
  for (const auto& each : sensors) {
    if (each.id == sensor) return &each;
  }
  return nullptr;
}

Json to_json(const Calibration& c) {
  Json out = header_json(c);
  Json sensors = Json::array();
  for (const auto& sensor : c.sensors) sensors.push(sensor_json(sensor));
  Json work = Json::array();
  for (const auto& each : c.work) work.push(work_json(each));
  Json warnings = Json::array();
  for (const auto& warning : c.warnings) warnings.push(warning);
  out.set("sensors", std::move(sensors)).set("work", std::move(work));
  out.set("gpu", c.gpu.code.empty() ? Json() : to_json(c.gpu));
  out.set("warnings", std::move(warnings));
  return out;
}

Result<Calibration> calibration_from_json(const Json& json) {
  Reader read;
  Calibration c;
  const Json& machine = json["machine"];
  c.machine = {read.text(machine["cpu"]), read.small(machine["threads"]),
               read.text(machine["kernel"])};
  c.measured_utc = read.text(json["measured_utc"]);
  c.measured_ns = read.whole(json["measured_ns"]);
  c.duration_s = json["duration_s"].as_double();
  c.quick = json["quick"].as_bool();
  for (const auto& sensor : json["sensors"].items()) {
    c.sensors.push_back(read_sensor(sensor, read));
  }
  for (const auto& work : json["work"].items()) c.work.push_back(read_work(work, read));
  if (!json["gpu"].is_null()) {
    c.gpu = {read.text(json["gpu"]["code"]), read.text(json["gpu"]["message"]),
             read.text(json["gpu"]["cure"])};
  }
  for (const auto& warning : json["warnings"].items()) c.warnings.push_back(read.text(warning));
  if (!read.broken()) return c;
  return fail(ErrorKind::input, "calibration.malformed", "a calibration on file makes no sense",
              "run `joulebook calibrate` again");
}

}  // namespace joulebook
