#include <fmt/format.h>

#include "report/figure.h"
#include "report/ink.h"
#include "report/terminal_table.h"
#include "report/text_grid.h"

namespace joulebook {
namespace {

using Align = TextGrid::Align;

// A short cell: the value, or why there is none.
std::string cell(const Quantity& q, int digits = 3) {
  if (!q.present()) return q.reason ? q.reason->code : "none";
  if (q.unit == "1") return fmt::format("{:.0f} %", 100 * *q.value);
  if (q.unit == "Cel") return fmt::format("{:.1f} °C", *q.value);
  return human(*q.value, q.unit, digits);
}

std::string spread(const Quantity& q) {
  if (!q.present()) return cell(q);
  return fmt::format("{} [{}, {}] {}", cell(q), human(q.own.lo, q.unit, 3),
                     human(q.own.hi, q.unit, 3), to_string(q.tier));
}

std::string sensors(const Calibration& calibration, const ScreenStyle& style) {
  TextGrid grid({{"domain", Align::left},
                 {"tick", Align::left},
                 {"averages", Align::left},
                 {"sees", Align::left},
                 {"at rest", Align::left},
                 {"W/K", Align::left},
                 {"sensor", Align::left, true}});
  for (const auto& s : calibration.sensors) {
    grid.add({s.domain, cell(s.tick), cell(s.averaging), cell(s.duty), spread(s.idle),
              cell(s.slope), s.id});
  }
  return grid.text(style.width);
}

std::string response(const Calibration& calibration, const ScreenStyle& style) {
  TextGrid grid({{"domain", Align::left}, {"busy threads or multiprocessors: power", Align::left, true}});
  for (const auto& s : calibration.sensors) {
    std::string text;
    if (s.context.present()) text = "context at rest: " + cell(s.context);
    for (const auto& point : s.response) {
      text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", point.busy, cell(point.power));
    }
    grid.add({s.domain, text});
  }
  return grid.text(style.width);
}

// "cpu", "gpu:GPU-1a2b3c4d": the beginning of a long name tells it.
std::string shown_device(const std::string& device) {
  constexpr std::size_t kMost = 16;
  return device.size() <= kMost ? device : device.substr(0, kMost) + "…";
}

std::string work(const Calibration& calibration, const ScreenStyle& style) {
  TextGrid grid({{"work", Align::left},
                 {"on", Align::left},
                 {"threads", Align::right},
                 {"rate", Align::left},
                 {"watts under it", Align::left, true}});
  for (const auto& w : calibration.work) {
    std::string watts;
    for (const auto& each : w.power) {
      watts += fmt::format("{}{} {}{}", watts.empty() ? "" : ", ", each.domain, cell(each.power),
                           each.power.present()
                               ? fmt::format(" {}", to_string(each.power.tier))
                               : std::string());
    }
    grid.add({w.kind, shown_device(w.device), std::to_string(w.threads), cell(w.rate), watts.empty() ? "none" : watts});
  }
  return grid.text(style.width);
}

}  // namespace

std::string calibration_table(const Calibration& calibration, const Finding& age,
                              const ScreenStyle& style) {
  std::string out = paragraph("", fmt::format("{}, {} threads, Linux {}: {}.",
                                              calibration.machine.cpu, calibration.machine.threads,
                                              calibration.machine.kernel, age.reason.message),
                              style.width);
  if (calibration.sensors.empty()) {
    out += paragraph("", "No sensor was here to calibrate.", style.width);
  } else {
    out += "\n" + sensors(calibration, style) + "\n" + response(calibration, style);
  }
  out += "\n" + work(calibration, style);
  if (!calibration.gpu.code.empty()) {
    out += paragraph("GPU: ", calibration.gpu.message + ".", style.width);
  }
  for (const auto& warning : calibration.warnings) {
    out += paragraph("warning: ", warning, style.width);
  }
  return out;
}

}  // namespace joulebook
