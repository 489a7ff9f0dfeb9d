#pragma once
// JSON put straight into a text, for what is written so often that a tree of it would cost more than it
// says. Byte for byte what Json::dump() gives. Thread-safe.
#include <joulebook/quantity.h>

#include <string>
#include <string_view>

namespace joulebook {

// The text with its quotes.
void append_json_text(std::string& out, std::string_view text);
// Not finite: null.
void append_json_number(std::string& out, double x);
// As to_json(q).dump().
void append_json(std::string& out, const Quantity& q);

}  // namespace joulebook
