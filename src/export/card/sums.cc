#include "export/card/sums.h"

#include <algorithm>

#include "core/text.h"

namespace joulebook::card {
namespace {

constexpr std::size_t kMostTexts = 6;  // methods named in one figure

// Each text once, in the order of its first coming: a sum of sums would name them again and again.
std::string once(std::string_view joined, std::string_view separator, std::size_t most) {
  std::vector<std::string> seen;
  while (!joined.empty()) {
    const std::size_t end = std::min(joined.find(separator), joined.size());
    std::string text(joined.substr(0, end));
    joined.remove_prefix(std::min(joined.size(), end + separator.size()));
    if (std::find(seen.begin(), seen.end(), text) == seen.end()) seen.push_back(std::move(text));
  }
  const bool more = seen.size() > most;
  if (more) seen.resize(most);
  return join(seen, separator) + (more ? std::string(separator) + "and others" : "");
}

}  // namespace

Quantity QuantitySum::summed() const {
  std::vector<Quantity> parts = held_;
  double level = 1;
  for (Quantity& q : parts) {
    level = std::min(level, q.level);
    if (alike_) q.level = 1;  // own parts of bounds add up
  }
  Quantity total = sum(parts);
  total.level = level;
  total.boundary = once(total.boundary, "+", total.boundary.size());
  total.method = once(total.method, "; ", kMostTexts);
  return total;
}

void QuantitySum::add(const Quantity& q) {
  if (!q.present()) {
    ++absent_;
    if (!reason_) reason_ = q.reason;
    ++counts_[q.reason ? q.reason->code : "unknown"];
    return;
  }
  by_tier_[static_cast<std::size_t>(q.tier)] += *q.value;
  held_.push_back(q);
  if (held_.size() >= kPortion) fold();
}

void QuantitySum::fold() {
  Quantity folded = summed();
  held_.clear();
  held_.push_back(std::move(folded));
}

Quantity QuantitySum::total(const Reason& none) const {
  if (held_.empty()) return Quantity::absent("J", reason_.value_or(none));
  return held_.size() == 1 ? held_.front() : summed();
}

Json QuantitySum::tiers() const {
  double all = 0;
  for (const double part : by_tier_) all += part;
  Json list = Json::array();
  if (all <= 0) return list;
  for (std::size_t i = 0; i < by_tier_.size(); ++i) {
    if (by_tier_[i] == 0) continue;
    list.push(Json::object({{"tier", to_string(static_cast<Tier>(i))}, {"share", by_tier_[i] / all}}));
  }
  return list;
}

Json reasons_json(const std::map<std::string, std::int64_t>& counts) {
  Json list = Json::array();
  for (const auto& [code, count] : counts) {
    list.push(Json::object({{"code", code}, {"count", count}}));
  }
  return list;
}

}  // namespace joulebook::card
