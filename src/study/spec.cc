#include "study/spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "engine/command_words.h"
#include "study/answers.h"
#include "study/engines.h"
#include "study/prompts.h"
#include "study/sizing/requirement.h"

namespace joulebook {
namespace {

constexpr std::string_view kDirect = "Answer at once, as briefly as you can, without explaining.";
constexpr std::string_view kReason =
    "You are a careful thinker. Explain your reasoning step by step, in full sentences, and check "
    "each step. Only then write the final answer on a last line that begins with 'Answer:'.";
constexpr double kTemperature = 0.8;
constexpr std::int64_t kMaxTokens = 512;

// "smol direct"; the model's file name without its folder and ending.
std::string arm_name(const std::string& model, Mode mode, bool several_models) {
  const std::string how = mode == Mode::direct ? "direct" : "step by step";
  if (!several_models) return how;
  const std::string shown =
      is_address(model) ? model : std::filesystem::path(model).stem().string();
  return shown + ", " + how;
}

// Two arms of one name get numbers.
void number_names(std::vector<ArmSpec>& arms) {
  std::map<std::string, int> seen;
  for (auto& arm : arms) {
    if (const int n = ++seen[arm.name]; n > 1) arm.name += fmt::format(" #{}", n);
  }
}

std::vector<ArmSpec> arms_of(const std::vector<std::string>& models,
                             const std::vector<Mode>& modes) {
  std::vector<ArmSpec> arms;
  for (const auto& model : models) {
    for (const Mode mode : modes) {
      arms.push_back(default_arm(model, mode));
      arms.back().name = arm_name(model, mode, models.size() > 1);
    }
  }
  number_names(arms);
  return arms;
}

template <class T, class U>
void overlay(T& target, const std::optional<U>& flag) {
  if (flag) target = *flag;
}

void overlay_arms(std::vector<ArmSpec>& arms, const StudyFlags& flags) {
  for (auto& arm : arms) {
    overlay(arm.max_tokens, flags.max_tokens);
    overlay(arm.temperature, flags.temperature);
    overlay(arm.engine.threads, flags.threads);
    overlay(arm.engine.gpu_layers, flags.gpu_layers);
  }
}

Status bad(std::string code, std::string message, std::string cure) {
  return fail(ErrorKind::input, std::move(code), std::move(message), std::move(cure));
}

Status in_range(std::string_view name, double value, double lo, double hi) {
  if (value >= lo && value <= hi) return {};
  return bad("study.bad_value", fmt::format("{} is {}, not between {} and {}", name, value, lo, hi),
             fmt::format("choose a value from {} to {}", lo, hi));
}

bool holds_password(const std::string& model) {
  if (!is_address(model)) return false;
  const auto host = model.find("://") + 3;
  return model.substr(host, model.find('/', host) - host).find('@') != std::string::npos;
}

// Answers by majority or the best of several.
Status validate_answers(const ArmSpec& arm) {
  if (!arm.answers) {
    if (!arm.pick) return {};
    return bad("study.answers", fmt::format("arm '{}' picks among answers but gives one", arm.name),
               "say how many: answers = 5");
  }
  if (auto ok = in_range("answers", *arm.answers, 2, 64); !ok) return ok;
  if (arm.temperature > 0 && !arm.fixed) return {};
  return bad("study.answers",
             fmt::format("the {} answers of arm '{}' would all be alike", *arm.answers, arm.name),
             "give it a temperature above 0");
}

// What only an endpoint, or only a model file, can do.
Status validate_reach(const ArmSpec& arm) {
  const bool remote = is_address(arm.model);
  if (arm.effort && !remote) {
    return bad("study.effort", fmt::format("arm '{}' is a model file, which takes no effort", arm.name),
               "give it think_budget, or name an endpoint that takes reasoning_effort");
  }
  if (arm.think_budget && remote) {
    return bad("study.think_budget",
               fmt::format("arm '{}' is an endpoint, whose thinking can't be cut", arm.name),
               "give it effort = \"low\", or name a model file");
  }
  if (arm.think_budget) {
    if (auto ok = in_range("think_budget", static_cast<double>(*arm.think_budget), 1, 1e6); !ok) {
      return ok;
    }
  }
  if (!arm.fixed) return {};
  if (auto length = parse_fixed(*arm.fixed); !length) return fail(length.error());
  if (!remote) return {};
  return bad("study.fixed", fmt::format("arm '{}' is an endpoint, which writes what it likes", arm.name),
             "name a model file for pp and tg");
}

Status validate_arm(const ArmSpec& arm) {
  if (arm.engine.command) {
    const auto ok = validate(*arm.engine.command);
    if (ok) return {};
    return bad(ok.error().code, fmt::format("arm '{}': {}", arm.name, ok.error().message),
               ok.error().cure);
  }
  if (arm.model.empty()) {
    return bad("study.bad_value", fmt::format("arm '{}' names no model", arm.name),
               "give a GGUF file or the address of an endpoint");
  }
  if (holds_password(arm.model)) {
    return bad("study.secret", fmt::format("the address of arm '{}' holds a password", arm.name),
               "take it out and name the variable that holds the key: api_key_env");
  }
  for (const auto& ok : {in_range("temperature", arm.temperature, 0, 5),
                         in_range("max_tokens", static_cast<double>(arm.max_tokens), 1, 1e6),
                         in_range("threads", arm.engine.threads, 0, 4096),
                         in_range("context", static_cast<double>(arm.engine.context), 0, 1e8),
                         in_range("batch", arm.engine.batch, 0, 1e6)}) {
    if (!ok) return ok;
  }
  if (auto ok = validate_answers(arm); !ok) return ok;
  return validate_reach(arm);
}

// Arms of a given length measure the engine, the others answer prompts.
Status validate_mix(const StudySpec& spec) {
  const auto fixed = std::ranges::count_if(spec.arms, [](const ArmSpec& a) { return a.fixed.has_value(); });
  if (fixed == 0 || std::cmp_equal(fixed, spec.arms.size())) return {};
  return bad("study.fixed", "arms of a given length (pp, tg) answer no prompts, and other arms do",
             "put them into a study of their own");
}

// Whether the arm can be asked every item.
Status validate_items(const ArmSpec& arm, const std::vector<Prompt>& items) {
  for (const Prompt& item : items) {
    if (!arm.engine.command && item.text.empty()) {
      return bad("study.no_text",
                 fmt::format("arm '{}' is a model, which reads no file, and item '{}' has no text",
                             arm.name, item.id),
                 "put into words what the file holds: \"prompt\"");
    }
    if (!arm.engine.command) continue;
    const auto ok = can_ask(*arm.engine.command, item.text, item.file.value_or(""));
    if (ok) continue;
    return bad(ok.error().code,
               fmt::format("arm '{}', item '{}': {}", arm.name, item.id, ok.error().message),
               ok.error().cure);
  }
  return {};
}

// What is required must be something that an answer can show.
Status validate_require(const StudySpec& spec) {
  if (!spec.require) return {};
  const auto requirement = parse_requirement(*spec.require);
  if (!requirement) return fail(requirement.error());
  TrialRecord answer;  // as any checked one
  answer.correct = true;
  answer.score = 1;
  const bool any = std::ranges::any_of(spec.prompts, [&](const Prompt& prompt) {
    return graded(*requirement, prompt, answer).has_value();
  });
  if (any) return {};
  return bad("study.require",
             fmt::format("no prompt has a checker that grades '{}'", to_string(requirement->measure)),
             "give the prompts one (docs/formats/prompts.md), or require another measure");
}

// Each model once at each length.
std::vector<ArmSpec> with_lengths(const std::vector<ArmSpec>& arms,
                                  const std::vector<std::string>& lengths) {
  std::vector<ArmSpec> out;
  std::set<std::string> models;
  for (const ArmSpec& arm : arms) {
    if (arm.engine.command || models.contains(arm.model)) continue;
    models.insert(arm.model);
    for (const auto& length : lengths) {
      ArmSpec fixed = arm;
      fixed.fixed = length;
      fixed.system.clear();
      fixed.name = std::filesystem::path(arm.model).stem().string() + " " + length;
      out.push_back(std::move(fixed));
    }
  }
  number_names(out);
  return out;
}

}  // namespace

void set_fixed_item(StudySpec& spec) {
  const bool all = !spec.arms.empty() && std::ranges::all_of(spec.arms, [](const ArmSpec& arm) {
    return arm.fixed.has_value();
  });
  if (!all) return;
  spec.prompts = {Prompt{"fixed length", "fixed length", "(tokens drawn at random)", {}}};
  spec.prompts_source = "none: fixed length";
}

std::optional<Mode> mode_from_string(std::string_view word) {
  if (word == "direct") return Mode::direct;
  if (word == "reason") return Mode::reason;
  return std::nullopt;
}

ArmSpec default_arm(const std::string& model, Mode mode) {
  ArmSpec arm;
  arm.name = arm_name(model, mode, false);
  arm.model = model;
  arm.mode = mode;
  arm.system = mode == Mode::direct ? kDirect : kReason;
  arm.reasoning = mode == Mode::direct ? Reasoning::off : Reasoning::on;
  arm.temperature = kTemperature;
  arm.max_tokens = kMaxTokens;
  return arm;
}

StudySpec forty_study(const std::string& model) {
  StudySpec spec;
  spec.arms = arms_of({model}, {Mode::direct, Mode::reason});
  // The built-in model does not think by itself: the system prompts alone make the difference.
  for (auto& arm : spec.arms) arm.reasoning = Reasoning::unset;
  spec.prompts = forty_prompts();
  spec.prompts_source = kBuiltIn;
  return spec;
}

Result<StudySpec> with_flags(StudySpec spec, const StudyFlags& flags) {
  if (!flags.models.empty() || !flags.modes.empty()) {
    auto models = flags.models;
    const auto first = std::ranges::find_if(
        spec.arms, [](const ArmSpec& arm) { return !arm.engine.command; });
    if (models.empty()) models = {first == spec.arms.end() ? "" : first->model};
    const std::vector<Mode> both = {Mode::direct, Mode::reason};
    spec.arms = arms_of(models, flags.modes.empty() ? both : flags.modes);
  }
  if (!flags.prompts.empty()) {
    auto prompts = load_prompts(flags.prompts);
    if (!prompts) return fail(std::move(prompts.error()));
    spec.prompts = std::move(*prompts);
    spec.prompts_source = flags.prompts;
  }
  if (!flags.fixed.empty()) spec.arms = with_lengths(spec.arms, flags.fixed);
  set_fixed_item(spec);
  overlay_arms(spec.arms, flags);
  overlay(spec.seed, flags.seed);
  overlay(spec.stopping.min_rounds, flags.min_rounds);
  overlay(spec.stopping.max_rounds, flags.max_rounds);
  overlay(spec.stopping.target, flags.target);
  overlay(spec.stopping.max_seconds, flags.max_seconds);
  overlay(spec.baseline_seconds, flags.baseline_seconds);
  spec.stopping.min_rounds =
      std::min(spec.stopping.min_rounds,
               flags.min_rounds ? spec.stopping.min_rounds : spec.stopping.max_rounds);
  spec.keep_cache |= flags.keep_cache;
  spec.keep_text |= flags.keep_text;
  if (!flags.require.empty()) spec.require = flags.require;
  if (auto ok = validate(spec); !ok) return fail(std::move(ok.error()));
  return spec;
}

Status validate(const StudySpec& spec) {
  if (spec.arms.empty()) return bad("study.no_arms", "the study has no arm", "name a model");
  if (spec.prompts.empty()) {
    return bad("study.no_prompts", "the study has no prompt", "name a file of prompts");
  }
  std::set<std::string> names;
  for (const auto& arm : spec.arms) {
    if (!names.insert(arm.name).second) {
      return bad("study.duplicate_arm", fmt::format("two arms are called '{}'", arm.name),
                 "give every arm a name of its own");
    }
    if (auto ok = validate_arm(arm); !ok) return ok;
    if (auto ok = validate_items(arm, spec.prompts); !ok) return ok;
  }
  if (auto ok = validate_mix(spec); !ok) return ok;
  if (auto ok = validate_require(spec); !ok) return ok;
  const StoppingSpec& s = spec.stopping;
  for (const auto& ok :
       {in_range("min_rounds", s.min_rounds, 1, 1000),
        in_range("max_rounds", s.max_rounds, s.min_rounds, 1000),
        in_range("target", s.target, 0, 1), in_range("max_seconds", s.max_seconds, 0, 1e7),
        in_range("baseline_seconds", spec.baseline_seconds, 0, 3600),
        in_range("warmups", spec.warmups, 0, 100)}) {
    if (!ok) return ok;
  }
  return {};
}

}  // namespace joulebook
