#pragma once
// What the ledger holds for `explain RUN`.
#include <vector>

#include "cli/context.h"
#include "physics/explain/measured_run.h"

namespace joulebook {

// What the ledger cannot know of an endpoint, or of layers on a GPU.
struct NamedDeployment {
  std::string shape;  // a GGUF file, a config.json or a name; empty: as the run has it
  std::string gpu;    // "here": the calibrated CPU, as where none is named
  double gpus = 1;
  double batch = 1;   // sequences at a time, the run's own among them
};

// The answers of a run, one an arm of a study, one of an ask; means over what was not in error.
// Errors: those of the ledger and of read_shape; input "explain.no_tokens" (a run of a command),
// "explain.elsewhere" (an endpoint whose shape, or layers on a GPU that nobody named).
[[nodiscard]] Result<std::vector<explain::MeasuredAnswer>> measured_answers(const Context& context,
                                                                            const std::string& id,
                                                                            const NamedDeployment& named = {});

// Errors: those of calibrated_cpu, find_device; usage "explain.number".
[[nodiscard]] Result<explain::RunMachine> machine_of(const Context& context, const NamedDeployment& named);

}  // namespace joulebook
