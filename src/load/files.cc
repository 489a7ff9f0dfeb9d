#include "load/files.h"

#include <fmt/format.h>

#include <cmath>
#include <functional>

#include "core/json.h"
#include "core/text.h"

namespace joulebook::load {
namespace {

constexpr std::int64_t kLongest = 10'000'000;  // tokens
constexpr double kLatest = 1e8;                // s

using Line = std::function<Status(const Json& json, const std::string& place)>;

// Each line that is not blank, as a JSON object.
Status each_line(std::string_view jsonl, const std::string& origin, const std::string& code,
                 const Line& line) {
  std::size_t number = 0;
  while (!jsonl.empty()) {
    ++number;
    const auto end = jsonl.find('\n');
    const auto text = trim(jsonl.substr(0, end));
    jsonl.remove_prefix(end == jsonl.npos ? jsonl.size() : end + 1);
    if (text.empty()) continue;
    const std::string place = fmt::format("{}:{}", origin, number);
    const auto json = parse_json(text);
    if (!json || !json->is_object()) {
      return fail(ErrorKind::input, code, place + ": this line is no JSON object",
                  "write one object a line, as docs/formats/load.md shows");
    }
    if (auto ok = line(*json, place); !ok) return ok;
  }
  return {};
}

// A count in [1, kLongest] under either name.
std::optional<std::int64_t> length(const Json& json, std::string_view a, std::string_view b) {
  const Json& value = json.has(a) ? json[a] : json[b];
  if (!value.is_number()) return std::nullopt;
  const double x = value.as_double();
  if (!(x >= 1 && x <= static_cast<double>(kLongest)) || x != std::floor(x)) return std::nullopt;
  return static_cast<std::int64_t>(x);
}

std::optional<double> time_of(const Json& json) {
  const bool own = json.has("at_s");
  const Json& value = own ? json["at_s"] : json["timestamp"];
  if (!value.is_number()) return std::nullopt;
  const double seconds = value.as_double() * (own ? 1 : 1e-3);
  // A trace may count from any origin, 1970 included.
  if (!(seconds >= 0 && seconds <= 100 * kLatest)) return std::nullopt;
  return seconds;
}

Result<UserPrompt> user_prompt(const Json& json, const std::string& place) {
  UserPrompt out;
  out.text = json["prompt"].as_string();
  const bool has_messages = json["messages"].is_array() && !json["messages"].items().empty();
  if (has_messages) out.messages = json["messages"];
  if (has_messages == !trim(out.text).empty()) {
    return fail(ErrorKind::input, "load.prompts",
                place + ": a line has either a prompt with text in it or messages",
                R"(write {"prompt": "..."} or {"messages": [{"role": "user", "content": "..."}]})");
  }
  if (has_messages) out.text.clear();
  if (json.has("output_tokens")) {
    out.output_tokens = length(json, "output_tokens", "output_tokens");
    if (!out.output_tokens) {
      return fail(ErrorKind::input, "load.prompts",
                  place + ": output_tokens is no whole number from 1 to 10 million",
                  "leave it away to take --output-tokens");
    }
  }
  return out;
}

}  // namespace

Result<std::vector<UserPrompt>> parse_user_prompts(std::string_view jsonl,
                                                   const std::string& origin) {
  std::vector<UserPrompt> out;
  auto ok = each_line(jsonl, origin, "load.prompts",
                      [&](const Json& json, const std::string& place) -> Status {
                        auto prompt = user_prompt(json, place);
                        if (!prompt) return fail(prompt.error());
                        out.push_back(std::move(*prompt));
                        return {};
                      });
  if (!ok) return fail(ok.error());
  if (out.empty()) {
    return fail(ErrorKind::input, "load.prompts", origin + " holds no prompt",
                R"(write lines such as {"prompt": "..."})");
  }
  return out;
}

Result<std::vector<TraceEntry>> parse_trace(std::string_view jsonl, const std::string& origin,
                                            double speed) {
  std::vector<TraceEntry> out;
  double first = 0;
  const auto bad = [](const std::string& place, std::string_view what) {
    return fail(ErrorKind::input, "load.trace", fmt::format("{}: {}", place, what),
                R"(write lines such as {"at_s": 0.5, "input_tokens": 512, "output_tokens": 128})");
  };
  auto ok = each_line(jsonl, origin, "load.trace",
                      [&](const Json& json, const std::string& place) -> Status {
                        const auto at = time_of(json);
                        const auto in = length(json, "input_tokens", "input_length");
                        const auto answer = length(json, "output_tokens", "output_length");
                        if (!at) return bad(place, "no time at which it is sent");
                        if (!in || !answer) return bad(place, "no lengths from 1 to 10 million");
                        if (out.empty()) first = *at;
                        const double t = (*at - first) / speed;
                        if (t > kLatest)
                          return bad(place, "a time more than 10^8 s from the start");
                        if (!out.empty() && t < out.back().at_s) {
                          return bad(place, "the time goes back");
                        }
                        out.push_back({std::max(0.0, t), *in, *answer});
                        return {};
                      });
  if (!ok) return fail(ok.error());
  if (out.empty()) return bad(origin, "the trace holds no request");
  return out;
}

}  // namespace joulebook::load
