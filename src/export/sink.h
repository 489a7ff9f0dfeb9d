#pragma once
// Pushes rows to a server that may be slow, or away: a queue bounded in rows and bytes, batches,
// waits that double with jitter, and a stop within a deadline. Nothing is kept on disk.
//
// Where the queue is full the oldest row that is not on its way goes, and is counted. An answer 2xx
// takes a batch off the queue. 408, 429, 5xx and no answer at all leave it there for the next try,
// not before what Retry-After asks; 413 makes batches smaller; any other answer is a refusal, which
// no repetition would change: the batch goes, and is counted. A server that answered too late may get
// a batch twice: rows carry ids.
#include <joulebook/units.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace joulebook {

struct SinkLimits {
  std::size_t most_rows = 100'000;
  std::size_t most_bytes = 32 << 20;
  std::size_t batch_rows = 1000;
  std::size_t batch_bytes = 1 << 20;  // a row that is longer goes alone
  Nanos linger = std::chrono::seconds(1);       // a batch that is not full waits so long for more
  Nanos first_wait = std::chrono::seconds(1);   // after a failure; doubled with each
  Nanos longest_wait = std::chrono::minutes(1);
};

// How the rows of a batch become a body.
struct SinkFrame {
  std::string before;
  std::string between;
  std::string after;
};

struct SinkAnswer {
  int status = 0;       // 0: none
  std::string failure;  // why there was none; holds no address, header or body
  std::optional<double> retry_after_s;
};

struct SinkCounts {
  std::uint64_t taken = 0;    // rows given to it
  std::uint64_t sent = 0;     // rows that the server took
  std::uint64_t dropped = 0;  // rows that a full queue let go, or that were left at the stop
  std::uint64_t refused = 0;  // rows that the server did not want
  std::uint64_t queued = 0;   // rows that wait; taken = sent + dropped + refused + queued
  std::uint64_t queued_bytes = 0;
  std::uint64_t failures = 0;  // tries that did not get through
  std::string last_failure;    // of the last of them; empty once one got through
};

// The queue and its rules without a thread or a clock. Not thread-safe.
class SinkQueue {
 public:
  SinkQueue(SinkLimits limits, SinkFrame frame, std::uint64_t seed);

  void push(std::string row, SteadyTime now);
  // When take() will give a batch if nothing else happens; empty: nothing waits. `hurry`: it does not
  // linger for more rows.
  [[nodiscard]] std::optional<SteadyTime> due(bool hurry = false) const;
  // The body of the next batch, where one is due. It is on its way until answered().
  [[nodiscard]] std::optional<std::string> take(SteadyTime now, bool hurry = false);
  void answered(const SinkAnswer& answer, SteadyTime now);
  // Forgets the wait after a failure: one try at once.
  void try_now() { not_before_ = {}; }
  // What waits will not be sent any more.
  void give_up();
  [[nodiscard]] const SinkCounts& counts() const { return counts_; }

 private:
  struct Row {
    std::string text;
    SteadyTime since;
  };
  [[nodiscard]] std::size_t next_batch() const;
  void take_off(std::size_t rows, std::uint64_t& counter);
  void make_room();
  [[nodiscard]] Nanos wait(const SinkAnswer& answer);

  SinkLimits limits_;
  SinkFrame frame_;
  std::mt19937_64 random_;
  std::deque<Row> rows_;
  std::size_t flying_ = 0;  // rows at the front that are on their way
  std::size_t batch_rows_;  // at most; halved by a 413
  int failed_in_a_row_ = 0;
  SteadyTime not_before_;
  SinkCounts counts_;
};

// The way out. Thread-safe: every sink uses it from a thread of its own.
class Transport {
 public:
  virtual ~Transport() = default;
  struct Target {
    std::string url;
    std::vector<std::string> headers;  // "X-ClickHouse-Key: ..."
    std::string bearer;
    std::string ca_file;
  };
  // Returns soon after `cancel` was set.
  [[nodiscard]] virtual SinkAnswer post(const Target& target, const std::string& body,
                                        const std::atomic<bool>& cancel) = 0;
};

// By libcurl (core/http.h). A try lasts 30 s at most.
[[nodiscard]] std::unique_ptr<Transport> http_transport();

// A queue with a thread that empties it. push() and counts() may be called from any thread and never
// wait for the network.
class Sink {
 public:
  // `transport` must outlive it. `seed`: of the jitter.
  Sink(Transport::Target target, SinkFrame frame, SinkLimits limits, std::uint64_t seed,
       Transport& transport);
  ~Sink();  // stop(0)
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  void push(std::string row);
  [[nodiscard]] SinkCounts counts() const;
  // Sends what waits, in `within` at most, then ends; what is left is counted as dropped. Rows pushed
  // after are dropped. Once; later calls do nothing.
  void stop(Nanos within);

 private:
  void work();
  void wait(std::unique_lock<std::mutex>& lock);

  Transport::Target target_;
  Transport& transport_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  SinkQueue queue_;
  bool stopping_ = false;
  bool ended_ = false;
  std::atomic<bool> cancel_{false};
  std::thread thread_;
};

}  // namespace joulebook
