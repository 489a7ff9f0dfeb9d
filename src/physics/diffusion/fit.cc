#include "physics/diffusion/fit.h"

#include <fmt/format.h>
#include <nlopt.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>

#include "core/csv_records.h"
#include "core/text.h"
#include "physics/diffusion/catalogue.h"
#include "physics/diffusion/predict_csv.h"

namespace joulebook::diffusion {
namespace {

constexpr double kRobust = 0.15;      // ln: where squares turn into absolute values
constexpr double kTimeWeight = 0.25;  // of seconds beside joules
constexpr double kPriorWeight = 6e-4;
constexpr double kStep = 1e-4;        // ln: of the central differences

double robust(double x) {
  const double r = x / kRobust;
  return 2 * kRobust * kRobust * (std::sqrt(1 + r * r) - 1);
}

struct Problem {
  const std::vector<const Sample*>* samples;
  std::vector<double> weights;

  [[nodiscard]] double loss(const double* logs) const {
    Parameters p;
    double sum = 0;
    for (std::size_t i = 0; i < kParameterCount; ++i) {
      p.values[i] = std::exp(logs[i]);
      const ParameterRow& row = parameter_table()[i];
      const double off = (logs[i] - std::log(row.start)) / row.spread;
      sum += kPriorWeight * off * off;
    }
    for (std::size_t i = 0; i < samples->size(); ++i) {
      const Sample& s = *(*samples)[i];
      const Cost c = cost_of(s.job, p);
      sum += weights[i] * (robust(std::log(c.joules / (s.j_per_item * s.job.batch))) +
                           kTimeWeight * robust(std::log(c.seconds / s.seconds)));
    }
    return sum;
  }
};

double objective(unsigned n, const double* x, double* gradient, void* data) {
  const Problem& problem = *static_cast<const Problem*>(data);
  if (gradient != nullptr) {
    std::vector<double> at(x, x + n);
    for (unsigned i = 0; i < n; ++i) {
      at[i] = x[i] + kStep;
      const double above = problem.loss(at.data());
      at[i] = x[i] - kStep;
      gradient[i] = (above - problem.loss(at.data())) / (2 * kStep);
      at[i] = x[i];
    }
  }
  return problem.loss(x);
}

std::vector<double> weights_of(const std::vector<const Sample*>& samples) {
  const auto group = [](const Sample& s) {
    return s.architecture + (s.request.engine == Engine::xdit ? "/xdit" : "/diffusers");
  };
  std::map<std::string, double> counts;
  for (const Sample* s : samples) ++counts[group(*s)];
  std::vector<double> weights;
  for (const Sample* s : samples) weights.push_back(1 / counts[group(*s)]);
  return weights;
}

std::size_t column_of(const std::vector<std::string>& header, std::string_view name) {
  return static_cast<std::size_t>(std::ranges::find(header, name) - header.begin());
}

Result<Sample> sample_of(const Columns& columns, const std::vector<std::string>& cells) {
  Sample s;
  auto request = columns.request(cells);
  if (!request) return fail(request.error());
  s.request = std::move(*request);
  const auto job = job_of(s.request);
  if (!job) return fail(job.error());
  s.job = *job;
  const Denoiser* shape = find_denoiser(s.request.model);
  s.architecture = shape != nullptr ? shape->architecture : s.request.model;
  Request unnamed = s.request;
  unnamed.model = "?";
  s.unnamed = job_of(unnamed).value_or(s.job);
  return s;
}

}  // namespace

Result<std::vector<Sample>> read_samples(std::string_view csv) {
  std::vector<Sample> samples;
  std::vector<std::string> header;
  Result<Columns> columns = fail(ErrorKind::input, "csv.empty", "the CSV has no header");
  for (std::size_t line = 1; !csv.empty();) {
    const CsvRecord record = next_csv_record(csv, line);
    if (trim(record.text).empty()) continue;
    const auto cells = parse_csv_line(record.text);
    if (header.empty()) {
      header = cells;
      columns = Columns::find(header);
      if (!columns) return fail(columns.error());
      continue;
    }
    auto sample = sample_of(*columns, cells);
    if (!sample) return fail(sample.error());
    const auto number = [&](std::string_view name) {
      const std::size_t at = column_of(header, name);
      return at < cells.size() ? parse_double(cells[at]).value_or(0) : 0;
    };
    sample->j_per_item = number("j_per_item");
    sample->seconds = number("batch_latency_s");
    if (!(sample->j_per_item > 0 && sample->seconds > 0))
      return fail(ErrorKind::input, "csv.row",
                  fmt::format("line {} has no j_per_item or batch_latency_s", record.line),
                  "a fit needs both");
    samples.push_back(std::move(*sample));
  }
  if (!columns) return fail(columns.error());
  return samples;
}

Result<Parameters> fit(const std::vector<const Sample*>& samples) {
  if (samples.empty())
    return fail(ErrorKind::input, "diffusion.fit", "no rows to fit", "give measured rows");
  Problem problem{&samples, weights_of(samples)};
  std::array<double, kParameterCount> x{}, low{}, high{};
  for (std::size_t i = 0; i < kParameterCount; ++i) {
    const ParameterRow& row = parameter_table()[i];
    x[i] = std::log(row.start);
    low[i] = std::log(row.low);
    high[i] = std::log(row.high);
  }
  const std::unique_ptr<nlopt_opt_s, void (*)(nlopt_opt)> opt(
      nlopt_create(NLOPT_LD_SLSQP, kParameterCount), nlopt_destroy);
  nlopt_set_lower_bounds(opt.get(), low.data());
  nlopt_set_upper_bounds(opt.get(), high.data());
  nlopt_set_min_objective(opt.get(), objective, &problem);
  nlopt_set_ftol_rel(opt.get(), 1e-7);
  nlopt_set_maxeval(opt.get(), 500);
  double least = 0;
  const nlopt_result result = nlopt_optimize(opt.get(), x.data(), &least);
  // Rounding may stop the last line search: the point is as good as it gets.
  if (result < 0 && result != NLOPT_ROUNDOFF_LIMITED)
    return fail(ErrorKind::resource, "diffusion.fit",
                fmt::format("the optimiser stopped with code {}", static_cast<int>(result)),
                "look for rows that contradict each other by orders of magnitude");
  Parameters out;
  for (std::size_t i = 0; i < kParameterCount; ++i)
    out.values[i] = std::clamp(std::exp(x[i]), parameter_table()[i].low, parameter_table()[i].high);
  out.rows = samples.size();
  return out;
}

}  // namespace joulebook::diffusion
