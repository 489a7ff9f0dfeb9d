#pragma once
// The line protocol by which any meter is attached (docs/formats/meter-lines.md): header lines, then
// one line a reading. Parsing only; bounded, whatever the peer sends. Not thread-safe.
#include <joulebook/result.h>
#include <joulebook/units.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sensor/sensor.h"

namespace joulebook {

// What a reading's timestamp means.
enum class LineClock { unix_time, monotonic, foreign };

// What the header lines state.
struct MeterHeader {
  bool versioned = false;  // "joulebook-meter 1" came first
  std::string domain;      // "wall:0"
  std::string name;
  SensorKind kind = SensorKind::power_gauge;
  double unit = 1;  // W or J per unit
  std::string unit_name = "W";
  bool unit_stated = false;
  double resolution = 0;  // in units; 0: one in the last digit of the first reading
  Nanos tick = std::chrono::seconds(1);
  Nanos averaging{0};
  Nanos delay{0};       // most time between the measurement and its line
  double accuracy = 0;  // relative; 0: not stated
  double max_watts = 0;
  double wraps = 0;  // in units; 0: never
  std::vector<double> sentinels;  // in units: values by which the meter says "not known"
  LineClock clock = LineClock::unix_time;

  bool operator==(const MeterHeader&) const = default;
};

struct LineReading {
  double value = 0;  // in the header's unit
  int decimals = 0;  // digits after the point
  std::optional<double> time;  // s of the header's clock
};

// One line after another; what each was.
class MeterLines {
 public:
  static constexpr std::size_t kLongestLine = 1024;
  static constexpr std::size_t kMostSentinels = 8;

  struct Line {
    enum class Kind { header, reading, error, malformed };
    Kind kind = Kind::header;
    LineReading reading;
    std::string text;  // of an error line or why it is malformed; valid UTF-8, bounded
  };

  // `line` without its end. Empty lines and lines that begin with # count as header.
  [[nodiscard]] Line take(std::string_view line);
  // The header is as good as it gets: something other than a header line came.
  [[nodiscard]] bool header_done() const { return done_; }
  [[nodiscard]] const MeterHeader& header() const { return header_; }
  // Errors: input "sensor.malformed" where the header states too little or contradicts itself.
  [[nodiscard]] Status check_header() const;

 private:
  [[nodiscard]] std::optional<std::string> header_line(std::string_view key,
                                                       std::string_view value);
  MeterHeader header_;
  bool done_ = false;
  std::string wrong_;  // the first header line that made no sense
};

// Cuts bytes into lines. A line longer than kLongestLine is cut there and its rest dropped; NUL and
// carriage returns at the end are taken off. At most kLongestLine bytes are held.
class LineCutter {
 public:
  using OnLine = std::function<void(std::string_view line, bool cut)>;
  void feed(std::string_view bytes, const OnLine& on_line);
  // What is held is no line: its end never came.
  [[nodiscard]] bool holding() const { return !held_.empty(); }

 private:
  std::string held_;
  bool dropping_ = false;
};

// "1s", "250ms", "0.5 s", "1min"; nothing where it is no duration or above a day.
[[nodiscard]] std::optional<Nanos> parse_duration(std::string_view text);

// Counts of one resolution step (in units) for a value; nothing for what is no reading: not finite,
// negative, or beyond what counts can hold.
[[nodiscard]] std::optional<std::uint64_t> to_counts(double value, double resolution);

}  // namespace joulebook
