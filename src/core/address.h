#pragma once
// The parts of an http(s) address (RFC 3986, section 3): what a client connects to, and the path.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace joulebook {

struct HttpAddress {
  bool secure = false;  // https
  std::string authority;  // as written: user, brackets and port too
  std::string host;       // without user, brackets and port
  std::uint16_t port = 0;  // 80 or 443 where none was written
  std::string path;        // from the first "/", query included; empty where there is none
};

// Nothing where the scheme is another one, the host is empty or the port is not in [1, 65535].
// The scheme may be in capitals.
[[nodiscard]] std::optional<HttpAddress> parse_http_address(std::string_view address);

}  // namespace joulebook
