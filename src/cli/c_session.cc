#include "cli/c_session.h"

#include "core/text.h"

namespace joulebook {
namespace {

ErrorKind kind_of(int code) {
  for (const ErrorKind kind : {ErrorKind::negative, ErrorKind::usage, ErrorKind::input,
                               ErrorKind::no_reading, ErrorKind::engine, ErrorKind::resource}) {
    if (exit_code(kind) == code) return kind;
  }
  return ErrorKind::input;
}

// Takes a string of the C ABI's over.
Result<Json> taken(char* text) {
  if (text == nullptr) return fail(last_c_error(0));
  auto json = parse_json(text);
  joulebook_free_string(text);
  return json;
}

}  // namespace

Error last_c_error(int code) {
  const Json error = parse_json(joulebook_last_error()).value_or(Json());
  if (code == 0) code = static_cast<int>(error["exit_code"].as_int());
  return {kind_of(code), std::string(error["code"].as_string("unknown")),
          std::string(error["message"].as_string("the call failed")),
          std::string(error["cure"].as_string())};
}

Result<CSession> CSession::open(const Json& options) {
  joulebook_session* session = joulebook_open(options.dump().c_str());
  if (session == nullptr) return fail(last_c_error(0));
  return CSession(session);
}

Result<Json> CSession::run(const std::vector<std::string>& argv, bool stdout_to_stderr) {
  std::vector<const char*> raw;
  for (const auto& arg : argv) raw.push_back(arg.c_str());
  char* outcome = nullptr;
  const int code = joulebook_run(session_.get(), static_cast<int>(raw.size()), raw.data(),
                                 stdout_to_stderr ? 1 : 0, &outcome);
  if (code != 0) return fail(last_c_error(code));
  return taken(outcome);
}

Result<Json> CSession::report() { return taken(joulebook_report_json(session_.get())); }
Result<Json> CSession::sensors() { return taken(joulebook_sensors_json(session_.get())); }

Status CSession::lap(const std::string& name) {
  const int code = joulebook_lap(session_.get(), name.c_str());
  if (code != 0) return fail(last_c_error(code));
  return {};
}

Result<Json> CSession::window(const std::string& name) {
  return taken(joulebook_window_json(session_.get(), name.c_str()));
}

Result<Json> CSession::watched() { return taken(joulebook_watched_json(session_.get())); }

Json session_options(const Context& context) {
  Json options = Json::object(
      {{"sysroot", context.settings.get("sysroot")},
       {"period_ms", static_cast<std::int64_t>(context.settings.get_int("period_ms"))}});
  Json only = Json::array();
  const SensorChoice choice = context.sensor_choice();
  for (const auto& id : choice.only) only.push(id);
  options.set("sensors", std::move(only));
  if (choice.perf) options.set("perf", *choice.perf);
  if (const auto specs = context.sensor_specs(); !specs.empty()) {
    Json meters = Json::array();
    for (const auto& spec : specs) meters.push(spec);
    options.set("meters", std::move(meters));
  }
  Json devices = Json::array();
  for (const auto& device : context.devices) devices.push(device);
  options.set("devices", std::move(devices));
  options.set("calibration", context.settings.get("calibration"));
  return options;
}

}  // namespace joulebook
