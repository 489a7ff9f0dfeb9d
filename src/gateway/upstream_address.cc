#include "gateway/upstream_address.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/address_v6.hpp>
#include <boost/system/error_code.hpp>
#include <cctype>
#include <optional>
#include <string_view>

#include "core/text.h"

namespace joulebook::gateway {
namespace {

// The address may hold a key: it is not repeated.
tl::unexpected<Error> no_address(const char* why) {
  return fail(ErrorKind::usage, "edge.upstream", std::string("an upstream's address ") + why,
              "write it as http://127.0.0.1:8080 or https://host[:port][/prefix]");
}

bool printable(char c) { return c > ' ' && c != 0x7f; }

// RFC 3986 3.2.2 without what no resolver knows: percent-encoding, sub-delimiters, an address of a future IP.
bool is_name(std::string_view host) {
  return !host.empty() && std::ranges::all_of(host, [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_'; });
}

bool is_ipv6(std::string_view host) {
  boost::system::error_code ec;
  boost::asio::ip::make_address_v6(host, ec);
  return !ec;
}

struct HostPort {
  std::string_view host;
  std::string_view port;  // empty: the scheme's
};

// "host", "host:port", "[IPv6]", "[IPv6]:port"; nothing where it is none of them.
std::optional<HostPort> host_and_port(std::string_view place) {
  const bool bracketed = place.starts_with('[');
  const auto end = bracketed ? place.find(']') : place.find(':');
  if (bracketed && end == place.npos) return std::nullopt;
  const auto host = bracketed ? place.substr(1, end - 1) : place.substr(0, end);
  const auto after = place.substr(std::min(place.size(), bracketed ? end + 1 : host.size()));
  if (!(bracketed ? is_ipv6(host) : is_name(host))) return std::nullopt;
  if (after.empty()) return HostPort{host, {}};
  if (after.size() < 2 || !after.starts_with(':')) return std::nullopt;
  return HostPort{host, after.substr(1)};
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
  if (rest.find_first_of("?#") != rest.npos || !std::ranges::all_of(rest, printable)) {
    return no_address("holds no query, no space and nothing that is not printed");
  }
  const auto parts = host_and_port(place);
  const auto number = parts ? parse_int(parts->port.empty() ? (out.tls ? "443" : "80") : parts->port) : std::nullopt;
  if (!number || *number < 1 || *number > 65535) return no_address("names a host and a port from 1 to 65535");
  out.host = parts->host;
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
  boost::system::error_code no_number;
  const bool here = lower(address->host) == "localhost" || boost::asio::ip::make_address(address->host, no_number).is_loopback();
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
