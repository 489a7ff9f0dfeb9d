#pragma once
// The commands: an options struct each, filled by parse.cc, and a function that runs it. Those of
// command_list.cc add themselves and have no line here.
// Every function returns the process's exit code (docs/formats/exit-codes.md).
#include <string>
#include <vector>

#include "cli/context.h"
#include "cli/gate_options.h"
#include "cli/tasks.h"

namespace joulebook {

struct AskOptions {
  std::string prompt;
  std::string system;
  int repeat = 1;
  std::int64_t max_tokens = 512;
  double temperature = 0;
  std::uint32_t seed = 1;
  std::string reasoning = "unset";  // unset, on, off
  bool keep_text = false;           // put the answer into --json too
  std::string record;               // keep the raw samples there
};
int ask(const Context& context, const AskOptions& options);

struct RunOptions {
  std::vector<std::string> command;
  int repeats = 0;     // 0: once, and with `versus` ten times each
  std::string versus;  // another command, run in turn with the first
  GateOptions gate;    // what is asked of their ratio
  std::string record;
  std::string replay;
  // Instead of a command: whom to attach to.
  std::vector<int> pids;
  int port = 0;
  bool all = false;
  double for_s = 0;       // seconds; 0: until Ctrl-C or until all have ended
  double interval_s = 0;  // seconds between two lines; 0: none

  [[nodiscard]] bool attaches() const { return !pids.empty() || port != 0 || all; }
};
int run(const Context& context, const RunOptions& options);

struct MarkOptions {
  std::string name;
};
int mark(const Context& context, const MarkOptions& options);

struct StudyOptions {
  std::string study = "forty";  // "forty", "tasks" or a TOML file
  TasksOptions tasks;
  std::vector<std::string> models;
  std::vector<std::string> modes;  // direct, reason
  std::string prompts;             // JSONL of the user's own
  std::string require;             // "correct>=0.8"; empty: as the study says
  std::vector<std::string> fixed;  // "pp512", "tg128"
  std::string require_tier;        // "measured", ...: of every arm's joules; empty: any
  int rounds = 0;                  // 0: as the study says
  int max_rounds = 0;
  double minutes = 0;  // at most; 0: as the study says
  double target = 0;
  std::int64_t max_tokens = 0;
  double temperature = -1;
  std::int64_t seed = -1;
  double baseline_seconds = -1;
  bool keep_cache = false;
  bool keep_text = false;
  bool resume = false;
  bool dry_run = false;  // print the study as TOML-like JSON and stop
  std::vector<std::string> sweep;  // "threads=1,2": every model's arm at every point
  std::string html;
  std::string csv;
  std::string markdown;
  std::string record;  // keep the raw samples there
};
int study(const Context& context, const StudyOptions& options);

int sensors(const Context& context);
// `sensors --model-csv FILE`; "-" is standard input.
int model_csv(const Context& context, const std::string& file);
int doctor(const Context& context);
int config(const Context& context);

struct ListOptions {
  std::size_t most = 20;
};
int list(const Context& context, const ListOptions& options);

struct ShowOptions {
  std::string id = "last";
};
int show(const Context& context, const ShowOptions& options);

struct ExportOptions {
  std::string id = "last";
  std::string format = "json";  // json, jsonl, csv, arms-csv, sql, markdown, html
  std::string output = "-";
};
int export_run(const Context& context, const ExportOptions& options);

}  // namespace joulebook
