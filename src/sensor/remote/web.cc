#include "sensor/remote/web.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "core/file_tree.h"
#include "core/http.h"
#include "core/text.h"
#include "sensor/remote/foreign_clock.h"
#include "sensor/remote/meter_lines.h"
#include "sensor/remote/times.h"

namespace joulebook {
namespace {

constexpr int kMostRedirects = 3;
constexpr Nanos kSecond = std::chrono::seconds(1);

tl::unexpected<Error> no_reading(std::string code, std::string message, std::string cure) {
  return fail(ErrorKind::no_reading, std::move(code), std::move(message), std::move(cure));
}

// From NAME_file or NAME_env; empty where neither is named.
Result<std::string> secret(const SensorSpec& spec, const std::string& name) {
  if (const auto path = spec.option(name + "_file"); !path.empty()) {
    auto text = read_file(path);
    if (!text) return text;
    return std::string(trim(*text));
  }
  const auto variable = spec.option(name + "_env");
  if (variable.empty()) return std::string();
  const char* value = std::getenv(variable.c_str());
  if (value != nullptr && *value != '\0') return std::string(value);
  return fail(ErrorKind::input, "sensor.secret", "the variable " + valid_utf8(variable) + " is not set",
              "set it to the secret before the start");
}

tl::unexpected<Error> bad_status(const WebPlace& place, long status) {
  const std::string what = fmt::format("{} answers {}", place.name, status);
  if (status == 401 || status == 403) {
    return no_reading("sensor.permission", what + ": it wants other credentials",
                      "name user= and password_file=, or token_file=; an account that may read suffices");
  }
  if (status == 404) {
    return no_reading("sensor.missing", what + ": it has no such page",
                      "see whether it is the kind of meter that was named; a newer firmware");
  }
  return no_reading("sensor.lost", what, "see the meter's own log; it is asked again by itself");
}

tl::unexpected<Error> no_answer(const WebPlace& place, const HttpCall& call) {
  if (!http_missing().empty()) {
    return no_reading("sensor.library_missing", http_missing(), "sudo apt install libcurl4");
  }
  if (call.untrusted) {
    return no_reading("sensor.untrusted", place.name + " shows a certificate that nobody here trusts",
                      "name who signed it with ca=FILE; insecure=1 takes any, and so anybody's answer");
  }
  return no_reading("sensor.unreachable", fmt::format("{} gives no answer: {}", place.name, call.failure),
                    "see whether it is switched on and its address is right");
}

HttpCall request(const WebPlace& place, const std::string& path, const StopSignal& stop) {
  HttpCall call;
  call.url = place.base + path;
  call.user = place.user;
  call.password = place.password;
  call.digest = place.digest;
  if (!place.token.empty()) call.headers.push_back("X-Auth-Token: " + place.token);
  call.ca_file = place.ca_file;
  call.insecure = place.insecure;
  call.total_s = place.patience_s;
  call.cancel = &stop.flag();
  return call;
}

// The path that a Location on the same host names; nothing on another one.
std::optional<std::string> same_host(const WebPlace& place, std::string_view location) {
  if (location.starts_with('/') && !location.starts_with("//")) return std::string(location);
  if (!location.starts_with(place.base)) return std::nullopt;
  location.remove_prefix(place.base.size());
  if (!location.starts_with('/')) return std::nullopt;
  return std::string(location);
}

class WebSource final : public RemoteSource {
 public:
  WebSource(WebPlace place, WebMeter meter, Clock& clock)
      : place_(std::move(place)), meter_(std::move(meter)), clock_(clock) {}
  [[nodiscard]] const std::vector<SensorInfo>& infos() const override { return meter_.infos; }
  [[nodiscard]] Nanos pace() const override {
    const Nanos tick = meter_.infos.front().tick;
    return meter_.pace.count() > 0 ? std::min(meter_.pace, tick) : tick;
  }

  void exchange(ReadingSink& sink, const StopSignal& stop) override {
    const auto answer = get_json(place_, meter_.path, clock_, stop);
    if (stop.is_set()) return;
    if (!answer) {
      for (std::size_t i = 0; i < meter_.infos.size(); ++i) sink.absence(i, answer.error());
      return;
    }
    if (answer->date_ns != 0) foreign_.anchor(answer->date_ns, answer->begin - kSecond, answer->end);
    const auto values = meter_.extract(answer->body);
    for (std::size_t i = 0; i < values.size(); ++i) put(sink, i, values[i], *answer);
  }

 private:
  void put(ReadingSink& sink, std::size_t channel, const Result<WebValue>& value,
           const WebAnswer& answer) {
    if (!value) return sink.absence(channel, value.error());
    const SensorInfo& info = meter_.infos[channel];
    const auto counts = to_counts(value->value, info.scale);
    if (!counts) {
      return sink.absence(channel, {ErrorKind::no_reading, "sensor.malformed",
                                    fmt::format("{} answers {:g}, which is no reading", place_.name,
                                                value->value),
                                    "see the meter's own log"});
    }
    const bool gauge = info.kind == SensorKind::power_gauge;
    RawReading reading{*counts, gauge ? answer.begin - meter_.age : answer.begin, answer.end};
    if (value->time_ns != 0) {
      if (const auto span = foreign_.join(value->time_ns)) {
        // Written to a second: it was measured within the one that follows.
        reading.end = std::min(span->end + kSecond, answer.end);
        reading.begin = std::min(span->begin, reading.end);
      }
    }
    sink.reading(channel, reading);
  }

  WebPlace place_;
  WebMeter meter_;
  Clock& clock_;
  ForeignClock foreign_;
};

}  // namespace

Result<WebPlace> WebPlace::from(const SensorSpec& spec, const std::string& protocol) {
  WebPlace place;
  place.base = protocol + "://" + spec.place + (spec.port != 0 ? fmt::format(":{}", spec.port) : "");
  place.name = spec.id();
  place.user = spec.option("user");
  place.ca_file = spec.option("ca");
  const auto insecure = spec.option("insecure");
  place.insecure = !insecure.empty() && insecure != "0";
  auto password = secret(spec, "password");
  if (!password) return fail(password.error());
  auto token = secret(spec, "token");
  if (!token) return fail(token.error());
  place.password = std::move(*password);
  place.token = std::move(*token);
  if (place.user.empty() == place.password.empty()) return place;
  return fail(ErrorKind::input, "sensor.secret",
              place.user.empty() ? "a password without a user" : "a user without a password",
              "name both user= and password_file=");
}

Result<WebAnswer> get_json(const WebPlace& place, const std::string& path, const Clock& clock,
                           const StopSignal& stop) {
  std::string target = path;
  for (int hop = 0; hop <= kMostRedirects; ++hop) {
    WebAnswer answer;
    std::string body;
    HttpCall call = request(place, target, stop);
    bool too_long = false;
    call.on_body = [&](std::string_view bytes) {
      too_long = body.size() + bytes.size() > kMostBody;
      if (!too_long) body += bytes;
      return !too_long;
    };
    answer.begin = clock.now();
    perform({&call, 1});
    answer.end = clock.now();
    if (too_long) {
      return no_reading("sensor.malformed", place.name + " answers with more than 1 MiB",
                        "see whether it is the kind of meter that was named");
    }
    if (!call.failure.empty() || call.status == 0) return no_answer(place, call);
    if (call.status >= 300 && call.status < 400) {
      const auto next = same_host(place, call.answer_header("location"));
      if (!next) {
        return no_reading("sensor.redirected", place.name + " sends us to another host",
                          "name that host itself if you trust it: credentials are not passed on");
      }
      target = *next;
      continue;
    }
    if (call.status < 200 || call.status >= 300) return bad_status(place, call.status);
    auto json = parse_json(body);
    if (!json) {
      return no_reading("sensor.malformed", place.name + " answers with something that is no JSON",
                        "see whether it is the kind of meter that was named");
    }
    answer.body = std::move(*json);
    answer.date_ns = parse_http_date(call.answer_header("date")).value_or(0);
    return answer;
  }
  return no_reading("sensor.redirected", place.name + " redirects in a circle",
                    "see whether the address is right");
}

Result<WebValue> number_in(const Json& value, const std::string& what) {
  if (value.is_null()) {
    return no_reading("sensor.missing", "the answer holds no " + what,
                      "this meter does not measure it, or its firmware is older");
  }
  const double x = value.as_double(-1);
  if (!value.is_number() || !std::isfinite(x) || x < 0) {
    return no_reading("sensor.malformed", what + " is no number that could be a reading",
                      "see the meter's own log");
  }
  return WebValue{x, 0};
}

std::unique_ptr<RemoteSource> web_source(WebPlace place, WebMeter meter, Clock& clock) {
  return std::make_unique<WebSource>(std::move(place), std::move(meter), clock);
}

}  // namespace joulebook
