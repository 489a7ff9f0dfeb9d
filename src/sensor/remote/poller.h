#pragma once
// How a slow meter is read without holding the sampler up: a thread of its own polls the source at
// the source's pace and puts what came into a mailbox; the sensors that the sampler reads only look
// into it. Their read() never blocks on the source, and does not allocate when it succeeds.
//
// read() hands over the waiting readings oldest first, each with its own instants, then repeats the
// newest one (the sampler takes no reading twice). The newest outcome being a failure, it is the
// absence that read() gives; a newest reading older than kStaleTicks ticks (at least kLeastStale) is
// the absence "sensor.stale". A reading that is one of the sensor's sentinels is the absence
// "sensor.sentinel", here once for every source.
#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "core/clock.h"
#include "sensor/sensor.h"

namespace joulebook {

inline constexpr int kStaleTicks = 5;
inline constexpr Nanos kLeastStale = std::chrono::seconds(2);

// Ends waits of another thread. Thread-safe.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;
  void set();
  [[nodiscard]] bool is_set() const { return flag_; }
  [[nodiscard]] const std::atomic<bool>& flag() const { return flag_; }
  // Sleeps; false where the signal ended it.
  bool sleep(Nanos d) const;
  // Waits until `fd` can be read (or has ended), at most `patience`; false where it cannot.
  bool readable(int fd, Nanos patience) const;

 private:
  std::atomic<bool> flag_{false};
  int event_ = -1;
};

// Where a source puts what it got. Channels are indices into RemoteSource::infos().
class ReadingSink {
 public:
  virtual ~ReadingSink() = default;
  // Readings that are not newer than the last one of the channel are left out.
  virtual void reading(std::size_t channel, const RawReading& reading) = 0;
  virtual void absence(std::size_t channel, const Error& error) = 0;
};

// A meter outside, already open. Called by one thread at a time.
class RemoteSource {
 public:
  virtual ~RemoteSource() = default;
  // What its channels are; fixed.
  [[nodiscard]] virtual const std::vector<SensorInfo>& infos() const = 0;
  // Takes what the meter has next. Bounded: returns at once when `stop` is set.
  virtual void exchange(ReadingSink& sink, const StopSignal& stop) = 0;
  // Between the beginnings of two exchanges; 0: an exchange itself waits for the meter.
  [[nodiscard]] virtual Nanos pace() const = 0;
  // CPU seconds of programs that it runs. Any thread.
  [[nodiscard]] virtual double program_cpu_seconds() const { return 0; }
};

// One sensor a channel over a poller that they share. The first exchange is made before this
// returns, so that the sensors have a reading from the start; the thread ends with the last sensor.
[[nodiscard]] std::vector<std::unique_ptr<Sensor>> poll_in_background(
    std::unique_ptr<RemoteSource> source, Clock& clock);

// The same without a thread, for tests: each call of the function makes one exchange.
struct ManualPoll {
  std::vector<std::unique_ptr<Sensor>> sensors;
  std::function<void()> exchange;
};
[[nodiscard]] ManualPoll poll_by_hand(std::unique_ptr<RemoteSource> source, Clock& clock);

}  // namespace joulebook
