#include "cli/measured_answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "cli/calibrated_cpu.h"
#include "export/study_json.h"
#include "ledger/ledger.h"
#include "physics/serving/shapes.h"
#include "physics/shape/shape_source.h"

namespace joulebook {
namespace {

using explain::MeasuredAnswer;

double seconds_of(const TrialRecord& t, bool reading) {
  double s = 0;
  for (const PhaseRecord& p : t.phases) {
    const bool reads = p.span.phase == Phase::prefill || p.span.phase == Phase::cached || p.span.phase == Phase::queue;
    if (reads == reading) s += Seconds(p.span.end - p.span.begin).count();
  }
  return s;
}

double reading_j(const TrialRecord& t) {
  double joules = 0;
  for (const PhaseRecord& p : t.phases) {
    if (p.span.phase == Phase::prefill) joules += p.energy.value.value_or(0);
  }
  return joules;
}

// Means over trials that went well.
void average(MeasuredAnswer& a, const std::vector<const TrialRecord*>& trials) {
  const double n = static_cast<double>(trials.size());
  std::vector<Quantity> energies, actives;
  double reading = 0;
  for (const TrialRecord* t : trials) {
    a.prompt += static_cast<double>(t->prompt_tokens.count) / n;
    a.cached += static_cast<double>(t->cached_tokens.count) / n;
    a.output += static_cast<double>(t->output_tokens().count) / n;
    a.prefill_s += seconds_of(*t, true) / n;
    a.decode_s += seconds_of(*t, false) / n;
    energies.push_back(t->energy);
    actives.push_back(t->active);
    reading += reading_j(*t) / n;
  }
  a.energy = scaled(sum(energies), 1 / n, "response");
  if (a.energy.present() && *a.energy.value > 0) a.prefill_share = reading / *a.energy.value;
  const Quantity active = sum(actives);
  if (active.present() && a.energy.present()) {
    a.static_share = std::clamp(1 - *active.value / n / *a.energy.value, 0.0, 1.0);
  } else if (active.reason) {
    a.static_reason = *active.reason;
  }
}

// A file that is still there is read, a name that was given; else the run's own has to do.
Status set_shape(MeasuredAnswer& a, const std::string& path, bool named) {
  std::error_code ignored;
  const bool there = named || std::filesystem::exists(path, ignored);
  const auto shape = physics::read_shape(there ? path : a.model);
  if (!shape) return fail(shape.error());
  a.shape = serving::serving_shape(*shape);
  return {};
}

// Where the run does not say what did the work, the user has to.
Status known(const MeasuredAnswer& a, bool endpoint, bool gpu, const NamedDeployment& named) {
  const bool lacks_shape = endpoint && named.shape.empty(), lacks_device = (endpoint || gpu) && named.gpu.empty();
  if (!lacks_shape && !lacks_device) return {};
  return fail(ErrorKind::input, "explain.elsewhere",
              endpoint ? "an endpoint answered: its model's shape and its device are not in the ledger"
                       : "layers were on a GPU: the calibrated CPU did not do the work",
              fmt::format("name them: joulebook explain {}{}{} (--gpu here: this machine's CPU)", a.id,
                          endpoint ? " --shape MODEL" : "", " --gpu NAME [--batch N]"));
}

Result<std::vector<MeasuredAnswer>> of_study(const StudyResult& study, const NamedDeployment& named) {
  std::vector<MeasuredAnswer> answers;
  for (std::size_t arm = 0; arm < study.arms.size(); ++arm) {
    const EngineInfo& engine = study.arms[arm].engine;
    MeasuredAnswer a;
    a.id = study.id;
    a.name = study.arms[arm].spec.name;
    a.model = engine.model;
    a.cpu = study.machine["cpu"].as_string();
    std::vector<const TrialRecord*> trials;
    for (const TrialRecord& t : study.trials) {
      if (t.arm == arm && !t.error) trials.push_back(&t);
    }
    if (trials.empty()) continue;
    average(a, trials);
    const bool endpoint = engine.kind != "llama.cpp";
    if (auto ok = known(a, endpoint, engine.gpu_layers > 0, named); !ok) return fail(ok.error());
    if (auto ok = set_shape(a, named.shape.empty() ? engine.path : named.shape, !named.shape.empty()); !ok) return fail(ok.error());
    a.batch = named.batch;
    answers.push_back(std::move(a));
  }
  return answers;
}

Result<std::vector<MeasuredAnswer>> of_ask(const Json& document, const Json& spec, const std::string& id,
                                           const NamedDeployment& named) {
  const auto mean = trial_from_json(document["mean"]);
  if (!mean) return fail(mean.error());
  MeasuredAnswer a;
  a.id = id;
  a.model = document["model"].as_string();
  a.cpu = document["machine"]["cpu"].as_string();
  average(a, {&*mean});
  const bool gpu = std::ranges::any_of(document["devices"].items(), [](const Json& device) {
    return device.as_string().starts_with("gpu");
  });
  if (auto ok = known(a, document["engine"].as_string() != "llama.cpp", gpu, named); !ok) return fail(ok.error());
  const std::string path(spec["model"].as_string());
  if (auto ok = set_shape(a, named.shape.empty() ? path : named.shape, !named.shape.empty()); !ok) return fail(ok.error());
  a.batch = named.batch;
  return std::vector{std::move(a)};
}

}  // namespace

Result<std::vector<MeasuredAnswer>> measured_answers(const Context& context, const std::string& asked,
                                                             const NamedDeployment& named) {
  const auto ledger = open_ledger(context.settings.get("ledger"));
  if (!ledger) return fail(ledger.error());
  const auto id = (*ledger)->resolve(asked);
  if (!id) return fail(id.error());
  const auto document = (*ledger)->show(*id);
  if (!document) return fail(document.error());
  const auto schema = (*document)["schema"].as_string();
  if (schema == kStudySchema) {
    const auto study = study_from_json(*document);
    if (!study) return fail(study.error());
    return of_study(*study, named);
  }
  if (schema.starts_with("joulebook.ask/")) {
    const auto spec = (*ledger)->spec(*id);
    if (!spec) return fail(spec.error());
    return of_ask(*document, *spec, *id, named);
  }
  return fail(ErrorKind::input, "explain.no_tokens", *id + " is no run of answers: nobody counted tokens in it",
              "explain a run of `joulebook ask` or a finished `joulebook study`");
}

Result<explain::RunMachine> machine_of(const Context& context, const NamedDeployment& named) {
  if (!(named.batch >= 1 && named.batch <= 1e6) || !(named.gpus >= 1 && named.gpus <= 4096)) {
    return fail(ErrorKind::usage, "explain.number", "--batch and --gpus are counts",
                "give --batch from 1 to 1e6 and --gpus from 1 to 4096");
  }
  if (named.gpu.empty() || named.gpu == serving::kHere) return calibrated_cpu(context);
  const auto device = serving::find_device(named.gpu);
  if (!device) return fail(device.error());
  return explain::named_machine(*device, named.gpus, serving::built_in_fit());
}

}  // namespace joulebook
