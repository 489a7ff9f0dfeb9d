#pragma once
// HTTP/1.1 messages as they come, for a proxy that passes their bytes on unaltered: where a head ends,
// what it says, which bytes are payload and where the message ends. Parsing is Boost.Beast's; beside
// it stand the refusals that keep two parsers from reading one message differently (RFC 9112,
// sections 5.2, 6.1, 6.3, 11.2): folded lines, a length beside chunks, lengths that differ or have
// signs, codings other than chunked, space before a colon, NUL, bare CR or LF. Bounded. Not thread-safe.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace joulebook::http {

struct Field {
  std::string_view name;  // as sent; points into head()
  std::string_view value;  // without space around it
};

struct Limits {
  std::size_t head = 64 * 1024;  // bytes
  std::size_t fields = 128;
};

enum class Fault { none, malformed, head_too_long, conflicting_length, unsupported_coding };
// What to answer: 400, 431 or 501.
[[nodiscard]] int status_of(Fault fault);

class MessageParser {
 public:
  enum class Kind { request, answer };
  using Payload = std::function<void(std::string_view)>;

  explicit MessageParser(Kind kind, Limits limits = {});
  ~MessageParser();
  MessageParser(MessageParser&&) noexcept;
  MessageParser& operator=(MessageParser&&) noexcept;

  // Ready for the next message of the connection.
  void restart();
  // The head of a message, its bytes and its blank line included; returns how many of `bytes` belong
  // to it, 0 while it is not whole (call again with more), and sets fault().
  [[nodiscard]] std::size_t head(std::string_view bytes);
  // Bytes after the head; returns how many belong to this message. Payload, chunk framing taken off,
  // goes to `payload`.
  [[nodiscard]] std::size_t body(std::string_view bytes, const Payload& payload);
  // The sender closed. True where that is the message's end.
  [[nodiscard]] bool end_of_stream();
  // An answer to HEAD has no body, whatever its head says. Before head().
  void without_body();

  [[nodiscard]] bool head_done() const;
  [[nodiscard]] bool done() const;
  [[nodiscard]] Fault fault() const { return fault_; }

  // After the head:
  [[nodiscard]] const std::string& head_bytes() const { return head_; }
  [[nodiscard]] const std::vector<Field>& fields() const { return fields_; }
  [[nodiscard]] std::string_view method() const { return method_; }
  [[nodiscard]] std::string_view target() const { return target_; }
  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] int version() const { return version_; }  // 10 or 11
  [[nodiscard]] bool keep_alive() const;
  [[nodiscard]] bool chunked() const;
  [[nodiscard]] bool has_body() const;
  [[nodiscard]] bool until_close() const;
  [[nodiscard]] std::optional<std::uint64_t> length() const;
  // The value of a field, any case; empty where there is none.
  [[nodiscard]] std::string_view field(std::string_view name) const;

 private:
  class Beast;
  void check_head();
  Kind kind_;
  Limits limits_;
  std::unique_ptr<Beast> beast_;
  std::string head_;
  std::vector<Field> fields_;
  std::string_view method_;
  std::string_view target_;
  int status_ = 0;
  int version_ = 11;
  Fault fault_ = Fault::none;
  bool without_body_ = false;
  bool short_of_line_ = false;  // the line of a chunk is not whole
};

// Whether two names of fields are the same.
[[nodiscard]] bool same_name(std::string_view a, std::string_view b);

}  // namespace joulebook::http
