#include "study/graded.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/json.h"
#include "core/text.h"
#include "study/answer_text.h"
#include "study/letters.h"
#include "study/score.h"

namespace joulebook {
namespace {

using Kind = Checker::Kind;

Status bad(std::string code, std::string message, std::string cure) {
  return fail(ErrorKind::input, std::move(code), std::move(message), std::move(cure));
}

// Whether a word may begin or end between two characters; 0: the text does.
bool is_edge(char32_t outside, char32_t inside) {
  if (letters::is_unspaced(outside) || letters::is_unspaced(inside)) return true;
  return !letters::in_word(outside) && outside != '_' && outside != '-';
}

// Where `words` begins in the text as whole words, from `from` on. Both normalised.
std::size_t find_words(const std::string& text, const std::string& words, std::size_t from) {
  for (std::size_t at = from; (at = text.find(words, at)) != std::string::npos; ++at) {
    std::size_t first = at;
    std::size_t end = at + words.size();
    const char32_t last = letters::before(text, end);
    const bool begins = is_edge(letters::before(text, at), letters::next(text, first));
    if (begins && is_edge(end == text.size() ? 0 : letters::next(text, end), last)) return at;
  }
  return std::string::npos;
}

// The labels named in a text, longer ones first: what lies inside a longer one is not named itself.
std::set<std::string> named_in(std::string text, std::vector<std::string> labels) {
  std::ranges::sort(labels, [](const auto& a, const auto& b) { return a.size() > b.size(); });
  std::set<std::string> out;
  for (const auto& label : labels) {
    for (std::size_t at = 0; (at = find_words(text, label, at)) != std::string::npos;) {
      out.insert(label);
      text.replace(at, label.size(), label.size(), '\x01');
    }
  }
  return out;
}

bool names_label(const Checker& checker, std::string_view answer) {
  const std::string wanted = normalised(checker.expected);
  std::vector<std::string> labels;
  for (const auto& label : *checker.labels) labels.push_back(normalised(label));
  for (const auto candidate : candidates(answer)) {
    const std::string plain = normalised(candidate);
    if (std::ranges::find(labels, plain) != labels.end()) return plain == wanted;
  }
  const auto proper = marked(answer).value_or(answer);
  return named_in(normalised(proper), labels) == std::set<std::string>{wanted};
}

// An item of a list of spans as a text that is equal for equal spans.
std::string span_key(const Json& item) {
  if (item.is_string()) return normalised(item.as_string());
  if (item.is_array()) {
    std::string out = "[";
    for (const Json& part : item.items()) out += span_key(part) + "\n";
    return out;
  }
  if (item.is_object()) {
    std::vector<std::string> parts;
    for (const auto& [name, part] : item.members()) parts.push_back(name + "=" + span_key(part));
    std::ranges::sort(parts);
    return "{" + join(parts, "\n");
  }
  return item.dump();
}

std::vector<std::string> keys_of(const Json& array) {
  std::vector<std::string> out;
  for (const Json& item : array.items()) out.push_back(span_key(item));
  return out;
}

std::optional<std::vector<double>> vector_of(const Json& json) {
  if (!json.is_array() || json.items().empty()) return std::nullopt;
  std::vector<double> out;
  for (const Json& item : json.items()) {
    if (!item.is_number()) return std::nullopt;
    out.push_back(item.as_double());
  }
  return out;
}

// Of the expected id among the answer's ids; 0: not there.
std::int64_t rank_in_list(const std::string& expected, std::string_view answer) {
  const auto ids = ids_in(answer);
  const auto at = std::ranges::find(ids, expected);
  return at == ids.end() ? 0 : at - ids.begin() + 1;
}

std::int64_t rank_by_vectors(const Checker& checker, std::string_view answer) {
  const auto among = parse_json(*checker.among);
  const auto json = first_json(answer);
  const auto mine = json ? vector_of(*json) : std::nullopt;
  const auto wanted = among ? vector_of((*among)[checker.expected]) : std::nullopt;
  if (!mine || !wanted) return 0;
  const auto best = cosine(*mine, *wanted);
  if (!best) return 0;
  std::int64_t rank = 1;
  for (const auto& [id, vector] : among->members()) {
    if (id == checker.expected) continue;
    const auto other = vector_of(vector);
    const auto near = other ? cosine(*mine, *other) : std::nullopt;
    if (near && *near >= *best) ++rank;
  }
  return rank;
}

Grade judge_nearest(const Checker& checker, std::string_view answer) {
  const std::int64_t rank = checker.among ? rank_by_vectors(checker, answer)
                                          : rank_in_list(checker.expected, answer);
  return {rank > 0 && rank <= checker.within.value_or(1),
          rank > 0 ? 1 / static_cast<double>(rank) : 0};
}

Grade at_most(const Checker& checker, double rate) {
  return {rate <= checker.limit.value_or(0) + 1e-12, rate};
}

Grade at_least(const Checker& checker, double score) {
  return {score >= checker.limit.value_or(1) - 1e-12, score};
}

Status validate_labels(const Checker& checker) {
  if (!checker.labels || checker.labels->size() < 2) {
    return bad("check.labels", "the labels to choose from are missing",
               R"(write "labels": ["yes", "no"])");
  }
  std::set<std::string> seen;
  for (const auto& label : *checker.labels) {
    const std::string plain = normalised(label);
    if (plain.empty() || !seen.insert(plain).second) {
      return bad("check.labels", fmt::format("the label '{}' is empty or there twice", label),
                 "give every label a word of its own; case and punctuation do not tell them apart");
    }
  }
  if (!seen.contains(normalised(checker.expected))) {
    return bad("check.labels", fmt::format("'{}' is none of the labels", checker.expected),
               "expect one of them: " + join(*checker.labels, ", "));
  }
  return {};
}

Status validate_length(const Units& expected) {
  if (expected.empty()) {
    return bad("check.empty", "the expected text is all punctuation", "expect a word");
  }
  if (expected.size() > kMostExpected) {
    return bad("check.long",
               fmt::format("{} words or characters are expected, at most {} can be",
                           expected.size(), kMostExpected),
               "cut the item into shorter ones");
  }
  return {};
}

Status validate_among(const Checker& checker) {
  if (!checker.among) return {};
  const auto among = parse_json(*checker.among);
  const bool there = among && among->is_object() && among->has(checker.expected);
  if (!there) {
    return bad("check.among", fmt::format("no vector of '{}' is given", checker.expected),
               R"(write "among": {"a": [0.1, 0.2], "b": [...]}, the expected id with them)");
  }
  std::size_t length = 0;
  for (const auto& [id, json] : among->members()) {
    const auto vector = vector_of(json);
    if (!vector || (length != 0 && vector->size() != length) || !cosine(*vector, *vector)) {
      return bad("check.among", fmt::format("the vector of '{}' can't be compared", id),
                 "give lists of numbers of one length, not all of them 0");
    }
    length = vector->size();
  }
  return {};
}

Status validate_limit(const Checker& checker) {
  const bool rate = checker.kind == Kind::wer || checker.kind == Kind::cer;
  const double most = rate ? 100 : 1;
  if (checker.limit && !(*checker.limit >= 0 && *checker.limit <= most)) {
    return bad("check.limit",
               fmt::format("the limit is {}, not from 0 to {}", *checker.limit, most),
               "choose where an answer begins to be right");
  }
  if (checker.kind == Kind::rouge_l && !checker.limit) {
    return bad("check.limit", "nothing says which score is enough", R"(write "at_least": 0.4)");
  }
  return {};
}

}  // namespace

bool is_graded(Kind kind) { return kind >= Kind::label; }

std::vector<std::string> spans_in(std::string_view answer) {
  if (const auto json = first_json(answer)) {
    if (json->is_array()) return keys_of(*json);
    if (json->is_object() && json->members().size() == 1) {
      const Json& only = json->members().begin()->second;
      if (only.is_array()) return keys_of(only);
    }
  }
  std::vector<std::string> out;
  for (const auto line : split(answer, '\n')) {
    if (std::string key = normalised(line); !key.empty()) out.push_back(std::move(key));
  }
  return out;
}

std::vector<std::string> ids_in(std::string_view answer) {
  std::vector<std::string> ids;
  const auto json = first_json(answer);
  if (json && json->is_array()) {
    for (const Json& item : json->items()) {
      ids.push_back(item.is_string() ? std::string(item.as_string()) : item.dump());
    }
    return ids;
  }
  std::string plain(answer);
  std::ranges::replace_if(plain, [](char c) { return c == ',' || (c >= '\t' && c <= '\r'); }, ' ');
  for (const auto word : split(plain, ' ')) {
    if (!word.empty()) ids.emplace_back(word);
  }
  return ids;
}

Status validate_graded(const Checker& checker) {
  if (auto ok = validate_limit(checker); !ok) return ok;
  switch (checker.kind) {
    case Kind::label:
      return validate_labels(checker);
    case Kind::spans: {
      const auto json = parse_json(checker.expected);
      if (json && json->is_array()) return {};
      return bad("check.json", "the expected spans are no list", R"(write "expected": ["a", "b"])");
    }
    case Kind::wer:
    case Kind::rouge_l:
      return validate_length(words_of(checker.expected));
    case Kind::cer:
      return validate_length(characters_of(checker.expected));
    case Kind::nearest:
      if (checker.within && *checker.within < 1) {
        return bad("check.limit", "'within' is less than 1", "1: only the nearest counts");
      }
      return validate_among(checker);
    default:
      break;
  }
  return {};
}

Grade judge_graded(const Checker& checker, std::string_view answer) {
  switch (checker.kind) {
    case Kind::label:
      return {names_label(checker, answer), std::nullopt};
    case Kind::spans: {
      const auto wanted = parse_json(checker.expected);
      if (!wanted) break;
      return at_least(checker, f1(keys_of(*wanted), spans_in(answer)));
    }
    case Kind::wer:
      return at_most(checker, error_rate(words_of(checker.expected), words_of(answer)));
    case Kind::cer:
      return at_most(checker, error_rate(characters_of(checker.expected),
                                         characters_of(valid_utf8(answer))));
    case Kind::rouge_l:
      return at_least(checker, rouge_l(words_of(checker.expected), words_of(answer)));
    case Kind::nearest:
      return judge_nearest(checker, answer);
    default:
      break;
  }
  return {};
}

}  // namespace joulebook
