#include <algorithm>
#include <cmath>
#include <tuple>

#include "core/text.h"
#include "export/live_metrics.h"

namespace joulebook {
namespace {

using gateway::Consumer;

constexpr std::size_t kLongestName = 128;
constexpr std::string_view kOther = "(other)";

std::string short_name(std::string_view name) {
  std::string text = valid_utf8(name.substr(0, 4 * kLongestName));
  if (text.size() <= kLongestName) return text;
  std::size_t end = kLongestName - 3;  // room for the ellipsis
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

// The tokens of the last minute are not known here, so a sum of rows has no joules per token.
void add(Consumer& to, const Consumer& from) {
  to.requests += from.requests;
  to.voided += from.voided;
  to.prompt_tokens += from.prompt_tokens;
  to.cached_tokens += from.cached_tokens;
  to.reasoning_tokens += from.reasoning_tokens;
  to.answer_tokens += from.answer_tokens;
  to.joules_per_token = std::nan("");
  if (!from.fair) return;
  if (!to.fair) {
    to.fair = from.fair;
    to.within = from.within;
    to.level = from.level;
    return;
  }
  *to.fair += *from.fair;
  to.within = {to.within.lo + from.within.lo, to.within.hi + from.within.hi};
  to.level = std::min(to.level, from.level);
}

auto weight(const Consumer& c) {
  return std::tuple(c.fair ? c.fair->count : -1, c.reasoning_tokens + c.answer_tokens, c.requests);
}

std::vector<Consumer> named_apart(std::span<const Consumer> consumers) {
  std::vector<Consumer> rows(consumers.begin(), consumers.end());
  for (auto& c : rows) c.name = short_name(c.name);
  const auto key = [](const Consumer& c) { return std::tie(c.kind, c.name); };
  std::ranges::stable_sort(rows, [&](const auto& a, const auto& b) { return key(a) < key(b); });
  std::vector<Consumer> out;
  for (auto& c : rows) {
    if (!out.empty() && key(out.back()) == key(c)) {
      add(out.back(), c);
    } else {
      out.push_back(std::move(c));
    }
  }
  return out;
}

}  // namespace

std::vector<Consumer> bounded_consumers(std::span<const Consumer> consumers, std::size_t most) {
  std::vector<Consumer> rows = named_apart(consumers);
  // By kind; within it the heaviest first, and what is "(other)" already at the end.
  std::ranges::stable_sort(rows, [](const Consumer& a, const Consumer& b) {
    if (a.kind != b.kind) return a.kind < b.kind;
    if ((a.name == kOther) != (b.name == kOther)) return b.name == kOther;
    return weight(a) > weight(b);
  });
  std::vector<Consumer> out;
  std::size_t of_kind = 0;
  for (auto& c : rows) {
    if (out.empty() || out.back().kind != c.kind) of_kind = 0;
    if (c.name != kOther && of_kind < most) {
      ++of_kind;
      out.push_back(std::move(c));
    } else if (!out.empty() && out.back().kind == c.kind && out.back().name == kOther) {
      add(out.back(), c);
    } else {
      c.name = kOther;
      out.push_back(std::move(c));
    }
  }
  return out;
}

gateway::LiveState bounded_state(const gateway::LiveState& state, std::size_t most) {
  gateway::LiveState out = state;
  out.consumers = bounded_consumers(state.consumers, most);
  return out;
}

}  // namespace joulebook
