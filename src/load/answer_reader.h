#pragma once
// One answer of an OpenAI-compatible endpoint as it comes, for its times and counts alone: chat or
// text completions, streamed or whole. What engine/chat_stream.h does for a study it does for a
// thousand streams: text is counted and dropped, and a piece costs a scan, not a parse. Knows
// `content`, `reasoning_content`, `reasoning`, `text` and tool calls, `usage` wherever it comes,
// llama-server's `timings`, and errors inside the stream. Not thread-safe; may be begun again.
#include <optional>
#include <string>
#include <string_view>

#include "engine/reply_body.h"
#include "load/request_record.h"

namespace joulebook::load {

class AnswerReader {
 public:
  // Forgets the answer before. `keep_text`: keep what the answer says.
  void begin(bool keep_text);
  // False once it was overlong. Pieces of text that came with it: pieces() grows.
  bool feed(std::string_view bytes) { return body_.feed(bytes); }
  // The body is over.
  void finish();

  [[nodiscard]] std::int64_t pieces() const { return pieces_; }
  [[nodiscard]] const EndpointCounts& counts() const { return counts_; }
  [[nodiscard]] bool complete() const { return done_ || !finish_reason_.empty(); }
  [[nodiscard]] const std::string& finish_reason() const { return finish_reason_; }
  // An error was sent inside the stream.
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] bool overlong() const { return body_.overlong(); }
  [[nodiscard]] std::string take_text() { return std::move(text_); }

 private:
  void event(std::string_view data);
  void choice(std::string_view text);
  bool delta(std::string_view text);
  void keep(std::string_view text);
  void usage(std::string_view text);
  void timings(std::string_view text);

  ReplyBody body_;
  std::string text_;
  std::string finish_reason_;
  EndpointCounts counts_;
  EndpointCounts timed_;  // by llama-server's own clock; usage goes before it
  std::int64_t pieces_ = 0;
  bool keep_text_ = false;
  bool done_ = false;
  bool failed_ = false;
};

}  // namespace joulebook::load
