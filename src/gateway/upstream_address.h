#pragma once
// Where an upstream is, as a person wrote it and as the rest of the gateway knows it, without a socket. Pure.
#include <joulebook/result.h>

#include <string>
#include <vector>

namespace joulebook::gateway {

struct UpstreamAddress {
  bool tls = false;
  std::string host;
  std::string port;
  std::string prefix;  // "/base", put before every target; empty: none
  [[nodiscard]] std::string name() const;  // "http://host:port"
};

// SCHEME://HOST[:PORT][/PREFIX]; HOST is letters, digits, '-', '.', '_', or an IPv6 address in brackets. What is read
// has a name that is read as the same. Errors: usage "edge.upstream" (no http or https address, or one with credentials,
// a query, a space or a control character in it).
[[nodiscard]] Result<UpstreamAddress> parse_upstream(const std::string& url);

struct UpstreamPlace {
  std::string name;   // "http://127.0.0.1:8080", without prefix
  std::string host;   // "127.0.0.1"; of IPv6 without brackets
  int port = 0;
  bool here = false;  // on loopback: its processes run on this machine
  std::string prefix = {};  // as UpstreamAddress has it
};

// Errors: usage "edge.upstream".
[[nodiscard]] Result<UpstreamPlace> upstream_place(const std::string& url);
// Of all of them, in their order; the error of the first that is none.
[[nodiscard]] Result<std::vector<UpstreamPlace>> upstream_places(const std::vector<std::string>& urls);

// Addresses as their upstreams' names. Errors: usage "edge.upstream"; "serve.no_upstream" where one is none of `names`.
[[nodiscard]] Result<std::vector<std::string>> named_upstreams(const std::vector<std::string>& urls,
                                                               const std::vector<std::string>& names);

}  // namespace joulebook::gateway
