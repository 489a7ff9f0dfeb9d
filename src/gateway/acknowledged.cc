#include "gateway/acknowledged.h"

#include <linux/tcp.h>  // the C library's own tcp_info ends before bytes_acked: a source by itself
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>

namespace joulebook::gateway {

std::optional<std::uint64_t> acknowledged(int socket) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
  if (size < offsetof(tcp_info, tcpi_bytes_acked) + sizeof info.tcpi_bytes_acked) return std::nullopt;
  return info.tcpi_bytes_acked > 0 ? info.tcpi_bytes_acked - 1 : 0;  // the SYN counts as one
}

}  // namespace joulebook::gateway
