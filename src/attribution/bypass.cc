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
double BypassWatch::owed(const Page& page, List::const_iterator to, std::uint32_t upstream, const Tracks& tracks) {
  constexpr std::int64_t kLate = 2'000'000'000;  // a page may lag behind the end of a stream by so much
  const auto first = page.list.begin();
  double owed = page.owed;
  std::optional<double> least;  // of what those have shown whose end it may not know of, at any reading up to `to`
  for (auto from = first; from != to; ++from) {
    const auto next = std::next(from);
    if (!from->output || !next->output || *next->output < *from->output) {
      owed = 0;
      continue;
    }
    if (!next->own) next->own = tracks.own(upstream, from->end, next->end).output;
    owed = std::max(owed + *next->own - (*next->output - *from->output), 0.0);
    if (owed <= 0) continue;
    // No more than those have shown whose end the page may not know of: what was cancelled is never counted.
    if (!least) least = tracks.shown(upstream, std::prev(to)->end - kLate);
    if (owed > *least) owed = std::min(owed, tracks.shown(upstream, from->end - kLate));
  }
  return owed;
}

void BypassWatch::reading(const EngineReading& r, const Tracks& tracks) {
  if (!seen_.contains(r.upstream) && seen_.size() >= kMostUpstreams) return;
  auto& list = seen_[r.upstream].list;
  if (!list.empty() && r.end.ns <= list.back().end) return;
  list.push_back({r.begin.ns, r.end.ns, usable(r.running), usable(r.waiting), usable(r.output_tokens),
                  usable(r.prompt_tokens), usable(r.cached_tokens), tracks.counted(r.upstream, r.begin.ns)});
  if (list.size() > kMostReadings) drop_front(r.upstream, tracks);
}

void BypassWatch::changed(const Tracks::Change& change) {
  const auto page = seen_.find(change.upstream);
  if (page == seen_.end()) return;
  auto& list = page->second.list;
  for (auto it = list.rbegin(); it != list.rend() && it->end > change.from; ++it) it->own.reset();
}

void BypassWatch::drop_front(std::uint32_t upstream, const Tracks& tracks) {
  Page& page = seen_[upstream];
  page.owed = owed(page, std::next(page.list.begin()), upstream, tracks);
  page.list.pop_front();
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
    const double owing = owed(page, before, upstream, tracks);
    double sequences = 0, read = 0;
    for (auto it = before; it <= after; ++it) {
      if (!it->running) continue;
      // Who of those that passed here is in the batch and who waits, the page doesn't tell.
      const double all = *it->running + it->waiting.value_or(0);
      if (all > 0) sequences += std::max(all - it->counted, 0.0) * *it->running / all;
      read += 1;
    }
    const double span = static_cast<double>(after->end - before->end) * kNano;
    const double part =
        std::min(static_cast<double>(end - begin) * kNano / std::max(span, 1e-9), 1.0);
    const Tracks::Own own = tracks.own(upstream, before->end, after->end);
    Bypass b{.sequences = read > 0 ? sequences / read : 0};
    b.output = beyond(before->output, after->output, own.output + own.more_output + owing) * part;
    if (b.output <= 0 && b.sequences < 0.5) continue;
    // Where the page counts what the cache served, what was computed can be told.
    const bool told = before->cached && after->cached && *after->cached >= *before->cached;
    const double served = told ? *after->cached - *before->cached : 0;
    b.prompt = beyond(before->prompt, after->prompt, (told ? own.computed + served : own.prompt) + own.more_prompt) * part;
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
