#pragma once
// An upstream as the rest of the gateway knows it, without a socket. Pure.
#include <joulebook/result.h>

#include <string>
#include <vector>

namespace joulebook::gateway {

struct UpstreamPlace {
  std::string name;   // "http://127.0.0.1:8080", without prefix
  std::string host;   // "127.0.0.1"; of IPv6 without brackets
  int port = 0;
  bool here = false;  // on loopback: its processes run on this machine
};

// Errors: usage "edge.upstream".
[[nodiscard]] Result<UpstreamPlace> upstream_place(const std::string& url);

// Addresses as their upstreams' names. Errors: usage "edge.upstream"; "serve.no_upstream" where one is none of `names`.
[[nodiscard]] Result<std::vector<std::string>> named_upstreams(const std::vector<std::string>& urls,
                                                               const std::vector<std::string>& names);

}  // namespace joulebook::gateway
