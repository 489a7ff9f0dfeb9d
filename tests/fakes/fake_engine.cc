#include "fakes/fake_engine.h"

#include <algorithm>
#include <map>

namespace joulebook {
namespace {

bool blank(char c) { return c == ' ' || c == '\n' || c == '\t'; }

// Runs of non-blanks, each with the blanks before it; blanks at the end join the last word.
std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  const auto last = text.find_last_not_of(" \n\t");
  std::size_t begin = 0;
  for (std::size_t i = 1; i < text.size() && last != text.npos && i < last; ++i) {
    if (blank(text[i]) && !blank(text[i - 1])) {
      out.emplace_back(text.substr(begin, i - begin));
      begin = i;
    }
  }
  if (!text.empty()) out.emplace_back(text.substr(begin));
  return out;
}

struct Piece {
  Phase phase;
  std::string text;
};

// One request on its way: its pieces still to say, and when the next one is due.
class Run {
 public:
  Run(const GenerateRequest& request, FakeAnswer answer, SteadyTime start)
      : request_(request), script_(std::move(answer)) {
    for (auto& word : words(script_.reasoning)) {
      pieces_.push_back({Phase::reason, std::move(word)});
    }
    for (auto& word : words(script_.answer)) pieces_.push_back({Phase::answer, std::move(word)});
    plan_prompt(start);
  }

  [[nodiscard]] bool done() const { return done_; }
  [[nodiscard]] SteadyTime due() const { return due_; }

  // Does what is due now: ends the prompt, or says one piece.
  void step(SteadyTime now) {
    if (request_.cancel != nullptr && request_.cancel->load()) return end(Finish::cancelled);
    if (script_.error) return end(Finish::stop);
    if (started_) say(now);
    started_ = true;
    due_ = now + script_.per_token;
    if (next_ == pieces_.size()) return end(Finish::stop);
    if (std::cmp_greater_equal(next_, request_.max_tokens)) end(Finish::length);
  }

  [[nodiscard]] Result<Generation> take() {
    if (script_.error) return fail(*script_.error);
    return std::move(out_);
  }

 private:
  void plan_prompt(SteadyTime start) {
    const auto counted =
        static_cast<std::int64_t>(words(request_.system).size() + words(request_.user).size());
    out_.prompt_tokens = {script_.prompt_tokens > 0 ? script_.prompt_tokens : counted};
    if (request_.keep_cache) {
      out_.cached_tokens = {std::min(script_.cached_tokens, out_.prompt_tokens.count)};
    }
    out_.token_source = "engine";
    out_.reasoning_marked = !script_.reasoning.empty();
    const auto computed = start + script_.queue;
    if (script_.queue > Nanos(0)) out_.phases.push_back({Phase::queue, start, computed, {}});
    if (out_.cached_tokens.count > 0) {
      out_.phases.push_back({Phase::cached, computed, computed, out_.cached_tokens});
    }
    due_ = computed + script_.prefill;
    const Tokens fresh{out_.prompt_tokens.count - out_.cached_tokens.count};
    out_.phases.push_back({Phase::prefill, computed, due_, fresh});
  }

  void say(SteadyTime now) {
    const auto& piece = pieces_[next_++];
    if (out_.phases.back().phase != piece.phase) {
      out_.phases.push_back({piece.phase, out_.phases.back().end, now, {}});
    }
    out_.phases.back().end = now;
    out_.phases.back().tokens += Tokens{1};
    out_.token_times.push_back(now);
    const bool thinking = piece.phase == Phase::reason;
    (thinking ? out_.reasoning : out_.answer) += piece.text;
    (thinking ? out_.reasoning_tokens : out_.answer_tokens) += Tokens{1};
    if (request_.on_token) request_.on_token({now, piece.phase, piece.text, Tokens{1}});
  }

  void end(Finish finish) {
    out_.finish = finish;
    done_ = true;
  }

  const GenerateRequest& request_;
  FakeAnswer script_;
  std::vector<Piece> pieces_;
  std::size_t next_ = 0;
  bool started_ = false;
  bool done_ = false;
  SteadyTime due_;
  Generation out_;
};

}  // namespace

FakeEngine::FakeEngine(Clock& clock, EngineInfo info) : clock_(clock), info_(std::move(info)) {}

FakeEngine& FakeEngine::when(std::string part, FakeAnswer answer) {
  rules_.emplace_back(std::move(part), std::move(answer));
  return *this;
}

FakeEngine& FakeEngine::then(FakeAnswer answer) {
  once_.push_back(std::move(answer));
  return *this;
}

FakeEngine& FakeEngine::otherwise(FakeAnswer answer) {
  otherwise_ = std::move(answer);
  return *this;
}

FakeAnswer FakeEngine::answer_for(const GenerateRequest& request) {
  if (!once_.empty()) {
    FakeAnswer answer = std::move(once_.front());
    once_.pop_front();
    return answer;
  }
  const auto rule = std::find_if(rules_.begin(), rules_.end(), [&](const auto& r) {
    return request.user.find(r.first) != std::string::npos;
  });
  return rule == rules_.end() ? otherwise_ : rule->second;
}

std::vector<Result<Generation>> FakeEngine::generate(std::span<const GenerateRequest> requests) {
  std::vector<Run> runs;
  runs.reserve(requests.size());
  const SteadyTime start = clock_.now();
  for (const auto& request : requests) {
    runs.emplace_back(request, answer_for(request), start);
    requests_.push_back(request);
    requests_.back().on_token = nullptr;
    requests_.back().cancel = nullptr;
  }
  while (true) {
    Run* next = nullptr;
    for (auto& run : runs) {
      if (!run.done() && (next == nullptr || run.due() < next->due())) next = &run;
    }
    if (next == nullptr) break;
    clock_.sleep_until(next->due());
    next->step(std::max(clock_.now(), next->due()));
  }
  std::vector<Result<Generation>> out;
  out.reserve(runs.size());
  for (auto& run : runs) out.push_back(run.take());
  return out;
}

std::optional<std::int64_t> FakeEngine::count_tokens(std::string_view text) const {
  return static_cast<std::int64_t>(words(text).size());
}

EngineInfo FakeEngine::fake_info() {
  EngineInfo info;
  info.kind = "fake";
  info.model = "fake-1m";
  info.path = "fake.gguf";
  info.version = "1";
  info.architecture = "llama";
  info.parameters = 1'000'000;
  info.file_bytes = 2'000'000;
  info.layers = 2;
  info.context = 4096;
  info.trained_context = 4096;
  info.kv_bytes_per_token = 1024;
  info.quantisation = {{"F16", 10, 1'000'000, 2'000'000}};
  info.chat_template = "file";
  info.threads = 1;
  info.peak_memory_bytes = 4'000'000;
  return info;
}

}  // namespace joulebook
