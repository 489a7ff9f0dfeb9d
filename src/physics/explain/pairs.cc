#include "physics/explain/pairs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "core/csv_records.h"
#include "core/quantile.h"
#include "core/text.h"
#include "physics/serving/interval.h"

namespace joulebook::explain {
namespace {

constexpr double kSameLength = 0.2, kSameBatch = 0.05;
constexpr double kSmall = 0.0488;  // ln 1.05

bool near(double a, double b, double relative) { return std::abs(a - b) <= relative * std::max(a, b); }

std::string layout_of(const serving::Workload& w) {
  return fmt::format("{:g}/{:g}/{:g}", w.data_parallel, w.pipeline, w.expert_parallel);
}

std::string fold_of(const serving::Shape& s) {
  return fmt::format("{}/{}/{:.0f}/{:.0f}/{}", s.layers, s.hidden, s.attention_params, s.ffn_params, s.experts);
}

// The one thing in which two rows differ; nothing where it is none or more than one.
std::optional<PairKind> kind_of(const MeasuredRow& a, const MeasuredRow& b) {
  const Deployment &x = a.figure.deployment, &y = b.figure.deployment;
  const bool gpu = a.gpu != b.gpu, devices = x.work.devices != y.work.devices;
  const bool precision = x.weights != y.weights, shape = a.fold != b.fold, batch = a.most != b.most;
  if (gpu + devices + precision + shape + batch != 1) return std::nullopt;
  if (a.layout != b.layout && !devices) return std::nullopt;  // more devices are laid out otherwise
  if (!near(x.tokens, y.tokens, kSameLength)) return std::nullopt;
  if (batch) return near(x.work.batch, y.work.batch, kSameBatch) ? std::nullopt : std::optional(PairKind::batch);
  if (!near(x.work.batch, y.work.batch, kSameBatch)) return std::nullopt;
  return gpu ? PairKind::gpu : devices ? PairKind::devices : precision ? PairKind::precision : PairKind::shape;
}

Pair pair_of(PairKind kind, const MeasuredRow& a, const MeasuredRow& b, const serving::ServingFit& fit) {
  Pair pair{kind, &a, &b};
  const auto e = explain(a.figure, b.figure, fit, Spreads{}, Per::token);
  if (!e) return pair;  // cannot be: rows have no power cap
  pair.log_ratio = e->log_ratio;
  pair.rest = e->rest;
  for (const Part& part : e->parts) pair.logs[static_cast<std::size_t>(part.factor)] = part.log_ratio;
  pair.own = pair.logs[static_cast<std::size_t>(factor_of(kind))];
  return pair;
}

double quantile(std::vector<double> values, double share) {
  std::vector<std::pair<double, double>> weighted;
  for (const double v : values) weighted.emplace_back(v, 1.0);
  return weighted_quantile(std::move(weighted), share);
}

template <class F>
double quantile_of(const std::vector<Pair>& pairs, double share, F value) {
  std::vector<double> values;
  for (const Pair& p : pairs) values.push_back(value(p));
  return quantile(std::move(values), share);
}

double relative_error(const Pair& p) { return std::abs(std::exp(-p.rest) - 1); }

// The error of the factor in units of its scale; a change that the model says is none has no scale.
double scaled_error(const Pair& p) { return p.rest / std::max(error_scale(factor_of(p.kind), p.own), 0.02); }

ChangeSpread spread_of(const std::vector<Pair>& pairs) {
  constexpr double kTenth = 0.1;
  return {quantile_of(pairs, kTenth, scaled_error), quantile_of(pairs, 1 - kTenth, scaled_error),
          pairs.size(), quantile_of(pairs, 0.5, relative_error)};
}

// Share of pairs inside the interval that all pairs without their architectures give.
double covered(const std::vector<Pair>& pairs) {
  std::map<std::string, ChangeSpread> by_fold;
  for (const Pair& p : pairs) by_fold[p.a->fold];
  for (auto& [fold, spread] : by_fold) {
    std::vector<Pair> others;
    for (const Pair& p : pairs) {
      if (p.a->fold != fold && p.b->fold != fold) others.push_back(p);
    }
    spread = spread_of(others);
  }
  double inside = 0;
  for (const Pair& p : pairs) {
    const ChangeSpread& s = by_fold.at(p.a->fold);
    const double e = scaled_error(p);
    inside += s.pairs > 0 && std::min(s.lo, 0.0) <= e && e <= std::max(s.hi, 0.0) ? 1 : 0;
  }
  return inside / static_cast<double>(pairs.size());
}

PairLine line_of(PairKind kind, const std::vector<Pair>& pairs) {
  PairLine l;
  l.kind = kind;
  l.pairs = pairs.size();
  if (pairs.empty()) return l;
  std::vector<Pair> large;
  for (const Pair& p : pairs) {
    if (std::abs(p.log_ratio) >= kSmall) large.push_back(p);
  }
  l.small = pairs.size() - large.size();
  l.own_share = quantile_of(large, 0.5, [](const Pair& p) { return p.own / p.log_ratio; });
  l.rest_share = quantile_of(large, 0.5, [](const Pair& p) { return std::abs(p.rest / p.log_ratio); });
  l.own_of_model = quantile_of(large, 0.5, [](const Pair& p) { return p.own / (p.log_ratio - p.rest); });
  for (std::size_t f = 0; f < kFactors; ++f) {
    if (static_cast<Factor>(f) == factor_of(kind)) continue;
    l.largest_other = std::max(l.largest_other, quantile_of(large, 0.5, [&](const Pair& p) {
                                 return std::abs(p.logs[f] / p.log_ratio);
                               }));
  }
  l.median_error = quantile_of(pairs, 0.5, relative_error);
  l.p90_error = quantile_of(pairs, 0.9, relative_error);
  l.covered = covered(pairs);
  return l;
}

void check_floors(PairCheck& check, const std::vector<MeasuredRow>& rows, const serving::ServingFit& fit) {
  std::vector<double> above;
  for (const MeasuredRow& row : rows) {
    const Floor floor = floor_of(row.figure.deployment, fit.parameters);
    above.push_back(*row.figure.stated_j / floor.response_j);
    check.below_floor += check_floor(row.figure, floor) ? 0 : 1;
  }
  check.least_above_floor = above.empty() ? 0 : *std::ranges::min_element(above);
  check.median_above_floor = quantile(above, 0.5);
}

}  // namespace

std::string_view to_string(PairKind kind) {
  constexpr std::string_view kNames[] = {"batch", "GPU", "number of devices", "precision", "shape"};
  return kNames[static_cast<std::size_t>(kind)];
}

Factor factor_of(PairKind kind) {
  switch (kind) {
    case PairKind::batch: return Factor::batch;
    case PairKind::gpu:
    case PairKind::devices: return Factor::hardware;
    case PairKind::precision: return Factor::precision;
    case PairKind::shape: break;
  }
  return Factor::shape;
}

Result<std::vector<MeasuredRow>> measured_rows(std::string_view csv) {
  std::string_view rest = without_byte_order_mark(csv);
  std::size_t line = 1;
  auto columns = serving::Columns::of(parse_csv_line(next_csv_record(rest, line).text));
  if (!columns) return fail(columns.error());
  std::vector<MeasuredRow> rows;
  while (!rest.empty()) {
    const auto cells = parse_csv_line(next_csv_record(rest, line).text);
    auto figure = figure_of_cells(*columns, cells);
    if (!figure || !figure->stated_j) continue;
    MeasuredRow row;
    row.figure = std::move(*figure);
    row.source = columns->cell(cells, "source");
    row.task = columns->cell(cells, "task");
    row.model = columns->cell(cells, "model");
    row.gpu = row.figure.deployment.work.device.name;
    row.layout = layout_of(row.figure.deployment.work);
    row.most = columns->cell(cells, "max_num_seqs");
    row.fold = fold_of(row.figure.deployment.work.shape);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<Pair> pairs_of(const std::vector<MeasuredRow>& rows, const serving::ServingFit& fit) {
  std::map<std::pair<std::string, std::string>, std::vector<const MeasuredRow*>> groups;
  for (const MeasuredRow& row : rows) groups[{row.source, row.task}].push_back(&row);
  std::vector<Pair> pairs;
  for (const auto& [group, members] : groups) {
    for (std::size_t i = 0; i < members.size(); ++i) {
      for (std::size_t j = i + 1; j < members.size(); ++j) {
        const auto kind = kind_of(*members[i], *members[j]);
        if (kind) pairs.push_back(pair_of(*kind, *members[i], *members[j], fit));
      }
    }
  }
  return pairs;
}

PairCheck check_pairs(const std::vector<MeasuredRow>& rows, const serving::ServingFit& fit) {
  PairCheck check;
  check.rows = rows.size();
  std::array<std::vector<Pair>, kPairKinds> by_kind;
  std::array<std::vector<Pair>, kFactors> by_factor;
  for (const Pair& pair : pairs_of(rows, fit)) {
    by_kind[static_cast<std::size_t>(pair.kind)].push_back(pair);
    by_factor[static_cast<std::size_t>(factor_of(pair.kind))].push_back(pair);
  }
  for (std::size_t k = 0; k < kPairKinds; ++k) {
    check.lines.push_back(line_of(static_cast<PairKind>(k), by_kind[k]));
  }
  for (std::size_t f = 0; f < kFactors; ++f) {
    if (!by_factor[f].empty()) check.spreads[f] = spread_of(by_factor[f]);
  }
  check_floors(check, rows, fit);
  return check;
}

std::string to_text(const PairCheck& check) {
  std::string text = fmt::format(
      "{} measured rows; pairs that differ in one thing, energy per token. Shares of ln(B/A), medians.\n\n"
      "{:<18} {:>6} {:>9} {:>13} {:>6} {:>13}  {:>14} {:>8}\n",
      check.rows, "what differs", "pairs", "its share", "largest other", "rest", "of the model",
      "error med/p90", "covered");
  for (const PairLine& l : check.lines) {
    if (l.pairs == 0) {
      text += fmt::format("{:<18} {:>6}   no two rows differ in this alone\n", to_string(l.kind), 0);
      continue;
    }
    text += fmt::format("{:<18} {:>6} {:>7.1f} % {:>11.1f} % {:>4.1f} % {:>11.1f} %  {:>6.1f} / {:>4.1f} % {:>6.0f} %\n",
                        to_string(l.kind), l.pairs, 100 * l.own_share, 100 * l.largest_other,
                        100 * l.rest_share, 100 * l.own_of_model, 100 * l.median_error, 100 * l.p90_error,
                        100 * l.covered);
  }
  return text + fmt::format("\n{} rows below their floor; the least is {:.2f} times it, the median {:.1f} times\n",
                            check.below_floor, check.least_above_floor, check.median_above_floor);
}

Json to_json(const PairCheck& check) {
  Json lines = Json::array();
  for (const PairLine& l : check.lines) {
    if (l.pairs == 0) continue;
    lines.push(Json::object({{"differs", to_string(l.kind)},
                             {"factor", to_string(factor_of(l.kind))},
                             {"pairs", static_cast<std::int64_t>(l.pairs)},
                             {"pairs_within_5_percent", static_cast<std::int64_t>(l.small)},
                             {"own_share", l.own_share},
                             {"largest_other_share", l.largest_other},
                             {"rest_share", l.rest_share},
                             {"own_share_of_model", l.own_of_model},
                             {"median_error", l.median_error},
                             {"p90_error", l.p90_error},
                             {"covered", l.covered}}));
  }
  return Json::object({{"schema", "joulebook.explain-check/1"},
                       {"rows", static_cast<std::int64_t>(check.rows)},
                       {"pairs", lines},
                       {"rows_below_floor", static_cast<std::int64_t>(check.below_floor)},
                       {"least_above_floor", check.least_above_floor},
                       {"median_above_floor", check.median_above_floor}});
}

}  // namespace joulebook::explain
