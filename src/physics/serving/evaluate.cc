#include "physics/serving/evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "physics/serving/baselines.h"

namespace joulebook::serving {
namespace {

struct Point {
  const Example* example = nullptr;
  double error = 0, time_error = 0, ecologits = 0, regression = 0;  // relative, absolute values
  double log_error = 0;
  Factors factors;
  double weight = 1;
};

std::string batch_group(double batch) {
  for (const double top : {16.0, 64.0, 256.0, 1024.0}) {
    if (batch <= top) return fmt::format("batch <= {}", top);
  }
  return "batch > 1024";
}

std::string_view family_name(Family family) {
  constexpr std::string_view kNames[] = {"dense", "mixture of experts", "hybrid state-space"};
  return kNames[static_cast<std::size_t>(family)];
}

// The groups that a row counts in.
std::vector<std::string> groups_of(const Example& e) {
  const Workload& w = e.row.work;
  const bool visual = is_visual(w.task);
  const std::string where = fmt::format("{} {}", engine_name(w.engine), kind_name(w.device.kind));
  std::vector<std::string> groups{fmt::format("1 {} {}", where, visual ? "images and video" : "text")};
  if (w.engine == Engine::v1) return groups;
  if (w.engine == Engine::v3) groups.push_back(fmt::format("2 {} {}", where, e.row.task));
  if (visual) return groups;
  groups.push_back(fmt::format("3 {} {}", where, family_name(w.shape.family)));
  groups.push_back(fmt::format("4 {} {}", where, batch_group(w.batch)));
  return groups;
}

double quantile(std::span<const Point> points, double Point::*field, double share) {
  std::map<std::string, double> count;
  for (const Point& p : points) ++count[p.example->fold];
  std::vector<std::pair<double, double>> values;
  for (const Point& p : points) values.emplace_back(p.*field, 1 / count[p.example->fold]);
  return weighted_quantile(std::move(values), share);
}

double score(const Point& p) {
  constexpr double kAlpha = 0.2;
  const double lo = std::log(p.factors.lo), hi = std::log(p.factors.hi), y = p.log_error;
  return hi - lo + 2 / kAlpha * (std::max(lo - y, 0.0) + std::max(y - hi, 0.0));
}

ErrorLine line_of(std::string name, std::span<const Point> points) {
  ErrorLine l;
  l.group = name.substr(2);
  l.rows = points.size();
  std::map<std::string, double> count;
  for (const Point& p : points) ++count[p.example->fold];
  l.architectures = count.size();
  l.median = quantile(points, &Point::error, 0.5);
  l.p90 = quantile(points, &Point::error, 0.9);
  l.time_median = quantile(points, &Point::time_error, 0.5);
  l.time_p90 = quantile(points, &Point::time_error, 0.9);
  l.ecologits_median = quantile(points, &Point::ecologits, 0.5);
  l.ecologits_p90 = quantile(points, &Point::ecologits, 0.9);
  l.regression_median = quantile(points, &Point::regression, 0.5);
  l.regression_p90 = quantile(points, &Point::regression, 0.9);
  for (const Point& p : points) {
    const double w = 1 / (count[p.example->fold] * static_cast<double>(count.size()));
    const bool inside = std::log(p.factors.lo) <= p.log_error && p.log_error <= std::log(p.factors.hi);
    l.covered += inside ? w : 0;
    l.mean_width += w * p.factors.hi / p.factors.lo;
    l.interval_score += w * score(p);
  }
  return l;
}

std::string describe(const Point& p) {
  const Workload& w = p.example->row.work;
  return fmt::format("{} {} {}, {} x {}, batch {:.0f}: measured {:.4g} J/token, predicted {:.4g} ({:+.0f} %), time {:.0f} % off",
                     p.example->row.source, p.example->row.task, p.example->row.model, w.devices,
                     kind_name(w.device.kind), w.batch, p.example->j_per_token,
                     p.example->j_per_token * std::exp(-p.log_error),
                     100 * (std::exp(-p.log_error) - 1), 100 * p.time_error);
}

std::vector<Point> points_of(std::span<const Example> examples, std::span<const LeftOut> left_out,
                             std::span<const Spread> spreads) {
  const auto regression = regression_left_out(examples);
  const auto weights = fold_weights(examples);
  std::vector<Point> points;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    const Example& e = examples[i];
    const Prediction& r = left_out[i].prediction;
    const double stated = e.row.median ? r.tpot_median_s : r.tpot_mean_s;
    const auto off = [&](double predicted) { return std::abs(predicted / e.j_per_token - 1); };
    points.push_back({&e, off(r.j_per_token), std::abs(stated / e.tpot_s - 1),
                      off(ecologits_j_per_token(e.row.work)), off(regression[i]),
                      std::log(e.j_per_token / r.j_per_token), factors(spreads[i], e.row.work),
                      weights[i]});
  }
  return points;
}

}  // namespace

Evaluation evaluate(std::span<const Example> examples, std::span<const LeftOut> left_out,
                    std::span<const Spread> spreads) {
  auto points = points_of(examples, left_out, spreads);
  std::map<std::string, std::vector<Point>> groups;
  for (const Point& p : points) {
    groups["0 all"].push_back(p);
    if (p.example->row.work.engine == Engine::v3 && !is_visual(p.example->row.work.task)) {
      groups["0 v3 text on H100 and B200"].push_back(p);
    }
    for (auto& name : groups_of(*p.example)) groups[std::move(name)].push_back(p);
  }
  Evaluation result;
  for (const auto& [name, members] : groups) result.lines.push_back(line_of(name, members));
  result.median_error = result.lines.front().median;
  std::ranges::sort(points, std::greater{}, [](const Point& p) { return std::abs(p.log_error); });
  for (std::size_t i = 0; i < std::min<std::size_t>(10, points.size()); ++i) {
    result.worst.push_back(describe(points[i]));
  }
  return result;
}

std::vector<Spread> spreads_left_out(std::span<const Example> examples,
                                     std::span<const Example> synthesised,
                                     std::span<const LeftOut> left_out) {
  std::map<std::string, Spread> by_fold;
  for (const Example& e : examples) by_fold[e.fold];
  for (auto& [fold, spread] : by_fold) {
    std::vector<Example> known, guessed;
    std::vector<LeftOut> results;
    for (std::size_t i = 0; i < examples.size(); ++i) {
      if (examples[i].fold == fold) continue;
      known.push_back(examples[i]);
      guessed.push_back(synthesised[i]);
      results.push_back(left_out[i]);
    }
    spread = calibrate_left_out(known, guessed, results);
  }
  std::vector<Spread> spreads;
  for (const Example& e : examples) spreads.push_back(by_fold.at(e.fold));
  return spreads;
}

std::string to_markdown(const Evaluation& evaluation) {
  std::string text =
      "Absolute error of J/token and of the stated time per token, median / 90th percentile, in %, on\n"
      "architectures left out of the fit; every architecture weighs alike. Interval: 80 %, its spread\n"
      "fitted on the other architectures.\n\n"
      "| group | rows | arch. | J/token | time | EcoLogits | regression | covered | hi/lo | score |\n"
      "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n";
  for (const ErrorLine& l : evaluation.lines) {
    text += fmt::format("| {} | {} | {} | {:.1f} / {:.1f} | {:.1f} / {:.1f} | {:.0f} / {:.0f} | {:.0f} / {:.0f} | {:.0f} | {:.2f} | {:.2f} |\n",
                        l.group, l.rows, l.architectures, 100 * l.median, 100 * l.p90,
                        100 * l.time_median, 100 * l.time_p90, 100 * l.ecologits_median,
                        100 * l.ecologits_p90, 100 * l.regression_median, 100 * l.regression_p90,
                        100 * l.covered, l.mean_width, l.interval_score);
  }
  text += "\nThe ten worst rows:\n\n";
  for (const auto& row : evaluation.worst) text += "- " + row + "\n";
  return text;
}

Json to_json(const Evaluation& evaluation) {
  Json lines = Json::array();
  for (const ErrorLine& l : evaluation.lines) {
    lines.push(Json::object(
        {{"group", l.group}, {"rows", static_cast<std::int64_t>(l.rows)},
         {"architectures", static_cast<std::int64_t>(l.architectures)},
         {"median_error", l.median}, {"p90_error", l.p90}, {"time_median_error", l.time_median},
         {"time_p90_error", l.time_p90}, {"ecologits_median_error", l.ecologits_median},
         {"ecologits_p90_error", l.ecologits_p90}, {"regression_median_error", l.regression_median},
         {"regression_p90_error", l.regression_p90}, {"covered", l.covered},
         {"mean_width_factor", l.mean_width}, {"interval_score", l.interval_score}}));
  }
  Json worst = Json::array();
  for (const auto& row : evaluation.worst) worst.push(row);
  return Json::object({{"schema", "joulebook.serving-evaluation/1"}, {"groups", lines}, {"worst", worst}});
}

}  // namespace joulebook::serving
