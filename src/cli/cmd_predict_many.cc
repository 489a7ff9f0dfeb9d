// predict --sweep and --all: many deployments as a table, CSV or JSON.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "cli/cmd_predict.h"
#include "core/file_tree.h"
#include "core/text.h"
#include "physics/serving/plan.h"
#include "report/bar_chart.h"
#include "report/html_sweep.h"

namespace joulebook {
namespace {

using serving::Costed;
using serving::Plan;

constexpr std::size_t kMostPoints = 1'000'000;
constexpr std::string_view kKeys = "batch, prompt, context, output, gpus, gpu, weights, dp, ep, pp, "
    "rate, cached, reasoning, best-of, draft-tokens, acceptance";

Status set(Plan& plan, std::string_view key, std::string_view value) {
  if (key == "gpu") return plan.gpu = value, Status{};
  if (key == "weights" || key == "precision") return plan.weights = value, Status{};
  struct Key {
    std::string_view name;
    double Plan::*field;
  };
  static constexpr Key kNumbers[] = {
      {"batch", &Plan::batch},      {"prompt", &Plan::prompt},       {"context", &Plan::prompt},
      {"output", &Plan::output},    {"gpus", &Plan::gpus},           {"devices", &Plan::gpus},
      {"dp", &Plan::data_parallel}, {"ep", &Plan::expert_parallel},  {"pp", &Plan::pipeline},
      {"rate", &Plan::rate},        {"cached", &Plan::cached},       {"reasoning", &Plan::reasoning},
      {"best-of", &Plan::best_of},  {"draft-tokens", &Plan::draft_tokens},
      {"acceptance", &Plan::acceptance}};
  const auto number = parse_double(value);
  const auto* field = std::ranges::find(kNumbers, key, &Key::name);
  if (field == std::end(kNumbers) || !number) {
    return fail(ErrorKind::usage, "sweep.syntax", fmt::format("--sweep {}={} is not understood", key, value),
                fmt::format("KEY=a,b,c with one of: {}", kKeys));
  }
  plan.*(field->field) = *number;
  return {};
}

using Values = std::vector<std::pair<std::string, std::string>>;  // swept keys, and theirs here

struct Swept {
  Plan plan;
  Values at;
};

// Every combination, the last sweep fastest.
Result<std::vector<Swept>> expand(const Plan& base, const std::vector<std::string>& sweeps) {
  std::vector<Swept> plans{{base, {}}};
  for (const auto& sweep : sweeps) {
    const auto equals = sweep.find('=');
    const std::string key = sweep.substr(0, equals);
    const auto values = split(equals == std::string::npos ? "" : std::string_view(sweep).substr(equals + 1), ',');
    if (plans.size() * values.size() > kMostPoints) {
      return fail(ErrorKind::usage, "sweep.size", fmt::format("more than {} points", kMostPoints),
                  "sweep fewer values at a time");
    }
    std::vector<Swept> next;
    for (const auto& [plan, at] : plans) {
      for (const auto value : values) {
        next.push_back({plan, at});
        next.back().at.emplace_back(key, value);
        if (auto ok = set(next.back().plan, key, value); !ok) return fail(ok.error());
      }
    }
    plans = std::move(next);
  }
  return plans;
}

struct Point {
  std::string weights;  // as asked for
  Values at;
  Costed costed;
};

// "8, fp8", behind the model where there are several.
std::string label_of(const Point& p, bool several) {
  std::string label = several ? p.costed.work.shape.name : "";
  for (const auto& [key, value] : p.at) label += (label.empty() ? "" : ", ") + value;
  return label;
}

// As asked for, else the bits that most of the weights have.
std::string weights_label(const Point& p) {
  if (!p.weights.empty()) return p.weights;
  const serving::Workload& w = p.costed.work;
  constexpr double kBits = 8;
  return fmt::format("{:.3g} bit", kBits * (w.shape.experts > 0 ? w.expert_bytes : w.weight_bytes));
}

constexpr std::string_view kCsvHeader =
    "model,gpu,gpus,weights,batch,prompt_tokens,output_tokens,j_per_token,lo,hi,j_per_request,tpot_ms,"
    "tpot_median_ms,tokens_per_s,power_w,memory_gb,fits\n";

std::string csv_line(const Point& p) {
  const Costed& c = p.costed;
  const double j = c.step.j_per_token;
  return fmt::format("{},{},{},{},{},{},{},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{}\n",
                     csv_field(c.work.shape.name), csv_field(c.work.device.name), c.work.devices,
                     csv_field(weights_label(p)), c.work.batch, c.work.input, c.work.output, j,
                     j * c.factors.lo, j * c.factors.hi, c.request_j(), 1e3 * c.step.step_s,
                     1e3 * c.step.tpot_median_s, c.work.batch / c.step.step_s, c.step.power_w,
                     c.memory.needed() / 1e9, c.memory.fits() ? "yes" : "no");
}

std::string table(const std::vector<Point>& points) {
  std::string text = fmt::format("{:<26} {:>16} {:>9} {:>6} {:>7} {:>7}  {:>9} {:>21} {:>9} {:>8} {:>5}\n", "model",
                                 "devices", "weights", "batch", "in", "out", "J/token", "80 %", "ms/token", "W", "fits");
  for (const Point& p : points) {
    const Costed& c = p.costed;
    const double j = c.step.j_per_token;
    text += fmt::format("{:<26} {:>16} {:>9} {:>6} {:>7} {:>7}  {:>9.4g} {:>21} {:>9.4g} {:>8.0f} {:>5}\n",
                        c.work.shape.name, fmt::format("{} x {}", c.work.devices, c.work.device.name),
                        weights_label(p), c.work.batch, c.work.input, c.work.output, j,
                        fmt::format("[{:.4g}, {:.4g}]", j * c.factors.lo, j * c.factors.hi),
                        1e3 * c.step.step_s, c.step.power_w, c.memory.fits() ? "yes" : "no");
  }
  return text;
}

// The swept energies as bars, where there are enough to compare and few enough to see.
std::string chart(const std::vector<Point>& points, const PredictOptions& o) {
  constexpr std::size_t kMostBars = 64;
  if (o.sweeps.empty() || points.size() < 2 || points.size() > kMostBars) return "";
  std::string keys;
  for (const auto& sweep : o.sweeps) keys += (keys.empty() ? "" : ", ") + sweep.substr(0, sweep.find('='));
  std::vector<Bar> bars;
  for (const Point& p : points) {
    const double j = p.costed.step.j_per_token;
    bars.push_back({label_of(p, o.all), j, human(j, "J") + (p.costed.memory.fits() ? "" : " (does not fit)")});
  }
  return "\n" + bar_chart("J/token by " + keys, bars, terminal_width());
}

Json point_json(const Point& p) {
  Json json = costed_json(p.costed);
  Json at = Json::array();
  for (const auto& [key, value] : p.at) at.push(Json::object({{"key", key}, {"value", value}}));
  if (!p.at.empty()) json.set("at", std::move(at));
  return json;
}

// "50ms", "0.05s" or "50" (ms) in seconds.
Result<double> limit_of(const std::string& text) {
  std::string_view number = text;
  double unit = 1e-3;
  if (number.ends_with("ms")) number.remove_suffix(2);
  else if (number.ends_with("s")) number.remove_suffix(1), unit = 1;
  const auto value = parse_double(trim(number));
  if (value && *value > 0) return *value * unit;
  return fail(ErrorKind::usage, "predict.tpot", fmt::format("--tpot {} is no time", text), "write 50ms or 0.05s");
}

Result<double> sort_key(const Point& p, const std::string& key) {
  if (key == "j_per_token") return p.costed.step.j_per_token;
  if (key == "j_per_request") return p.costed.request_j();
  if (key == "tpot") return p.costed.step.step_s;
  if (key == "params") return -p.costed.work.shape.total_params();
  if (key == "power") return p.costed.step.power_w;
  return fail(ErrorKind::usage, "predict.sort", fmt::format("cannot sort by {}", key),
              "one of: j_per_token, j_per_request, tpot, params, power");
}

Status filter_and_sort(std::vector<Point>& points, const PredictOptions& o) {
  if (o.fits) std::erase_if(points, [](const Point& p) { return !p.costed.memory.fits(); });
  if (!o.tpot.empty()) {
    const auto limit = limit_of(o.tpot);
    if (!limit) return fail(limit.error());
    std::erase_if(points, [&](const Point& p) { return p.costed.step.step_s > *limit; });
  }
  if (!o.all || points.empty()) return {};
  if (auto key = sort_key(points[0], o.sort); !key) return fail(key.error());
  std::ranges::stable_sort(points, {}, [&](const Point& p) { return *sort_key(p, o.sort); });
  return {};
}

Result<std::vector<Swept>> plans_of(const PredictOptions& o) {
  if (!o.all) {
    auto plan = plan_of(o, o.model);
    if (!plan) return fail(plan.error());
    return expand(*plan, o.sweeps);
  }
  std::vector<Swept> plans;
  for (const auto& shape : serving::all_shapes()) {
    const auto plan = deployed(o, shape);
    if (!plan) return fail(plan.error());
    auto expanded = expand(*plan, o.sweeps);
    if (!expanded) return fail(expanded.error());
    std::ranges::move(*expanded, std::back_inserter(plans));
  }
  return plans;
}

// --out FILE.csv gets CSV; any other place the table.
Status deliver(const Context& context, const PredictOptions& o, const std::vector<Point>& points) {
  if (o.out.empty()) return context.print(table(points) + chart(points, o)), Status{};
  std::string text(kCsvHeader);
  for (const Point& p : points) text += csv_line(p);
  return write_file(o.out, text);
}

Json document_of(const std::vector<Point>& points) {
  Json list = Json::array();
  for (const Point& p : points) list.push(point_json(p));
  return Json::object({{"schema", "joulebook.predictions/1"}, {"predictions", std::move(list)}});
}

Status write_page(const std::string& file, const Json& document) {
  if (!document["predictions"].items().empty()) return write_file(file, sweep_page(document));
  return fail(ErrorKind::input, "predict.none_left", "no deployment is left to show on a page",
              "leave --fits out, or raise --tpot");
}

}  // namespace

int predict_many(const Context& context, const PredictOptions& options) {
  if (auto ok = context.check_outputs({options.out, options.html}); !ok) return report_error(ok.error());
  const auto fit = fit_in_force(options);
  if (!fit) return report_error(fit.error());
  auto plans = plans_of(options);
  if (!plans) return report_error(plans.error());
  std::vector<Point> points;
  points.reserve(plans->size());
  for (auto& [plan, at] : *plans) {
    auto costed = serving::cost(plan, *fit);
    if (!costed) return report_error(costed.error());
    points.push_back({std::move(plan.weights), std::move(at), std::move(*costed)});
  }
  if (auto ok = filter_and_sort(points, options); !ok) return report_error(ok.error());
  if (auto ok = deliver(context, options, points); !ok) return report_error(ok.error());
  if (context.json.empty() && options.html.empty()) return 0;
  const Json document = document_of(points);
  if (!options.html.empty()) {
    if (auto ok = write_page(options.html, document); !ok) return report_error(ok.error());
  }
  const auto ok = context.emit(document);
  return ok ? 0 : report_error(ok.error());
}

}  // namespace joulebook
