#pragma once
// An upstream as the rest of the gateway knows it, without a socket. Pure.
#include <joulebook/result.h>

#include <string>

namespace joulebook::gateway {

struct UpstreamPlace {
  std::string name;   // "http://127.0.0.1:8080", without prefix
  int port = 0;
  bool here = false;  // on loopback: its processes run on this machine
};

// Errors: usage "edge.upstream".
[[nodiscard]] Result<UpstreamPlace> upstream_place(const std::string& url);

}  // namespace joulebook::gateway
