#include "core/address.h"

#include "core/text.h"

namespace joulebook {

std::optional<HttpAddress> parse_http_address(std::string_view address) {
  HttpAddress out;
  const auto colon = address.find("://");
  const std::string scheme = lower(address.substr(0, colon));
  if (colon == address.npos || (scheme != "http" && scheme != "https")) return std::nullopt;
  out.secure = scheme == "https";
  const auto rest = address.substr(colon + 3);
  const auto end = rest.substr(0, rest.find_first_of("/?#")).size();
  out.authority = rest.substr(0, end);
  out.path = rest.substr(end);
  std::string_view place = out.authority;
  place.remove_prefix(place.rfind('@') + 1);  // npos + 1 is 0
  const auto bracket = place.rfind(']');      // the end of an IPv6 address
  const auto before_port = place.find(':', bracket == place.npos ? 0 : bracket);
  out.host = place.substr(0, before_port);
  if (out.host.starts_with('[') && out.host.ends_with(']')) {
    out.host = out.host.substr(1, out.host.size() - 2);
  }
  const auto port = before_port == place.npos
                        ? std::optional<std::uint64_t>(out.secure ? 443 : 80)
                        : parse_uint(place.substr(before_port + 1));
  if (out.host.empty() || !port || *port == 0 || *port > 65535) return std::nullopt;
  out.port = static_cast<std::uint16_t>(*port);
  return out;
}

}  // namespace joulebook
