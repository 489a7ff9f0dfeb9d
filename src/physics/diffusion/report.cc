#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "core/csv_records.h"
#include "core/text.h"
#include "physics/diffusion/evaluation.h"

namespace joulebook::diffusion {
namespace {

using Figure = std::function<double(const Judged&)>;

double mean(const Rows& rows, const Figure& figure) {
  return over_architectures(rows, [&](const Rows& own) {
    double sum = 0;
    for (const Judged* row : own) sum += figure(*row);
    return sum / static_cast<double>(own.size());
  });
}

double holds(const Judged& row) { return std::abs(row.joules) <= row.half_width ? 1 : 0; }
double width(const Judged& row) { return std::exp(row.half_width) - std::exp(-row.half_width); }
// Gneiting and Raftery's score in logarithms: width, and ten times what lies outside.
double score(const Judged& row) {
  const double outside = std::max(0.0, std::abs(row.joules) - row.half_width);
  return 2 * row.half_width + 2 / (1 - kLevel) * outside;
}

std::string line(const std::string& name, const Rows& rows) {
  const auto percent = [](double x) { return fmt::format("{:.1f}", 100 * x); };
  return fmt::format(
      "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {:.2f} |\n", name, rows.size(),
      percent(error(rows, &Judged::joules, 0.5)), percent(error(rows, &Judged::joules, 0.9)),
      percent(error(rows, &Judged::seconds, 0.5)), percent(error(rows, &Judged::unnamed, 0.5)),
      percent(error(rows, &Judged::regression, 0.5)),
      percent(error(rows, &Judged::regression, 0.9)), percent(mean(rows, holds)),
      percent(mean(rows, width)), mean(rows, score));
}

std::string table(const std::string& title, const std::vector<Judged>& rows,
                  const std::function<std::string(const Sample&)>& key) {
  std::map<std::string, Rows> by;
  for (const Judged& row : rows) by[key(*row.sample)].push_back(&row);
  std::string out = fmt::format(
      "| {} | rows | median | p90 | time median | name unknown | regression median | regression "
      "p90 | held | width | score |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n",
      title);
  for (const auto& [name, own] : by) out += line(name, own);
  return out + "\n";
}

std::string batch_band(const Sample& s) {
  if (s.job.batch == 1) return "01";
  if (s.job.batch <= 4) return "02-04";
  return s.job.batch <= 16 ? "08-16" : "32-64";
}

std::string worst(const std::vector<Judged>& rows) {
  Rows sorted;
  for (const Judged& row : rows) sorted.push_back(&row);
  std::ranges::sort(sorted, std::greater(), [](const Judged* r) { return std::abs(r->joules); });
  std::string out =
      "| model | GPU | ulysses x ring | batch | measured J | predicted | time |\n"
      "|---|---|---|---:|---:|---:|---:|\n";
  for (std::size_t i = 0; i < std::min<std::size_t>(10, sorted.size()); ++i) {
    const Judged& row = *sorted[i];
    const Sample& s = *row.sample;
    out += fmt::format("| {} | {} | {} x {} | {} | {:.0f} | {:+.0f} % | {:+.0f} % |\n",
                       s.request.model, s.request.gpu, s.job.ulysses, s.job.ring, s.job.batch,
                       s.j_per_item, 100 * std::expm1(row.joules),
                       100 * std::expm1(row.seconds));
  }
  return out;
}

}  // namespace

std::string report(const Evaluation& e, const std::string& checks) {
  std::string out = fmt::format(
      "# Images and video: predicted against measured, {}\n\n"
      "Made by `build/bin/diffusion_fit data docs/evidence/physics-diffusion-{}.md {}` from\n"
      "data/ml_energy_diffusion.csv, {} rows. Every row is predicted by a fit without its whole\n"
      "architecture. Errors of J per item in percent; median and p90 within an architecture, then\n"
      "the mean over them. *Name unknown*: the same fit, but the shape synthesised from the number\n"
      "of parameters. *Regression*: log-linear on parameters, pixels x frames, steps, batch, GPUs\n"
      "and kind of GPU, fitted to the same rows. *Held*, *width*, *score*: of the 80 % interval,\n"
      "whose width comes from the other architectures; percent of rows, percent of the value,\n"
      "and Gneiting and Raftery's score in logarithms (less is better).\n\n",
      e.all.date, e.all.date, e.all.date, e.rows.size());
  out += table("all", e.rows, [](const Sample&) { return std::string("all"); });
  out += table("GPU", e.rows, [](const Sample& s) { return s.job.device.name; });
  out += table("task", e.rows, [](const Sample& s) { return s.request.task; });
  out += table("engine", e.rows, [](const Sample& s) {
    return std::string(s.request.engine == Engine::xdit ? "xDiT 0.4.5" : "diffusers 0.29.2");
  });
  out += table("GPUs", e.rows, [](const Sample& s) { return fmt::format("{}", s.job.devices); });
  out += table("batch", e.rows, batch_band);
  out += table("architecture", e.rows, [](const Sample& s) { return s.architecture; });
  out += "## The worst ten rows\n\n" + worst(e.rows) + "\n" + checks;
  return out;
}

Result<std::string> power_hungry_check(std::string_view csv, const Parameters& parameters) {
  std::string out =
      "## A test that was never fitted\n\nOne-GPU estimates from the Power Hungry runs "
      "(data/power_hungry_images.csv): A100 80 GB, 32 bit, batch 1, 50 steps.\n\n"
      "| model | pixels | J an image | predicted | s an image | predicted |\n"
      "|---|---:|---:|---:|---:|---:|\n";
  for (std::size_t at = 1; !csv.empty();) {
    const auto cells = parse_csv_line(next_csv_record(csv, at).text);
    if (cells.size() < 4 || cells[0] == "model") continue;
    Request r{.model = cells[0], .task = "text-to-image", .gpu = "A100 SXM4 80GB"};
    r.engine = Engine::diffusers;
    r.precision = "float32";
    r.steps = 50;
    r.width = r.height = parse_double(cells[1]).value_or(0);
    const auto p = predict(r, parameters);
    if (!p) return fail(p.error());
    const double joules = parse_double(cells[2]).value_or(0);
    const double seconds = parse_double(cells[3]).value_or(0);
    out += fmt::format("| {} | {} | {:.0f} | {:.0f} ({:+.0f} %) | {:.2f} | {:.2f} ({:+.0f} %) |\n",
                       r.model, r.width, joules, p->j_per_item,
                       100 * (p->j_per_item / joules - 1), seconds, p->batch_latency_s,
                       100 * (p->batch_latency_s / seconds - 1));
  }
  return out;
}

}  // namespace joulebook::diffusion
