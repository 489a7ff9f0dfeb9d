#pragma once
// account: the parts that have a command's worth of flags of their own.
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cli/account_input.h"
#include "cli/command_line.h"

namespace joulebook {

// account --usage FILE: bills without a machine.
struct UsageOptions {
  std::string file, csv;
  std::vector<double> batches;
  std::vector<std::string> gpus;
};
void add_usage_flags(CLI::App& command, UsageOptions& options);
// `terms`: grid, PUE and water of rows that say nothing.
int account_usage(const Context& context, const AccountOptions& terms, const UsageOptions& options);

// account --life FILE, or --training and --answer: a model's life, and against another.
struct LifeOptions {
  std::string file, training, answer, answers, service, per_user, amortisation, against;
  std::uint64_t seed = 1;
  std::size_t draws = 10'000;
  [[nodiscard]] bool asked() const { return !file.empty() || !training.empty() || !answer.empty() || !against.empty(); }
};
void add_life_flags(CLI::App& command, LifeOptions& options);
// `terms`: where the electricity is from and what else turns joules into grams, litres and money; with none
// of them there is energy alone.
int account_life(const Context& context, const AccountOptions& terms, const LifeOptions& options);

}  // namespace joulebook
