#include "physics/explain/change_spread.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/csv_table.h"

namespace joulebook {
std::string_view change_spread_csv();  // data/change_spread.csv
}

namespace joulebook::explain {
namespace {

bool arithmetic(Factor factor) { return factor == Factor::tokens || factor == Factor::boundary; }

// A factor that no pair shows is as doubtful as the most doubtful that one does.
void fill_unseen(Spreads& spreads) {
  double lo = 0, hi = 0;
  for (const auto& s : spreads) lo = std::min(lo, s.lo), hi = std::max(hi, s.hi);
  for (auto& s : spreads) {
    if (s.pairs == 0) s.lo = lo, s.hi = hi;
  }
}

}  // namespace

double error_scale(Factor factor, double log_ratio) {
  const bool gradual = factor == Factor::batch || factor == Factor::context || factor == Factor::cache;
  return gradual ? 1 - std::exp(-std::abs(log_ratio) / kUnit) : 1;
}

Result<Spreads> parse_spreads(std::string_view csv) {
  auto table = CsvTable::parse(csv, "spread.syntax", {"factor", "lo", "hi", "pairs", "median_error"});
  if (!table) return fail(table.error());
  Spreads spreads{};
  for (std::size_t i = 0; i < table->size(); ++i) {
    const auto row = table->row(i);
    std::size_t factor = 0;
    while (factor < kFactors && to_string(static_cast<Factor>(factor)) != row.text("factor")) ++factor;
    const auto lo = row.number("lo"), hi = row.number("hi"), error = row.number("median_error");
    if (factor == kFactors || !lo || !hi || !error || *lo > *hi) {
      return fail(ErrorKind::input, "spread.syntax", fmt::format("line {} is no spread of a factor", row.line()),
                  "make the file anew: joulebook explain --check data/ml_energy.csv --out FILE");
    }
    spreads[factor] = {*lo, *hi, static_cast<std::size_t>(std::max<std::int64_t>(row.integer("pairs"), 0)), *error};
  }
  fill_unseen(spreads);
  return spreads;
}

std::string to_csv(const Spreads& spreads) {
  std::string text = "factor,lo,hi,pairs,median_error\n";
  for (std::size_t i = 0; i < kFactors; ++i) {
    const ChangeSpread& s = spreads[i];
    if (s.pairs == 0) continue;
    text += fmt::format("{},{:.4f},{:.4f},{},{:.4f}\n", to_string(static_cast<Factor>(i)), s.lo, s.hi,
                        s.pairs, s.median_error);
  }
  return text;
}

const Spreads& built_in_spreads() {
  // The file that is built in is tested to be readable.
  static const Spreads spreads = parse_spreads(change_spread_csv()).value_or(Spreads{});
  return spreads;
}

LogInterval log_interval(const Spreads& spreads, Factor factor, double x) {
  if (arithmetic(factor)) return {x, x};
  const ChangeSpread& s = spreads[static_cast<std::size_t>(factor)];
  const double scale = error_scale(factor, x);
  return {x + scale * std::min(s.lo, 0.0), x + scale * std::max(s.hi, 0.0)};
}

}  // namespace joulebook::explain
