#pragma once
// Splits a model's output into thinking and answer while it streams in, whatever the chunks.
//
// Markers known: <think>, <thinking>, <thought>, <reasoning>, <reflection>, <seed:think>, [THINK]
// (opening at the start of a line, closing anywhere; any closing one ends what any opening one
// began); <|begin_of_thought|>, <|START_THINKING|>, <|think|> and their ends, anywhere; and the
// channels of gpt-oss, <|channel|>NAME<|message|>: `analysis` is thinking, all others are answer.
// The wrappers of an answer, <|begin_of_solution|> and <|START_RESPONSE|>, are dropped.
// A closing marker that nothing opened means that the prompt opened it: all before was thinking
// (`closed_unopened`). Markers are dropped, and blanks beside them. Text is passed on in whole
// UTF-8 characters, invalid bytes as U+FFFD. Memory held back is bounded by the longest marker and
// runs of blanks.
//
// The concatenated text of each phase depends on the bytes alone, not on how they were cut.
// Not thread-safe.
#include <functional>
#include <string>
#include <string_view>

#include "engine/engine.h"

namespace joulebook {

class ThinkSplitter {
 public:
  // Receives text that is settled; the view lives for the call.
  using Sink = std::function<void(Phase, std::string_view)>;

  // `thinking`: the prompt has already opened a thinking block. No sink: only the phase is followed.
  ThinkSplitter(bool thinking, Sink sink);

  void feed(std::string_view bytes);
  // The stream is over: what was held back is passed on.
  void finish();

  // The phase in force after all that was fed (what is held back left out).
  [[nodiscard]] Phase phase() const { return phase_; }
  // Whether bytes are held back that may yet turn out to be a marker.
  [[nodiscard]] bool holding() const { return !held_.empty() || !blanks_.empty() || in_header_; }
  // Whether any thinking marker was seen, or the prompt had opened one.
  [[nodiscard]] bool marked() const { return marked_; }
  // Whether a closing marker came that nothing had opened; true from that moment on.
  [[nodiscard]] bool closed_unopened() const { return closed_unopened_; }

  // Whether a token's text is (part of) the marker language, so that it must be fed even where
  // control tokens are not shown.
  [[nodiscard]] static bool is_marker(std::string_view text);

 private:
  void settle(bool last);
  [[nodiscard]] bool allowed_here(bool anywhere) const;
  [[nodiscard]] bool may_become_marker() const;
  bool take_marker();
  void take_text(std::size_t n);
  void pass_on(std::string_view text);
  void enter(Phase phase);
  void close();

  Sink sink_;
  Phase phase_;
  std::string held_;           // not yet settled, begins where a marker may begin
  std::string blanks_;         // blanks that will be dropped if a marker follows
  std::string channel_;        // name collected between <|channel|> and <|message|>
  bool in_header_ = false;     // between <|channel|> or <|start|> and <|message|>
  bool after_marker_ = false;  // blanks are dropped
  bool line_start_ = true;
  bool ended_invalid_ = false;  // the text passed on ends in a byte that was replaced
  bool opened_ = false;
  bool marked_ = false;
  bool closed_unopened_ = false;
};

}  // namespace joulebook
