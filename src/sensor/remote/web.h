#pragma once
// Meters that answer HTTP with JSON: one GET a reading. Bodies are at most 1 MiB, redirects are
// followed on the same host alone (at most 3), credentials are sent nowhere else and appear in no
// message.
#include <joulebook/result.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/json.h"
#include "sensor/remote/poller.h"
#include "sensor/remote/spec.h"

namespace joulebook {

inline constexpr std::size_t kMostBody = std::size_t{1} << 20;

// Where, and who asks.
struct WebPlace {
  std::string base;  // "https://bmc.example:443"
  std::string name;  // for messages
  std::string user;
  std::string password;
  bool digest = false;  // the server challenges, and the password itself never travels
  std::string token;  // Redfish session: X-Auth-Token
  std::string ca_file;
  bool insecure = false;
  long patience_s = 5;

  // From a spec's address and its user, password_*, token_*, ca and insecure options.
  // Errors: those of reading a file; input "sensor.secret" where a variable is not set or no secret
  // is named beside a user.
  [[nodiscard]] static Result<WebPlace> from(const SensorSpec& spec, const std::string& protocol);
};

struct WebAnswer {
  Json body;
  SteadyTime begin;  // the request was not sent before
  SteadyTime end;    // the answer was there
  std::int64_t date_ns = 0;  // its Date header; 0: none
};

// Errors: no_reading "sensor.unreachable", "sensor.untrusted", "sensor.permission" (401, 403),
// "sensor.missing" (404), "sensor.redirected", "sensor.malformed" (no JSON, too long), "sensor.lost"
// (other statuses), "sensor.library_missing".
[[nodiscard]] Result<WebAnswer> get_json(const WebPlace& place, const std::string& path,
                                         const Clock& clock, const StopSignal& stop);

// What one channel's value is in an answer, in the SI unit of its sensor.
struct WebValue {
  double value = 0;
  std::int64_t time_ns = 0;  // when it was measured, by the meter's own clock; 0: it does not say
};
using WebExtract = std::function<std::vector<Result<WebValue>>(const Json&)>;

struct WebMeter {
  std::string path;
  std::vector<SensorInfo> infos;
  WebExtract extract;  // one result a channel
  // How old a gauge's value may be when the answer is made; counters need none.
  Nanos age = std::chrono::seconds(1);
  Nanos pace{0};  // at most between two questions; 0: the first sensor's tick
  std::vector<std::string> notes;  // what a person should know about the choice made
};

[[nodiscard]] std::unique_ptr<RemoteSource> web_source(WebPlace place, WebMeter meter, Clock& clock);

// A member that must be a number that is finite and not negative. `what` names it.
// Errors: no_reading "sensor.missing" (not there), "sensor.malformed".
[[nodiscard]] Result<WebValue> number_in(const Json& value, const std::string& what);

}  // namespace joulebook
