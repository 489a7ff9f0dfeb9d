#include "engine/endpoint_address.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>

#include "core/address.h"
#include "core/text.h"

namespace joulebook {
namespace {

// The host's bytes where it is a literal address, 4 or 16 of them; else empty.
std::string literal(const std::string& host) {
  std::array<char, 16> bytes{};
  if (inet_pton(AF_INET, host.c_str(), bytes.data()) == 1) return {bytes.data(), 4};
  if (inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1) return {bytes.data(), 16};
  return {};
}

bool is_own_address(const std::string& wanted) {
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0) return false;
  bool found = false;
  for (const ifaddrs* a = all; a != nullptr && !found; a = a->ifa_next) {
    if (a->ifa_addr == nullptr) continue;
    if (a->ifa_addr->sa_family == AF_INET && wanted.size() == 4) {
      const auto* in = reinterpret_cast<const sockaddr_in*>(a->ifa_addr);
      found = std::memcmp(&in->sin_addr, wanted.data(), 4) == 0;
    } else if (a->ifa_addr->sa_family == AF_INET6 && wanted.size() == 16) {
      const auto* in = reinterpret_cast<const sockaddr_in6*>(a->ifa_addr);
      found = std::memcmp(&in->sin6_addr, wanted.data(), 16) == 0;
    }
  }
  freeifaddrs(all);
  return found;
}

bool is_version(std::string_view segment) {
  return segment.size() >= 2 && segment[0] == 'v' &&
         std::isdigit(static_cast<unsigned char>(segment[1])) != 0;
}

tl::unexpected<Error> wrong(const std::string& address) {
  return fail(ErrorKind::usage, "endpoint.address",
              "'" + address + "' is not the address of an endpoint",
              "write it like http://127.0.0.1:8080");
}

}  // namespace

bool is_this_machine(const std::string& host) {
  if (lower(host) == "localhost" || lower(host).ends_with(".localhost")) return true;
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) == 0 && host == name.data()) return true;
  const std::string bytes = literal(host);
  if (bytes.empty()) return false;
  if (bytes.size() == 4 && bytes[0] == 127) return true;
  return std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == 0; }) ||
         is_own_address(bytes);
}

Result<EndpointAddress> parse_endpoint(const std::string& address) {
  const auto parts = parse_http_address(address);
  if (!parts) return wrong(address);
  std::string path = parts->path;
  while (path.ends_with('/')) path.pop_back();
  constexpr std::string_view kChat = "/chat/completions";
  if (path.ends_with(kChat)) path.resize(path.size() - kChat.size());
  if (!is_version(std::string_view(path).substr(path.rfind('/') + 1))) path += "/v1";
  return EndpointAddress{.base = (parts->secure ? "https://" : "http://") + parts->authority + path,
                         .host = parts->host,
                         .port = parts->port,
                         .secure = parts->secure,
                         .local = is_this_machine(parts->host)};
}

}  // namespace joulebook
