#pragma once
// SHA-256 (FIPS 180-4) by OpenSSL.
#include <memory>
#include <string>
#include <string_view>

namespace joulebook::card {

// 64 hexadecimal digits, lower case: what `sha256sum` prints. Pure; thread-safe.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

// The same of bytes that come in pieces. Not thread-safe.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void add(std::string_view bytes);
  // Of all that was added; nothing may be added after.
  [[nodiscard]] std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace joulebook::card
