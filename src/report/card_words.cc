#include "report/card_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace joulebook {

std::string key_text(const Json& key) {
  std::string text;
  for (const auto& [name, value] : key.members()) {
    const std::string_view word = value.as_string();
    if (!word.empty()) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, word);
  }
  return text;
}

std::string_view form_name(std::string_view id) {
  struct Named {
    std::string_view id, name;
  };
  constexpr std::array kNames = {
      Named{"eu-ai-act", "EU AI Act"},
      Named{"gpai-code", "GPAI Code of Practice"},
      Named{"sci-ai", "SCI for AI"},
      Named{"huggingface", "Hugging Face"},
      Named{"boamps", "BoAmps"},
  };
  for (const auto& named : kNames) {
    if (named.id == id) return named.name;
  }
  return id;
}

std::string given_text(const Json& form) {
  const auto& fields = form["fields"].items();
  const auto missing =
      std::ranges::count_if(fields, [](const Json& field) { return field["status"].as_string() == "missing"; });
  return fmt::format("{} of {}", std::ssize(fields) - missing, fields.size());
}

}  // namespace joulebook
