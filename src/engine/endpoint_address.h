#pragma once
// What the address of an endpoint says.
#include <joulebook/result.h>

#include <string>

namespace joulebook {

struct EndpointAddress {
  std::string base;  // "http://host:port/v1", without a slash at the end
  std::string host;  // without brackets
  int port = 0;
  bool secure = false;
  bool local = false;  // loopback, this machine's name or one of its own addresses
};

// Accepts an address with or without /v1 (or another /vN) and /chat/completions.
// Errors: usage "endpoint.address".
[[nodiscard]] Result<EndpointAddress> parse_endpoint(const std::string& address);

// Whether a host, a name or a literal address, is this machine. Asks no name server.
[[nodiscard]] bool is_this_machine(const std::string& host);

}  // namespace joulebook
