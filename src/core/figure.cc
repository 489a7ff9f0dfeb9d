#include "core/figure.h"

#include <utility>

namespace joulebook {

Figure::Figure(const Quantity& q) : value(q.value), own(q.own), known_lo(q.known_lo) {
  Words kept{q.unit, q.per, q.level, q.tier, q.boundary, q.method, {}, q.reason};
  std::vector<Leverage> parts;
  for (const auto& part : q.shared) {
    kept.shared.push_back(part.id);
    parts.push_back({part.lo, part.hi});
  }
  words = std::make_shared<const Words>(std::move(kept));
  if (!parts.empty()) factors = std::make_shared<const std::vector<Leverage>>(std::move(parts));
}

Figure Figure::absent(std::shared_ptr<const Words> words, std::optional<double> known_lo) {
  Figure out;
  out.words = std::move(words);
  out.known_lo = known_lo;
  return out;
}

Figure Figure::absent(Reason reason, std::optional<double> known_lo) {
  Words words;
  words.reason = std::move(reason);
  return absent(std::make_shared<const Words>(std::move(words)), known_lo);
}

Quantity Figure::quantity() const {
  Quantity q;
  if (words) {
    q.unit = words->unit;
    q.per = words->per;
    q.level = words->level;
    q.tier = words->tier;
    q.boundary = words->boundary;
    q.method = words->method;
    q.reason = words->reason;
  }
  if (factors) {
    q.shared.reserve(factors->size());
    for (std::size_t i = 0; i < factors->size(); ++i) {
      q.shared.push_back({words->shared[i], (*factors)[i].lo, (*factors)[i].hi});
    }
  }
  q.value = value;
  q.own = own;
  q.known_lo = known_lo;
  return q;
}

Interval Figure::interval() const {
  if (!factors) return own;
  Quantity q;  // without its words: they say nothing of how far it goes
  q.value = value;
  q.own = own;
  q.level = words->level;
  q.shared.reserve(factors->size());
  for (const auto& f : *factors) q.shared.push_back({{}, f.lo, f.hi});
  return q.interval();
}

bool Figure::shares_with(const Figure& other) const {
  if (!factors || !other.factors) return !factors && !other.factors;
  return (factors == other.factors || *factors == *other.factors) &&
         (words == other.words || words->shared == other.words->shared);
}

}  // namespace joulebook
