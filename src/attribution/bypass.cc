#include "attribution/bypass.h"

#include <algorithm>
#include <cmath>

namespace joulebook::attribution {
namespace {

constexpr std::size_t kMostReadings = 1024, kMostUpstreams = 1024;
constexpr double kNano = 1e-9;

std::optional<double> usable(const std::optional<double>& x) {
  return x && std::isfinite(*x) && *x >= 0 && *x < 1e15 ? x : std::nullopt;
}

// How much a counter rose beyond `own`; nothing where it restarted.
double beyond(const std::optional<double>& from, const std::optional<double>& to, double own) {
  if (!from || !to || *to < *from) return 0;
  // Below these it is delay on the way: a page and a stream do not show a token at one instant.
  constexpr double kLeast = 16, kLeastShare = 0.05;
  const double more = (*to - *from) - own;
  return more > kLeast && more > kLeastShare * (*to - *from) ? more : 0;
}

}  // namespace

void BypassWatch::reading(const EngineReading& r, const Tracks& tracks) {
  if (!seen_.contains(r.upstream) && seen_.size() >= kMostUpstreams) return;
  auto& list = seen_[r.upstream];
  if (!list.empty() && r.end.ns <= list.back().end) return;
  list.push_back({r.begin.ns, r.end.ns, usable(r.running), usable(r.waiting), usable(r.output_tokens),
                  usable(r.prompt_tokens), usable(r.cached_tokens), tracks.open(r.upstream)});
  if (list.size() > kMostReadings) list.pop_front();
}

std::map<std::uint32_t, Bypass> BypassWatch::over(std::int64_t begin, std::int64_t end,
                                                  const Tracks& tracks) const {
  std::map<std::uint32_t, Bypass> out;
  for (const auto& [upstream, list] : seen_) {
    const auto after =
        std::find_if(list.begin(), list.end(), [&](const Seen& s) { return s.end >= end; });
    if (after == list.end() || after == list.begin()) continue;
    auto before = std::prev(after);
    while (before != list.begin() && before->end > begin) --before;
    double sequences = 0, read = 0;
    for (auto it = before; it <= after; ++it) {
      if (!it->running) continue;
      // Who of those that passed here is in the batch and who waits, the page doesn't tell.
      const double all = *it->running + it->waiting.value_or(0);
      if (all > 0) sequences += std::max(all - it->open, 0.0) * *it->running / all;
      read += 1;
    }
    const double span = static_cast<double>(after->end - before->end) * kNano;
    const double part =
        std::min(static_cast<double>(end - begin) * kNano / std::max(span, 1e-9), 1.0);
    const Tracks::Own own = tracks.own(upstream, before->end, after->end);
    Bypass b{.sequences = read > 0 ? sequences / read : 0};
    b.output = beyond(before->output, after->output, own.output) * part;
    if (b.output <= 0 && b.sequences < 0.5) continue;
    // Where the page counts what the cache served, what was computed can be told.
    const bool told = before->cached && after->cached && *after->cached >= *before->cached;
    const double served = told ? *after->cached - *before->cached : 0;
    b.prompt = beyond(before->prompt, after->prompt, told ? own.computed + served : own.prompt) * part;
    const double gap = tracks.pace(upstream).gap_s;
    if (b.sequences <= 0)
      b.sequences = std::clamp(b.output / std::max(part * span, 1e-9) * gap, 0.1, 1e4);
    out[upstream] = b;
  }
  return out;
}

bool BypassWatch::ready(std::int64_t end, std::int64_t now) const {
  constexpr std::int64_t kPatience = 5'000'000'000;
  return std::all_of(seen_.begin(), seen_.end(), [&](const auto& entry) {
    return entry.second.empty() || entry.second.back().begin >= end || now >= end + kPatience;
  });
}

void BypassWatch::forget(std::int64_t edge) {
  for (auto& [upstream, list] : seen_) {
    while (list.size() > 1 && list[1].end <= edge) list.pop_front();
  }
}

}  // namespace joulebook::attribution
