#include <fmt/format.h>

#include "report/figure.h"
#include "report/ink.h"
#include "report/terminal_table.h"
#include "report/text_grid.h"

namespace joulebook {
namespace {

using Align = TextGrid::Align;

std::string names(const Json& list) {
  std::string out;
  for (const auto& item : list.items()) {
    if (!out.empty()) out += ", ";
    out += item.as_string();
  }
  return out;
}

// What a reader must know before he adds two lines up.
std::string overlap_note(const Json& domain) {
  std::string note;
  const auto add = [&](std::string_view word, const Json& list) {
    if (list.items().empty()) return;
    if (!note.empty()) note += "; ";
    note += fmt::format("{} {}", word, names(list));
  };
  add("contains", domain["contains"]);
  add("mirrors", domain["mirrors"]);
  add("may contain", domain["may_contain"]);
  return note;
}

std::string watts(const Json& quantity) {
  if (quantity.is_null()) return {};
  const FigureText figure = figure_text(quantity);
  return figure.present() ? figure.line() : "no reading";
}

void add_domain(TextGrid& grid, const std::string& name, const Json& energy, const Json& mean,
                const Json& peak, const std::string& note) {
  const FigureText figure = figure_text(energy);
  grid.add({name, figure.value, figure.interval, figure.sure(), watts(mean), watts(peak), note});
}

// Why each missing figure is missing; a reason that holds for several figures of a domain is
// said once.
std::string absences(const Json& run, int width) {
  std::string out;
  for (const auto& domain : run["domains"].items()) {
    std::string said;
    for (const char* figure_name : {"energy", "mean_power", "peak_power"}) {
      const Json& quantity = domain[figure_name];
      const FigureText figure = figure_text(quantity);
      if (quantity.is_null() || figure.present() || figure.why == said) continue;
      said = figure.why;
      const std::string cure = figure.cure.empty() ? "" : fmt::format(" Cure: {}.", figure.cure);
      out += paragraph(fmt::format("{}: ", domain["domain"].as_string()),
                       fmt::format("{} ({}).{}", figure.why, figure.code, cure), width);
    }
  }
  return out;
}

std::string repeats(const Json& run) {
  const auto n = run["windows"].items().size();
  return n > 1 ? fmt::format(" in {} windows", n) : "";
}

std::string counted(std::size_t n, const char* one) {
  return fmt::format("{} {}{}", n, one, n == 1 ? "" : "s");
}

// Whom it measured, and when each of them ended.
std::string target_lines(const Json& run, const ScreenStyle& style) {
  const Json& target = run["target"];
  if (target.is_null()) return {};
  if (target["kind"].as_string() == "all") return paragraph("", "Measured the machine", style.width);
  std::string who;
  for (const auto& process : target["processes"].items()) {
    if (!who.empty()) who += ", ";
    who += fmt::format("process {} ({})", process["pid"].as_int(), process["name"].as_string());
    if (process["ended_ns"].is_null()) continue;
    const double after =
        static_cast<double>(process["ended_ns"].as_int() - run["start_ns"].as_int()) * 1e-9;
    who += fmt::format(", which ended after {}", duration_text(after));
  }
  const Json& port = target["port"];
  const std::string where =
      port.is_null() ? "" : fmt::format(", listening on port {}", port.as_int());
  std::string out = paragraph("", "Measured " + who + where + ", and their descendants", style.width);
  if (!run["tree"].is_null()) {
    out += paragraph("", "Their share by CPU time: " + figure_text(run["tree"]).full(), style.width);
  }
  return out;
}

std::string closing_lines(const Json& run, const ScreenStyle& style) {
  const Ink ink(style);
  std::string out = paragraph(
      "", fmt::format("{} elapsed{}", duration_text(run["duration_s"].as_double(-1)), repeats(run)),
      style.width);
  out += target_lines(run, style);
  if (!run["self"].is_null()) {
    out += paragraph("", "Joulebook itself: " + figure_text(run["self"]).full(), style.width);
  }
  out += device_lines(run, style);
  if (const auto method = run["total"]["method"].as_string(); !method.empty()) {
    out += ink.dim(paragraph("", fmt::format("Method: {}", method), style.width));
  }
  for (const auto& warning : run["warnings"].items()) {
    const Json& text = warning.is_object() ? warning["message"] : warning;
    out += ink.warn(paragraph("warning: ", text.as_string(), style.width));
  }
  return out;
}

}  // namespace

std::string device_lines(const Json& run, const ScreenStyle& style) {
  std::string out;
  const Json& choice = run["device_choice"];
  if (const std::string devices = names(run["devices"]); !devices.empty()) {
    const auto why = choice["sentence"].as_string();
    out += paragraph("", "Covers " + devices + (why.empty() ? "" : fmt::format(": {}", why)),
                     style.width);
  }
  for (const auto& use : choice["evidence"].items()) {
    if (use["answer"].as_string() != "used") continue;
    out += paragraph("  ", fmt::format("{}: {}", use["device"].as_string(),
                                       use["evidence"].as_string()),
                     style.width);
  }
  const auto& apart = run["devices_apart"].items();
  if (apart.empty()) return out;
  out += paragraph("", fmt::format("Apart, not in the total: {}", counted(apart.size(), "device")),
                   style.width);
  for (const auto& device : apart) {
    out += paragraph("  ", fmt::format("{} ({}): {}", names(device["domains"]),
                                       device["device"].as_string(),
                                       figure_text(device["energy"]).full()),
                     style.width);
  }
  return out;
}

std::string run_table(const Json& run, const ScreenStyle& style) {
  TextGrid grid({{"domain", Align::left},
                 {"energy", Align::right},
                 {"interval", Align::left, true},
                 {"tier", Align::left, true},
                 {"mean power", Align::right, true},
                 {"peak", Align::right, true},
                 {"note", Align::left, true}});
  for (const auto& domain : run["domains"].items()) {
    add_domain(grid, std::string(domain["domain"].as_string()), domain["energy"],
               domain["mean_power"], domain["peak_power"], overlap_note(domain));
  }
  const std::string boundary(run["total"]["boundary"].as_string());
  add_domain(grid, "total", run["total"], run["mean_power"], run["peak_power"],
             boundary.empty() ? "" : "boundary " + boundary);
  return grid.text(style.width) + absences(run, style.width) + "\n" + closing_lines(run, style);
}

}  // namespace joulebook
