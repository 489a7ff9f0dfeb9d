#include "sensor/remote/spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "core/text.h"
#include "sensor/remote/meter_lines.h"

namespace joulebook {
namespace {

const std::vector<std::string> kSchemes{
    "exec",   "serial",       "tcp",     "ipmi",          "redfish",     "redfish+http",
    "shelly", "shelly+https", "tasmota", "tasmota+https", "powermetrics"};
const std::vector<std::string> kOptions{
    "domain", "name", "tick",     "averages", "accuracy",      "max",          "baud",       "channel",
    "user",   "ca",   "insecure", "chassis",  "password_file", "password_env", "token_file", "token_env",
    "host"};

tl::unexpected<Error> wrong(std::string_view text, const std::string& why, std::string cure) {
  return fail(ErrorKind::usage, "sensor.spec",
              fmt::format("--sensor {}: {}", valid_utf8(text.substr(0, text.find('?'))), why),
              std::move(cure));
}

// "%2F" and its like; a lone % stays.
std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digit = [&](std::size_t at) {
      static constexpr std::string_view kHex = "0123456789abcdef";
      return at < text.size() ? kHex.find(lower(text.substr(at, 1))) : kHex.npos;
    };
    const std::size_t high = digit(i + 1);
    const std::size_t low = digit(i + 2);
    if (text[i] == '%' && high != std::string::npos && low != std::string::npos) {
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

Status check_option(std::string_view text, const std::string& key, const std::string& value) {
  if (key == "password" || key == "token") {
    return fail(ErrorKind::usage, "sensor.secret", "a secret does not belong on a command line",
                fmt::format("put it into a file of your own and write {}_file=FILE, or into a "
                            "variable and write {}_env=NAME",
                            key, key));
  }
  if (std::find(kOptions.begin(), kOptions.end(), key) == kOptions.end()) {
    const auto close = nearest(key, kOptions);
    return wrong(text, "there is no option " + valid_utf8(key),
                 close ? "did you mean " + *close + "?" : "leave it out");
  }
  const bool duration = key == "tick" || key == "averages";
  const bool number = key == "accuracy" || key == "max" || key == "baud" || key == "channel";
  const auto parsed = parse_double(value);
  if ((duration && !parse_duration(value)) || (key == "tick" && parse_duration(value) < Nanos(1'000'000)) ||
      (number && !(parsed && *parsed >= 0 && *parsed <= 1e9)) || (key == "accuracy" && *parsed >= 1)) {
    return wrong(text, fmt::format("{} cannot be '{}'", key, valid_utf8(value)),
                 "see docs/sensors/remote.md");
  }
  return {};
}

bool over_the_net(std::string_view scheme) {
  static constexpr std::array<std::string_view, 7> kNet{
      "tcp", "redfish", "redfish+http", "shelly", "shelly+https", "tasmota", "tasmota+https"};
  return std::find(kNet.begin(), kNet.end(), scheme) != kNet.end();
}

// "//HOST[:PORT]" into place and port.
Status split_address(std::string_view text, SensorSpec& spec) {
  std::string_view place = spec.place;
  if (!place.starts_with("//")) {
    return wrong(text, "an address is missing", "write " + spec.scheme + "://HOST");
  }
  place.remove_prefix(2);
  if (place.find('@') != place.npos) {
    return fail(ErrorKind::usage, "sensor.secret", "a user or password does not belong into the address",
                "write ?user=NAME&password_file=FILE");
  }
  while (place.ends_with('/')) place.remove_suffix(1);
  const auto colon = place.rfind(':');
  const bool bracketed = place.ends_with(']');
  if (colon != place.npos && !bracketed) {
    const auto port = parse_uint(place.substr(colon + 1));
    if (!port || *port == 0 || *port > 65535) return wrong(text, "the port is no port", "1 to 65535");
    spec.port = static_cast<int>(*port);
    place = place.substr(0, colon);
  }
  if (place.empty() || place.find_first_of("/ \t\"\\") != place.npos) {
    return wrong(text, "the address is no host", "write " + spec.scheme + "://HOST");
  }
  if (spec.scheme == "tcp" && spec.port == 0) {
    return wrong(text, "the port is missing", "write tcp://HOST:PORT");
  }
  spec.place = std::string(place);
  return {};
}

}  // namespace

std::string SensorSpec::id() const {
  std::string out = scheme + (over_the_net(scheme) ? "://" : ":") + place;
  if (port != 0) out += ":" + std::to_string(port);
  return valid_utf8(out);
}

std::string SensorSpec::option(const std::string& key, const std::string& fallback) const {
  const auto it = options.find(key);
  return it == options.end() ? fallback : it->second;
}

std::vector<std::string> SensorSpec::words() const {
  std::vector<std::string> out;
  std::string word;
  bool any = false;
  char quote = 0;
  for (std::size_t i = 0; i < place.size(); ++i) {
    const char c = place[i];
    if (quote != 0 && c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
      any = true;
    } else if (c == '\\' && quote != '\'' && i + 1 < place.size()) {
      word += place[++i];
      any = true;
    } else if (quote == 0 && (c == ' ' || c == '\t')) {
      if (any) out.push_back(std::exchange(word, {}));
      any = false;
    } else {
      word += c;
      any = true;
    }
  }
  if (any) out.push_back(word);
  return out;
}

void SensorSpec::adjust(SensorInfo& info) const {
  if (const auto domain = option("domain"); !domain.empty()) info.domain = domain;
  if (const auto name = option("name"); !name.empty()) info.name = valid_utf8(name);
  if (const auto tick = parse_duration(option("tick"))) info.tick = *tick;
  if (const auto averages = parse_duration(option("averages"))) info.averaging = *averages;
  if (const auto accuracy = parse_double(option("accuracy"))) info.accuracy = *accuracy;
  if (const auto most = parse_double(option("max"))) info.max_watts = *most;
}

Result<SensorSpec> parse_sensor_spec(std::string_view text) {
  const auto colon = text.find(':');
  SensorSpec spec;
  spec.scheme = std::string(text.substr(0, colon));
  if (colon == text.npos || std::find(kSchemes.begin(), kSchemes.end(), spec.scheme) == kSchemes.end()) {
    const auto close = nearest(spec.scheme, kSchemes);
    return wrong(text, "there is no such kind of meter",
                 close ? "did you mean " + *close + ":?" : "one of " + join(kSchemes, ", "));
  }
  std::string_view rest = text.substr(colon + 1);
  // A program's arguments may hold anything.
  const auto query = spec.scheme == "exec" ? rest.npos : rest.find('?');
  spec.place = std::string(trim(rest.substr(0, query)));
  if (query != rest.npos) {
    for (const std::string_view part : split(rest.substr(query + 1), '&')) {
      if (part.empty()) continue;
      const auto equals = part.find('=');
      const std::string key(part.substr(0, equals));
      const std::string value = equals == part.npos ? "" : decoded(part.substr(equals + 1));
      if (auto ok = check_option(text, key, value); !ok) return fail(ok.error());
      spec.options[key] = value;
    }
  }
  if (over_the_net(spec.scheme)) {
    if (auto ok = split_address(text, spec); !ok) return fail(ok.error());
  } else if (spec.place.empty() && spec.scheme != "ipmi") {
    return wrong(text, "what is to be read is missing", "write " + spec.scheme + ":PLACE");
  }
  if (const auto domain = spec.option("domain"); !domain.empty() && domain.find(':') == domain.npos) {
    return wrong(text, "a domain is kind:instance", "domain=wall:0");
  }
  return spec;
}

}  // namespace joulebook
