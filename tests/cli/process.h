#pragma once
// Runs the real program as a person would, and gathers what it said.
#include <map>
#include <string>
#include <vector>

namespace joulebook::fakes {

struct Outcome {
  int code = -1;  // exit code, or 128 + signal
  std::string out;
  std::string err;
};

// Runs `argv` (argv[0] a path) with `environment` added to this process's, standard input empty.
[[nodiscard]] Outcome run_process(const std::vector<std::string>& argv,
                                  const std::map<std::string, std::string>& environment = {});

// build/bin/joulebook with these arguments, on a ledger of this test's own.
[[nodiscard]] Outcome joulebook(std::vector<std::string> arguments,
                                std::map<std::string, std::string> environment = {});

// A fresh folder that this test alone uses.
[[nodiscard]] std::string fresh_folder(const std::string& name);

}  // namespace joulebook::fakes
