#include "core/toml.h"

#include <toml++/toml.h>

#include <algorithm>
#include <sstream>
#include <type_traits>

#include "core/text.h"

namespace joulebook {
namespace {

class Converter {
 public:
  explicit Converter(std::map<std::string, int>& lines) : lines_(lines) {}

  Json convert(const toml::node& node, const std::string& path) {
    lines_[path] = static_cast<int>(node.source().begin.line);
    if (const auto* table = node.as_table()) return convert_table(*table, path);
    if (const auto* array = node.as_array()) {
      Json items{Json::Array{}};
      for (std::size_t i = 0; i < array->size(); ++i) {
        items.push(convert(*array->get(i), path + "[" + std::to_string(i) + "]"));
      }
      return items;
    }
    if (const auto* text = node.as_string()) return Json(text->get());
    if (const auto* number = node.as_integer()) return Json(std::int64_t{number->get()});
    if (const auto* real = node.as_floating_point()) return Json(real->get());
    if (const auto* flag = node.as_boolean()) return Json(flag->get());
    std::ostringstream text;  // dates and times keep their written form
    node.visit([&](const auto& n) {
      using Node = std::remove_cvref_t<decltype(n)>;
      if constexpr (toml::is_date<Node> || toml::is_time<Node> || toml::is_date_time<Node>) {
        text << n.get();
      }
    });
    return Json(text.str());
  }

 private:
  Json convert_table(const toml::table& table, const std::string& path) {
    Json object = Json::object();
    for (const auto& [key, value] : table) {
      const std::string name(key.str());
      const std::string inner = path.empty() ? name : path + "." + name;
      object.set(name, convert(value, inner));
      lines_[inner] = static_cast<int>(key.source().begin.line);
    }
    return object;
  }

  std::map<std::string, int>& lines_;
};

}  // namespace

int TomlDocument::line_of(std::string_view path) const {
  std::string at(path);
  for (;;) {
    if (const auto it = lines.find(at); it != lines.end() && it->second > 0) return it->second;
    const auto cut = at.find_last_of(".[");
    if (cut == std::string::npos) return 0;
    at.resize(cut);
  }
}

Result<TomlDocument> parse_toml(std::string_view text, std::string origin) try {
  const toml::table table = toml::parse(text, origin);
  TomlDocument document;
  document.origin = std::move(origin);
  document.root = Converter(document.lines).convert(table, "");
  return document;
} catch (const toml::parse_error& error) {
  const auto& begin = error.source().begin;
  return fail(ErrorKind::input, "toml.syntax",
              origin + ":" + std::to_string(begin.line) + ":" + std::to_string(begin.column) +
                  ": " + std::string(error.description()),
              "correct the file there");
}

tl::unexpected<Error> toml_error(const TomlDocument& document, std::string_view path,
                                 std::string what, std::string cure) {
  return fail(ErrorKind::input, "toml.value",
              document.origin + ":" + std::to_string(document.line_of(path)) + ": " +
                  std::string(path) + ": " + std::move(what),
              std::move(cure));
}

Status check_keys(const TomlDocument& document, std::string_view path, const Json& table,
                  std::span<const std::string> known) {
  for (const auto& [key, value] : table.members()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    const std::string full = path.empty() ? key : std::string(path) + "." + key;
    const auto close = nearest(key, known);
    Error error =
        toml_error(document, full, "unknown key",
                   close ? "did you mean '" + *close + "'?" : "known keys: " + join(known, ", "))
            .value();
    error.code = "toml.unknown_key";
    return fail(std::move(error));
  }
  return {};
}

}  // namespace joulebook
