#include "core/json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "core/json_text.h"
#include "core/text.h"

namespace joulebook {
namespace {

const Json kNull;
const Json::Array kNoItems;
const Json::Object kNoMembers;

template <class Number>
void write_number(std::string& out, Number x) {
  char buffer[40];
  const auto [end, ec] = std::to_chars(buffer, buffer + sizeof buffer, x);
  out.append(buffer, end);
}

void newline(std::string& out, int indent, int depth) {
  if (indent == 0) return;
  out += '\n';
  out.append(static_cast<std::size_t>(indent) * static_cast<std::size_t>(depth), ' ');
}

}  // namespace

void append_json_text(std::string& out, std::string_view raw) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string mended;
  std::string_view text = raw;
  if (!is_valid_utf8(raw)) text = mended = valid_utf8(raw);
  out += '"';
  while (!text.empty()) {
    const auto special = std::find_if(text.begin(), text.end(), [](char c) {
      return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
    });
    const auto plain = static_cast<std::size_t>(special - text.begin());
    out += text.substr(0, plain);
    if (plain == text.size()) break;
    const char c = text[plain];
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
    text.remove_prefix(plain + 1);
  }
  out += '"';
}

void append_json_number(std::string& out, double x) {
  if (std::isfinite(x)) {
    write_number(out, x);
  } else {
    out += "null";
  }
}

Json::Json(std::uint64_t n) {
  if (n <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    value_ = static_cast<std::int64_t>(n);
  } else {
    value_ = static_cast<double>(n);
  }
}

Json::Json(double x) {
  if (std::isfinite(x)) value_ = x;
}

Json Json::object(std::initializer_list<Member> members) {
  Json json{Object{}};
  for (const auto& [key, value] : members) json.set(key, value);
  return json;
}

Json Json::array(std::initializer_list<Json> items) { return Json{Array(items)}; }

bool Json::is_number() const { return is_int() || std::holds_alternative<double>(value_); }

bool Json::as_bool(bool fallback) const {
  const auto* b = std::get_if<bool>(&value_);
  return b ? *b : fallback;
}

double Json::as_double(double fallback) const {
  if (const auto* x = std::get_if<double>(&value_)) return *x;
  if (const auto* n = std::get_if<std::int64_t>(&value_)) return static_cast<double>(*n);
  return fallback;
}

std::int64_t Json::as_int(std::int64_t fallback) const {
  if (const auto* n = std::get_if<std::int64_t>(&value_)) return *n;
  if (const auto* x = std::get_if<double>(&value_); x && std::abs(*x) < 9e18) {
    return static_cast<std::int64_t>(*x);
  }
  return fallback;
}

std::string_view Json::as_string(std::string_view fallback) const {
  const auto* s = std::get_if<std::string>(&value_);
  return s ? std::string_view(*s) : fallback;
}

const Json::Array& Json::items() const {
  const auto* a = std::get_if<Array>(&value_);
  return a ? *a : kNoItems;
}

const Json::Object& Json::members() const {
  const auto* o = std::get_if<Object>(&value_);
  return o ? *o : kNoMembers;
}

const Json& Json::operator[](std::string_view key) const {
  for (const auto& [name, value] : members()) {
    if (name == key) return value;
  }
  return kNull;
}

const Json& Json::at(std::size_t index) const {
  return index < items().size() ? items()[index] : kNull;
}

bool Json::has(std::string_view key) const {
  for (const auto& member : members()) {
    if (member.first == key) return true;
  }
  return false;
}

Json& Json::set(std::string key, Json value) {
  if (!is_object()) value_ = Object{};
  auto& object = std::get<Object>(value_);
  for (auto& [name, old] : object) {
    if (name == key) {
      old = std::move(value);
      return *this;
    }
  }
  object.emplace_back(std::move(key), std::move(value));
  return *this;
}

bool Json::erase(std::string_view key) {
  auto* object = std::get_if<Object>(&value_);
  return object && std::erase_if(*object, [&](const Member& m) { return m.first == key; }) > 0;
}

Json& Json::push(Json value) {
  if (!is_array()) value_ = Array{};
  std::get<Array>(value_).push_back(std::move(value));
  return *this;
}

std::string Json::dump(int indent) const {
  std::string out;
  write(out, indent, 0);
  return out;
}

void Json::write(std::string& out, int indent, int depth) const {
  const auto list = [&](char open, char close, const auto& entries, const auto& entry) {
    out += open;
    bool first = true;
    for (const auto& e : entries) {
      if (!first) out += ',';
      first = false;
      newline(out, indent, depth + 1);
      entry(e);
    }
    if (!first) newline(out, indent, depth);
    out += close;
  };
  if (is_null()) {
    out += "null";
  } else if (is_bool()) {
    out += as_bool() ? "true" : "false";
  } else if (is_int()) {
    write_number(out, as_int());
  } else if (is_number()) {
    write_number(out, as_double());
  } else if (is_string()) {
    append_json_text(out, as_string());
  } else if (is_array()) {
    list('[', ']', items(), [&](const Json& item) { item.write(out, indent, depth + 1); });
  } else {
    list('{', '}', members(), [&](const Member& member) {
      append_json_text(out, member.first);
      out += indent == 0 ? ":" : ": ";
      member.second.write(out, indent, depth + 1);
    });
  }
}

}  // namespace joulebook
