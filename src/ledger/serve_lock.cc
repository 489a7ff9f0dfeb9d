#include "ledger/serve_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace joulebook {
namespace {

std::string file_of(const std::string& ledger) { return ledger + "-serve"; }

// One byte; of the open file and not of the process, so that two writers of one process differ.
struct flock byte_of(std::int64_t session) {
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = session;
  lock.l_len = 1;
  return lock;
}

}  // namespace

Result<ServeLock> ServeLock::take(const std::string& ledger, std::int64_t session) {
  const std::string path = file_of(ledger);
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) {
    const bool full = errno == ENOSPC || errno == EDQUOT;
    return fail(full ? ErrorKind::resource : ErrorKind::input,
                full ? "file.full" : "file.unwritable",
                fmt::format("{}: it cannot be made ({})", path, std::strerror(errno)),
                full ? "free some space or name another ledger with --ledger"
                     : "check the permissions of the ledger's directory, or use --ledger");
  }
  ServeLock lock(fd);
  auto byte = byte_of(session);
  if (::fcntl(fd, F_OFD_SETLK, &byte) == 0) return lock;
  return fail(ErrorKind::input, "ledger.serving",
              fmt::format("{}: session {} cannot be locked ({})", path, session,
                          std::strerror(errno)),
              "use a ledger on a file system with locks, or name another one with --ledger");
}

bool ServeLock::held(const std::string& ledger, std::int64_t session) {
  const std::string path = file_of(ledger);
  int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return false;
  auto byte = byte_of(session);
  const bool asked = ::fcntl(fd, F_OFD_GETLK, &byte) == 0;
  ::close(fd);
  return asked && byte.l_type != F_UNLCK;
}

ServeLock::~ServeLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace joulebook
