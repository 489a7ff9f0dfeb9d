#include <fmt/format.h>

#include <algorithm>

#include "cli/commands.h"
#include "cli/gate.h"
#include "cli/recording.h"
#include "cli/study_format.h"
#include "cli/study_progress.h"
#include "core/find_program.h"
#include "export/csv.h"
#include "export/markdown.h"
#include "export/study_json.h"
#include "report/html_page.h"
#include "report/terminal_table.h"
#include "sensor/model/machine.h"
#include "study/comparison.h"
#include "study/engines.h"
#include "study/runner.h"
#include "study/spec.h"
#include "study/study_log.h"
#include "study/sweep.h"

namespace joulebook {
namespace {

StudyFlags flags_of(const Context& context, const StudyOptions& options) {
  StudyFlags flags;
  flags.models = options.models;
  for (const auto& word : options.modes) flags.modes.push_back(*mode_from_string(word));
  flags.prompts = options.prompts;
  flags.require = options.require;
  flags.fixed = options.fixed;
  if (options.seed >= 0) flags.seed = static_cast<std::uint64_t>(options.seed);
  if (options.rounds > 0) flags.min_rounds = options.rounds;
  if (options.max_rounds > 0) flags.max_rounds = options.max_rounds;
  if (options.target > 0) flags.target = options.target;
  if (options.minutes > 0) flags.max_seconds = options.minutes * 60;
  if (options.baseline_seconds >= 0) flags.baseline_seconds = options.baseline_seconds;
  if (options.max_tokens > 0) flags.max_tokens = options.max_tokens;
  if (options.temperature >= 0) flags.temperature = options.temperature;
  if (const int n = context.settings.get_int("threads"); n > 0) flags.threads = n;
  if (const int n = context.settings.get_int("gpu_layers"); n >= 0) flags.gpu_layers = n;
  flags.keep_cache = options.keep_cache;
  flags.keep_text = options.keep_text;
  return flags;
}

Result<StudySpec> spec_of(const Context& context, const StudyOptions& options) {
  const std::string& model = context.settings.get("model");
  Result<StudySpec> spec = options.study == "forty" ? Result<StudySpec>(forty_study(model))
                                                    : load_study(options.study, model);
  if (spec) spec = with_flags(std::move(*spec), flags_of(context, options));
  if (!spec) return spec;
  const auto axes = parse_sweep(options.sweep);
  if (!axes) return fail(axes.error());
  auto arms = swept(spec->arms, *axes);
  if (!arms) return fail(std::move(arms.error()));
  spec->arms = std::move(*arms);
  if (auto ok = validate(*spec); !ok) return fail(ok.error());
  return spec;
}

struct Plan {
  StudySpec spec;
  std::optional<std::string> resume;
};

// A study goes on as it began, but for how long a program may take and how much it may say: who raised
// that after it had failed wants it to count.
void take_limits(StudySpec& began, const StudySpec& now) {
  for (ArmSpec& arm : began.arms) {
    const auto it = std::ranges::find(now.arms, arm.name, &ArmSpec::name);
    if (it == now.arms.end() || !it->engine.command || !arm.engine.command) continue;
    arm.engine.command->time_limit_s = it->engine.command->time_limit_s;
    arm.engine.command->most_output = it->engine.command->most_output;
  }
}

// Before anything is measured.
Status check_programs(const StudySpec& spec) {
  for (const ArmSpec& arm : spec.arms) {
    if (!arm.engine.command) continue;
    const CommandOptions& command = *arm.engine.command;
    if (!find_program(command.argv.front(), command.directory).empty()) continue;
    return fail(ErrorKind::input, "command.missing",
                fmt::format("arm '{}': there is no program {}", arm.name, command.argv.front()),
                "install it, or name its path, from the study's folder");
  }
  return {};
}

// The study to run: a new one, or the unfinished one of the same name.
Result<Plan> plan_of(const Context& context, const StudyOptions& options, const Ledger& ledger) {
  auto spec = spec_of(context, options);
  if (!spec) return fail(spec.error());
  if (!options.resume) return Plan{std::move(*spec), std::nullopt};
  auto run = ledger.unfinished("study", spec->name);
  if (!run) return fail(run.error());
  if (!*run) {
    return fail(ErrorKind::input, "study.nothing_to_resume",
                "the ledger holds no unfinished study named '" + spec->name + "'",
                "leave out --resume, or name the ledger with --ledger");
  }
  auto resumed = resumable_spec(ledger, **run, study_format());
  if (!resumed) return fail(resumed.error());
  take_limits(*resumed, *spec);
  return Plan{std::move(*resumed), **run};
}

Status write_outputs(const Context& context, const StudyOptions& options,
                     const StudyResult& result) {
  const Json document = document_of(result);
  if (auto ok = context.emit(document); !ok) return ok;
  if (!options.csv.empty()) {
    if (auto ok = write_file(options.csv, trials_csv(result)); !ok) return ok;
  }
  if (!options.markdown.empty()) {
    if (auto ok = write_file(options.markdown, study_markdown(result)); !ok) return ok;
  }
  if (options.html.empty()) return {};
  auto page = html_page(document);
  if (!page) return fail(page.error());
  if (auto ok = write_file(options.html, *page); !ok) return ok;
  context.say("report: " + options.html);
  return {};
}

Result<StudyResult> run_plan(const Context& context, const Plan& plan, Ledger& ledger, const std::string& record) {
  auto recording = Recording::create(record);
  if (!recording) return fail(recording.error());
  auto meter = context.open_meter(recording->publish());
  if (!meter) return fail(meter.error());
  if (auto ok = (*meter)->start(); !ok) return fail(ok.error());
  StudyProgress progress(plan.spec, context.quiet);
  const auto files = context.files();
  auto result = run_study(plan.spec, StudyContext{.meter = **meter,
                                                  .clock = system_clock(),
                                                  .open_engine = open_engine,
                                                  .ledger = &ledger,
                                                  .format = study_format(),
                                                  .progress = &progress,
                                                  .cancel = &cancelled(),
                                                  .resume = plan.resume,
                                                  .find_pids = endpoint_pids(files),
                                                  .machine = to_json(describe_machine(*files))});
  const Status kept = recording->finish();
  (*meter)->stop();
  if (result && !kept) return fail(kept.error());
  return result;
}

// What `study tasks` takes of a study's flags.
int all_tasks(const Context& context, const StudyOptions& options) {
  TasksOptions tasks = options.tasks;
  tasks.minutes = options.minutes;
  tasks.seed = options.seed;
  tasks.require = options.require;
  tasks.html = options.html;
  if (options.models.size() > 1) {
    return report_error({ErrorKind::usage, "tasks.models", "tasks take one --model",
                         "name the one that stands in for the built-in model"});
  }
  if (!options.models.empty()) tasks.model = options.models.front();
  return study_tasks(context, tasks);
}

int dry_run(const Context& context, const StudyOptions& options) {
  auto spec = spec_of(context, options);
  if (!spec) return report_error(spec.error());
  context.print(to_json(*spec).dump(2) + "\n");
  const auto ok = context.emit(to_json(*spec));
  return ok ? 0 : report_error(ok.error());
}

// 4 where an arm's joules are absent or of a weaker tier than required.
int tier_gate(const StudyOptions& options, const StudyResult& result) {
  for (const auto& arm : result.arms) {
    const auto ok = check_tier(options.require_tier, arm.j_per_response.these,
                               "the energy of '" + arm.spec.name + "'", "study.tier");
    if (!ok) return report_error(ok.error());
  }
  return 0;
}

}  // namespace

int study(const Context& context, const StudyOptions& options) {
  if (options.study == "tasks") return all_tasks(context, options);
  if (auto ok = context.check_outputs({options.html, options.csv, options.markdown, options.record}); !ok) {
    return report_error(ok.error());
  }
  if (options.dry_run) return dry_run(context, options);
  auto ledger = open_ledger(context.settings.get("ledger"));
  if (!ledger) return report_error(ledger.error());
  auto plan = plan_of(context, options, **ledger);
  if (!plan) return report_error(plan.error());
  if (auto ok = check_programs(plan->spec); !ok) return report_error(ok.error());
  auto result = run_plan(context, *plan, **ledger, options.record);
  if (!result) return report_error(result.error());

  const ScreenStyle style{terminal_width(), wants_colour(1)};
  context.print(study_table(*result, style));
  context.print(device_lines(document_of(*result)["whole"], style));
  if (auto ok = write_outputs(context, options, *result); !ok) return report_error(ok.error());
  if (result->complete) return tier_gate(options, *result);
  context.say("stopped early; what was done is kept: go on with --resume");
  return 128 + std::max(2, cancelling_signal());
}

}  // namespace joulebook
