#pragma once
// What flowed in a span of a load test, in bounded memory: counts by the time of the event,
// latencies by the time at which a request was due. Not thread-safe.
//
// In flight, as a curve: the integral over time of the number of requests between being sent and
// ending, and of those between their first piece of text and their last ("answering"); divided by
// the span they are mean numbers of requests. Little's law gives the first one a second time:
// requests a second times their mean time from being sent to ending (J. D. C. Little, Oper. Res. 9,
// 1961).
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "load/histogram.h"
#include "load/plan.h"
#include "load/request_record.h"

namespace joulebook::load {

// Of requests due in the span that were answered, in ns.
struct Latencies {
  Histogram ttft;
  Histogram tpot;
  Histogram itl;  // gaps between pieces; one that holds several tokens is one gap
  Histogram e2e;
  Histogram lag;  // from due to sent

  void add(const RequestRecord& record);
  void merge(const Latencies& other);
};

struct Window {
  SteadyTime begin;
  SteadyTime end;

  // By the time of the event.
  std::int64_t answered = 0;      // requests that ended well
  std::int64_t good = 0;          // of those, within the objective
  std::int64_t pieces = 0;        // of text that came
  std::int64_t input_tokens = 0;  // of answers that ended
  double latency_s = 0;           // sum over answers that ended
  double in_flight_s = 0;         // request seconds
  double answering_s = 0;

  // By the time at which they were due.
  std::int64_t due = 0;
  std::int64_t outstanding = 0;  // not ended yet
  std::int64_t ended_well = 0;
  std::int64_t kept_slo = 0;
  double residence_s = 0;  // sum from being sent to ending
  std::int64_t prompt_tokens = 0;
  std::int64_t cached_tokens = 0;
  std::int64_t output_tokens = 0;
  std::int64_t reasoning_tokens = 0;
  std::int64_t asked_input = 0;  // of those whose prompt's tokens were counted and asked for
  std::int64_t counted_input = 0;
  std::int64_t uncounted = 0;                  // answers whose endpoint did not count the output
  std::map<std::string, std::int64_t> errors;  // by code
  Latencies latencies;

  [[nodiscard]] double seconds() const { return Seconds(end - begin).count(); }
  void add_ended(const RequestRecord& record, const Slo& slo);  // by the time of the event
  void add_due(const RequestRecord& record, const Slo& slo);    // by the time at which it was due
  void merge(const Window& next);                               // REQUIRES: they touch
};

// Pieces of text by time, in at most 96 beats of one length: where there would be more, neighbours
// become one.
class Beats {
 public:
  struct Beat {
    SteadyTime begin;
    SteadyTime end;
    std::int64_t pieces = 0;
  };

  void begin(SteadyTime t, Nanos length);
  void add(SteadyTime t, std::int64_t pieces);
  // Those that lie in the span whole.
  [[nodiscard]] std::vector<Beat> within(SteadyTime begin, SteadyTime end) const;

 private:
  static constexpr std::size_t kMost = 96;
  SteadyTime begin_{};
  Nanos length_{0};
  std::vector<std::int64_t> pieces_;
};

}  // namespace joulebook::load
