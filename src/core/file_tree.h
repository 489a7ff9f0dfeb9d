#pragma once
// The file seam: the machine's /sys, /proc and /dev, or a tree that stands in for them under a root
// (`--sysroot`). Everything that reads kernel files goes through here; nothing else opens /sys or
// /proc. System calls are not redirected.
#include <joulebook/result.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace joulebook {

// A file kept open and read again and again from its start. Notices when the path was replaced by
// rename (or removed and made anew) and reopens. What a read returns stood in the file during that
// read; only a file that was first rewritten in place and then, for the first time ever, replaced
// may be noticed one read late. Not thread-safe.
class KeptFile {
 public:
  virtual ~KeptFile() = default;
  // Reads at most `capacity` bytes into `buffer`; the number read. No allocation.
  // Errors: no_reading with code "file.missing", "file.permission", "file.no_data" or "file.io".
  [[nodiscard]] virtual Result<std::size_t> read(char* buffer, std::size_t capacity) = 0;
};

class FileTree {
 public:
  virtual ~FileTree() = default;
  // Paths are absolute as on the real machine ("/sys/class/powercap").
  // The whole file, at most 1 MiB. Errors as KeptFile::read.
  [[nodiscard]] virtual Result<std::string> read(const std::string& path) const = 0;
  // Names in a directory, sorted, without "." and "..". Errors as KeptFile::read.
  [[nodiscard]] virtual Result<std::vector<std::string>> list(const std::string& path) const = 0;
  // The target text of a symbolic link, e.g. "socket:[1234]".
  [[nodiscard]] virtual Result<std::string> link(const std::string& path) const = 0;
  [[nodiscard]] virtual bool exists(const std::string& path) const = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<KeptFile>> keep(const std::string& path) const = 0;
  // The sysroot in force, empty for the machine itself.
  [[nodiscard]] virtual std::string root() const = 0;
};

// The machine's own trees, or those under `root` where it is not empty. Thread-safe.
[[nodiscard]] std::unique_ptr<FileTree> real_files(std::string root = {});

// A whole ordinary file (no sysroot, no size limit but memory). Errors: input, codes
// "file.missing", "file.permission", "file.directory", "file.io".
[[nodiscard]] Result<std::string> read_file(const std::string& path);
// Writes beside `path` and renames, so that a reader sees the old or the new file, never half.
// Errors: resource "file.full", input "file.unwritable".
[[nodiscard]] Status write_file(const std::string& path, std::string_view content);
// Whether a file could be written there, found out without leaving anything behind.
[[nodiscard]] Status check_writable(const std::string& path);

}  // namespace joulebook
