#pragma once
// Writes one Generation down while its output arrives: phases as spans that tile, thinking and
// answer told apart, tokens counted and timed. Both engines use it, so that a phase means the same
// whoever answered.
//
// The prompt's span ends, and the output begins, at the first piece of output. A token belongs to
// the phase in force once its text is settled; a marker's own tokens belong to thinking.
// Not thread-safe. Times must not go back.
#include <string>
#include <string_view>

#include "engine/engine.h"
#include "engine/think_splitter.h"

namespace joulebook {

class Recorder {
 public:
  // `thinking`: the prompt opened a thinking block. The request must outlive the recorder.
  Recorder(const GenerateRequest& request, bool thinking, SteadyTime start);
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // The prompt waited until `t`. Before any output.
  void queued_until(SteadyTime t);
  // Of `all` prompt tokens, `cached` need not be computed.
  void prompt(Tokens all, Tokens cached);
  // The prompt's computation, by its own clock, took this long; time before it was the queue's.
  void prefill_took(Nanos duration);

  // Output whose text goes through the splitter.
  void output(SteadyTime t, std::string_view text, Tokens tokens);
  // Output that the sender has already called thinking.
  void reasoning(SteadyTime t, std::string_view text, Tokens tokens);

  // Replaces the counted tokens by an authority's, after all output. A missing count of thinking
  // tokens, or 0 where thinking was seen, is shared out as counted here (by characters where the
  // pieces can't tell). Thinking that was never shown gets a span without length.
  void recount(Tokens output, std::optional<Tokens> reasoning);

  // Settles what the splitter still holds; no output may follow.
  void end_of_output();
  // Closes the last span at `t` and hands the record over. Only once.
  [[nodiscard]] Generation finish(SteadyTime t, Finish finish, std::string token_source);

  [[nodiscard]] std::int64_t counted() const { return counted_; }
  [[nodiscard]] const Generation& so_far() const { return out_; }
  void warn(std::string text) { out_.warnings.push_back(std::move(text)); }

 private:
  void begin_output(SteadyTime t);
  void take(Phase phase, std::string_view text);
  void settle(Phase phase);
  void count(Phase phase, SteadyTime t, Tokens tokens);
  void all_was_thinking();
  void share_out(Phase phase, Tokens tokens);
  [[nodiscard]] Tokens share_of_thinking(Tokens output) const;

  const GenerateRequest& request_;
  Generation out_;
  std::string piece_;  // settled text not yet announced
  ThinkSplitter splitter_;
  SteadyTime edge_;  // where the last span ended
  SteadyTime last_;  // of the last output
  bool output_begun_ = false;
  bool flipped_ = false;
  Phase group_phase_ = Phase::answer;  // in force when the unsettled tokens began
  Tokens unsettled_;                   // tokens whose text the splitter still holds
  std::int64_t counted_ = 0;
};

}  // namespace joulebook
