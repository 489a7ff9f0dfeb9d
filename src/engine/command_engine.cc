#include "engine/command_engine.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "core/find_program.h"
#include "core/subprocess.h"
#include "core/text.h"
#include "engine/command_exchange.h"
#include "engine/command_words.h"

namespace joulebook {
namespace {

// A private folder for {text_file}; gone with it.
class TextFile {
 public:
  TextFile() = default;
  ~TextFile() {
    if (folder_.empty()) return;
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  TextFile(const TextFile&) = delete;
  TextFile& operator=(const TextFile&) = delete;

  // Holds that text from now on.
  [[nodiscard]] Result<std::string> write(const std::string& text) {
    if (folder_.empty()) {
      std::error_code ignored;
      const auto base = std::filesystem::temp_directory_path(ignored);
      std::string name = ((ignored ? "/tmp" : base) / "joulebook-XXXXXX").string();
      if (::mkdtemp(name.data()) == nullptr) return cannot(name);
      folder_ = name;
    }
    const std::string path = folder_ + "/text";
    std::ofstream file(path, std::ios::binary);
    if (!(file << text).flush()) return cannot(path);
    return path;
  }

 private:
  static tl::unexpected<Error> cannot(const std::string& path) {
    return fail(ErrorKind::resource, "command.text_file", "cannot write " + path,
                "free some space there, or set TMPDIR to another folder");
  }
  std::string folder_;
};

class CommandEngine final : public Engine {
 public:
  explicit CommandEngine(CommandOptions options)
      : options_(std::move(options)),
        name_(std::filesystem::path(options_.argv.front()).filename().string()),
        needs_file_(placeholders_of(options_.argv).text_file) {}

  [[nodiscard]] Status open() {
    path_ = find_program(options_.argv.front(), options_.directory);
    if (path_.empty()) {
      return fail(ErrorKind::input, "command.missing",
                  fmt::format("there is no program {}", options_.argv.front()),
                  "install it, or name its path, from the study's folder");
    }
    return options_.kept() ? start_kept() : Status{};
  }

  [[nodiscard]] EngineInfo info() const override {
    EngineInfo out;
    out.kind = "command";
    out.model = name_;
    out.path = path_;
    out.chat_template = "none";
    out.peak_memory_bytes = peak_memory_;
    if (kept_) out.peak_memory_bytes = std::max(peak_memory_, kept_->look_at_memory());
    return out;
  }
  [[nodiscard]] std::vector<Result<Generation>> generate(
      std::span<const GenerateRequest> requests) override {
    std::vector<Result<Generation>> out;
    for (const auto& request : requests) out.push_back(answer(request));
    return out;
  }
  [[nodiscard]] std::optional<std::int64_t> count_tokens(std::string_view) const override {
    return std::nullopt;
  }

 private:
  using Process = std::unique_ptr<Subprocess>;

  [[nodiscard]] Result<Process> start(const std::vector<std::string>& argv, bool input) const {
    auto made = Subprocess::start(argv, {.input = input, .directory = options_.directory});
    if (made) return std::move(*made);
    return fail(ErrorKind::resource, "command.start",
                fmt::format("cannot start {}: {}", name_, std::strerror(made.error())),
                made.error() == E2BIG ? "give the text by standard input or {text_file}"
                                      : "try it by hand in a shell");
  }

  [[nodiscard]] ExchangeLimits limits(const std::atomic<bool>* cancel) const {
    const auto patience = std::chrono::duration_cast<Nanos>(Seconds(options_.time_limit_s));
    return {system_clock().now() + patience, static_cast<std::size_t>(options_.most_output),
            cancel};
  }

  // Why there is no answer. Ends the program.
  [[nodiscard]] Error trouble(Subprocess& program, ExchangeEnd how) {
    peak_memory_ = std::max(peak_memory_, program.look_at_memory());
    program.end(how == ExchangeEnd::ended ? std::chrono::milliseconds(100) : Nanos{0});
    const std::string said = program.said().empty() ? "" : "; it said: " + program.said();
    switch (how) {
      case ExchangeEnd::late:
        return {ErrorKind::engine, "command.timeout",
                fmt::format("{} gave no answer within {} s and was ended{}", name_,
                            options_.time_limit_s, said),
                "raise timeout_s, or see what it waits for"};
      case ExchangeEnd::flood:
        return {ErrorKind::engine, "command.output",
                fmt::format("{} wrote more than {} bytes and was ended{}", name_,
                            options_.most_output, said),
                "raise output_limit, or make it say less"};
      case ExchangeEnd::cancelled:
        return {ErrorKind::interrupted, "command.cancelled", name_ + " was interrupted", ""};
      case ExchangeEnd::done:
      case ExchangeEnd::ended:
        break;
    }
    return {ErrorKind::engine, "command.exit", name_ + " " + program.how_it_ended(),
            "run it by hand with this item"};
  }

  [[nodiscard]] Status start_kept() {
    auto program = start(options_.argv, true);
    if (!program) return fail(std::move(program.error()));
    kept_ = std::move(*program);
    if (options_.ready.empty()) return {};
    const ExchangeResult got = exchange_line(*kept_, {}, limits(nullptr));
    const bool is_ready = got.end == ExchangeEnd::done && trim(got.output) == trim(options_.ready);
    if (is_ready && got.rest.empty()) return {};
    const Process gone = std::move(kept_);
    if (got.end != ExchangeEnd::done) return fail(trouble(*gone, got.end));
    return fail(ErrorKind::engine, "command.unasked",
                fmt::format("{} began with '{}', not with '{}' alone", name_,
                            valid_utf8(got.output.substr(0, 80)), options_.ready),
                "let it write that line once it can answer, and nothing before the first item");
  }

  [[nodiscard]] Result<Generation> answer(const GenerateRequest& request) {
    if (auto ok = can_ask(options_, request.user, request.file); !ok) return fail(ok.error());
    return options_.kept() ? answer_kept(request) : answer_started(request);
  }

  [[nodiscard]] Result<Generation> answer_started(const GenerateRequest& request) {
    std::string text_file;
    if (needs_file_) {
      auto path = text_file_.write(request.user);
      if (!path) return fail(path.error());
      text_file = std::move(*path);
    }
    const auto argv = filled(options_.argv, request, text_file);
    const std::string input = input_for(options_, request);
    const ExchangeLimits until = limits(request.cancel);
    const SteadyTime begin = system_clock().now();
    auto program = start(argv, options_.input == CommandOptions::Input::whole);
    if (!program) return fail(std::move(program.error()));
    const SteadyTime started = system_clock().now();
    ExchangeResult got = exchange_whole(**program, input, until);
    await_end(**program, until, got);
    const SteadyTime end = system_clock().now();
    if (got.end == ExchangeEnd::cancelled) return cancelled(begin, end);
    if (got.end != ExchangeEnd::done) return fail(trouble(**program, got.end));
    (*program)->end();
    if ((*program)->exit_code() != 0) return fail(trouble(**program, ExchangeEnd::ended));
    peak_memory_ = std::max(peak_memory_, (*program)->peak_memory());
    Generation out = record(got, begin, started, end);
    out.cpu_seconds = (*program)->cpu_seconds();
    return out;
  }

  [[nodiscard]] Result<Generation> answer_kept(const GenerateRequest& request) {
    std::vector<std::string> warnings;
    if (!kept_) {
      if (auto ok = start_kept(); !ok) return fail(ok.error());
      warnings.push_back(name_ + " was started anew after it had failed");
    }
    if (const std::string stray = unread(*kept_); !stray.empty()) return unasked(stray);
    const std::string input = input_for(options_, request);
    const SteadyTime begin = system_clock().now();
    const ExchangeResult got = exchange_line(*kept_, input, limits(request.cancel));
    const SteadyTime end = system_clock().now();
    if (got.end != ExchangeEnd::done) {
      const Process gone = std::move(kept_);
      if (got.end == ExchangeEnd::cancelled) return cancelled(begin, end);
      return fail(trouble(*gone, got.end));
    }
    if (!got.rest.empty()) return unasked(got.rest);
    Generation out = record(got, begin, begin, end);
    out.warnings.insert(out.warnings.end(), warnings.begin(), warnings.end());
    return out;
  }

  // Whose answer a stray line is nobody can tell: what was said before is not trusted either.
  [[nodiscard]] tl::unexpected<Error> unasked(const std::string& text) {
    kept_.reset();
    return fail(ErrorKind::engine, "command.unasked",
                fmt::format("{} wrote '{}' without being asked", name_,
                            valid_utf8(trim(text).substr(0, 80))),
                "one line for one line, in order: let it write all else to standard error");
  }

  [[nodiscard]] static Generation cancelled(SteadyTime begin, SteadyTime end) {
    Generation out;
    out.phases.push_back({Phase::prefill, begin, end, {}});
    out.finish = Finish::cancelled;
    return out;
  }

  [[nodiscard]] Generation record(const ExchangeResult& got, SteadyTime begin, SteadyTime started,
                                  SteadyTime end) const {
    Generation out;
    const SteadyTime first = got.first.value_or(end);
    if (started != begin) out.phases.push_back({Phase::queue, begin, started, {}});
    out.phases.push_back({Phase::prefill, started, first, {}});
    out.phases.push_back({Phase::answer, first, end, {}});
    out.answer = options_.kept() ? answer_of_line(got.output) : got.output;
    while (!out.answer.empty() && (out.answer.back() == '\n' || out.answer.back() == '\r')) {
      out.answer.pop_back();
    }
    if (!is_valid_utf8(out.answer)) {
      out.answer = valid_utf8(out.answer);
      out.warnings.push_back(name_ + " answers in another encoding than UTF-8: what is none of it "
                                     "was replaced");
    }
    out.token_source = "none";
    return out;
  }

  CommandOptions options_;
  std::string name_;
  std::string path_;
  bool needs_file_;
  TextFile text_file_;
  std::int64_t peak_memory_ = 0;  // of those that have ended
  Process kept_;
};

}  // namespace

Result<std::unique_ptr<Engine>> open_command(const CommandOptions& options) {
  if (auto ok = validate(options); !ok) return fail(ok.error());
  auto engine = std::make_unique<CommandEngine>(options);
  if (auto ok = engine->open(); !ok) return fail(ok.error());
  return engine;
}

}  // namespace joulebook
