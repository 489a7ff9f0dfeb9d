#include "meter/calibration/cpu_load.h"

#include <algorithm>
#include <atomic>
#include <new>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/text.h"
#include "meter/calibration/kernels.h"

namespace joulebook {
namespace {

constexpr std::int64_t kUnknownCache = std::int64_t{32} << 20;
constexpr std::size_t kTriadPiece = 16384;  // elements: some tens of microseconds
constexpr std::size_t kRounds = 2000;

// What one thread works on; made before it works, touched first by itself.
struct Buffers {
  std::unique_ptr<double[]> a, b, c;
  bool filled = false;
  std::size_t next = 0;  // where the triad goes on
  std::vector<std::uint8_t> bytes;
  std::vector<std::int8_t> weights;
};

class CpuLoad final : public LoadGenerator {
 public:
  CpuLoad(int threads, std::int64_t triad_bytes)
      : triad_elements_(std::max<std::size_t>(
            kTriadPiece, static_cast<std::size_t>(triad_bytes / 24 / std::max(1, threads)))),
        workers_(static_cast<std::size_t>(std::max(1, threads))) {
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      workers_[i].thread = std::thread([this, i] { serve(i); });
    }
  }
  ~CpuLoad() override {
    ending_ = true;
    tell(kEnd);
    for (auto& worker : workers_) worker.thread.join();
  }

  [[nodiscard]] int threads() const override { return static_cast<int>(workers_.size()); }

  [[nodiscard]] Status prepare(WorkKind kind) override {
    while (resting_ < threads()) std::this_thread::yield();
    try {
      for (auto& worker : workers_) prepare(worker.buffers, kind);
      return {};
    } catch (const std::bad_alloc&) {
      return fail(ErrorKind::resource, "memory", "no memory for the bandwidth measurement",
                  "free some memory and calibrate again");
    }
  }

  void set(WorkKind kind, int busy) override { tell(order(kind, busy)); }

  [[nodiscard]] double work() const override {
    double sum = 0;
    for (const auto& worker : workers_) sum += worker.done.load(std::memory_order_relaxed);
    return sum;
  }

  [[nodiscard]] std::int64_t working_set(WorkKind kind) const override {
    const auto n = static_cast<std::int64_t>(workers_.size());
    if (kind == WorkKind::triad) return n * static_cast<std::int64_t>(3 * 8 * triad_elements_);
    if (kind == WorkKind::dot_int8) return n * static_cast<std::int64_t>(2 * kernels::kDot);
    return 0;
  }

 private:
  struct alignas(128) Worker {
    std::thread thread;
    Buffers buffers;
    std::atomic<double> done{0};
    double sink = 0;
  };

  // An order is the kind and the number of busy threads in one word, so that it changes at once.
  // The last one, nobody busy, differs from all others: only a change wakes who waits.
  static constexpr std::uint64_t kEnd = std::uint64_t{1} << 63;
  static std::uint64_t order(WorkKind kind, int busy) {
    return static_cast<std::uint64_t>(kind) << 32 | static_cast<std::uint32_t>(busy);
  }
  void tell(std::uint64_t order) {
    order_.store(order);
    order_.notify_all();
  }

  void prepare(Buffers& buffers, WorkKind kind) const {
    if (kind != WorkKind::triad) {
      buffers = {};
    } else if (!buffers.a) {
      for (auto* array : {&buffers.a, &buffers.b, &buffers.c}) {
        *array = std::make_unique_for_overwrite<double[]>(triad_elements_);
      }
    }
    if (kind == WorkKind::dot_int8 && buffers.bytes.empty()) {
      buffers.bytes.assign(kernels::kDot, 3);
      buffers.weights.assign(kernels::kDot, -2);
    }
  }

  void serve(std::size_t index) {
    while (!ending_) {
      const std::uint64_t order = order_.load();
      if (static_cast<std::uint32_t>(order) <= index) {
        ++resting_;
        order_.wait(order);
        --resting_;
        continue;
      }
      Worker& me = workers_[index];
      const double units = piece(me, static_cast<WorkKind>(order >> 32));
      me.done.store(me.done.load(std::memory_order_relaxed) + units, std::memory_order_relaxed);
    }
  }

  // Does one short piece of work; its units.
  double piece(Worker& me, WorkKind kind) const {
    Buffers& b = me.buffers;
    switch (kind) {
      case WorkKind::spin:
        me.sink += kernels::fma_f64(200, me.sink * 1e-9);
        return 1;
      case WorkKind::fma_f64:
        me.sink += kernels::fma_f64(kRounds, me.sink * 1e-9);
        return 2.0 * kRounds * kernels::kFmaF64;
      case WorkKind::fma_f32:
        me.sink += kernels::fma_f32(kRounds, me.sink * 1e-9);
        return 2.0 * kRounds * kernels::kFmaF32;
      case WorkKind::dot_int8:
        for (int i = 0; i < 100; ++i) {
          me.sink += kernels::dot_int8(b.bytes.data(), b.weights.data());
          b.bytes[static_cast<std::size_t>(i)] ^= 1;
        }
        return 2.0 * 100 * kernels::kDot;
      case WorkKind::triad:
        break;
    }
    return triad(me);
  }

  // The arrays are filled by the thread that works on them, so that they lie in its own memory.
  double triad(Worker& me) const {
    Buffers& b = me.buffers;
    if (!b.filled) {
      std::fill_n(b.a.get(), triad_elements_, 0.0);
      std::fill_n(b.b.get(), triad_elements_, 1.0);
      std::fill_n(b.c.get(), triad_elements_, 2.0);
      b.filled = true;
      return 0;
    }
    const std::size_t n = std::min(kTriadPiece, triad_elements_ - b.next);
    me.sink += kernels::triad({b.a.get() + b.next, n}, {b.b.get() + b.next, n},
                              {b.c.get() + b.next, n}, 3);
    b.next = b.next + n >= triad_elements_ ? 0 : b.next + n;
    return 24.0 * static_cast<double>(n);
  }

  std::size_t triad_elements_;
  std::vector<Worker> workers_;
  std::atomic<std::uint64_t> order_{0};
  std::atomic<bool> ending_{false};
  std::atomic<int> resting_{0};
};

// "8192K", "36M" in bytes.
std::int64_t cache_bytes(std::string_view text) {
  if (text.empty()) return 0;
  const std::int64_t unit = text.ends_with('K') ? 1 << 10 : text.ends_with('M') ? 1 << 20 : 1;
  if (unit > 1) text.remove_suffix(1);
  return parse_int(text).value_or(0) * unit;
}

std::int64_t available_memory(const FileTree& files) {
  const auto text = files.read("/proc/meminfo");
  if (!text) return 0;
  for (const auto line : split(*text, '\n')) {
    if (!line.starts_with("MemAvailable:")) continue;
    const auto number = trim(line.substr(13, line.rfind(' ') - 13));
    return parse_int(number).value_or(0) * 1024;
  }
  return 0;
}

}  // namespace

std::string_view to_string(WorkKind kind) {
  switch (kind) {
    case WorkKind::spin: return "spin";
    case WorkKind::triad: return "triad";
    case WorkKind::fma_f64: return "fma-f64";
    case WorkKind::fma_f32: return "fma-f32";
    case WorkKind::dot_int8: return "dot-int8";
  }
  return "unknown";
}

std::string_view rate_unit(WorkKind kind) {
  if (kind == WorkKind::triad) return "B/s";
  return kind == WorkKind::fma_f64 || kind == WorkKind::fma_f32 ? "FLOP/s" : "OP/s";
}

std::int64_t last_level_cache(const FileTree& files) {
  const std::string base = "/sys/devices/system/cpu";
  std::set<std::string> seen;  // threads that share one, as the kernel lists them
  std::int64_t sum = 0;
  const auto cpus = files.list(base);
  if (!cpus) return kUnknownCache;
  for (const auto& cpu : *cpus) {
    if (!cpu.starts_with("cpu") || !parse_uint(std::string_view(cpu).substr(3))) continue;
    const std::string cache = base + "/" + cpu + "/cache/index3/";
    const auto size = files.read(cache + "size");
    const auto shared = files.read(cache + "shared_cpu_list");
    if (size && shared && seen.insert(*shared).second) sum += cache_bytes(trim(*size));
  }
  return sum > 0 ? sum : kUnknownCache;
}

std::unique_ptr<LoadGenerator> make_cpu_load(const FileTree& files, int threads) {
  if (threads <= 0) threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  std::int64_t bytes = 3 * 4 * last_level_cache(files);
  const std::int64_t available = available_memory(files);
  if (available > 0) bytes = std::min(bytes, available / 4);
  return std::make_unique<CpuLoad>(threads, bytes);
}

}  // namespace joulebook
