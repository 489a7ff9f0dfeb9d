#pragma once
// What an answer says of the work behind it, piece by piece: tokens as they come, what was counted,
// what was timed. Reads in place (core/json_scan.h). Never alters anything; what it cannot read it
// passes over. Not thread-safe.
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "attribution/traffic.h"
#include "engine/sender_counts.h"
#include "engine/think_splitter.h"
#include "gateway/wire/api.h"

namespace joulebook::gateway {

class AnswerReader {
 public:
  using What = decltype(attribution::Remark::what);
  using Sink = std::function<void(const What&)>;
  AnswerReader(Api api, Sink sink) : api_(api), sink_(std::move(sink)) {}

  // The data of one event, or line, of a stream. Returns what it is to the stream.
  struct Role {
    bool last = false;         // nothing that a reader needs comes after it
    bool usage_alone = false;  // OpenAI's extra chunk: no choices, only usage
  };
  Role piece(std::string_view data, std::string_view event);
  // The whole of an answer that was not streamed.
  void whole(std::string_view body);

  // Tokens seen, or counted by the sender where it did.
  [[nodiscard]] double tokens() const { return tokens_; }
  // Whether the sender itself said that it failed, in an event or body of a status that says otherwise.
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  // One choice of an event, as the texts of its members and of its delta's; empty: not there.
  struct Said {
    std::string_view index;
    std::string_view text;
    std::string_view finish;
    std::string_view thought;  // delta's
    std::string_view thinking;
    std::string_view content;
    std::string_view calls;
  };
  // An event, read in one go.
  struct Event {
    std::vector<Said> choices;
    bool listed = false;  // there is a list of them, and it is sound
    std::string_view usage;
    std::string_view timings;
    std::string_view content;
    std::string_view stop;
    std::string_view metrics;
    std::string_view error;
  };
  // Each gives the place after what it read.
  [[nodiscard]] static std::size_t read_delta(std::string_view json, std::size_t at, Said& said);
  [[nodiscard]] static std::size_t read_choice(std::string_view json, std::size_t at, Said& said);
  [[nodiscard]] static std::size_t read_choices(std::string_view json, std::size_t at, Event& event);
  static void read_event(std::string_view json, Event& event);

  // Each takes the text of one JSON object; `type` as written between its quotes.
  void openai(std::string_view json, Role& role);
  void openai_whole(std::string_view json);
  void responses(std::string_view json, std::string_view type);
  void messages(std::string_view json, std::string_view type);
  bool ollama(std::string_view json);
  [[nodiscard]] std::optional<std::int64_t> counted_here(const Event& event);
  bool choice(const Said& said, std::optional<std::int64_t> rise);
  void tokens_of(std::string_view text, bool reasoning, std::uint32_t choice);
  void content(std::string_view text, std::uint32_t choice, std::optional<std::int64_t> rise = {});
  // `so_far`: its count of the output is one of a beginning.
  void usage(std::string_view json, bool so_far = false);
  void timings(std::string_view json);
  void metrics(std::string_view json);
  void error(std::string_view value);
  void count(std::int64_t n, bool reasoning, std::uint32_t choice, bool counted);

  // Thinking between marks in the text itself, for each choice.
  struct Marks {
    ThinkSplitter splitter{false, {}};
    bool told_apart = false;    // the server does it: there are no marks to look for
    std::int64_t answered = 0;  // tokens that went out as answer
  };

  Api api_;
  Sink sink_;
  double tokens_ = 0;
  bool failed_ = false;
  std::int64_t counted_ = 0;  // completion tokens by a usage that comes with each chunk
  bool begun_ = false;        // a choice was seen
  bool continuous_ = false;   // usage came with the first of them
  bool several_ = false;      // not only choice 0
  bool streaming_ = true;
  SenderCounts counts_;
  std::map<std::uint32_t, Marks> marks_;
  Event event_;       // the one that is read, and the room of those before
  std::string room_;  // for a text that is written with escapes
};

}  // namespace joulebook::gateway
