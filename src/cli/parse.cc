#include "cli/parse.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "cli/attach.h"
#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/gate.h"
#include "core/sysroot.h"
#include "core/text.h"
#include "core/version.h"
#include "sensor/remote/remote.h"

namespace joulebook {
namespace {

// What all commands share, before settings are resolved.
struct SharedFlags {
  std::map<std::string, std::string> settings;  // key -> value given by flag
  Context context;
};

void add_setting(CLI::App& app, SharedFlags& shared, const std::string& key) {
  std::string flag = "--" + key;
  std::replace(flag.begin(), flag.end(), '_', '-');
  if (key == "model") flag = "-m," + flag;
  app.add_option_function<std::string>(
      flag, [&shared, key](const std::string& value) { shared.settings[key] = value; },
      std::string(Settings::describe(key)));
}

void add_shared(CLI::App& app, SharedFlags& shared) {
  app.add_option("--json", shared.context.json,
                 "write the result as JSON to FILE ('-': standard output)")
      ->type_name("FILE");
  app.add_flag("-q,--quiet", shared.context.quiet, "no progress and no warnings");
  for (const char* key : {"sysroot", "ledger", "sensors", "perf", "period_ms", "calibration"}) {
    add_setting(app, shared, key);
  }
  app.add_option_function<std::vector<std::string>>(
         "--sensor",
         [&shared](const std::vector<std::string>& specs) {
           shared.settings["sensor"] = join(specs, "\n");
         },
         std::string(Settings::describe("sensor")))
      ->type_name("SPEC")
      ->allow_extra_args(false);
}

void add_devices(CLI::App& app, SharedFlags& shared) {
  app.add_option("--devices", shared.context.devices,
                 "devices that the total covers: cpu, gpu:3, gpu, gpu:GPU-<uuid>; else those in use")
      ->delimiter(',')
      ->type_name("LIST");
}

void add_engine(CLI::App& app, SharedFlags& shared) {
  for (const char* key : {"threads", "context", "gpu_layers"}) add_setting(app, shared, key);
}

// What a study of prompts takes and `study tasks` does not.
constexpr std::array<std::string_view, 18> kNotOfTasks = {
    "mode",     "prompts", "fixed",      "rounds",    "max-rounds", "target",  "max-tokens",   "temperature", "baseline",
    "sweep",    "resume",  "keep-cache", "keep-text", "dry-run",    "csv",     "require-tier", "record",      "markdown"};

// A flag of `study` that would do nothing.
std::optional<Error> misplaced_flag(const CLI::App& study, bool tasks) {
  const std::string& group_of_tasks = study.get_option("--quick")->get_group();
  for (const CLI::Option* flag : study.get_options()) {
    if (flag->count() == 0 || flag->get_lnames().empty()) continue;
    const std::string& name = flag->get_lnames().front();
    if (tasks && std::ranges::find(kNotOfTasks, name) != kNotOfTasks.end()) {
      return Error{ErrorKind::usage, "study.flag", fmt::format("'study tasks' takes no --{}", name),
                   "take it out; `joulebook study --help` lists those that it takes"};
    }
    if (!tasks && flag->get_group() == group_of_tasks) {
      return Error{ErrorKind::usage, "study.flag", fmt::format("--{} goes with 'study tasks' alone", name),
                   "take it out, or run joulebook study tasks"};
    }
  }
  return std::nullopt;
}

class JoulebookLine final : public CommandLine {
 public:
  JoulebookLine()
      : app_("Joulebook: the energy ledger of AI. Measures what an answer costs.", "joulebook") {
    app_.set_version_flag("--version", std::string(version_line()));
    app_.require_subcommand(1);
    app_.set_help_all_flag("--help-all", "help for every command");
    add_ask();
    add_study();
    add_run();
    add_machine();
    add_listed_commands(*this);
    add_records();
  }

  int run(int argc, char** argv) {
    std::vector<char*> words(argv, argv + argc);
    std::string help = "--help";
    if (argc > 1 && std::string_view(argv[1]) == "help") {  // `help run` is `run --help`
      words.erase(words.begin() + 1);
      words.push_back(help.data());
      argv = words.data();
    }
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
      if (auto unknown = unknown_command(argc, argv)) return report_error(*unknown);
      return app_.exit(e) == 0 ? 0 : 2;
    }
    auto settings = Settings::load(process_environment());
    if (!settings) return report_error(settings.error());
    for (const auto& [key, value] : shared_.settings) {
      if (auto ok = settings->set_by_flag(key, value); !ok) return report_error(ok.error());
    }
    shared_.context.settings = std::move(*settings);
    if (auto ok = check_sysroot(shared_.context.settings.get("sysroot")); !ok) return report_error(ok.error());
    for (const auto& spec : shared_.context.sensor_specs()) {
      if (auto ok = check_sensor_spec(spec); !ok) return report_error(ok.error());
    }
    catch_signals();
    return chosen_(shared_.context);
  }

 private:
  CLI::App& add(const std::string& name, const std::string& doc, Command run,
                CLI::App* parent = nullptr) override {
    CLI::App& command = *(parent ? parent : &app_)->add_subcommand(name, doc);
    add_shared(command, shared_);
    command.callback([this, run = std::move(run)] { chosen_ = run; });
    return command;
  }
  CLI::App& group(const std::string& name, const std::string& doc) override {
    CLI::App& group = *app_.add_subcommand(name, doc);
    group.require_subcommand(1);
    return group;
  }
  // Where the first word is no command: what it may have meant.
  std::optional<Error> unknown_command(int argc, char** argv) {
    if (argc < 2 || argv[1][0] == '-') return std::nullopt;
    std::vector<std::string> names;
    for (const CLI::App* command : app_.get_subcommands({})) names.push_back(command->get_name());
    const std::string word = argv[1];
    if (std::find(names.begin(), names.end(), word) != names.end()) return std::nullopt;
    const auto near = nearest(word, names);
    return Error{ErrorKind::usage, "command.unknown", "there is no command '" + word + "'",
                 near ? "joulebook " + *near : "joulebook --help lists them"};
  }

  void add_setting(CLI::App& command, const std::string& key) override {
    joulebook::add_setting(command, shared_, key);
  }
  void add_devices(CLI::App& command) override { joulebook::add_devices(command, shared_); }

  void add_ask() {
    CLI::App& c = add("ask", "ask one prompt; prints the answer and what it cost",
                      [this](const Context& context) { return ask(context, ask_); });
    c.add_option("prompt", ask_.prompt, "what to ask")->required();
    add_setting(c, "model");
    c.add_option("--system", ask_.system, "system prompt");
    c.add_option("--repeat", ask_.repeat, "ask N times, so that a short answer can be resolved")
        ->check(CLI::Range(1, 100000));
    c.add_option("--max-tokens", ask_.max_tokens, "most tokens of output")
        ->check(CLI::Range(1, 1 << 24));
    c.add_option("--temperature", ask_.temperature, "0: greedy")->check(CLI::Range(0.0, 10.0));
    c.add_option("--seed", ask_.seed, "of the sampler");
    c.add_option("--reasoning", ask_.reasoning, "what the chat template is asked for")
        ->check(CLI::IsMember({"unset", "on", "off"}));
    c.add_flag("--keep-text", ask_.keep_text, "put prompt and answer into --json and the ledger");
    c.add_option("--record", ask_.record, "keep the raw samples")->type_name("FILE");
    add_engine(c, shared_);
    add_devices(c);
  }

  void add_study() {
    CLI::App& c = add("study", "the same prompts to several arms; the energy of each, compared",
                      [this](const Context& context) {
                        const auto misplaced = misplaced_flag(*study_command_, study_.study == "tasks");
                        return misplaced ? report_error(*misplaced) : study(context, study_);
                      });
    study_command_ = &c;
    c.add_option("study", study_.study, "'forty', 'tasks' or a study file (TOML)")->capture_default_str();
    c.add_option("-m,--model", study_.models, "GGUF file or http(s) endpoint; once an arm");
    c.add_option("--mode", study_.modes, "direct, reason, or both")
        ->delimiter(',')
        ->check(CLI::IsMember({"direct", "reason"}));
    c.add_option("--prompts", study_.prompts, "your own prompts (JSONL)");
    c.add_option("--require", study_.require,
                 "what is enough: names the cheapest arm that meets it ('correct>=0.8', 'wer<=0.2')")
        ->type_name("MEASURE");
    c.add_option("--fixed", study_.fixed,
                 "pp512,tg128: compute so many prompt tokens, write so many, as llama-bench does")
        ->delimiter(',')
        ->type_name("LENGTHS");
    c.add_option("--rounds", study_.rounds, "least rounds")->check(CLI::Range(1, 10000));
    c.add_option("--max-rounds", study_.max_rounds, "most rounds")->check(CLI::Range(1, 10000));
    c.add_option("--minutes", study_.minutes, "no round starts that would end later")
        ->check(CLI::PositiveNumber);
    c.add_option("--target", study_.target, "stop at this relative half-width of the energy ratio")
        ->check(CLI::Range(1e-6, 10.0));
    c.add_option("--max-tokens", study_.max_tokens, "most tokens of output")
        ->check(CLI::Range(1, 1 << 24));
    c.add_option("--temperature", study_.temperature, "0: greedy")->check(CLI::Range(0.0, 10.0));
    c.add_option("--seed", study_.seed, "of order and samplers")->check(CLI::NonNegativeNumber);
    c.add_option("--baseline", study_.baseline_seconds, "seconds of each idle baseline")
        ->check(CLI::Range(0.0, 3600.0));
    c.add_option("--sweep", study_.sweep,
                 "KEY=LIST (threads=1,2): each model's arm at each value; again for a grid")
        ->type_name("KEY=LIST")
        ->allow_extra_args(false);
    c.add_flag("--keep-cache", study_.keep_cache, "do not empty the prompt cache between trials");
    c.add_flag("--keep-text", study_.keep_text, "keep prompts and answers in ledger and outputs");
    c.add_flag("--resume", study_.resume, "go on with the interrupted study of this name");
    c.add_flag("--dry-run", study_.dry_run, "print the study in force and stop");
    c.add_option("--html", study_.html, "write the report page")->type_name("FILE");
    add_require_tier(c, study_.require_tier, "the energy of every arm");
    c.add_option("--csv", study_.csv, "write the trials as CSV")->type_name("FILE");
    c.add_option("--record", study_.record, "keep the raw samples")->type_name("FILE");
    c.add_option("--markdown", study_.markdown, "write the summary as Markdown")->type_name("FILE");
    add_tasks_flags(c, study_.tasks);
    add_engine(c, shared_);
    add_devices(c);
  }

  void add_run() {
    CLI::App& c = add("run", "measure a command, as perf stat does, or what runs already",
                      [this](const Context& context) { return joulebook::run(context, run_); });
    c.add_option("-n,--repeat", run_.repeats, "run it N times")->check(CLI::Range(1, 100000));
    c.add_option("--vs", run_.versus,
                 "measure this command, too, in turn with the other, and compare the two")
        ->check([](const std::string& words) {
          return trim(words).empty() ? "there is no command in it: write it in the quotation marks" : "";
        })
        ->type_name("'COMMAND'");
    add_gate(c, run_.gate);
    c.add_option("--record", run_.record, "keep the raw samples")->type_name("FILE");
    c.add_option("--replay", run_.replay, "figures from a recorded trace instead of a command")
        ->type_name("FILE");
    c.add_option("--pid", run_.pids, "measure these processes and all that hang from them")
        ->delimiter(',')
        ->type_name("N");
    c.add_option("--port", run_.port, "measure who listens on this TCP port, also in a container")
        ->check(CLI::Range(1, 65535));
    c.add_flag("--all", run_.all, "measure the machine");
    c.add_option("--for", run_.for_s, "end after this span: 90, 60s, 5m, 1h")
        ->transform(seconds_of)
        ->type_name("SPAN");
    c.add_option("--interval", run_.interval_s, "a line each span, and a window in the result")
        ->transform(seconds_of)
        ->type_name("SPAN");
    add_devices(c);
    c.add_option("command", run_.command, "the command and its arguments");
    c.prefix_command();
    c.callback([this, &c] {
      auto rest = c.remaining();
      // The "--" before the command comes last where the words behind it were taken as positional.
      if (!run_.command.empty() && rest.size() == 1 && rest.front() == "--") rest.clear();
      run_.command.insert(run_.command.end(), rest.begin(), rest.end());
      if (!run_.command.empty() && run_.command.front() == "--")
        run_.command.erase(run_.command.begin());
      chosen_ = [this](const Context& context) { return joulebook::run(context, run_); };
    });
    CLI::App& m = add("mark", "from inside a measured command: a region of this name begins here",
                      [this](const Context& context) { return mark(context, mark_); });
    m.add_option("name", mark_.name, "name of the region")->required();
  }

  void add_machine() {
    CLI::App& c = add("sensors", "what can be read on this machine", [this](const Context& context) {
      return model_csv_.empty() ? sensors(context) : model_csv(context, model_csv_);
    });
    c.add_option("--model-csv", model_csv_,
                 "instead: a CSV with cpu,chips,threads,memory_gb; the model's watts appended")
        ->type_name("FILE");
    add("doctor", "what is missing here, and the cure", doctor);
    add("config", "the settings in force and where each came from", config);
  }

  void add_records() {
    CLI::App& l = add("list", "the runs in the ledger",
                      [this](const Context& context) { return list(context, list_); });
    l.add_option("-n", list_.most, "most runs to show");
    CLI::App& s = add("show", "one run, or one metered request, of the ledger",
                      [this](const Context& context) { return show(context, show_); });
    s.add_option("id", show_.id, "id of a run or a request, a unique prefix of one, or 'last'")
        ->capture_default_str();
    CLI::App& e = add("export", "one run of the ledger as a file",
                      [this](const Context& context) { return export_run(context, export_); });
    e.add_option("id", export_.id, "run id, a unique prefix of one, or 'last'")
        ->capture_default_str();
    e.add_option("--format", export_.format, "file format")
        ->capture_default_str()
        ->check(CLI::IsMember({"json", "jsonl", "csv", "arms-csv", "sql", "markdown", "html"}));
    e.add_option("-o,--output", export_.output, "file ('-': standard output)")
        ->capture_default_str();
  }

  CLI::App app_;
  SharedFlags shared_;
  Command chosen_;
  AskOptions ask_;
  StudyOptions study_;
  const CLI::App* study_command_ = nullptr;
  RunOptions run_;
  MarkOptions mark_;
  std::string model_csv_;
  ListOptions list_;
  ShowOptions show_;
  ExportOptions export_;
};

}  // namespace

std::string seconds_of(const std::string& text) {
  const auto span = parse_span(text);
  if (!span) throw CLI::ValidationError("'" + text + "' is no span of time: 90, 60s, 5m, 1h");
  return fmt::format("{}", *span);
}

int run_command_line(int argc, char** argv) { return JoulebookLine().run(argc, argv); }

}  // namespace joulebook
