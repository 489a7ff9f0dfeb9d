#pragma once
// The answer of an OpenAI-compatible chat endpoint, chunk by chunk, written into a Recorder. Knows
// OpenAI, vLLM, SGLang, llama-server, Ollama and what speaks like them: `content`,
// `reasoning_content` and `reasoning` deltas, thinking marked inside content, `usage` wherever it
// comes, llama-server's `timings`, errors sent inside the stream, and whole (unstreamed) replies.
// Not thread-safe.
#include <optional>
#include <string>
#include <string_view>

#include "core/json.h"
#include "engine/recorder.h"

namespace joulebook {

class ChatStream {
 public:
  explicit ChatStream(Recorder& recorder) : recorder_(recorder) {}

  // The data of one event, arrived at `t`. What is not JSON is counted and passed over.
  void event(SteadyTime t, std::string_view data);

  // The sender said that the answer is complete ([DONE], or a reason to finish).
  [[nodiscard]] bool complete() const { return done_ || !finish_reason_.empty(); }
  // An error that came inside the stream; empty where none did.
  [[nodiscard]] const std::string& error() const { return error_; }

  // Puts in place what the sender counted and timed. Returns the token source: "usage" (the
  // sender counted) or "deltas". After all events.
  std::string conclude();
  [[nodiscard]] Finish finish() const;

 private:
  void delta(SteadyTime t, const Json& delta);
  void conclude_timings();

  Recorder& recorder_;
  Json usage_;
  Json timings_;
  std::string finish_reason_;
  std::string error_;
  std::int64_t malformed_ = 0;
  bool done_ = false;
};

}  // namespace joulebook
