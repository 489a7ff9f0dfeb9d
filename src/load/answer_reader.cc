#include "load/answer_reader.h"

#include <algorithm>

#include "core/json.h"
#include "core/text.h"
#include "core/json_scan.h"
#include "engine/sender_counts.h"

namespace joulebook::load {
namespace {

bool is_text_member(std::string_view name) {
  return name == "content" || name == "reasoning_content" || name == "reasoning" ||
         name == "text" || name == "refusal";
}

}  // namespace

void AnswerReader::begin(bool keep_text) {
  body_.begin([this](std::string_view data) { event(data); });
  text_.clear();
  finish_reason_.clear();
  counts_ = {};
  timed_ = {};
  pieces_ = 0;
  keep_text_ = keep_text;
  done_ = failed_ = false;
}

void AnswerReader::finish() {
  body_.finish();
  if (!counts_.prompt) counts_.prompt = timed_.prompt;
  if (!counts_.cached) counts_.cached = timed_.cached;
  if (!counts_.output) counts_.output = timed_.output;
}

void AnswerReader::event(std::string_view data) {
  if (data == "[DONE]") {
    done_ = true;
    return;
  }
  walk_object(data, [&](std::string_view name, std::string_view value) {
    if (name == "choices") {
      walk_array(value, [&](std::string_view item) {
        choice(item);
        return true;
      });
    } else if (name == "usage") {
      usage(value);
    } else if (name == "timings") {
      timings(value);
    } else if (name == "error" && value != "null") {
      failed_ = true;
    }
    return true;
  });
}

void AnswerReader::choice(std::string_view text) {
  bool any = false;
  walk_object(text, [&](std::string_view name, std::string_view value) {
    if (name == "delta" || name == "message") {
      any = delta(value) || any;
    } else if (name == "text" && has_text(value)) {
      keep(value);
      any = true;
    } else if (name == "finish_reason" && has_text(value)) {
      finish_reason_ = value.substr(1, std::min<std::size_t>(value.size() - 2, 32));
    }
    return true;
  });
  if (any) ++pieces_;
}

bool AnswerReader::delta(std::string_view text) {
  bool any = false;
  walk_object(text, [&](std::string_view name, std::string_view value) {
    if (is_text_member(name) && has_text(value)) {
      keep(value);
      any = true;
    } else if (name == "tool_calls" && value.size() > 2 && value.front() == '[') {
      any = true;
    }
    return true;
  });
  return any;
}

void AnswerReader::keep(std::string_view text) {
  if (!keep_text_) return;
  if (const auto json = parse_json(valid_utf8(text))) text_ += json->as_string();
}

void AnswerReader::usage(std::string_view text) {
  SenderCounts said;
  if (read_usage(text, false, said)) counts_ = {said.prompt, said.cached, said.output, said.reasoning};
}

void AnswerReader::timings(std::string_view text) {
  SenderCounts said;
  (void)read_timings(text, said);
  timed_ = {said.prompt, said.cached, said.output, {}};
}

}  // namespace joulebook::load
