#include "sensor/cpu/perf_events.h"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace joulebook {
namespace {

class KernelCounter final : public PerfCounter {
 public:
  explicit KernelCounter(int fd) : fd_(fd) {}
  ~KernelCounter() override { ::close(fd_); }
  KernelCounter(const KernelCounter&) = delete;
  KernelCounter& operator=(const KernelCounter&) = delete;

  [[nodiscard]] Result<std::uint64_t> read() override {
    std::uint64_t value = 0;
    for (;;) {
      const ssize_t n = ::read(fd_, &value, sizeof value);
      if (n == static_cast<ssize_t>(sizeof value)) return value;
      if (n < 0 && errno == EINTR) continue;
      // An end of file is an event in error: its CPU went away and no other took it over.
      return fail(ErrorKind::no_reading, "sensor.lost",
                  std::string("the perf event: ") + (n < 0 ? std::strerror(errno) : "is gone"),
                  "bring its CPU online again");
    }
  }

 private:
  int fd_;
};

std::string_view code_of(int error) {
  switch (error) {
    case EACCES:
    case EPERM:
      return "sensor.permission";
    case ENOENT:
    case EINVAL:
    case ENODEV:
    case EOPNOTSUPP:
    case ENOSYS:
      return "sensor.unsupported";
    default:
      return "sensor.lost";
  }
}

class Kernel final : public PerfEvents {
 public:
  [[nodiscard]] Result<std::unique_ptr<PerfCounter>> open(const PerfEvent& event) override {
    perf_event_attr attr{};
    attr.type = event.type;
    attr.size = sizeof attr;
    attr.config = event.config;
    const long fd =
        ::syscall(SYS_perf_event_open, &attr, -1, event.cpu, -1, PERF_FLAG_FD_CLOEXEC);
    if (fd >= 0) return std::make_unique<KernelCounter>(static_cast<int>(fd));
    const int error = errno;
    return fail(ErrorKind::no_reading, std::string(code_of(error)),
                std::string("perf_event_open: ") + std::strerror(error));
  }
};

}  // namespace

PerfEvents& kernel_perf_events() {
  static Kernel kernel;
  return kernel;
}

}  // namespace joulebook
