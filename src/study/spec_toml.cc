#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "core/file_tree.h"
#include "core/toml.h"
#include "engine/command_words.h"
#include "study/engines.h"
#include "study/prompts.h"
#include "study/spec.h"
#include "study/spec_keys.h"
#include "study/toml_table.h"

namespace joulebook {
namespace {

const std::vector<std::string> kStudyKeys = {
    "name",      "seed",     "prompts", "baseline_seconds", "warmups", "keep_cache",
    "keep_text", "require",  "stopping", "arm"};
const std::vector<std::string> kStoppingKeys = {"min_rounds", "max_rounds", "target",
                                                "max_seconds"};
const std::vector<std::string> kArmKeys = {
    "name", "model",   "mode",    "system", "reasoning",  "temperature", "max_tokens",
    "seed", "threads", "context", "batch",  "gpu_layers", "api_key_env", "model_name",
    "fixed", "effort", "think_budget", "answers", "pick"};
const std::vector<std::string> kCommandKeys = {"name",      "command",      "input", "ready",
                                               "timeout_s", "output_limit"};

// A path in the file is meant from the file's folder.
std::string beside(const std::string& origin, const std::string& path) {
  const std::filesystem::path given(path);
  if (path.empty() || is_address(path) || given.is_absolute()) return path;
  return (std::filesystem::path(origin).parent_path() / given).lexically_normal().string();
}

// An arm that is a program. It runs in the file's folder, from which its paths are meant.
Result<ArmSpec> read_command(const TomlDocument& document, const std::string& path,
                             const Json& json) {
  if (auto ok = check_keys(document, path, json, kCommandKeys); !ok) {
    return fail(std::move(ok.error()));
  }
  TomlTable table(document, path, json);
  CommandOptions command;
  table("command", command.argv);
  if (placeholders_of(command.argv).any()) command.input = CommandOptions::Input::none;
  table.word("input", std::array<std::string, 4>{"stdin", "none", "line", "json"},
             [&](std::size_t i) { command.input = static_cast<CommandOptions::Input>(i); });
  table("ready", command.ready);
  table("timeout_s", command.time_limit_s);
  table("output_limit", command.most_output);
  std::error_code ignored;
  const auto folder = std::filesystem::path(document.origin).parent_path();
  if (!folder.empty()) command.directory = std::filesystem::absolute(folder, ignored).string();
  const std::string program =
      command.argv.empty() ? "" : std::filesystem::path(command.argv.front()).filename().string();
  ArmSpec arm = default_arm(program, Mode::direct);
  arm.system.clear();  // nobody tells it one
  arm.name = program;
  arm.engine.command = std::move(command);
  table("name", arm.name);
  if (auto ok = table.done(); !ok) return fail(std::move(ok.error()));
  return arm;
}

// What the arm does beside one answer to each prompt.
void read_extras(TomlTable& table, const Json& json, ArmSpec& arm) {
  if (json.has("fixed")) {
    table("fixed", arm.fixed.emplace());
    arm.system.clear();
  }
  if (json.has("answers")) {
    table("answers", arm.answers.emplace(2));
    arm.pick = "majority";
  }
  table.word("pick", std::array<std::string, 2>{"majority", "best"},
             [&](std::size_t i) { arm.pick = i == 0 ? "majority" : "best"; });
  if (json.has("effort") && !json["effort"].is_array()) table("effort", arm.effort.emplace());
  if (json.has("think_budget") && !json["think_budget"].is_array()) {
    table("think_budget", arm.think_budget.emplace(1));
  }
}

// A list of efforts or of budgets is an arm for each, in its order.
Result<std::vector<ArmSpec>> steps_of(const TomlDocument& document, const std::string& path,
                                      const Json& json, const ArmSpec& arm) {
  std::vector<ArmSpec> out;
  for (const char* key : {"effort", "think_budget"}) {
    if (!json[key].is_array()) continue;
    if (!out.empty() || json[key].items().empty()) {
      return toml_error(document, path + "." + key, "can't be taken as the steps of a ladder",
                        "list one of effort and think_budget, with at least one entry");
    }
    for (const Json& item : json[key].items()) {
      ArmSpec step = arm;
      const bool effort = std::string_view(key) == "effort";
      if (effort ? !item.is_string() : !item.is_int()) {
        return toml_error(document, path + "." + key, "holds an entry of another type",
                          effort ? R"(write ["low", "high"])" : "write [64, 256]");
      }
      if (effort) step.effort = std::string(item.as_string());
      if (!effort) step.think_budget = item.as_int();
      step.name += effort ? ", effort " + *step.effort : fmt::format(", thinking {}", item.as_int());
      out.push_back(std::move(step));
    }
  }
  if (out.empty()) out.push_back(arm);
  return out;
}

Result<std::vector<ArmSpec>> read_arm(const TomlDocument& document, std::size_t index,
                                      const Json& json, const std::string& default_model) {
  const std::string path = fmt::format("arm[{}]", index);
  if (json.has("command")) {
    auto program = read_command(document, path, json);
    if (!program) return fail(std::move(program.error()));
    return std::vector<ArmSpec>{std::move(*program)};
  }
  if (auto ok = check_keys(document, path, json, kArmKeys); !ok) return fail(std::move(ok.error()));
  TomlTable table(document, path, json);
  Mode mode = Mode::direct;
  table.word("mode", std::array<std::string, 2>{"direct", "reason"},
             [&](std::size_t i) { mode = i == 0 ? Mode::direct : Mode::reason; });
  std::string model;
  table("model", model);
  ArmSpec arm = default_arm(model.empty() ? default_model : beside(document.origin, model), mode);
  table("name", arm.name);
  table("system", arm.system);
  table.word("reasoning", std::array<std::string, 3>{"unset", "on", "off"},
             [&](std::size_t i) { arm.reasoning = static_cast<Reasoning>(i); });
  table("temperature", arm.temperature);
  table("max_tokens", arm.max_tokens);
  table("seed", arm.seed);
  table("threads", arm.engine.threads);
  table("context", arm.engine.context);
  table("batch", arm.engine.batch);
  table("gpu_layers", arm.engine.gpu_layers);
  table("api_key_env", arm.engine.api_key_env);
  table("model_name", arm.engine.model_name);
  read_extras(table, json, arm);
  if (auto ok = table.done(); !ok) return fail(std::move(ok.error()));
  return steps_of(document, path, json, arm);
}

Status read_arms(const TomlDocument& document, const std::string& default_model, StudySpec& spec) {
  if (!document.root.has("arm")) return {};
  const Json& arms = document.root["arm"];
  if (!arms.is_array()) return toml_error(document, "arm", "must be a list", "write [[arm]]");
  spec.arms.clear();
  for (std::size_t i = 0; i < arms.items().size(); ++i) {
    auto read = read_arm(document, i, arms.at(i), default_model);
    if (!read) return fail(std::move(read.error()));
    std::ranges::move(*read, std::back_inserter(spec.arms));
  }
  return {};
}

Status read_stopping(const TomlDocument& document, StoppingSpec& stopping) {
  const Json& json = document.root["stopping"];
  if (json.is_null()) return {};
  if (!json.is_object()) {
    return toml_error(document, "stopping", "must be a table", "write [stopping]");
  }
  if (auto ok = check_keys(document, "stopping", json, kStoppingKeys); !ok) return ok;
  TomlTable table(document, "stopping", json);
  table("min_rounds", stopping.min_rounds);
  table("max_rounds", stopping.max_rounds);
  table("target", stopping.target);
  table("max_seconds", stopping.max_seconds);
  if (!json.has("min_rounds")) {
    stopping.min_rounds = std::min(stopping.min_rounds, std::max(1, stopping.max_rounds));
  }
  return table.done();
}

Status read_prompts(const TomlDocument& document, const std::string& source, StudySpec& spec) {
  if (source == "forty" || source == kBuiltIn) return {};
  spec.prompts_source = beside(document.origin, source);
  auto prompts = load_prompts(spec.prompts_source);
  if (!prompts) return fail(std::move(prompts.error()));
  spec.prompts = std::move(*prompts);
  return {};
}

}  // namespace

std::span<const std::string> study_keys() { return kStudyKeys; }
std::span<const std::string> arm_keys(bool program) { return program ? kCommandKeys : kArmKeys; }

Result<StudySpec> read_study(const TomlDocument& document, const std::string& default_model) {
  if (auto ok = check_keys(document, "", document.root, kStudyKeys); !ok) {
    return fail(std::move(ok.error()));
  }
  StudySpec spec = forty_study(default_model);
  spec.name = std::filesystem::path(document.origin).stem().string();
  std::string prompts = "forty";
  TomlTable table(document, "", document.root);
  table("name", spec.name);
  table("seed", spec.seed);
  table("prompts", prompts);
  table("baseline_seconds", spec.baseline_seconds);
  table("warmups", spec.warmups);
  table("keep_cache", spec.keep_cache);
  table("keep_text", spec.keep_text);
  std::string require;
  table("require", require);
  if (!require.empty()) spec.require = std::move(require);
  for (const auto& ok : {table.done(), read_stopping(document, spec.stopping),
                         read_arms(document, default_model, spec)}) {
    if (!ok) return fail(ok.error());
  }
  if (auto ok = read_prompts(document, prompts, spec); !ok) return fail(std::move(ok.error()));
  set_fixed_item(spec);
  if (auto ok = validate(spec); !ok) return fail(std::move(ok.error()));
  return spec;
}

Result<StudySpec> parse_study(std::string_view toml, const std::string& origin,
                              const std::string& default_model) {
  const auto document = parse_toml(toml, origin);
  if (!document) return fail(document.error());
  return read_study(*document, default_model);
}

Result<StudySpec> load_study(const std::string& path, const std::string& default_model) {
  const auto text = read_file(path);
  if (!text) return fail(text.error());
  return parse_study(*text, path, default_model);
}

}  // namespace joulebook
