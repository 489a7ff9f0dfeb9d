#include "study/tasks/placeholders.h"

#include <algorithm>
#include <array>

namespace joulebook {
namespace {

// The placeholder that begins at `at` with a '{'; empty: none does.
std::string_view word_at(std::string_view text, std::size_t at) {
  std::size_t end = at + 1;
  while (end < text.size() && (text[end] == '_' || (text[end] >= 'a' && text[end] <= 'z'))) ++end;
  if (end == at + 1 || end >= text.size() || text[end] != '}') return {};
  return text.substr(at, end + 1 - at);
}

std::string filled_text(std::string_view text, const TaskPlaces& places, const std::string& folder) {
  const std::array<std::pair<std::string_view, const std::string*>, 5> known = {
      {{"{bin}", &places.bin},
       {"{work}", &places.work},
       {"{task}", &folder},
       {"{model}", &places.model},
       {"{engine}", &places.engine}}};
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const std::string_view word = text[i] == '{' ? word_at(text, i) : std::string_view();
    const auto* hit = std::ranges::find(known, word, [](const auto& pair) { return pair.first; });
    if (word.empty() || hit == known.end()) {
      out += text[i++];
      continue;
    }
    out += *hit->second;
    i += word.size();
  }
  return out;
}

}  // namespace

Json filled(const Json& json, const TaskPlaces& places, const std::string& folder) {
  if (json.is_string()) return filled_text(json.as_string(), places, folder);
  if (json.is_array()) {
    Json out{Json::Array{}};
    for (const Json& item : json.items()) out.push(filled(item, places, folder));
    return out;
  }
  if (json.is_object()) {
    Json out = Json::object();
    for (const auto& [key, value] : json.members()) out.set(key, filled(value, places, folder));
    return out;
  }
  return json;
}

std::optional<std::string> left_placeholder(const Json& json) {
  if (json.is_string()) {
    const std::string_view text = json.as_string();
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '{') continue;
      if (const auto word = word_at(text, i); !word.empty()) return std::string(word);
    }
  }
  for (const Json& item : json.items()) {
    if (auto word = left_placeholder(item)) return word;
  }
  for (const auto& [key, value] : json.members()) {
    if (auto word = left_placeholder(value)) return word;
  }
  return std::nullopt;
}

}  // namespace joulebook
