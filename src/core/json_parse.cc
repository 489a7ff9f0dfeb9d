// The only place that knows nlohmann::json. Its reader was chosen over Boost.JSON 1.81, whose
// number parsing is off by an ulp and so would not replay a recording to the last bit.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/json.h"

namespace joulebook {
namespace {

constexpr std::size_t kMaxDepth = 64;

// Builds our value from parse events; refuses depth and remembers what went wrong.
class Builder {
 public:
  using Library = nlohmann::json;

  bool null() { return add({}); }
  bool boolean(bool b) { return add(Json(b)); }
  bool number_integer(Library::number_integer_t n) { return add(Json(std::int64_t{n})); }
  bool number_unsigned(Library::number_unsigned_t n) { return add(Json(std::uint64_t{n})); }
  bool number_float(Library::number_float_t x, const std::string&) { return add(Json(x)); }
  bool string(std::string& s) { return add(Json(std::move(s))); }
  bool binary(Library::binary_t&) { return false; }
  bool start_object(std::size_t) { return open(Json(Json::Object{})); }
  bool start_array(std::size_t) { return open(Json(Json::Array{})); }
  bool key(std::string& k) {
    open_.back().key = std::move(k);
    return true;
  }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool parse_error(std::size_t, const std::string&, const Library::exception& e) {
    error_ = e.what();
    return false;
  }

  [[nodiscard]] const std::string& error() const { return error_; }
  [[nodiscard]] Json take() { return std::move(root_); }

 private:
  struct Level {
    Json value;
    std::string key;  // of the member that comes next
  };

  bool open(Json empty) {
    if (open_.size() >= kMaxDepth) {
      error_ = "nested deeper than " + std::to_string(kMaxDepth) + " levels";
      return false;
    }
    open_.push_back({std::move(empty), {}});
    return true;
  }

  bool close() {
    Json done = std::move(open_.back().value);
    open_.pop_back();
    return add(std::move(done));
  }

  bool add(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (Level& level = open_.back(); level.value.is_array()) {
      level.value.push(std::move(value));
    } else {
      level.value.set(std::move(level.key), std::move(value));
    }
    return true;
  }

  Json root_;
  std::vector<Level> open_;
  std::string error_;
};

// "[json.exception.parse_error.101] parse error at line 2, column 3: ..." without its prefix.
std::string readable(std::string what) {
  const auto at = what.find("] ");
  return at == std::string::npos ? what : what.substr(at + 2);
}

}  // namespace

Result<Json> parse_json(std::string_view text) {
  Builder builder;
  // The library takes a NUL for the end of the text; JSON has none (RFC 8259, 7: control characters are escaped).
  if (const auto at = text.find('\0'); at != text.npos) {
    const std::string_view before = text.substr(0, at);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const auto column = before.size() - before.rfind('\n');  // without a line before: npos, which is -1
    return fail(ErrorKind::input, "json.syntax",
                "not valid JSON: a NUL byte at line " + std::to_string(line) + ", column " + std::to_string(column),
                "correct the text there");
  }
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &builder)) {
    return fail(ErrorKind::input, "json.syntax", "not valid JSON: " + readable(builder.error()),
                "correct the text there");
  }
  return builder.take();
}

}  // namespace joulebook
