#include <fmt/format.h>

#include <cmath>

#include "account/usage/usage.h"
#include "core/text.h"

namespace joulebook::account {
namespace {

std::string cells(const Quantity& q) {
  if (!q.present()) return ",,,";
  const Interval i = q.interval();
  return fmt::format("{},{},{},{}", *q.value, i.lo, std::isfinite(i.hi) ? fmt::format("{}", i.hi) : "", to_string(q.tier));
}

std::string cells(const UsageFigures& f) {
  return fmt::format("{},{},{},{}\n", cells(f.energy), cells(f.direct), cells(f.lifecycle), cells(f.water));
}

}  // namespace

std::string usage_csv(const Usage& usage) {
  std::string csv = "by,key,month,provider,model,region,scope,how,input_tokens,output_tokens";
  for (const char* figure : {"energy_j", "carbon_direct_kg", "carbon_lifecycle_kg", "water_m3"}) {
    csv += fmt::format(",{0},{0}_lo,{0}_hi,{0}_tier", figure);
  }
  csv += "\n";
  for (const UsageRow& r : usage.rows) {
    csv += fmt::format("row,{},{},{},{},{},{},{},{},{},{}", r.bill.line, r.bill.month.text(), csv_field(r.bill.provider), csv_field(r.bill.model),
                       csv_field(r.bill.region), csv_field(r.scope), csv_field(r.how), r.bill.input, r.bill.output, cells(r.figures));
  }
  for (const UsageSum& s : usage.sums) {
    csv += fmt::format("{},{},,,,,,,{},{},{}", s.by, csv_field(s.key), s.input, s.output, cells(s.figures));
  }
  return csv;
}

}  // namespace joulebook::account
