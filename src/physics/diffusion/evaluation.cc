#include "physics/diffusion/evaluation.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "core/quantile.h"

namespace joulebook::diffusion {
namespace {

Result<std::vector<Judged>> judged_without(const std::vector<Sample>& samples,
                                           const std::string& architecture) {
  std::vector<const Sample*> rest;
  for (const Sample& s : samples)
    if (s.architecture != architecture) rest.push_back(&s);
  const auto p = fit(rest);
  if (!p) return fail(p.error());
  const Regression regression = Regression::fit(rest);
  std::vector<Judged> out;
  for (const Sample& s : samples) {
    if (s.architecture != architecture) continue;
    const Cost c = cost_of(s.job, *p);
    const Cost guessed = cost_of(s.unnamed, *p);
    const double measured = s.j_per_item * s.job.batch;
    out.push_back({.sample = &s,
                   .joules = std::log(c.joules / measured),
                   .seconds = std::log(c.seconds / s.seconds),
                   .unnamed = std::log(guessed.joules / measured),
                   .unnamed_seconds = std::log(guessed.seconds / s.seconds),
                   .regression = std::log(regression.j_per_item(s) / s.j_per_item)});
  }
  return out;
}

}  // namespace

double over_architectures(const Rows& rows, const std::function<double(const Rows&)>& figure) {
  std::map<std::string, Rows> by;
  for (const Judged* row : rows) by[row->sample->architecture].push_back(row);
  double sum = 0;
  for (const auto& [name, own] : by) sum += figure(own);
  return by.empty() ? 0 : sum / static_cast<double>(by.size());
}

double error(const Rows& rows, double Judged::*value, double level) {
  return over_architectures(rows, [&](const Rows& own) {
    std::vector<double> errors;
    for (const Judged* row : own) errors.push_back(std::abs(std::expm1(row->*value)));
    return quantile(std::move(errors), level);
  });
}

double half_width(const std::vector<Judged>& rows, double Judged::*value, Width which,
                  const std::string& without) {
  const auto belongs = [which](const Judged& row) {
    return which == kGuessed || (row.sample->job.devices > 1) == (which == kSeveral);
  };
  std::map<std::string, double> counts;
  for (const Judged& row : rows)
    if (belongs(row)) ++counts[row.sample->architecture];
  std::vector<std::pair<double, double>> weighted;
  double total = 0;
  for (const Judged& row : rows) {
    const std::string& name = row.sample->architecture;
    if (!belongs(row) || name == without) continue;
    weighted.emplace_back(std::abs(row.*value), 1 / counts[name]);
    total += 1 / counts[name];
  }
  std::ranges::sort(weighted);
  // Split conformal: one more architecture stands for the one to come, at half its weight, since
  // rows of one architecture are alike but not the same.
  const double level = std::min(1.0, kLevel * (1 + 0.5 / std::max(1.0, total)));
  double sum = 0;
  for (const auto& [size, weight] : weighted) {
    sum += weight;
    if (sum >= level * total - 1e-9) return size;
  }
  return weighted.empty() ? 1 : weighted.back().first;
}

Result<Evaluation> evaluate(const std::vector<Sample>& samples, const std::string& date) {
  Evaluation out;
  std::set<std::string> names;
  std::vector<const Sample*> all;
  for (const Sample& s : samples) {
    names.insert(s.architecture);
    all.push_back(&s);
  }
  for (const std::string& name : names) {
    auto rows = judged_without(samples, name);
    if (!rows) return fail(rows.error());
    out.rows.insert(out.rows.end(), rows->begin(), rows->end());
  }
  for (Judged& row : out.rows)
    row.half_width = half_width(out.rows, &Judged::joules,
                                row.sample->job.devices > 1 ? kSeveral : kOne,
                                row.sample->architecture);
  auto fitted_all = fit(all);
  if (!fitted_all) return fail(fitted_all.error());
  out.all = *fitted_all;
  for (const Width which : {kOne, kSeveral, kGuessed}) {
    const bool guessed = which == kGuessed;
    out.all.half_width[which] =
        half_width(out.rows, guessed ? &Judged::unnamed : &Judged::joules, which);
    out.all.half_width_time[which] =
        half_width(out.rows, guessed ? &Judged::unnamed_seconds : &Judged::seconds, which);
  }
  out.all.date = date;
  Rows rows;
  for (const Judged& row : out.rows) rows.push_back(&row);
  out.all.error = error(rows, &Judged::joules, 0.5);
  return out;
}

}  // namespace joulebook::diffusion
