#include "study/study_log.h"

#include <fmt/format.h>

#include <algorithm>

#include "study/prompts.h"
#include "study/spec.h"

namespace joulebook {
namespace {

Json row_of(const std::string& what, const Window& window) {
  return Json::object({{"window", what}, {"begin_ns", window.begin.ns}, {"end_ns", window.end.ns}});
}

Anchor anchor_of(const Json& json) {
  return {{json["steady_ns"].as_int()}, json["boot_ns"].as_int(), json["wall_ns"].as_int()};
}

std::optional<Baseline> baseline_of(const Json& row) {
  auto power = quantity_from_json(row["power"]);
  if (!row.has("power") || !power) return std::nullopt;
  const std::string what(row["window"].as_string());
  return Baseline{
      what, {what, {row["begin_ns"].as_int()}, {row["end_ns"].as_int()}}, std::move(*power)};
}

// The prompts named by the stored specification, from their source.
Result<std::vector<Prompt>> prompts_again(const StudySpec& spec) {
  if (spec.keep_text) return spec.prompts;
  const auto source = spec.prompts_source == kBuiltIn ? Result<std::vector<Prompt>>(forty_prompts())
                                                      : load_prompts(spec.prompts_source);
  if (!source) return source;
  std::vector<Prompt> out;
  for (const auto& wanted : spec.prompts) {
    const auto it = std::ranges::find(*source, wanted.id, &Prompt::id);
    if (it != source->end()) out.push_back(*it);
  }
  return out;
}

}  // namespace

StudySpec stored(StudySpec spec) {
  if (spec.keep_text || spec.prompts_source == kBuiltIn) return spec;
  for (auto& prompt : spec.prompts) {
    prompt.text.clear();
    prompt.checker.expected.clear();
    prompt.checker.among.reset();
  }
  return spec;
}

Status StudyLog::begin(const StudySpec& spec, const Anchor& start) {
  if (ledger_ == nullptr) {
    run_ = "study-" + iso8601(start.wall_ns);
    return {};
  }
  Json json = format_.spec(stored(spec));
  json.set("prompts_digest", digest(spec.prompts));
  json.set("start", Json::object({{"steady_ns", start.steady.ns},
                                  {"boot_ns", start.boot_ns},
                                  {"wall_ns", start.wall_ns}}));
  auto id = ledger_->begin_run("study", spec.name, start, json);
  if (!id) return fail(std::move(id.error()));
  run_ = std::move(*id);
  return {};
}

Result<EarlierSession> StudyLog::go_on(const std::string& run) {
  if (ledger_ == nullptr) {
    return fail(ErrorKind::usage, "study.no_ledger", "there is no ledger to resume from",
                "name the ledger that holds the run");
  }
  auto id = ledger_->resolve(run);
  if (!id) return fail(std::move(id.error()));
  run_ = std::move(*id);
  const auto rows = ledger_->trials(run_);
  if (!rows) return fail(rows.error());
  const auto spec = ledger_->spec(run_);
  if (!spec) return fail(spec.error());
  EarlierSession earlier;
  if ((*spec)["start"].is_object()) earlier.start = anchor_of((*spec)["start"]);
  for (const auto& row : *rows) {
    if (row.has("window")) {
      if (auto silence = baseline_of(row)) earlier.baselines.push_back(std::move(*silence));
      continue;
    }
    auto trial = format_.read_trial(row);
    if (!trial) return fail(std::move(trial.error()));
    earlier.trials.push_back(std::move(*trial));
  }
  rows_ = static_cast<std::int64_t>(rows->size());
  return earlier;
}

Status StudyLog::add(const Json& row, const std::vector<Settlement>& settlements) {
  if (ledger_ == nullptr) return {};
  auto added = ledger_->add_trial(run_, rows_, row, settlements);
  if (added) ++rows_;
  return added;
}

Status StudyLog::trial(const TrialRecord& trial, const std::vector<Settlement>& settlements) {
  return ledger_ == nullptr ? Status{} : add(format_.trial(trial), settlements);
}

Status StudyLog::window(const Baseline& silence, const std::vector<Settlement>& settlements) {
  Json row = row_of(silence.what, silence.window);
  row.set("power", to_json(silence.power));
  return add(row, settlements);
}

Status StudyLog::window(const std::string& what, const Window& window,
                        const std::vector<Settlement>& settlements) {
  return add(row_of(what, window), settlements);
}

Status StudyLog::end(const StudyResult& result) {
  if (ledger_ == nullptr) return {};
  StudyResult kept = result;
  kept.spec = stored(std::move(kept.spec));
  return ledger_->end_run(run_, result.end, format_.result(kept), result.complete);
}

Result<StudySpec> resumable_spec(const Ledger& ledger, const std::string& run,
                                 const StudyFormat& format) {
  const auto json = ledger.spec(run);
  if (!json) return fail(json.error());
  auto spec = format.read_spec(*json);
  if (!spec) return spec;
  auto prompts = prompts_again(*spec);
  if (!prompts) return fail(std::move(prompts.error()));
  if (digest(*prompts) != (*json)["prompts_digest"].as_string()) {
    return fail(ErrorKind::input, "study.prompts_changed",
                fmt::format("the prompts of {} are not those that {} began with",
                            spec->prompts_source, run),
                "put the prompts back as they were, or start the study anew");
  }
  spec->prompts = std::move(*prompts);
  return spec;
}

}  // namespace joulebook
