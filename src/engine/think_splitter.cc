#include "engine/think_splitter.h"

#include <algorithm>
#include <array>

#include "core/text.h"
#include "engine/utf8_tail.h"

namespace joulebook {
namespace {

enum class Act { open, close, drop, channel, message, turn };
enum class Where { anywhere, line_start };

struct Marker {
  std::string_view text;
  Act act;
  Where where = Where::anywhere;
};

constexpr auto kMarkers = std::to_array<Marker>({
    {"<think>", Act::open, Where::line_start},
    {"</think>", Act::close},
    {"<thinking>", Act::open, Where::line_start},
    {"</thinking>", Act::close},
    {"<thought>", Act::open, Where::line_start},
    {"</thought>", Act::close},
    {"<reasoning>", Act::open, Where::line_start},
    {"</reasoning>", Act::close},
    {"<reflection>", Act::open, Where::line_start},
    {"</reflection>", Act::close},
    {"<seed:think>", Act::open, Where::line_start},
    {"</seed:think>", Act::close},
    {"[THINK]", Act::open, Where::line_start},
    {"[/THINK]", Act::close},
    {"<|think|>", Act::open},
    {"<|/think|>", Act::close},
    {"<|begin_of_thought|>", Act::open},
    {"<|end_of_thought|>", Act::close},
    {"<|begin_of_solution|>", Act::drop},
    {"<|end_of_solution|>", Act::drop},
    {"<|START_THINKING|>", Act::open},
    {"<|END_THINKING|>", Act::close},
    {"<|START_RESPONSE|>", Act::drop},
    {"<|END_RESPONSE|>", Act::drop},
    {"<|channel|>", Act::channel},
    {"<|message|>", Act::message},
    {"<|start|>", Act::turn},
    {"<|end|>", Act::drop},
    {"<|return|>", Act::drop},
});

constexpr std::size_t kMaxChannelName = 64;

constexpr std::string_view kBlanks = " \n\t\r";

bool blank(char c) { return kBlanks.find(c) != kBlanks.npos; }

bool may_begin_marker(char c) { return c == '<' || c == '['; }

}  // namespace

ThinkSplitter::ThinkSplitter(bool thinking, Sink sink)
    : sink_(std::move(sink)),
      phase_(thinking ? Phase::reason : Phase::answer),
      after_marker_(thinking),
      opened_(thinking),
      marked_(thinking) {}

bool ThinkSplitter::is_marker(std::string_view text) {
  return std::any_of(kMarkers.begin(), kMarkers.end(),
                     [&](const Marker& m) { return m.text == text; });
}

void ThinkSplitter::feed(std::string_view bytes) {
  held_ += bytes;
  settle(false);
}

void ThinkSplitter::finish() {
  settle(true);
  in_header_ = false;
  if (sink_ && !blanks_.empty()) sink_(phase_, blanks_);
  blanks_.clear();
}

void ThinkSplitter::settle(bool last) {
  while (!held_.empty()) {
    if (may_begin_marker(held_.front())) {
      if (!last && may_become_marker()) return;
      if (!take_marker()) take_text(1);
      continue;
    }
    const auto stop = std::find_if(held_.begin(), held_.end(), may_begin_marker);
    const bool open_end = stop == held_.end() && !last;
    const auto n =
        open_end ? whole_characters(held_) : static_cast<std::size_t>(stop - held_.begin());
    if (n == 0) return;
    take_text(n);
  }
}

bool ThinkSplitter::allowed_here(bool anywhere) const {
  return anywhere || after_marker_ || (line_start_ && phase_ == Phase::answer);
}

bool ThinkSplitter::may_become_marker() const {
  return std::any_of(kMarkers.begin(), kMarkers.end(), [&](const Marker& m) {
    return allowed_here(m.where == Where::anywhere) && held_.size() < m.text.size() &&
           m.text.starts_with(held_);
  });
}

// Takes the marker at the front, if there is one.
bool ThinkSplitter::take_marker() {
  const auto marker = std::find_if(kMarkers.begin(), kMarkers.end(), [&](const Marker& m) {
    return allowed_here(m.where == Where::anywhere) && held_.starts_with(m.text);
  });
  if (marker == kMarkers.end()) return false;
  held_.erase(0, marker->text.size());
  switch (marker->act) {
    case Act::open:
      enter(Phase::reason);
      break;
    case Act::close:
      close();
      break;
    case Act::message:
      in_header_ = false;
      enter(trim(channel_).starts_with("analysis") ? Phase::reason : Phase::answer);
      break;
    case Act::channel:
    case Act::turn:
      in_header_ = true;
      channel_.clear();
      break;
    case Act::drop:
      enter(phase_);
      break;
  }
  return true;
}

// Takes `n` bytes at the front as text, or as the name of a channel.
void ThinkSplitter::take_text(std::size_t n) {
  if (in_header_) {
    n = std::min(n, kMaxChannelName - channel_.size());
    channel_.append(held_, 0, n);
    in_header_ = channel_.size() < kMaxChannelName;  // no name is that long: this is no header
  } else {
    pass_on(std::string_view(held_).substr(0, n));
  }
  held_.erase(0, n);
}

// Passes text on up to its last non-blank; blanks wait for what follows them.
void ThinkSplitter::pass_on(std::string_view text) {
  for (const char c : text) line_start_ = c == '\n' || (line_start_ && blank(c));
  if (after_marker_) {
    text.remove_prefix(std::min(text.size(), text.find_first_not_of(kBlanks)));
  }
  // A run of stray continuation bytes is one error, also where the stream was cut inside it.
  while (ended_invalid_ && !text.empty() && (static_cast<unsigned char>(text[0]) & 0xC0) == 0x80) {
    text.remove_prefix(1);
  }
  if (text.empty()) return;
  constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
  ended_invalid_ =
      !is_valid_utf8(text) && valid_utf8(text).ends_with(kReplacement) && !text.ends_with(kReplacement);
  const auto last = text.find_last_not_of(kBlanks);
  if (last == text.npos) {
    blanks_ += text;
    return;
  }
  after_marker_ = false;
  if (sink_) {
    const std::string settled = blanks_ + valid_utf8(text.substr(0, last + 1));
    sink_(phase_, settled);
  }
  blanks_ = text.substr(last + 1);
}

void ThinkSplitter::enter(Phase phase) {
  phase_ = phase;
  blanks_.clear();
  ended_invalid_ = false;
  after_marker_ = true;
  line_start_ = true;
  if (phase == Phase::reason) opened_ = marked_ = true;
}

void ThinkSplitter::close() {
  marked_ = true;
  closed_unopened_ = closed_unopened_ || !opened_;
  opened_ = true;
  enter(Phase::answer);
}

}  // namespace joulebook
