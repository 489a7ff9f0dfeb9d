#pragma once
// What so many tokens of a model took, as a range: open models by their shape over a range of batch and
// hardware; closed ones by what was published about them and by a range of shapes. Pure; thread-safe.
#include <joulebook/quantity.h>
#include <joulebook/result.h>

#include <string>
#include <vector>

#include "account/factors/factors.h"
#include "account/footprint/boundary.h"
#include "account/usage/bill.h"

namespace joulebook::account {

// How the answers may have been made.
struct ServingRange {
  std::vector<double> batches{8, 64, 256};
  std::vector<std::string> gpus{"H100", "B200"};
  std::vector<std::string> shapes{"Llama-3.1-8B", "gpt-oss-120b", "Llama-3.1-405B"};  // of closed models
  double output_per_request = 500;  // where the bill has no requests; the prompt follows from the bill's ratio
  [[nodiscard]] std::string text() const;
};

struct RowEnergy {
  Quantity energy;  // J, at `at`
  Preset at = Preset::gpu;
  std::string how;               // "shape", "shape from its size", "published", "range of shapes"
  std::vector<const Factor*> constants;
};

// Errors: input, those of find_device for `range`. A row that cannot be predicted is an absence.
[[nodiscard]] Result<RowEnergy> energy_of(const BillRow& row, const ServingRange& range, const Overheads& overheads);

}  // namespace joulebook::account
