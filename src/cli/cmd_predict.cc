#include "cli/cmd_predict.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>

#include "cli/calibrated_cpu.h"
#include "cli/cmd_predict_image.h"
#include "cli/cmd_predict_training.h"
#include "cli/command_line.h"
#include "core/file_tree.h"
#include "core/json.h"
#include "core/text.h"

namespace joulebook {
namespace {

struct Asked {
  PredictOptions text;
  PredictImageOptions image;
  PredictTrainingOptions training;
};

// Images and video share --gpu, --gpus and --batch with text.
int images(const Context& context, const Asked& asked) {
  PredictImageOptions options = asked.image;
  if (!asked.text.gpu.empty()) options.gpu = asked.text.gpu;
  options.gpus = asked.text.gpus;
  options.batch = asked.text.batch;
  return predict_image(context, options);
}

// And training a model with its name, --gpu and --gpus.
int trained(const Context& context, const Asked& asked) {
  PredictTrainingOptions options = asked.training;
  options.model = asked.text.model;
  if (!asked.text.gpu.empty()) options.gpu = asked.text.gpu;
  options.gpus = asked.text.gpus;
  return predict_training(context, options);
}

// What --gpu and sweeps of it say of this machine, if anything. Its CPU, named as such, is called `here` from then on.
std::optional<Here> asks_for(PredictOptions& o) {
  std::optional<Here> out;
  const auto take = [&](std::string name) {
    if (name == serving::kHere) out = Here::machine;
    if (name != kCpu) return name;
    if (!out) out = Here::cpu;
    return std::string(serving::kHere);
  };
  o.gpu = take(o.gpu);
  for (auto& sweep : o.sweeps) {
    if (!sweep.starts_with("gpu=")) continue;
    std::vector<std::string> names;
    for (const auto name : split(std::string_view(sweep).substr(4), ',')) names.push_back(take(std::string(name)));
    sweep = fmt::format("gpu={}", fmt::join(names, ","));
  }
  return out;
}

int predict(const Context& context, Asked& asked) {
  PredictOptions& options = asked.text;
  if (const auto which = asks_for(options)) {
    if (asked.training.training || asked.image.asked()) {
      return report_error({ErrorKind::usage, "predict.here", "images and training are not predicted for a CPU",
                           "name a GPU with --gpu"});
    }
    auto here = calibrated_device(context, *which);
    if (!here) return report_error(here.error());
    options.here = std::move(*here);
  }
  if (!options.html.empty() && !options.all && options.sweeps.empty()) {
    return report_error({ErrorKind::usage, "predict.html", "a page shows many deployments, and this is one",
                         "add --sweep batch=1,8,64, or rank the catalogue with --all"});
  }
  if (asked.training.training) return trained(context, asked);
  if (asked.image.asked()) return images(context, asked);
  if (!options.csv.empty()) return predict_rows(context, options);
  if (!options.fit.empty()) return predict_fit(context, options);
  if (!options.evaluate.empty()) return predict_evaluate(context, options);
  if (options.all || (!options.model.empty() && !options.sweeps.empty())) return predict_many(context, options);
  if (!options.model.empty()) return predict_model(context, options);
  return report_error({ErrorKind::usage, "predict.nothing", "nothing to predict",
                       "name a model, or give --image, --video, --all or --csv ROWS.csv"});
}

}  // namespace

Result<serving::ServingFit> fit_in_force(const PredictOptions& options) {
  if (options.fit_file.empty()) return serving::built_in_fit();
  const auto text = read_file(options.fit_file);
  if (!text) return fail(text.error());
  const auto json = parse_json(*text);
  if (!json) return fail(json.error());
  return serving::serving_fit_from_json(*json);
}

void add_predict(CommandLine& line) {
  const auto asked = std::make_shared<Asked>();
  PredictOptions* const o = &asked->text;
  CLI::App& k = line.add("predict", "what serving a model costs before anyone runs it",
                         [asked](const Context& context) { return predict(context, *asked); });
  k.add_option("model", o->model, "a GGUF file, a config.json, or a published model's name")->type_name("MODEL");
  k.add_option("--gpu", o->gpu,
               "device (default H100); here: this machine, as `joulebook calibrate` found it; cpu: its CPU, whatever else is in it")
      ->type_name("NAME");
  k.add_option("--gpus,--tp", o->gpus, "devices, tensor parallel")->type_name("N");
  k.add_option("--dp", o->data_parallel, "replicas among them")->type_name("N");
  k.add_option("--pp", o->pipeline, "pipeline stages among them")->type_name("N");
  k.add_option("--ep", o->expert_parallel, "devices that experts are split over")->type_name("N");
  k.add_option("--batch", o->batch, "sequences at a time")->type_name("N");
  k.add_option("--prompt,--context", o->prompt, "prompt tokens, or mean:90th percentile (default 250)")->type_name("N[:P]");
  k.add_option("--output", o->output, "answer tokens, or mean:90th percentile (default 500)")->type_name("N[:P]");
  k.add_option("--weights", o->weights, "bfloat16, fp8, mxfp4 (default: as the file or the release has them)")->type_name("TYPE");
  k.add_option("--cached", o->cached, "share of the prompt that the prefix cache holds")->type_name("0..1");
  k.add_option("--reasoning", o->reasoning, "tokens thought before the answer")->type_name("N");
  k.add_option("--best-of", o->best_of, "answers drawn for each request")->type_name("N");
  k.add_option("--draft", o->draft, "model that drafts tokens for this one to verify")->type_name("MODEL");
  k.add_option("--draft-tokens", o->draft_tokens, "drafts a step (default 4)")->type_name("N");
  k.add_option("--acceptance", o->acceptance, "chance that a draft is kept (default 0.7)")->type_name("0..1");
  k.add_option("--guard", o->guard, "model that reads prompt and answer for safety")->type_name("MODEL");
  k.add_option("--rate", o->rate, "requests a second, in the place of --batch")->type_name("R");
  k.add_option("--sweep", o->sweeps, "KEY=a,b,c; once for each key: batch, prompt, output, gpus, gpu, weights, rate, cached, ...")
      ->type_name("KEY=LIST");
  k.add_flag("--all", o->all, "every model of the catalogue");
  k.add_flag("--fits", o->fits, "only what fits in memory");
  k.add_option("--tpot", o->tpot, "only what needs at most so long per token")->type_name("TIME");
  k.add_option("--sort", o->sort, "j_per_token, j_per_request, tpot, params or power")->type_name("KEY");
  k.add_option("--csv", o->csv, "predict these rows (columns of data/ml_energy.csv or ml_energy_diffusion.csv)")->type_name("FILE");
  k.add_option("--fit", o->fit, "fit the model to these measured rows")->type_name("FILE");
  k.add_option("--evaluate", o->evaluate, "errors on these rows, each architecture left out")
      ->type_name("FILE");
  k.add_option("--out", o->out, "where the rows or the fit go")->type_name("FILE");
  k.add_option("--html", o->html, "with --sweep or --all: a self-contained page with charts")->type_name("FILE");
  k.add_option("--fit-file", o->fit_file, "use this fit, not the built-in one")->type_name("FILE");
  add_image_flags(k, asked->image);
  add_training_flags(k, asked->training);
}

}  // namespace joulebook
