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

// Some engines count a request's tokens as they come (vLLM), some all at once when it is over
// (llama-server): what was seen here and isn't on the page yet is owed to it.
double BypassWatch::owed(double owed, const Seen& from, const Seen& to, std::uint32_t upstream,
                         const Tracks& tracks) {
  constexpr std::int64_t kLate = 2'000'000'000;  // a page may lag behind the end of a stream by so much
  if (!from.output || !to.output || *to.output < *from.output) return 0;
  const double left = owed + tracks.own(upstream, from.end, to.end).output - (*to.output - *from.output);
  // No more than those have shown whose end the page may not know of: what was cancelled is never counted.
  return std::clamp(left, 0.0, tracks.shown(upstream, from.end - kLate));
}

void BypassWatch::reading(const EngineReading& r, const Tracks& tracks) {
  if (!seen_.contains(r.upstream) && seen_.size() >= kMostUpstreams) return;
  auto& list = seen_[r.upstream].list;
  if (!list.empty() && r.end.ns <= list.back().end) return;
  list.push_back({r.begin.ns, r.end.ns, usable(r.running), usable(r.waiting), usable(r.output_tokens),
                  usable(r.prompt_tokens), usable(r.cached_tokens), tracks.open(r.upstream)});
  if (list.size() > kMostReadings) drop_front(r.upstream, tracks);
}

void BypassWatch::drop_front(std::uint32_t upstream, const Tracks& tracks) {
  auto& [list, owing] = seen_[upstream];
  owing = owed(owing, list[0], list[1], upstream, tracks);
  list.pop_front();
}

std::map<std::uint32_t, Bypass> BypassWatch::over(std::int64_t begin, std::int64_t end,
                                                  const Tracks& tracks) const {
  std::map<std::uint32_t, Bypass> out;
  for (const auto& [upstream, page] : seen_) {
    const auto& list = page.list;
    const auto after =
        std::find_if(list.begin(), list.end(), [&](const Seen& s) { return s.end >= end; });
    if (after == list.end() || after == list.begin()) continue;
    auto before = std::prev(after);
    while (before != list.begin() && before->end > begin) --before;
    double owing = page.owed;
    for (auto it = list.begin(); it != before; ++it) owing = owed(owing, *it, *std::next(it), upstream, tracks);
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
    b.output = beyond(before->output, after->output, own.output + owing) * part;
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
    const auto& list = entry.second.list;
    return list.empty() || list.back().begin >= end || now >= end + kPatience;
  });
}

void BypassWatch::forget(std::int64_t edge, const Tracks& tracks) {
  for (auto& [upstream, page] : seen_) {
    while (page.list.size() > 1 && page.list[1].end <= edge) drop_front(upstream, tracks);
  }
}

}  // namespace joulebook::attribution
