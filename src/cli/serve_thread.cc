#include "cli/serve_thread.h"

#include <malloc.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <thread>
#include <utility>

#include "core/breath.h"
#include "core/clock.h"

namespace joulebook {
namespace {

constexpr Nanos kWork = std::chrono::microseconds(250);
constexpr auto kRest = std::chrono::microseconds(30);

class PaidTransport final : public Transport {
 public:
  explicit PaidTransport(Meter& meter) : meter_(meter), inner_(http_transport()) {}
  [[nodiscard]] SinkAnswer post(const Target& target, const std::string& body,
                                const std::atomic<bool>& cancel) override {
    thread_local bool known = false;
    if (!std::exchange(known, true)) meter_.register_self_thread();
    return inner_->post(target, body, cancel);
  }

 private:
  Meter& meter_;
  std::unique_ptr<Transport> inner_;
};

}  // namespace

void give_way_to_traffic() {
  constexpr int kWeaker = 10;
  ::setpriority(PRIO_PROCESS, 0, kWeaker);
  struct {  // struct sched_attr of sched_setattr(2)
    std::uint32_t size = 48;
    std::uint32_t policy = SCHED_BATCH;
    std::uint64_t flags = 0;
    std::int32_t nice = kWeaker;
    std::uint32_t priority = 0;
    std::uint64_t slice_ns = 100'000'000;
    std::uint64_t deadline_ns = 0;
    std::uint64_t period_ns = 0;
  } attributes;
  static_assert(sizeof attributes == 48);
  ::syscall(SYS_sched_setattr, 0, &attributes, 0);
}

void take_what_is_left() {
  const sched_param none{};
  ::sched_setscheduler(0, SCHED_IDLE, &none);
  ::prctl(PR_SET_TIMERSLACK, 1UL);
  thread_local const Breath breath(system_clock(), kWork, [] { std::this_thread::sleep_for(kRest); });
}

void keep_memory() {
#ifdef __GLIBC__
  ::mallopt(M_MMAP_THRESHOLD, 32 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 64 << 20);
  ::mallopt(M_TOP_PAD, 40 << 20);  // of a thread's arena, at its making; untouched it costs nothing
#endif
}

std::unique_ptr<Transport> paid_transport(Meter& meter) {
  return std::make_unique<PaidTransport>(meter);
}

}  // namespace joulebook
