#pragma once
// TOML files as Json with the line of every key, so that a wrong one is named with its place and
// its nearest relative. Parsing is toml++ behind this header.
#include <joulebook/result.h>

#include <map>
#include <span>
#include <string>

#include "core/json.h"

namespace joulebook {

struct TomlDocument {
  std::string origin;                // file name, for messages
  Json root;                         // always an object; dates become strings
  std::map<std::string, int> lines;  // "arm[0].model" -> 1-based line

  // The line of a dotted path, or of its nearest ancestor that has one; 0 where none has.
  [[nodiscard]] int line_of(std::string_view path) const;
};

// Errors: input "toml.syntax" with origin, line and column.
[[nodiscard]] Result<TomlDocument> parse_toml(std::string_view text, std::string origin);

// Refuses keys of the table at `path` ("" for the root) that are not among `known`.
// Errors: input "toml.unknown_key": origin:line, the key, the nearest known one.
[[nodiscard]] Status check_keys(const TomlDocument& document, std::string_view path,
                                const Json& table, std::span<const std::string> known);

// An error about the value at `path`, placed. For callers that find it wrong.
[[nodiscard]] tl::unexpected<Error> toml_error(const TomlDocument& document, std::string_view path,
                                               std::string what, std::string cure);

}  // namespace joulebook
