#pragma once
// How a command adds itself: a function that is given the command line, in the command's own file,
// and a line for it in command_list.cc. The flags all commands share come with `add`.
#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>

#include "cli/context.h"

namespace joulebook {

class CommandLine {
 public:
  using Command = std::function<int(const Context&)>;

  virtual ~CommandLine() = default;
  // `run` is called after everything was parsed and the settings are in force. What the flags fill
  // must outlive this call: keep it in a shared_ptr that `run` holds.
  virtual CLI::App& add(const std::string& name, const std::string& doc, Command run,
                        CLI::App* parent = nullptr) = 0;
  // A name that only groups commands: `joulebook GROUP COMMAND`.
  virtual CLI::App& group(const std::string& name, const std::string& doc) = 0;
  // A flag for a setting (its key as in joulebook.toml), and --devices.
  virtual void add_setting(CLI::App& command, const std::string& key) = 0;
  virtual void add_devices(CLI::App& command) = 0;
};

// "90", "60s", "5m", "1h", "250ms" in seconds: a reading for CLI11's transform, text in, text out.
[[nodiscard]] std::string seconds_of(const std::string& text);

using AddCommands = void (*)(CommandLine&);

// Each of command_list.cc, in the order in which --help shows them.
void add_listed_commands(CommandLine& line);

}  // namespace joulebook
