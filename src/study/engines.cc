#include "study/engines.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <utility>

#include "core/address.h"
#include "sensor/process_finder.h"

namespace joulebook {
namespace {

// Arms of one key can share an engine.
std::string key_of(const ArmSpec& arm) {
  const EngineOptions& o = arm.engine;
  std::string key =
      fmt::format("{}\n{} {} {} {} {}\n{}\n{}", arm.model, o.threads, o.context, o.batch,
                  o.sequences, o.gpu_layers, o.api_key_env, o.model_name);
  if (!o.command) return key;
  const CommandOptions& c = *o.command;
  key += fmt::format("\n{} {} {}\n{}\n{}", static_cast<int>(c.input), c.time_limit_s,
                     c.most_output, c.ready, c.directory);
  for (const auto& word : c.argv) key += fmt::format("\n{} {}", word.size(), word);
  return key;
}

using PidFinder = std::function<std::vector<int>(const std::string&)>;

std::vector<int> pids_of(const EngineInfo& info, const PidFinder& find_pids) {
  if (!info.pids.empty() || !is_address(info.path) || !find_pids) return info.pids;
  return find_pids(info.path);
}

}  // namespace

bool is_address(std::string_view model) {
  return model.starts_with("http://") || model.starts_with("https://");
}

std::function<std::vector<int>(const std::string&)> endpoint_pids(
    std::shared_ptr<const FileTree> files) {
  return [files = std::move(files)](const std::string& address) -> std::vector<int> {
    const auto parts = parse_http_address(address);
    if (!parts) return {};
    return pids_listening_on(*files, parts->port).value_or(std::vector<int>{});
  };
}

EngineSet::EngineSet(const std::vector<ArmSpec>& arms) {
  std::map<std::string, std::size_t> seen;
  for (std::size_t arm = 0; arm < arms.size(); ++arm) {
    const auto [at, fresh] = seen.emplace(key_of(arms[arm]), engines_.size());
    if (fresh) engines_.emplace_back();
    engines_[at->second].arms.push_back(arm);
    index_.push_back(at->second);
  }
}

Status EngineSet::load(std::size_t index, const ArmSpec& arm, const EngineFactory& open) {
  auto engine = open(arm.model, arm.engine);
  if (!engine) return fail(std::move(engine.error()));
  Loaded& loaded = engines_[index];
  loaded.engine = std::move(*engine);
  // Errors that the same code shares cancel by this name: no two may have it.
  const std::string name = arm.engine.command ? arm.name : loaded.engine->info().model;
  std::string label = name;
  for (int n = 2; std::ranges::count(engines_, label, &Loaded::label) > 0; ++n) {
    label = fmt::format("{} #{}", name, n);
  }
  loaded.label = std::move(label);
  return {};
}

void EngineSet::unload() {
  for (auto& loaded : engines_) loaded.engine.reset();
}

std::vector<int> EngineSet::pids(const PidFinder& find_pids) const {
  std::vector<int> out = {getpid()};
  for (const auto& loaded : engines_) {
    if (!loaded.engine) continue;
    const EngineInfo info = loaded.engine->info();
    if (!info.local) continue;
    for (const int pid : pids_of(info, find_pids)) {
      if (std::ranges::find(out, pid) == out.end()) out.push_back(pid);
    }
  }
  return out;
}

std::vector<std::string> EngineSet::warnings(const PidFinder& find_pids) const {
  std::vector<std::string> out;
  for (const auto& loaded : engines_) {
    if (!loaded.engine) continue;
    const EngineInfo info = loaded.engine->info();
    if (!info.local || !is_address(info.path) || !pids_of(info, find_pids).empty()) continue;
    out.push_back(fmt::format(
        "no process was found behind {}: its CPU time counts as that of other processes",
        info.path));
  }
  return out;
}

}  // namespace joulebook
