#pragma once
// The engines of a study: each distinct pair of model and options is loaded once and shared by the
// arms that name it. Not thread-safe.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/file_tree.h"
#include "study/runner.h"

namespace joulebook {

class EngineSet {
 public:
  struct Loaded {
    std::string label;              // the model's name, told apart where two share it
    std::vector<std::size_t> arms;  // that use it, ascending
    std::unique_ptr<Engine> engine;
  };

  // Groups the arms; loads nothing yet.
  explicit EngineSet(const std::vector<ArmSpec>& arms);

  [[nodiscard]] std::size_t size() const { return engines_.size(); }
  [[nodiscard]] Loaded& at(std::size_t index) { return engines_[index]; }
  [[nodiscard]] Loaded& of_arm(std::size_t arm) { return engines_[index_[arm]]; }
  [[nodiscard]] std::size_t index_of(std::size_t arm) const { return index_[arm]; }
  // Errors: as the factory.
  [[nodiscard]] Status load(std::size_t index, const ArmSpec& arm, const EngineFactory& open);
  void unload();
  // Processes that do the work of all engines on this machine: this one, and those of endpoints.
  [[nodiscard]] std::vector<int> pids(
      const std::function<std::vector<int>(const std::string&)>& find_pids) const;
  // One warning for each endpoint on this machine whose processes were not found.
  [[nodiscard]] std::vector<std::string> warnings(
      const std::function<std::vector<int>(const std::string&)>& find_pids) const;

 private:
  std::vector<Loaded> engines_;
  std::vector<std::size_t> index_;  // by arm
};

// Whether a model is the address of an endpoint.
[[nodiscard]] bool is_address(std::string_view model);

// For StudyContext::find_pids: who listens on the address's port on this machine, also through
// containers; nobody where that may not be seen.
[[nodiscard]] std::function<std::vector<int>(const std::string&)> endpoint_pids(
    std::shared_ptr<const FileTree> files);

}  // namespace joulebook
