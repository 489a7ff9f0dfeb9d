#include "http/message_parser.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>

#include "core/text.h"

namespace joulebook::http {
namespace {

namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
using View = beast::string_view;

// The hooks that both kinds share: payload goes where it is wanted now.
template <bool kRequest>
class Hooks final : public bhttp::basic_parser<kRequest> {
 public:
  const MessageParser::Payload* payload = nullptr;

 private:
  using Code = beast::error_code;
  void on_request_impl(bhttp::verb, View, View, int, Code&) override {}
  void on_response_impl(int, View, int, Code&) override {}
  void on_field_impl(bhttp::field, View, View, Code&) override {}
  void on_header_impl(Code&) override {}
  void on_body_init_impl(boost::optional<std::uint64_t> const&, Code&) override {}
  std::size_t on_body_impl(View bytes, Code&) override {
    if (payload != nullptr && *payload) (*payload)({bytes.data(), bytes.size()});
    return bytes.size();
  }
  void on_chunk_header_impl(std::uint64_t, View, Code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, View bytes, Code& code) override {
    return on_body_impl(bytes, code);
  }
  void on_finish_impl(Code&) override {}
};

bool all_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           const auto low = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
           return low(x) == low(y);
         });
}

int status_of(Fault fault) {
  switch (fault) {
    case Fault::head_too_long: return 431;
    case Fault::unsupported_coding: return 501;
    default: return 400;
  }
}

// One of two parsers, behind one face.
class MessageParser::Beast {
 public:
  virtual ~Beast() = default;
  // As new, in its place: each message of a connection takes one.
  virtual void renew(const Limits& limits) = 0;
  virtual std::size_t put(std::string_view bytes, beast::error_code& code) = 0;
  virtual void put_eof(beast::error_code& code) = 0;
  virtual void begin_body(const Payload* payload) = 0;
  virtual void skip() = 0;
  [[nodiscard]] virtual bool head_done() const = 0;
  [[nodiscard]] virtual bool done() const = 0;
  [[nodiscard]] virtual bool keep_alive() const = 0;
  [[nodiscard]] virtual bool chunked() const = 0;
  [[nodiscard]] virtual bool need_eof() const = 0;
  [[nodiscard]] virtual std::optional<std::uint64_t> length() const = 0;
};

namespace {

template <bool kRequest, class Face>
class Parser final : public Face {
 public:
  explicit Parser(const Limits& limits) { renew(limits); }
  void renew(const Limits& limits) override {
    hooks_.emplace();
    hooks_->header_limit(static_cast<std::uint32_t>(limits.head));
    hooks_->body_limit(boost::none);
    hooks_->eager(false);
  }
  std::size_t put(std::string_view bytes, beast::error_code& code) override {
    return hooks_->put(boost::asio::const_buffer(bytes.data(), bytes.size()), code);
  }
  void put_eof(beast::error_code& code) override { hooks_->put_eof(code); }
  void begin_body(const MessageParser::Payload* payload) override {
    hooks_->eager(true);
    hooks_->payload = payload;
  }
  void skip() override { hooks_->skip(true); }
  [[nodiscard]] bool head_done() const override { return hooks_->is_header_done(); }
  [[nodiscard]] bool done() const override { return hooks_->is_done(); }
  [[nodiscard]] bool keep_alive() const override { return hooks_->keep_alive(); }
  [[nodiscard]] bool chunked() const override { return hooks_->chunked(); }
  [[nodiscard]] bool need_eof() const override { return hooks_->need_eof(); }
  [[nodiscard]] std::optional<std::uint64_t> length() const override {
    const auto n = hooks_->content_length();
    return n ? std::optional<std::uint64_t>(*n) : std::nullopt;
  }

 private:
  std::optional<Hooks<kRequest>> hooks_;
};

}  // namespace

MessageParser::MessageParser(Kind kind, Limits limits) : kind_(kind), limits_(limits) { restart(); }
MessageParser::~MessageParser() = default;
MessageParser::MessageParser(MessageParser&&) noexcept = default;
MessageParser& MessageParser::operator=(MessageParser&&) noexcept = default;

void MessageParser::restart() {
  if (beast_) {
    beast_->renew(limits_);
  } else if (kind_ == Kind::request) {
    beast_ = std::make_unique<Parser<true, Beast>>(limits_);
  } else {
    beast_ = std::make_unique<Parser<false, Beast>>(limits_);
  }
  head_.clear();
  fields_.clear();
  method_ = target_ = {};
  status_ = 0;
  version_ = 11;
  fault_ = Fault::none;
  without_body_ = short_of_line_ = false;
}

void MessageParser::without_body() {
  without_body_ = true;
  beast_->skip();
}

// Beast has said that the head is well formed; this reads it again for what it lets pass.
void MessageParser::check_head() {
  std::string_view rest(head_);
  const std::string_view start = rest.substr(0, rest.find("\r\n"));
  rest.remove_prefix(std::min(start.size() + 2, rest.size()));
  const auto first = start.find(' ');
  const auto second = start.find(' ', first + 1);
  if (kind_ == Kind::request) {
    method_ = start.substr(0, first);
    target_ = start.substr(first + 1, second - first - 1);
    version_ = start.ends_with("1.0") ? 10 : 11;
  } else {
    status_ = static_cast<int>(parse_int(start.substr(first + 1, 3)).value_or(0));
    version_ = start.starts_with("HTTP/1.0") ? 10 : 11;
  }
  std::string_view length;
  std::size_t lengths = 0;
  std::size_t codings = 0;
  while (!rest.empty() && !rest.starts_with("\r\n")) {
    const std::string_view line = rest.substr(0, rest.find("\r\n"));
    rest.remove_prefix(std::min(line.size() + 2, rest.size()));
    const auto colon = line.find(':');
    if (line.front() == ' ' || line.front() == '\t' || colon == line.npos || colon == 0 ||
        line[colon - 1] == ' ' || line[colon - 1] == '\t') {
      fault_ = Fault::malformed;
      return;
    }
    fields_.push_back({line.substr(0, colon), trim(line.substr(colon + 1))});
    const Field& field = fields_.back();
    if (same_name(field.name, "content-length")) {
      if (!all_digits(field.value) || (lengths > 0 && field.value != length)) {
        fault_ = Fault::conflicting_length;
        return;
      }
      length = field.value;
      ++lengths;
    } else if (same_name(field.name, "transfer-encoding")) {
      ++codings;
      if (codings > 1 || !same_name(field.value, "chunked")) {
        fault_ = Fault::unsupported_coding;
        return;
      }
    }
  }
  if (fields_.size() > limits_.fields) fault_ = Fault::head_too_long;
  if (lengths > 1 || (lengths > 0 && codings > 0)) fault_ = Fault::conflicting_length;
  if (codings > 0 && version_ == 10) fault_ = Fault::malformed;
  if (std::find(head_.begin(), head_.end(), '\0') != head_.end()) fault_ = Fault::malformed;
}

std::size_t MessageParser::head(std::string_view bytes) {
  if (fault_ != Fault::none || head_done()) return 0;
  const auto end = bytes.find("\r\n\r\n");
  if (end == bytes.npos) {
    if (bytes.size() >= limits_.head) fault_ = Fault::head_too_long;
    // A bare LF where a line should end would be waited for in vain.
    const auto lf = bytes.find('\n');
    if (lf != bytes.npos && (lf == 0 || bytes[lf - 1] != '\r')) fault_ = Fault::malformed;
    return 0;
  }
  const std::string_view whole = bytes.substr(0, end + 4);
  if (whole.size() > limits_.head) {
    fault_ = Fault::head_too_long;
    return 0;
  }
  head_.assign(whole);
  check_head();
  if (fault_ != Fault::none) return 0;
  beast::error_code code;
  const std::size_t used = beast_->put(whole, code);
  if (code && code != bhttp::error::need_more) fault_ = Fault::malformed;
  if (fault_ == Fault::none && (!beast_->head_done() || used != whole.size())) {
    fault_ = Fault::malformed;
  }
  return fault_ == Fault::none ? whole.size() : 0;
}

std::size_t MessageParser::body(std::string_view bytes, const Payload& payload) {
  // Beast asserts that a last chunk which it has seen the beginning of comes with its five bytes.
  constexpr std::size_t kLastChunk = 5;
  if (short_of_line_ && bytes.size() < kLastChunk) return 0;
  std::size_t used = 0;
  beast_->begin_body(&payload);
  while (used < bytes.size() && !beast_->done() && fault_ == Fault::none) {
    beast::error_code code;
    const std::size_t n = beast_->put(bytes.substr(used), code);
    used += n;
    if (code && code != bhttp::error::need_more) fault_ = Fault::malformed;
    if (n == 0) break;
  }
  beast_->begin_body(nullptr);
  short_of_line_ = used < bytes.size();
  // The line of a chunk, or a trailer, that never ends.
  if (used == 0 && !beast_->done() && bytes.size() > limits_.head) fault_ = Fault::malformed;
  return used;
}

bool MessageParser::end_of_stream() {
  if (done()) return true;
  if (!head_done() || fault_ != Fault::none) return false;
  beast::error_code code;
  beast_->put_eof(code);
  return !code && done();
}

bool MessageParser::head_done() const { return beast_->head_done(); }
bool MessageParser::done() const { return beast_->done(); }
bool MessageParser::keep_alive() const { return beast_->keep_alive(); }
bool MessageParser::chunked() const { return beast_->chunked(); }
std::optional<std::uint64_t> MessageParser::length() const { return beast_->length(); }
bool MessageParser::until_close() const {
  return kind_ == Kind::answer && !without_body_ && beast_->need_eof() && !chunked() && !length();
}
bool MessageParser::has_body() const {
  if (without_body_ || done()) return false;
  return chunked() || length().value_or(0) > 0 || until_close();
}

std::string_view MessageParser::field(std::string_view name) const {
  for (const auto& field : fields_) {
    if (same_name(field.name, name)) return field.value;
  }
  return {};
}

}  // namespace joulebook::http
