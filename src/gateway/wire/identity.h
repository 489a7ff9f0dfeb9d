#pragma once
// Who a request is: its own id, the answer that it belongs to, and whose it is. A key is never kept:
// only a keyed hash of it, which says nothing to who does not have the salt.
#include <joulebook/result.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/toml.h"
#include "gateway/exchange.h"

namespace joulebook::gateway {

// "jb-" and 32 hex digits: milliseconds since 1970 UTC, then 80 random bits (as UUIDv7, RFC 9562).
[[nodiscard]] std::string new_request_id(std::int64_t wall_ns);

struct TraceParent {
  std::string trace_id;     // 32 hex digits; empty: none, or not well-formed
  std::string parent_span;  // 16
};
// W3C Trace Context, "traceparent".
[[nodiscard]] TraceParent trace_parent(std::string_view value);

// Names of tenants by the hash of their key.
class Tenants {
 public:
  // The first 16 hex digits of HMAC-SHA-256(salt, key).
  [[nodiscard]] static std::string hash(std::string_view salt, std::string_view key);

  // The [tenants] table: hash = "name". Errors: input "toml.type", "tenants.hash".
  [[nodiscard]] static Result<Tenants> from(const TomlDocument& file, std::string salt);

  // The name of who sends it, the hash where it has none, empty where it carries no key
  // (Authorization: Bearer, x-api-key, api-key).
  [[nodiscard]] std::string of(const RequestHead& head) const;

 private:
  std::string salt_;
  std::map<std::string, std::string> names_;
};

// This installation's salt: 32 random bytes, kept in a file of mode 0600 that is made where it is not
// there. Errors: those of reading and writing it.
[[nodiscard]] Result<std::string> tenant_salt(const std::string& path);

}  // namespace joulebook::gateway
