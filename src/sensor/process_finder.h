#pragma once
// Whose processes answer on a TCP port of this machine, also through containers, and which
// processes hang from them: the tree whose CPU time and GPU contexts are the endpoint's.
//
// Formats: proc(5) for /proc/PID/stat, the kernel's Documentation/networking/proc_net_tcp.rst for
// /proc/net/tcp and tcp6. Reads only; needs the right to list other users' descriptors where the
// endpoint runs as somebody else. Thread-safe: holds no state.
#include <joulebook/result.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/file_tree.h"

namespace joulebook {

// Inodes of the sockets that listen on `port`, from the text of /proc/net/tcp or tcp6.
[[nodiscard]] std::vector<std::uint64_t> listening_inodes(std::string_view table,
                                                          std::uint16_t port);

// The processes that hold a socket listening on `port`, ascending. A container's published port is
// followed: docker-proxy by its command line into the namespace that has the container's address;
// without a proxy (the kernel forwards), into the only other namespace that listens on the port.
// Errors, all no_reading: "process.none" (nobody listens), "process.permission" (somebody does, but
// who may not be seen), "process.ambiguous" (several containers could be meant).
[[nodiscard]] Result<std::vector<int>> pids_listening_on(const FileTree& files, std::uint16_t port);

// The roots that are alive and all their descendants, ascending, each once.
[[nodiscard]] std::vector<int> descendants(const FileTree& files, std::span<const int> roots);

}  // namespace joulebook
