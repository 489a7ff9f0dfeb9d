// Any bytes as what meters outside send: meter lines, ipmitool's output, Redfish and plug pages, a
// powermetrics log, written times and specs. The first byte chooses the parser; the second how the
// rest is used: odd, it is the whole text; even, its pieces (cut at '|') fill the blanks of a page
// as such a meter writes it, which chance alone would never find. Bit 6 makes a line of it that is
// longer than any meter's.
//
// Held: nothing is a reading that is not finite, is negative, or is 0 W of a BMC; what a meter says
// of itself is within what the curves can take; what is held of a line is bounded; text cut into
// pieces gives what it gives whole; what is shown is UTF-8.
// Faults planted on 2026-11-25: a line held at twice its length (found after 103 inputs), a written
// time of too few parts (83), a bound on ipmitool's watts dropped (16 s, 103,473), a plug's negative
// number let through (39 s, 358,135). On 2026-11-26, at once from fuzz/seeds/remote and not by chance
// within two minutes: a Redfish average of more than a day, a powermetrics line picked up in its
// middle.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/text.h"
#include "sensor/remote/ipmi.h"
#include "sensor/remote/meter_lines.h"
#include "sensor/remote/plugs.h"
#include "sensor/remote/powermetrics.h"
#include "sensor/remote/redfish.h"
#include "sensor/remote/spec.h"
#include "sensor/remote/times.h"

namespace {

using namespace joulebook;

constexpr std::size_t kLong = 5000;  // beyond the longest line of any meter
constexpr Nanos kDay = std::chrono::hours(24);

void require(bool holds) {
  if (!holds) std::abort();
}

// The blanks (%) of a page filled with the pieces of the input; none left, or an empty one: 1.
std::string filled(std::string_view page, std::string_view input) {
  const auto pieces = split(input, '|');
  std::size_t next = 0;
  std::string out;
  for (const char c : page) {
    if (c != '%') {
      out += c;
    } else {
      const std::string_view piece = next < pieces.size() ? pieces[next++] : std::string_view();
      out += piece.empty() ? std::string_view("1") : piece;
    }
  }
  return out;
}

void judge(const Error& error) {
  require(error.code.starts_with("sensor.") && is_valid_utf8(error.message));
}

// A line as it was taken, in one piece of text.
std::string taken(MeterLines& lines, std::string_view text, bool cut) {
  require(text.size() <= MeterLines::kLongestLine);
  const auto line = lines.take(text);
  require(is_valid_utf8(line.text) && line.text.size() <= 4 * MeterLines::kLongestLine);
  if (const auto counts = to_counts(line.reading.value, 1e-3)) require(*counts <= 9'000'000'000'000'000);
  return std::string(text) + (cut ? "!" : "\n");
}

void meter_lines(std::string_view text, std::size_t step) {
  MeterLines lines;
  LineCutter whole;
  std::string all;
  whole.feed(text, [&](std::string_view line, bool cut) { all += taken(lines, line, cut); });
  LineCutter pieces;
  MeterLines again;
  std::string sum;
  for (std::size_t at = 0; at < text.size(); at += step) {
    pieces.feed(text.substr(at, step),
                [&](std::string_view line, bool cut) { sum += taken(again, line, cut); });
  }
  require(all == sum && lines.header() == again.header() && whole.holding() == pieces.holding());
  const MeterHeader& header = lines.header();
  require(header.tick.count() > 0 && header.tick <= kDay && header.averaging.count() >= 0);
  require(header.accuracy >= 0 && header.accuracy < 1 && header.max_watts >= 0);
  require(header.sentinels.size() <= MeterLines::kMostSentinels);
  if (const auto ok = lines.check_header(); !ok) judge(ok.error());
}

void ipmi(const std::string& text) {
  const auto power = parse_dcmi(text);
  if (!power) return judge(power.error());
  require(power->watts > 0 && power->watts <= 1e6 && power->average >= 0 && power->average <= 1e6);
  require(power->period.count() >= 0 && power->period <= kDay);
}

// What a meter says of itself, and its values in a page.
void judge(const WebMeter& meter, const Json& page, bool bmc) {
  for (const SensorInfo& info : meter.infos) {
    require(info.scale > 0 && info.tick.count() > 0 && info.tick <= kDay);
    require(info.averaging.count() >= 0 && info.averaging <= kDay && info.max_watts >= 0);
    require(info.accuracy >= 0 && info.accuracy < 1);
  }
  const auto values = meter.extract(page);
  require(values.size() == meter.infos.size() && meter.pace.count() >= 0);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!values[i]) {
      judge(values[i].error());
      continue;
    }
    require(std::isfinite(values[i]->value) && values[i]->value >= 0);
    const bool power = meter.infos[i].kind == SensorKind::power_gauge;
    require(!(bmc && power && values[i]->value <= 0));
  }
}

void redfish(const std::string& text) {
  const auto page = parse_json(text);
  if (!page) return;
  for (const auto reader : {environment_meter, power_meter, sensor_meter}) {
    if (const auto meter = reader(*page, "/p", "bmc")) judge(*meter, *page, true);
  }
}

void plugs(const std::string& text, int channel) {
  const auto page = parse_json(text);
  if (!page) return;
  for (const PlugKind kind : {PlugKind::shelly1, PlugKind::shelly2, PlugKind::tasmota}) {
    judge(plug_meter(kind, channel, "plug"), *page, false);
  }
}

std::vector<double> samples(std::string_view text, std::size_t step) {
  std::vector<double> out;
  PowermetricsParser parser;
  const auto keep = [&](const PowermetricsSample& sample) {
    require(sample.any() && sample.elapsed.count() > 0 && sample.elapsed <= kDay);
    out.push_back(static_cast<double>(sample.elapsed.count()));
    for (const double mw : {sample.cpu_mw, sample.gpu_mw, sample.ane_mw, sample.combined_mw}) {
      require(mw == -1 || (mw >= 0 && mw < 1e12));
      out.push_back(mw);
    }
  };
  for (std::size_t at = 0; at < text.size(); at += step) parser.feed(text.substr(at, step), keep);
  parser.finish(keep);
  return out;
}

void times_and_specs(const std::string& text) {
  constexpr std::int64_t kFrom = -86'400'000'000'000;
  constexpr std::int64_t kTo = 7'300'000'000'000'000'000;
  for (const auto parse : {parse_iso_time, parse_http_date, parse_unix_date}) {
    if (const auto time = parse(text)) require(*time >= kFrom && *time <= kTo);
  }
  if (const auto duration = parse_duration(text)) {
    require(duration->count() >= 0 && *duration <= kDay);
  }
  const auto spec = parse_sensor_spec(text);
  if (!spec) return judge(spec.error());
  SensorInfo info;
  spec->adjust(info);
  require(is_valid_utf8(spec->id()) && is_valid_utf8(info.name) && info.accuracy >= 0);
  require(info.tick.count() >= 0 && spec->port >= 0 && spec->port <= 65535);
  (void)spec->words();
}

constexpr std::array<std::string_view, 7> kPages{
    "joulebook-meter 1\ndomain %\nkind power\nunit W\ntick %\naverages %\naccuracy %\nsentinel %\n%\n% %\n",
    "    Instantaneous power reading:                   % Watts\n"
    "    Average power reading over sample period:      % Watts\n"
    "    Sampling period:                          % Seconds.\n"
    "    Power reading state is:                   %\n",
    R"({"PowerControl":[{"PowerConsumedWatts":%,"PowerCapacityWatts":%,)"
    R"("PowerMetrics":{"IntervalInMin":%,"AverageConsumedWatts":%}}],)"
    R"("PowerWatts":{"Reading":%,"ReadingTime":"%"},"EnergyJoules":{"Reading":%},"EnergykWh":{"Reading":%},)"
    R"("ReadingType":"Power","Reading":%,"Accuracy":%,"ReadingRangeMax":%})",
    R"({"meters":[{"power":%,"is_valid":%,"total":%}],"apower":%,"aenergy":{"total":%},"errors":["%"],)"
    R"("StatusSNS":{"ENERGY":{"Power":%,"Total":%}}})",
    "*** Sampled system activity (Wed Nov  6 10:00:00 2024 -0800) (%ms elapsed) ***\n\n"
    "CPU Power: % mW\nGPU Power: %\nANE Power: 0 mW\nCombined Power (CPU + GPU + ANE): % mW\n%\n",
    "2024-05-05T%.000000000Z",
    "<key>elapsed_ns</key><integer>%</integer>\n<key>cpu_power</key><real>%</real>\n"
    "<key>timestamp</key><date>%</date>\n%\n</plist>\n",
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t which = data[0] % kPages.size();
  const std::size_t step = 1 + data[1] / 2;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
  std::string text = data[1] % 2 == 0 ? filled(kPages[which], rest) : std::string(rest);
  if ((data[1] & 64) != 0 && !text.empty() && text.find('\n') == text.npos) {
    const std::string once = text;
    while (text.size() < kLong) text += once;
    text += '\n';
  }
  switch (which) {
    case 0:
      meter_lines(text, step);
      break;
    case 1:
      ipmi(text);
      break;
    case 2:
      redfish(text);
      break;
    case 3:
      plugs(text, static_cast<int>(step % 4));
      break;
    case 5:
      times_and_specs(text);
      break;
    default:
      require(samples(text, step) == samples(text, text.size() + 1));
  }
  return 0;
}
