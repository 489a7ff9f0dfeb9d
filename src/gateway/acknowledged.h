#pragma once
#include <cstdint>
#include <optional>

namespace joulebook::gateway {

// Bytes of a TCP socket that its peer has acknowledged, without the SYN (tcpi_bytes_acked of tcp(7));
// nullopt: the kernel does not say.
[[nodiscard]] std::optional<std::uint64_t> acknowledged(int socket);

}  // namespace joulebook::gateway
