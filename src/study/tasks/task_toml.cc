#include "study/tasks/task_toml.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "core/file_tree.h"
#include "core/text.h"
#include "study/spec_keys.h"
#include "study/tasks/placeholders.h"
#include "study/tasks/scale.h"
#include "study/toml_table.h"

namespace joulebook {
namespace {

namespace fs = std::filesystem;

constexpr double kMostShare = 100;

const std::vector<std::string> kTaskKeys = {"title",   "published",         "published_none", "fairer",
                                            "prepare", "prepare_timeout_s", "needs",          "train",
                                            "share"};
const std::vector<std::string> kNeedKeys = {"program", "file", "package", "cure"};
const std::vector<std::string> kTrainKeys = {"arm", "command", "outputs", "inputs", "timeout_s"};
const std::vector<std::string> kTaskArmKeys = {"role", "cost_only", "full_only", "needs", "stands_for"};
const std::vector<std::string> kScaleKeys = {"image", "ran", "full", "gpu"};
const std::vector<std::string> kPictureKeys = {"width", "height", "steps"};

std::vector<std::string> with(std::span<const std::string> known,
                              const std::vector<std::string>& more) {
  std::vector<std::string> out(known.begin(), known.end());
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

Result<std::vector<TaskNeed>> read_needs(const TomlDocument& document, const std::string& path,
                                         const Json& json) {
  std::vector<TaskNeed> needs;
  if (json.is_null()) return needs;
  if (!json.is_array()) {
    return toml_error(document, path, "must be a list",
                      R"(write [{ program = "tesseract", package = "tesseract-ocr" }])");
  }
  for (std::size_t i = 0; i < json.items().size(); ++i) {
    const std::string here = fmt::format("{}[{}]", path, i);
    if (auto ok = check_keys(document, here, json.at(i), kNeedKeys); !ok) return fail(ok.error());
    TomlTable table(document, here, json.at(i));
    TaskNeed need;
    table("program", need.program);
    table("file", need.file);
    table("package", need.package);
    table("cure", need.cure);
    if (auto ok = table.done(); !ok) return fail(ok.error());
    if (need.program.empty() == need.file.empty()) {
      return toml_error(document, here, "must name a program or a file",
                        R"(write { program = "tesseract", package = "tesseract-ocr" })");
    }
    needs.push_back(std::move(need));
  }
  return needs;
}

Result<TaskTraining> read_training(const TomlDocument& document, const std::string& path,
                                   const Json& json) {
  if (auto ok = check_keys(document, path, json, kTrainKeys); !ok) return fail(ok.error());
  TomlTable table(document, path, json);
  TaskTraining training;
  table("arm", training.arm);
  table("command", training.command);
  table("outputs", training.outputs);
  table("inputs", training.inputs);
  table("timeout_s", training.time_limit_s);
  if (auto ok = table.done(); !ok) return fail(ok.error());
  if (training.command.size() < 2) {
    return toml_error(document, path + ".command", "must be a program and its arguments",
                      R"(write ["{bin}/joulebook-task", "digits", ...], what it makes last)");
  }
  if (training.outputs.empty()) training.outputs.push_back(training.command.back());
  if (!(training.time_limit_s > 0)) {
    return toml_error(document, path + ".timeout_s", "must be above 0", "in seconds");
  }
  return training;
}

Status read_picture(const TomlDocument& document, const std::string& path, const Json& json,
                    TaskPicture& picture) {
  if (!json.is_object()) {
    return toml_error(document, path, "must be a table", "write { width = 512, height = 512, steps = 50 }");
  }
  if (auto ok = check_keys(document, path, json, kPictureKeys); !ok) return ok;
  TomlTable table(document, path, json);
  table("width", picture.width);
  table("height", picture.height);
  table("steps", picture.steps);
  return table.done();
}

Result<std::optional<TaskScale>> read_scale(const TomlDocument& document, const std::string& path,
                                            const Json& json) {
  if (json.is_null()) return std::nullopt;
  if (!json.is_object()) {
    return toml_error(document, path, "must be a table", "write [arm.stands_for]");
  }
  if (auto ok = check_keys(document, path, json, kScaleKeys); !ok) return fail(ok.error());
  TaskScale scale;
  TomlTable table(document, path, json);
  table("image", scale.image);
  table("gpu", scale.gpu);
  if (auto ok = table.done(); !ok) return fail(ok.error());
  if (auto ok = read_picture(document, path + ".ran", json["ran"], scale.ran); !ok) return fail(ok.error());
  if (auto ok = read_picture(document, path + ".full", json["full"], scale.full); !ok) return fail(ok.error());
  if (const auto known = work_ratio(scale); !known) {
    return toml_error(document, path, known.error().message, known.error().cure);
  }
  return scale;
}

Result<TaskArm> read_arm(const TomlDocument& document, std::size_t index, const Json& json) {
  const std::string path = fmt::format("arm[{}]", index);
  const auto known = with(arm_keys(json.has("command")), kTaskArmKeys);
  if (auto ok = check_keys(document, path, json, known); !ok) return fail(ok.error());
  TomlTable table(document, path, json);
  TaskArm arm;
  bool said = false;
  table("name", arm.name);
  table.word("role", std::array<std::string, 2>{"special", "general"}, [&](std::size_t i) {
    arm.role = i == 0 ? ArmRole::special : ArmRole::general;
    said = true;
  });
  table("cost_only", arm.cost_only);
  table("full_only", arm.full_only);
  if (auto ok = table.done(); !ok) return fail(ok.error());
  if (arm.name.empty()) return toml_error(document, path, "has no name", "write name = \"...\"");
  if (!said) {
    return toml_error(document, path, "has no role", R"(write role = "special" or "general")");
  }
  auto needs = read_needs(document, path + ".needs", json["needs"]);
  if (!needs) return fail(needs.error());
  arm.needs = std::move(*needs);
  auto scale = read_scale(document, path + ".stands_for", json["stands_for"]);
  if (!scale) return fail(scale.error());
  arm.scale = std::move(*scale);
  return arm;
}

Status read_arms(const TomlDocument& document, TaskSpec& task) {
  const auto& arms = document.root["arm"].items();
  for (std::size_t i = 0; i < arms.size(); ++i) {
    auto arm = read_arm(document, i, arms[i]);
    if (!arm) return fail(arm.error());
    task.arms.push_back(std::move(*arm));
  }
  for (const ArmRole role : {ArmRole::special, ArmRole::general}) {
    if (std::ranges::find(task.arms, role, &TaskArm::role) != task.arms.end()) continue;
    return toml_error(document, "arm", fmt::format("no arm is {}", to_string(role)),
                      fmt::format("add an [[arm]] with role = \"{}\"", to_string(role)));
  }
  return {};
}

Status read_trainings(const TomlDocument& document, TaskSpec& task) {
  const Json& all = document.root["train"];
  if (!all.is_null() && !all.is_array()) {
    return toml_error(document, "train", "must be a list", "write [[train]]");
  }
  for (std::size_t i = 0; i < all.items().size(); ++i) {
    const std::string path = fmt::format("train[{}]", i);
    auto training = read_training(document, path, all.at(i));
    if (!training) return fail(training.error());
    std::vector<std::string> names;
    for (const auto& arm : task.arms) names.push_back(arm.name);
    if (std::ranges::find(names, training->arm) == names.end()) {
      return toml_error(document, path + ".arm",
                        fmt::format("there is no arm '{}'", training->arm),
                        "one of: " + join(names, ", "));
    }
    task.trainings.push_back(std::move(*training));
  }
  return {};
}

Status read_prepare(const TomlDocument& document, TaskSpec& task) {
  const Json& all = document.root["prepare"];
  const auto wrong = [&] {
    return toml_error(document, "prepare", "must be a list of commands",
                      R"(write [["program", "argument"], ["another"]])");
  };
  if (!all.is_null() && !all.is_array()) return wrong();
  for (const Json& command : all.items()) {
    std::vector<std::string> argv;
    for (const Json& word : command.items()) {
      if (!word.is_string()) return wrong();
      argv.emplace_back(word.as_string());
    }
    if (argv.empty()) return wrong();
    task.prepare.push_back(std::move(argv));
  }
  return {};
}

Status read_head(const TomlDocument& document, TaskSpec& task) {
  TomlTable table(document, "", document.root);
  table("name", task.name);
  table("title", task.title);
  table("published", task.published);
  table("published_none", task.published_none);
  table("fairer", task.fairer);
  table("prepare_timeout_s", task.prepare_limit_s);
  table("share", task.share);
  if (auto ok = table.done(); !ok) return ok;
  if (task.title.empty()) task.title = task.name;
  if (!(task.prepare_limit_s > 0)) {
    return toml_error(document, "prepare_timeout_s", "must be above 0", "in seconds");
  }
  if (!(task.share > 0 && task.share <= kMostShare)) {
    return toml_error(document, "share", fmt::format("must be above 0 and at most {}", kMostShare),
                      "1 is an ordinary task's share of the time");
  }
  if (task.published.empty() == task.published_none.empty()) {
    return toml_error(document, "published", "must be said, or why there is nothing",
                      R"(write published = "image_classification" or published_none = "why")");
  }
  return {};
}

// What is left is a study's document.
void take_out(TomlDocument& document) {
  for (const auto& key : kTaskKeys) document.root.erase(key);
  Json arms{Json::Array{}};
  for (Json arm : document.root["arm"].items()) {
    for (const auto& key : kTaskArmKeys) arm.erase(key);
    if (arm["model"].as_string() == "default") arm.erase("model");
    arms.push(std::move(arm));
  }
  document.root.set("arm", std::move(arms));
}

}  // namespace

std::string_view to_string(ArmRole role) { return role == ArmRole::special ? "special" : "general"; }

Result<TaskSpec> parse_task(std::string_view toml, const std::string& origin,
                            const TaskPlaces& places) {
  auto document = parse_toml(toml, origin);
  if (!document) return fail(document.error());
  if (auto ok = check_keys(*document, "", document->root, with(study_keys(), kTaskKeys)); !ok) {
    return fail(ok.error());
  }
  TaskSpec task;
  std::error_code ignored;
  task.folder = fs::absolute(fs::path(origin), ignored).parent_path().string();
  task.name = fs::path(task.folder).filename().string();
  document->root = filled(document->root, places, task.folder);
  for (const char* key : {"prepare", "train"}) {
    if (const auto word = left_placeholder(document->root[key])) {
      return toml_error(*document, key, fmt::format("'{}' stands for nothing", *word),
                        "{bin}, {work}, {task}, {model} and {engine} do");
    }
  }
  for (const auto& ok : {read_head(*document, task), read_prepare(*document, task),
                         read_arms(*document, task), read_trainings(*document, task)}) {
    if (!ok) return fail(ok.error());
  }
  auto needs = read_needs(*document, "needs", document->root["needs"]);
  if (!needs) return fail(needs.error());
  task.needs = std::move(*needs);
  take_out(*document);
  task.study = std::move(*document);
  return task;
}

Result<TaskSpec> load_task(const std::string& folder, const TaskPlaces& places) {
  const std::string path = (fs::path(folder) / "task.toml").string();
  const auto text = read_file(path);
  if (!text) return fail(text.error());
  return parse_task(*text, path, places);
}

Result<StudySpec> study_of(const TaskSpec& task, const TaskPlaces& places) {
  auto spec = read_study(task.study, places.model);
  if (spec) spec->name = "task " + task.name;
  return spec;
}

Result<std::vector<std::string>> find_tasks(const std::string& folder) {
  static const std::vector<std::string> kOrder = {
      "digits",  "diagnosis", "sentiment",    "topic",  "extraction",     "question",
      "summary", "retrieval", "picture-text", "speech", "voice",          "image"};
  std::vector<std::pair<std::size_t, std::string>> found;
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(folder, ec)) {
    std::error_code ignored;
    if (!fs::is_regular_file(entry.path() / "task.toml", ignored)) continue;
    const auto at = std::ranges::find(kOrder, entry.path().filename().string());
    found.emplace_back(at - kOrder.begin(), entry.path().string());
  }
  if (found.empty()) {
    return fail(ErrorKind::input, "tasks.none",
                fmt::format("no task in {}", folder.empty() ? "the program's folders" : folder),
                "name a folder of tasks with --tasks, or install the program with its data");
  }
  std::ranges::sort(found);
  std::vector<std::string> out;
  for (auto& [order, path] : found) out.push_back(std::move(path));
  return out;
}

}  // namespace joulebook
