#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "report/figure.h"
#include "report/ink.h"
#include "report/terminal_table.h"
#include "report/text_grid.h"

namespace joulebook {
namespace {

using Align = TextGrid::Align;

std::string_view kind_words(SensorKind kind) {
  switch (kind) {
    case SensorKind::energy_counter:
      return "counter";
    case SensorKind::power_gauge:
      return "gauge";
    case SensorKind::busy_time:
      return "model";
  }
  return "unknown";
}

std::string tick_words(Nanos tick) {
  return tick.count() == 0 ? "continuous" : duration_text(Seconds(tick).count());
}

// "3.1 ms every 155 ms".
std::string read_words(const ReadCost& cost) {
  if (cost.elsewhere) return "by its poller";
  if (cost.each <= Nanos{0}) return "not known";
  return fmt::format("{} every {}", short_time(cost.each), short_time(cost.interval));
}

std::string accuracy_words(const SensorInfo& sensor) {
  if (sensor.tier == Tier::modelled) return "by the model";
  return sensor.accuracy > 0 ? fmt::format("±{:.3g} %", sensor.accuracy * 100) : "as counted";
}

std::string edges(const SensorInfo& sensor) {
  std::vector<std::string> parts;
  const auto add = [&](std::string_view word, const std::vector<std::string>& domains) {
    if (!domains.empty()) parts.push_back(fmt::format("{} {}", word, join(domains, ", ")));
  };
  add("contains", sensor.contains);
  add("mirrors", sensor.mirrors);
  add("may contain", sensor.may_contain);
  return join(parts, "; ");
}

std::string level_mark(Finding::Level level, const Ink& ink) {
  switch (level) {
    case Finding::Level::ok:
      return ink.good("ok     ");
    case Finding::Level::note:
      return ink.warn("note   ");
    case Finding::Level::problem:
      return ink.bad("problem");
  }
  return {};
}

}  // namespace

std::string sensors_table(std::span<const SensorInfo> sensors, std::span<const ReadCost> costs, const ScreenStyle& style) {
  if (sensors.empty()) {
    return paragraph("", "No sensor can be read here. `joulebook doctor` says what would cure it.",
                     style.width);
  }
  TextGrid grid({{"domain", Align::left},
                 {"kind", Align::left},
                 {"tick", Align::right},
                 {"reading", Align::right},
                 {"accuracy", Align::left},
                 {"tier", Align::left},
                 {"sensor", Align::left, true},
                 {"overlap", Align::left, true}});
  for (std::size_t i = 0; i < sensors.size(); ++i) {
    const auto& sensor = sensors[i];
    grid.add({sensor.domain, std::string(kind_words(sensor.kind)), tick_words(sensor.tick),
              read_words(i < costs.size() ? costs[i] : ReadCost{}), accuracy_words(sensor), std::string(to_string(sensor.tier)),
              fmt::format("{} ({})", sensor.name, sensor.id), edges(sensor)});
  }
  return grid.text(style.width);
}

std::string doctor_table(std::span<const Finding> findings, const ScreenStyle& style) {
  const Ink ink(style);
  std::string out;
  std::int64_t problems = 0;
  for (const auto& finding : findings) {
    problems += finding.level == Finding::Level::problem ? 1 : 0;
    const std::string head =
        fmt::format("{} {}: ", level_mark(finding.level, ink), finding.subject);
    out += paragraph(head, finding.reason.message, style.width);
    if (!finding.reason.cure.empty()) {
      out += paragraph("        cure: ", finding.reason.cure, style.width);
    }
  }
  const std::string verdict = problems == 0   ? ink.good("Nothing stands in the way.")
                              : problems == 1 ? ink.bad("1 problem.")
                                              : ink.bad(fmt::format("{} problems.", problems));
  return out + verdict + "\n";
}

std::string list_table(std::span<const RunSummary> runs, const ScreenStyle& style) {
  if (runs.empty()) {
    return paragraph("", "The ledger is empty. `joulebook study forty` fills it.", style.width);
  }
  TextGrid grid({{"id", Align::left},
                 {"kind", Align::left},
                 {"started (UTC)", Align::left},
                 {"took", Align::right},
                 {"energy", Align::left, true},
                 {"title", Align::left, true}});
  for (const auto& run : runs) {
    const std::string took = duration_text(run.duration_s) + (run.complete ? "" : ", unfinished");
    const std::string started = run.started_utc.substr(0, run.started_utc.find('.'));
    grid.add({run.id, run.kind, started, took,
              run.total.is_null() ? "" : figure_text(run.total).full(), run.title});
  }
  return grid.text(style.width);
}

}  // namespace joulebook
