#include "study/tasks/training.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "core/file_tree.h"
#include "core/version.h"
#include "study/settle.h"
#include "study/tasks/fingerprint.h"

namespace joulebook {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSchema = "joulebook.trained/1";

std::string plain(const std::string& path) { return fs::path(path).lexically_normal().string(); }

// One measured training, as it is kept.
struct Kept {
  std::string arm;
  std::string inputs;   // fingerprints
  std::string outputs;
  Quantity energy;
  double seconds = 0;
  std::string at;
};

Json to_json(const Kept& k) {
  return Json::object({{"arm", k.arm},
                       {"inputs", k.inputs},
                       {"outputs", k.outputs},
                       {"energy", to_json(k.energy)},
                       {"seconds", k.seconds},
                       {"at", k.at},
                       {"version", std::string(build_version())}});
}

// What an earlier run wrote down; a file that can't be read is none.
std::vector<Kept> read_kept(const std::string& path) {
  std::vector<Kept> out;
  const auto text = read_file(path);
  const auto json = text ? parse_json(*text) : Result<Json>(Json());
  if (!json || (*json)["schema"].as_string() != kSchema) return out;
  for (const Json& row : (*json)["trainings"].items()) {
    auto energy = quantity_from_json(row["energy"]);
    if (!energy) continue;
    out.push_back({std::string(row["arm"].as_string()), std::string(row["inputs"].as_string()),
                   std::string(row["outputs"].as_string()), std::move(*energy),
                   row["seconds"].as_double(), std::string(row["at"].as_string())});
  }
  return out;
}

class Trainer {
 public:
  Trainer(const TaskSpec& task, const TrainingContext& context)
      : task_(task),
        context_(context),
        store_((fs::path(context.work) / task.name / "trained.json").string()),
        kept_(read_kept(store_)),
        until_(context.clock.now() + std::chrono::duration_cast<Nanos>(Seconds(context.seconds))) {
    made_.insert(plain(store_));
    for (const auto& training : task.trainings) {
      for (const auto& output : training.outputs) made_.insert(plain(output));
    }
  }

  TrainingOutcome run() {
    TrainingOutcome out;
    std::vector<Kept> now(task_.trainings.size());
    for (std::size_t i = 0; i < task_.trainings.size(); ++i) {
      const TaskTraining& training = task_.trainings[i];
      const auto lost = [&](const auto& pair) { return pair.first == training.arm; };
      if (std::ranges::any_of(out.failed, lost)) continue;
      bool stored = false;
      auto kept = one(training, stored);
      if (!kept) {
        out.failed.emplace_back(training.arm, kept.error());
        continue;
      }
      now[i] = *kept;
      add(out, *kept, stored);
    }
    std::erase_if(out.trained, [&](const Trained& t) {
      return std::ranges::any_of(out.failed, [&](const auto& f) { return f.first == t.arm; });
    });
    write(now);
    return out;
  }

 private:
  // Fingerprints are of the end: what trainings leave beside their outputs is there by then. What one
  // makes may go into the next, where that names it, but a folder's files do not count it.
  [[nodiscard]] std::string inputs_of(const TaskTraining& training) const {
    std::vector<std::string> paths = training.inputs;
    if (paths.empty()) {
      for (const auto& word : training.command) {
        std::error_code ignored;
        const bool own = std::ranges::find(training.outputs, word) != training.outputs.end();
        if (!own && fs::exists(word, ignored)) paths.push_back(word);
      }
    }
    return fingerprint(training.command, paths, made_);
  }
  [[nodiscard]] static std::string outputs_of(const TaskTraining& training) {
    return fingerprint({}, training.outputs, {});
  }

  [[nodiscard]] const Kept* unchanged(const TaskTraining& training) const {
    if (context_.anew) return nullptr;
    for (const auto& output : training.outputs) {
      std::error_code ignored;
      if (!fs::exists(output, ignored)) return nullptr;
    }
    const std::string inputs = inputs_of(training);
    const std::string outputs = outputs_of(training);
    for (const Kept& k : kept_) {
      if (k.arm == training.arm && k.inputs == inputs && k.outputs == outputs) return &k;
    }
    return nullptr;
  }

  Result<Kept> one(const TaskTraining& training, bool& stored) {
    if (const Kept* k = unchanged(training)) {
      stored = true;
      return *k;
    }
    for (const auto& output : training.outputs) {
      std::error_code ignored;
      fs::create_directories(fs::path(output).parent_path(), ignored);
      fs::remove_all(output, ignored);
    }
    if (context_.tell) context_.tell("training " + training.arm);
    const double left = Seconds(until_ - context_.clock.now()).count();
    const auto done = run_step(training.command, {.seconds = std::clamp(left, 1.0, training.time_limit_s),
                                                  .directory = task_.folder,
                                                  .cancel = context_.cancel});
    if (!done) return fail(done.error());
    for (const auto& output : training.outputs) {
      std::error_code ignored;
      if (fs::exists(output, ignored)) continue;
      return fail(ErrorKind::engine, "task.no_output",
                  fmt::format("the training of {} did not make {}", training.arm, output),
                  "name what it makes: outputs = [\"...\"]");
    }
    context_.meter.settle(done->end);
    const WindowEnergy window =
        context_.meter.energy({"training " + training.arm, done->begin, done->end});
    return Kept{training.arm,
                {},
                {},
                settled_total(window),
                Seconds(done->end - done->begin).count(),
                iso8601(context_.clock.anchor().wall_ns)};
  }

  // An arm may need several: their joules add up, and are as old as the oldest.
  static void add(TrainingOutcome& out, const Kept& kept, bool stored) {
    const auto it = std::ranges::find(out.trained, kept.arm, &Trained::arm);
    if (it == out.trained.end()) {
      out.trained.push_back({kept.arm, kept.energy, kept.seconds, kept.at, stored});
      return;
    }
    it->energy = sum(std::vector<Quantity>{it->energy, kept.energy});
    it->seconds += kept.seconds;
    it->at = std::min(it->at, kept.at);
    it->stored |= stored;
  }

  // What could not be written is measured again the next time.
  void write(std::vector<Kept>& now) const {
    if (now.empty()) return;
    Json rows{Json::Array{}};
    for (std::size_t i = 0; i < now.size(); ++i) {
      if (now[i].arm.empty()) continue;
      now[i].inputs = inputs_of(task_.trainings[i]);
      now[i].outputs = outputs_of(task_.trainings[i]);
      rows.push(to_json(now[i]));
    }
    std::error_code ignored;
    fs::create_directories(fs::path(store_).parent_path(), ignored);
    std::ofstream(store_, std::ios::trunc)
        << Json::object({{"schema", std::string(kSchema)}, {"trainings", std::move(rows)}}).dump(2)
        << "\n";
  }

  const TaskSpec& task_;
  const TrainingContext& context_;
  std::string store_;
  std::vector<Kept> kept_;
  SteadyTime until_;
  std::set<std::string> made_;
};

}  // namespace

TrainingOutcome train(const TaskSpec& task, const TrainingContext& context) {
  return Trainer(task, context).run();
}

}  // namespace joulebook
