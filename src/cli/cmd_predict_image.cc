#include "cli/cmd_predict_image.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/cmd_predict.h"
#include "core/csv_records.h"
#include "core/modelled.h"
#include "core/text.h"
#include "physics/diffusion/predict_csv.h"

namespace joulebook {
namespace {

using diffusion::Prediction;
using diffusion::Request;

Request request_of(const PredictImageOptions& o) {
  const bool video = o.image.empty();
  Request r{.model = video ? o.video : o.image,
            .task = video ? "text-to-video" : "text-to-image",
            .gpu = o.gpu};
  r.engine = o.engine == "diffusers" ? diffusion::Engine::diffusers : diffusion::Engine::xdit;
  r.precision = o.precision;
  r.denoiser_params_b = o.params_b;
  r.gpus = o.gpus;
  r.ulysses = o.ulysses;
  r.ring = o.ring;
  r.batch = o.batch;
  // Nothing given is the usual size; a negative one is judged with the rest.
  r.width = o.width != 0 ? o.width : video ? 832 : 1024;
  r.height = o.height != 0 ? o.height : video ? 480 : 1024;
  r.frames = o.frames != 0 ? o.frames : video ? 81 : 1;
  r.steps = o.steps;
  return r;
}

Json modelled_json(double value, Interval own, std::string_view unit, std::string_view per,
                   const std::string& method) {
  return to_json(modelled(value, own, std::string(unit), std::string(per),
                          {"gpu", method, diffusion::kLevel}));
}

// A part of the joules has the relative interval of the whole.
Json parts_json(const Prediction& p, double batch, std::string_view item, const std::string& how) {
  const double lo = p.lo / p.j_per_item;
  const double hi = p.hi / p.j_per_item;
  Json out = Json::object();
  const std::pair<std::string_view, double> parts[] = {{"static", p.cost.static_j},
                                                       {"denoiser", p.cost.denoiser_j},
                                                       {"decoder", p.cost.decoder_j},
                                                       {"text_encoder", p.cost.text_j}};
  for (const auto& [name, joules] : parts) {
    const double each = joules / batch;
    out.set(std::string(name), modelled_json(each, {each * lo, each * hi}, "J", item, how));
  }
  return out;
}

Json document_of(const Request& r, const Prediction& p) {
  const std::string item = r.frames > 1 ? "video" : "image";
  const std::string how = method_of(p);
  Json out = Json::object({{"schema", "joulebook.predicted-image/1"}, {"model", r.model}});
  out.set("gpu", r.gpu).set("gpus", r.gpus).set("batch", r.batch).set("width", r.width);
  out.set("height", r.height).set("frames", r.frames).set("steps", r.steps);
  out.set("architecture", p.architecture).set("shape_source", p.shape_source);
  out.set("shape_known", p.shape_known).set("gpu_fitted", p.device_fitted);
  out.set("energy", modelled_json(p.j_per_item, {p.lo, p.hi}, "J", item, how));
  const double watts = p.power_w / p.j_per_item;
  out.set("power", modelled_json(p.power_w, {watts * p.lo, watts * p.hi}, "W", "", how));
  out.set("batch_latency_s", p.batch_latency_s).set("batch_latency_lo_s", p.latency_lo);
  out.set("batch_latency_hi_s", p.latency_hi).set("flops", p.flops_per_item);
  out.set("parts", parts_json(p, r.batch, item, how));
  return out;
}

std::string table_of(const Request& r, const Prediction& p) {
  const diffusion::Cost& c = p.cost;
  const auto share = [](double part, double whole) { return 100 * part / whole; };
  std::string out = fmt::format(
      "{}, {} x {} x {} frames, {} steps, batch {}, {} x {}\n", r.model, r.width, r.height,
      r.frames, r.steps, r.batch, r.gpus, r.gpu);
  out += fmt::format("  energy   {} [{}, {}] for each {}, 80 %, all GPUs, modelled\n",
                     human(p.j_per_item, "J"), human(p.lo, "J"), human(p.hi, "J"),
                     r.frames > 1 ? "video" : "image");
  out += fmt::format("  time     {} [{}, {}] for a batch\n", human(p.batch_latency_s, "s"),
                     human(p.latency_lo, "s"), human(p.latency_hi, "s"));
  out += fmt::format("  power    {}\n", human(p.power_w, "W"));
  out += fmt::format("  joules   denoiser {:.0f} %, decoder {:.0f} %, text {:.0f} %, static {:.0f} %\n",
                     share(c.denoiser_j, c.joules), share(c.decoder_j, c.joules),
                     share(c.text_j, c.joules), share(c.static_j, c.joules));
  const double busy =
      c.linear_s + c.attention_s + c.convolution_s + c.traffic_s + c.exchange_s;
  out += fmt::format(
      "  compute  dense {:.0f} %, attention {:.0f} %, convolution {:.0f} %, memory {:.0f} %, "
      "exchange {:.0f} %\n",
      share(c.linear_s, busy), share(c.attention_s, busy), share(c.convolution_s, busy),
      share(c.traffic_s, busy), share(c.exchange_s, busy));
  return out + fmt::format("  {:.4g} FLOPs for each; {}\n", p.flops_per_item, method_of(p));
}

}  // namespace

void add_image_flags(CLI::App& command, PredictImageOptions& o) {
  const auto number = [&command](const char* flag, double& into, const char* doc) {
    command.add_option(flag, into, doc)->type_name("N");
  };
  CLI::Option* image =
      command.add_option("--image", o.image, "an image of this model")->type_name("MODEL");
  command.add_option("--video", o.video, "a video of this model")
      ->type_name("MODEL")
      ->excludes(image);
  number("--width", o.width, "pixels (default 1024; video 832)");
  number("--height", o.height, "pixels (default 1024; video 480)");
  number("--frames", o.frames, "of a video (default 81)");
  number("--steps", o.steps, "of the denoiser (default 25)");
  number("--ulysses", o.ulysses, "GPUs that share a sequence all to all (default: all)");
  number("--ring", o.ring, "GPUs that share it in a ring (default 1)");
  number("--denoiser-params", o.params_b, "1e9 parameters, where the name is unknown");
  command.add_option("--image-precision", o.precision, "bfloat16 or float32")->type_name("TYPE");
  command.add_option("--diffusion-engine", o.engine, "xdit or diffusers")
      ->check(CLI::IsMember({"xdit", "diffusers"}));
}

int predict_image(const Context& context, const PredictImageOptions& options) {
  const Request request = request_of(options);
  const auto prediction = diffusion::predict(request);
  if (!prediction) return report_error(prediction.error());
  if (!prediction->shape_known)
    context.warn("the model's name is unknown: its shape is a guess from its parameters");
  if (!prediction->device_fitted)
    context.warn("no row of this GPU was fitted: its data sheet scales its generation");
  context.print(table_of(request, *prediction));
  const auto ok = context.emit(document_of(request, *prediction));
  return ok ? 0 : report_error(ok.error());
}

bool is_image_csv(std::string_view text) {
  text = without_byte_order_mark(text);
  std::size_t line = 1;
  return diffusion::is_diffusion_header(parse_csv_line(next_csv_record(text, line).text));
}

int predict_image_rows(const Context& context, std::string_view text, const std::string& out) {
  const auto table = diffusion::predict_csv(text);
  if (!table) return report_error(table.error());
  std::size_t refused = 0, guessed = 0;
  for (const auto& row : table->rows) {
    if (row.refusal) {
      ++refused;
      context.warn(fmt::format("line {}: {}; {}", row.line, row.refusal->message,
                               row.refusal->cure));
    } else if (!row.prediction->shape_known) {
      ++guessed;
    }
  }
  const auto ok = deliver_rows(context, out,
                               {table->csv, table->rows.size(), refused, guessed,
                                diffusion::fitted().date, "ml_energy_diffusion.csv"});
  if (!ok) return report_error(ok.error());
  if (refused == 0 || refused < table->rows.size()) return 0;
  return report_error({ErrorKind::input, "csv.rows", "no row could be predicted",
                       "see the reasons above"});
}

}  // namespace joulebook
