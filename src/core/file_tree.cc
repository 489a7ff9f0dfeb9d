#include "core/file_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace joulebook {
namespace {

constexpr std::size_t kMaxKernelFile = 1 << 20;

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

tl::unexpected<Error> reading_error(int error, const std::string& path) {
  const std::string what = path + ": " + std::strerror(error);
  switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ENODEV:
      return fail(ErrorKind::no_reading, "file.missing", what, "check the path");
    case EACCES:
    case EPERM:
      return fail(ErrorKind::no_reading, "file.permission", what,
                  "run with the right to read it (doctor names the least one)");
    case ENODATA:
      return fail(ErrorKind::no_reading, "file.no_data", what,
                  "its driver has no value now: the channel is off or the device asleep");
    default:
      return fail(ErrorKind::no_reading, "file.io", what, "try again; see dmesg if it stays");
  }
}

Result<Descriptor> open_for_reading(const std::string& path) {
  Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) return reading_error(errno, path);
  return fd;
}

Result<std::string> read_all(int fd, const std::string& path, std::size_t limit) {
  std::string content;
  char buffer[16384];
  while (content.size() < limit) {
    const ssize_t n = ::read(fd, buffer, std::min(sizeof buffer, limit - content.size()));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return reading_error(errno, path);
    if (n == 0) break;
    content.append(buffer, static_cast<std::size_t>(n));
  }
  return content;
}

// Files that the kernel makes up as they are read: none is ever replaced by rename, and one whose
// device went away answers ENODEV, so a descriptor that reads is the right one.
bool made_by_kernel(int fd) {
  struct statfs there{};
  if (::fstatfs(fd, &there) != 0) return false;
  return there.f_type == SYSFS_MAGIC || there.f_type == PROC_SUPER_MAGIC;
}

// How a replaced file is noticed without a path walk for each read: what a replaced file says does
// not change any more, so only a content that stands still is doubted, and then before it is
// believed. A file that was replaced once is doubted at every read from then on.
class RealKeptFile final : public KeptFile {
 public:
  explicit RealKeptFile(std::string path) : path_(std::move(path)) {}

  [[nodiscard]] Result<std::size_t> read(char* buffer, std::size_t capacity) override {
    auto size = read_once(buffer, capacity);
    if (size && (kernel_ || moved({buffer, *size}))) return size;
    auto changed = refresh();
    if (!changed) return fail(changed.error());
    if (size && !*changed) return size;
    size = read_once(buffer, capacity);
    if (size) remember({buffer, *size});
    return size;
  }

  // Opens the file that is there now, unless it is the one held; whether it did. Where it did, what
  // was read before may be stale.
  [[nodiscard]] Result<bool> refresh() {
    struct stat there{};
    if (::stat(path_.c_str(), &there) != 0) return reading_error(errno, path_);
    const bool same = there.st_ino == inode_ && there.st_dev == device_;
    if (fd_.get() >= 0 && same && !failed_) return false;
    auto fd = open_for_reading(path_);
    if (!fd) return fail(fd.error());
    if (fd_.get() >= 0 && !same) replaced_ = true;
    fd_ = std::move(*fd);
    failed_ = false;
    struct stat opened{};
    ::fstat(fd_.get(), &opened);
    inode_ = opened.st_ino;
    device_ = opened.st_dev;
    kernel_ = made_by_kernel(fd_.get());
    return true;
  }

 private:
  static constexpr std::size_t kRemembered = 64;

  [[nodiscard]] Result<std::size_t> read_once(char* buffer, std::size_t capacity) {
    for (;;) {
      const ssize_t n = ::pread(fd_.get(), buffer, capacity, 0);
      if (n >= 0) return static_cast<std::size_t>(n);
      if (errno == EINTR) continue;
      failed_ = true;
      return reading_error(errno, path_);
    }
  }

  // Whether the content differs from the last one, so that somebody still writes to this file.
  [[nodiscard]] bool moved(std::string_view content) {
    if (replaced_ || content.size() > kRemembered || content == last()) return false;
    remember(content);
    return true;
  }
  [[nodiscard]] std::string_view last() const { return {last_, last_size_}; }
  void remember(std::string_view content) {
    last_size_ = content.copy(last_, kRemembered);
  }

  std::string path_;
  Descriptor fd_;
  ino_t inode_ = 0;
  dev_t device_ = 0;
  bool kernel_ = false;    // see made_by_kernel
  bool replaced_ = false;  // another file was found in its place once
  bool failed_ = false;    // the newest read did: the descriptor may be of a device that is gone
  char last_[kRemembered] = {};
  std::size_t last_size_ = 0;
};

class RealFileTree final : public FileTree {
 public:
  explicit RealFileTree(std::string root) : root_(std::move(root)) {
    while (root_.ends_with('/')) root_.pop_back();
  }

  [[nodiscard]] Result<std::string> read(const std::string& path) const override {
    auto fd = open_for_reading(root_ + path);
    if (!fd) return fail(fd.error());
    return read_all(fd->get(), root_ + path, kMaxKernelFile);
  }

  [[nodiscard]] Result<std::vector<std::string>> list(const std::string& path) const override {
    DIR* dir = ::opendir((root_ + path).c_str());
    if (dir == nullptr) return reading_error(errno, root_ + path);
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(dir)) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    ::closedir(dir);
    std::sort(names.begin(), names.end());
    return names;
  }

  [[nodiscard]] Result<std::string> link(const std::string& path) const override {
    char target[4096];
    const ssize_t n = ::readlink((root_ + path).c_str(), target, sizeof target);
    if (n < 0) return reading_error(errno, root_ + path);
    return std::string(target, static_cast<std::size_t>(n));
  }

  [[nodiscard]] bool exists(const std::string& path) const override {
    return ::access((root_ + path).c_str(), F_OK) == 0;
  }

  [[nodiscard]] Result<std::unique_ptr<KeptFile>> keep(const std::string& path) const override {
    auto file = std::make_unique<RealKeptFile>(root_ + path);
    if (auto ready = file->refresh(); !ready) return fail(ready.error());
    return file;
  }

  [[nodiscard]] std::string root() const override { return root_; }

 private:
  std::string root_;
};

Status write_error(int error, const std::string& path) {
  const std::string what = "cannot write " + path + ": " + std::strerror(error);
  if (error == ENOSPC || error == EDQUOT) {
    return fail(ErrorKind::resource, "file.full", what, "free some space or name another place");
  }
  return fail(ErrorKind::input, "file.unwritable", what, "name a place that can be written");
}

}  // namespace

std::unique_ptr<FileTree> real_files(std::string root) {
  return std::make_unique<RealFileTree>(std::move(root));
}

Result<std::string> read_file(const std::string& path) {
  struct stat there{};
  if (::stat(path.c_str(), &there) == 0 && S_ISDIR(there.st_mode)) {
    return fail(ErrorKind::input, "file.directory", path + " is a directory",
                "name a file inside it");
  }
  auto fd = open_for_reading(path);
  auto content = fd ? read_all(fd->get(), path, std::string::npos) : fail(fd.error());
  if (!content) {
    Error error = content.error();
    error.kind = ErrorKind::input;
    return fail(std::move(error));
  }
  return content;
}

Status write_file(const std::string& path, std::string_view content) {
  const std::string beside = path + ".part";
  Descriptor fd(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (fd.get() < 0) return write_error(errno, path);
  int error = 0;
  while (!content.empty() && error == 0) {
    const ssize_t n = ::write(fd.get(), content.data(), content.size());
    if (n >= 0) {
      content.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno != EINTR) {
      error = errno;
    }
  }
  if (error == 0 && ::fsync(fd.get()) != 0 && errno != EINVAL) error = errno;
  if (error == 0 && ::rename(beside.c_str(), path.c_str()) != 0) error = errno;
  if (error == 0) return {};
  ::unlink(beside.c_str());
  return write_error(error, path);
}

Status check_writable(const std::string& path) {
  struct stat there{};
  if (::stat(path.c_str(), &there) == 0 && S_ISDIR(there.st_mode)) {
    return write_error(EISDIR, path);
  }
  const std::string beside = path + ".part";
  const int fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return write_error(errno, path);
  ::close(fd);
  ::unlink(beside.c_str());
  return {};
}

}  // namespace joulebook
