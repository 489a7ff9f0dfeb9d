#include "core/json_strings.h"

namespace joulebook {

Json strings(const std::vector<std::string>& list) {
  Json out = Json::array();
  for (const auto& item : list) out.push(item);
  return out;
}

std::vector<std::string> strings(const Json& json) {
  std::vector<std::string> out;
  for (const auto& item : json.items()) out.emplace_back(item.as_string());
  return out;
}

Json text_or_null(std::string_view text) { return text.empty() ? Json() : Json(text); }

}  // namespace joulebook
