#include <fmt/format.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/recording.h"
#include "core/version.h"
#include "export/study_json.h"
#include "ledger/ledger.h"
#include "meter/run_report.h"
#include "report/terminal_table.h"
#include "sensor/model/machine.h"
#include "study/ask.h"
#include "study/engines.h"

namespace joulebook {
namespace {

Reasoning reasoning_of(std::string_view word) {
  return word == "on" ? Reasoning::on : word == "off" ? Reasoning::off : Reasoning::unset;
}

AskSpec spec_of(const Context& context, const AskOptions& options) {
  AskSpec spec;
  spec.prompt = options.prompt;
  spec.repeats = options.repeat;
  spec.keep_text = options.keep_text;
  ArmSpec& arm = spec.arm;
  arm.name = "ask";
  arm.model = context.settings.get("model");
  arm.system = options.system;
  arm.reasoning = reasoning_of(options.reasoning);
  arm.temperature = options.temperature;
  arm.max_tokens = options.max_tokens;
  arm.seed = options.seed;
  arm.engine.threads = context.settings.get_int("threads");
  arm.engine.context = context.settings.get_int("context");
  arm.engine.gpu_layers = context.settings.get_int("gpu_layers");
  return spec;
}

// Shows the output as it streams, thinking dimmed where there is colour.
class Stream {
 public:
  explicit Stream(const Context& context) : context_(context), colour_(wants_colour(1)) {}
  void operator()(const TokenEvent& event) {
    const bool thinking = event.phase == Phase::reason;
    if (thinking != thinking_ && colour_) context_.print(thinking ? "\x1b[2m" : "\x1b[0m");
    if (thinking_ && !thinking) context_.print("\n");
    thinking_ = thinking;
    context_.print(event.text);
  }
  void end() const { context_.print(thinking_ && colour_ ? "\x1b[0m\n\n" : "\n\n"); }

 private:
  const Context& context_;
  bool colour_;
  bool thinking_ = false;
};

Json document_of(const Context& context, const AskResult& result, const EngineInfo& engine,
                 const WindowEnergy& load, const WindowEnergy& whole) {
  Json trials = Json::array();
  for (const auto& trial : result.trials) trials.push(to_json(trial));
  Json out = Json::object(
      {{"schema", "joulebook.ask/1"},
       {"joulebook", Json::object({{"version", build_version()}, {"commit", build_commit()}})},
       {"model", engine.model},
       {"engine", engine.kind},
       {"load", Json::object({{"duration_s", load.window.duration().count()},
                              {"energy", to_json(load.total)}})},
       {"total", to_json(result.mean.energy)},
       {"mean", to_json(result.mean)},
       {"trials", std::move(trials)},
       {"machine", to_json(describe_machine(*context.files()))}});
  set_devices(out, whole);
  return out;
}

// Prompts are not part of what is kept, unless asked.
Json kept_spec(const AskSpec& spec) {
  Json json = Json::object({{"model", spec.arm.model},
                            {"max_tokens", spec.arm.max_tokens},
                            {"temperature", spec.arm.temperature},
                            {"repeats", spec.repeats}});
  if (spec.keep_text) json.set("prompt", spec.prompt).set("system", spec.arm.system);
  return json;
}

Status keep(Ledger& ledger, const AskSpec& spec, const Anchor& start, const AskResult& result,
            const Json& document) {
  auto id = ledger.begin_run("ask", document["model"].as_string(), start, kept_spec(spec));
  if (!id) return fail(id.error());
  for (const auto& trial : result.trials) {
    const bool last = &trial == &result.trials.back();
    auto added = ledger.add_trial(*id, trial.ordinal, to_json(trial),
                                  last ? result.settlements : std::vector<Settlement>{});
    if (!added) return added;
  }
  return ledger.end_run(*id, system_clock().anchor(), document, !result.cancelled);
}

// Who does the engine's work: this process, or who listens at the endpoint's port.
std::vector<int> pids_of(const EngineInfo& info, const std::shared_ptr<const FileTree>& files) {
  if (!info.local) return {};
  if (!info.pids.empty()) return info.pids;
  if (info.kind == "endpoint") return endpoint_pids(files)(info.path);
  return {::getpid()};
}

void advise(const Context& context, const AskResult& result) {
  if (!result.repeat_advice) return;
  context.print(
      fmt::format("The window was too short for a narrow figure: `--repeat {}` would resolve it to "
                  "about 10 %.\n",
                  *result.repeat_advice));
}

}  // namespace

int ask(const Context& context, const AskOptions& options) {
  if (auto ok = context.check_outputs({options.record}); !ok) return report_error(ok.error());
  auto ledger = open_ledger(context.settings.get("ledger"));
  if (!ledger) return report_error(ledger.error());
  const AskSpec spec = spec_of(context, options);
  auto recording = Recording::create(options.record);
  if (!recording) return report_error(recording.error());
  auto meter = context.open_meter(recording->publish());
  if (!meter) return report_error(meter.error());
  if (auto ok = (*meter)->start(); !ok) return report_error(ok.error());
  const Anchor start = system_clock().anchor();
  auto engine = open_engine(spec.arm.model, spec.arm.engine);
  if (!engine) return report_error(engine.error());
  const SteadyTime loaded = (*meter)->now();
  const EngineInfo info = (*engine)->info();
  const auto files = context.files();
  (*meter)->watch_processes(pids_of(info, files));
  for (const auto& warning : info.warnings) context.warn(warning);

  Stream stream(context);
  auto result = ask_engine(**engine, **meter, spec, info.local, &cancelled(),
                           [&](const TokenEvent& event) { stream(event); });
  if (!result) return report_error(result.error());
  stream.end();
  const WindowEnergy load = (*meter)->energy({"load", start.steady, loaded});
  const SteadyTime end = (*meter)->now();
  (*meter)->settle(end);  // also of the devices apart
  const WindowEnergy whole = (*meter)->energy({"ask", loaded, end});
  if (auto ok = recording->finish(); !ok) return report_error(ok.error());
  (*meter)->stop();

  const ScreenStyle style{terminal_width(), wants_colour(1)};
  const Json document = document_of(context, *result, info, load, whole);
  context.print(ask_summary(result->mean, style));
  if (info.local) context.print(device_lines(document, style));
  advise(context, *result);
  if (auto ok = keep(**ledger, spec, start, *result, document); !ok) {
    return report_error(ok.error());
  }
  if (auto ok = context.emit(document); !ok) return report_error(ok.error());
  return result->cancelled ? 128 + cancelling_signal() : 0;
}

}  // namespace joulebook
