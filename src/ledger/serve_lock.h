#pragma once
// Who still serves: a lock on one byte of PATH-serve for each session that does. The kernel lets it
// go when its process ends, however it ends. Inside of the ledger.
#include <joulebook/result.h>

#include <cstdint>
#include <string>
#include <utility>

namespace joulebook {

class ServeLock {
 public:
  // Makes the file (mode 0600) where there is none. Errors: input "file.unwritable"; resource
  // "file.full"; input "ledger.serving" (that session's lock is held).
  [[nodiscard]] static Result<ServeLock> take(const std::string& ledger, std::int64_t session);
  // Whether some process holds it. False where there is no file.
  [[nodiscard]] static bool held(const std::string& ledger, std::int64_t session);

  ServeLock() = default;
  ServeLock(ServeLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ServeLock& operator=(ServeLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~ServeLock();

 private:
  explicit ServeLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace joulebook
