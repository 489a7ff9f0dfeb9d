#include "core/modelled.h"

#include <algorithm>
#include <limits>

namespace joulebook {

Quantity modelled(double value, Interval own, std::string unit, std::string per, const ModelledBy& by) {
  Quantity q;
  q.value = value;
  q.own = own;
  q.level = by.level;
  q.unit = std::move(unit);
  q.per = std::move(per);
  q.tier = Tier::modelled;
  q.boundary = by.boundary;
  q.method = by.method;
  return q;
}

Quantity stated(double value, double floor, std::string unit, std::string per, Tier tier,
                std::string boundary, std::string_view source) {
  Quantity q = Quantity::exact(value, std::move(unit));
  q.own = {std::min(floor, value), std::numeric_limits<double>::infinity()};
  q.level = 1;
  q.per = std::move(per);
  q.tier = tier;
  q.boundary = std::move(boundary);
  q.method = std::string(source.empty() ? "as stated" : source) + ", without an interval";
  return q;
}

}  // namespace joulebook
