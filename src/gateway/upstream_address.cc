#include "gateway/upstream_address.h"

#include <algorithm>

#include "core/text.h"

namespace joulebook::gateway {
namespace {

// The address may hold a key: it is not repeated.
tl::unexpected<Error> no_address(const char* why) {
  return fail(ErrorKind::usage, "edge.upstream", std::string("an upstream's address ") + why,
              "write it as http://127.0.0.1:8080 or https://host[:port][/prefix]");
}

}  // namespace

std::string UpstreamAddress::name() const {
  const bool v6 = host.find(':') != host.npos;
  return std::string(tls ? "https://" : "http://") + (v6 ? "[" + host + "]" : host) + ":" + port;
}

Result<UpstreamAddress> parse_upstream(const std::string& url) {
  UpstreamAddress out;
  std::string_view rest(url);
  if (rest.starts_with("https://")) {
    out.tls = true;
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else {
    return no_address("begins with http:// or https://");
  }
  const std::string_view place = rest.substr(0, rest.find('/'));
  out.prefix = rest.substr(place.size());
  while (out.prefix.ends_with('/')) out.prefix.pop_back();
  if (place.find('@') != place.npos) return no_address("holds no user and no password");
  if (rest.find_first_of("?# ") != rest.npos) return no_address("holds no query and no space");
  std::string_view port = out.tls ? "443" : "80";
  std::string_view host = place;
  const auto bracket = place.rfind(']');
  const auto colon = place.rfind(':');
  if (colon != place.npos && (bracket == place.npos || colon > bracket)) {
    host = place.substr(0, colon);
    port = place.substr(colon + 1);
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const auto number = parse_int(port);
  if (host.empty() || !number || *number < 1 || *number > 65535) {
    return no_address("names a host and a port from 1 to 65535");
  }
  out.host = host;
  out.port = std::to_string(*number);
  return out;
}

Result<std::vector<std::string>> named_upstreams(const std::vector<std::string>& urls,
                                                 const std::vector<std::string>& names) {
  std::vector<std::string> out;
  for (const auto& url : urls) {
    const auto address = parse_upstream(url);
    if (!address) return fail(address.error());
    if (std::find(names.begin(), names.end(), address->name()) == names.end()) {
      return fail(ErrorKind::usage, "serve.no_upstream", address->name() + " is none of the upstreams",
                  "name it as --upstream does");
    }
    out.push_back(address->name());
  }
  return out;
}

Result<UpstreamPlace> upstream_place(const std::string& url) {
  const auto address = parse_upstream(url);
  if (!address) return fail(address.error());
  const bool here = address->host == "localhost" || address->host == "::1" ||
                    address->host.starts_with("127.");
  return UpstreamPlace{address->name(), address->host, static_cast<int>(parse_int(address->port).value_or(0)), here, address->prefix};
}

Result<std::vector<UpstreamPlace>> upstream_places(const std::vector<std::string>& urls) {
  std::vector<UpstreamPlace> places;
  for (const auto& url : urls) {
    auto place = upstream_place(url);
    if (!place) return fail(place.error());
    places.push_back(std::move(*place));
  }
  return places;
}

}  // namespace joulebook::gateway
