#pragma once
// One round of readings: every sensor once (twice where the first value is doubtful; until it has
// nothing new where its readings were taken before the round; seldomer where that would cost too much, see
// read_pace.h), the CPU times that are due and the
// clocks. Turns them into events, which are fed to the core and recorded in the same order.
//
// read_all touches sensors and system calls and no shared state; apply, keep and the core belong
// to whoever holds the meter's lock. No allocation in a round but while a sensor fails, when the
// process tree is read anew, and when a cell of a modelled machine ends.
#include <functional>
#include <memory>
#include <vector>

#include "meter/core.h"
#include "meter/cpu_watch.h"
#include "meter/read_pace.h"
#include "meter/record.h"

namespace joulebook {

// CPU time of the thread that asks.
[[nodiscard]] Nanos thread_cpu_time();

class Sampler {
 public:
  Sampler(std::vector<std::unique_ptr<Sensor>> sensors, const MeterOptions& options, Clock& clock,
          std::shared_ptr<const FileTree> files, std::function<Nanos()> thread_time = thread_cpu_time);

  [[nodiscard]] Status record(const std::string& path);
  void end_record();
  // Hands the header and what comes after it to options.publish, where there is one.
  void publish();

  // `fresh`: every sensor, and the process tree, too, whenever it was read last. Valid until the next call.
  [[nodiscard]] const std::vector<TraceEvent>& read_all(bool fresh);
  // What a reading of each sensor costs, in the order of MeterCore::sensors(). By the thread that reads.
  void costs(std::vector<ReadCost>& out) const;
  // An edge of a window lies at `t`, now or soon: sensors that are read seldom are read around it.
  void edge(SteadyTime t);
  void apply(const TraceEvent& event);
  // Records without feeding the core.
  void keep(const TraceEvent& event);

  [[nodiscard]] const MeterCore& core() const { return core_; }
  [[nodiscard]] CpuWatch& cpu() { return cpu_; }

 private:
  static constexpr Nanos kFlush = std::chrono::seconds(1);
  static constexpr Nanos kPublish = std::chrono::milliseconds(200);

  [[nodiscard]] TraceHeader header() const;

  void read(std::size_t channel);
  [[nodiscard]] bool nothing_new(std::size_t channel, const RawReading& reading) const;
  [[nodiscard]] CpuSample cpu_sample(bool fresh);
  void read_clocks();
  [[nodiscard]] bool doubtful(std::size_t channel, const RawReading& reading) const;

  std::vector<std::unique_ptr<Sensor>> sensors_;
  MeterOptions options_;
  Clock& clock_;
  std::function<Nanos()> thread_time_;
  CpuWatch cpu_;
  MeterCore core_;
  std::unique_ptr<TraceWriter> record_;
  std::unique_ptr<TraceEncoder> published_;
  SteadyTime published_at_{0};
  std::vector<TraceEvent> events_;
  std::vector<RawReading> newest_;  // of each channel
  std::vector<ReadPace> paces_;     // likewise
  std::optional<Anchor> anchor_;    // the newest read
  SteadyTime anchored_{0};          // when the newest one was kept
  SteadyTime flushed_{0};
};

}  // namespace joulebook
