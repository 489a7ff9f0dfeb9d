#include <fmt/format.h>

#include <vector>

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
  const Json& ratio = domain["crosscheck"]["ratio"];
  if (!ratio["value"].is_null()) {
    note += fmt::format("; {:.3g} times {}", ratio["value"].as_double(),
                        domain["crosscheck"]["with"].as_string());
  }
  return note;
}

std::string watts(const Json& quantity) {
  if (quantity.is_null()) return {};
  const FigureText figure = figure_text(quantity);
  return figure.present() ? figure.line() : "no reading";
}

struct Row {
  std::string name;
  const Json* energy;
  const Json* mean_power;
  const Json* peak_power;
  std::string note;
};

std::vector<Row> rows_of(const Json& run) {
  std::vector<Row> rows;
  for (const auto& domain : run["domains"].items()) {
    rows.push_back({std::string(domain["domain"].as_string()), &domain["energy"],
                    &domain["mean_power"], &domain["peak_power"], overlap_note(domain)});
  }
  const std::string boundary(run["total"]["boundary"].as_string());
  rows.push_back({"total", &run["total"], &run["mean_power"], &run["peak_power"],
                  boundary.empty() ? "" : "boundary " + boundary});
  const Json& above = run["above_idle"];
  if (!above["value"].is_null()) {
    rows.push_back({"above idle", &above, &above["none"], &above["none"],
                    taken_off(above["method"].as_string())});
  }
  return rows;
}

// Where one table is too wide: energies, then powers, then the notes.
std::string tables_apart(const std::vector<Row>& rows, int width) {
  TextGrid energies({{"domain", Align::left},
                     {"energy", Align::right},
                     {"interval", Align::left},
                     {"tier", Align::left}});
  TextGrid powers({{"domain", Align::left}, {"mean power", Align::right}, {"peak", Align::right}});
  std::string notes;
  for (const auto& row : rows) {
    const FigureText figure = figure_text(*row.energy);
    energies.add({row.name, figure.value, figure.interval, figure.sure()});
    if (!row.mean_power->is_null()) {
      powers.add({row.name, watts(*row.mean_power), watts(*row.peak_power)});
    }
    if (!row.note.empty()) notes += paragraph(row.name + ": ", row.note, width);
  }
  std::string out = energies.text(width);
  if (!powers.empty()) out += "\n" + powers.text(width);
  return notes.empty() ? out : out + "\n" + notes;
}

std::string tables(const std::vector<Row>& rows, int width) {
  TextGrid all({{"domain", Align::left},
                {"energy", Align::right},
                {"interval", Align::left},
                {"tier", Align::left},
                {"mean power", Align::right},
                {"peak", Align::right},
                {"note", Align::left, true}});
  for (const auto& row : rows) {
    const FigureText figure = figure_text(*row.energy);
    all.add({row.name, figure.value, figure.interval, figure.sure(), watts(*row.mean_power),
             watts(*row.peak_power), row.note});
  }
  return all.fits(width) ? all.text(width) : tables_apart(rows, width);
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
// What of the total is the measured processes' own, where that is known.
std::string share_line(const Json& run, std::string_view whose, const ScreenStyle& style) {
  if (run["tree"].is_null()) return {};
  return paragraph("", fmt::format("{} share by CPU time: {}", whose, figure_text(run["tree"]).full()),
                   style.width);
}

std::string target_lines(const Json& run, const ScreenStyle& style) {
  const Json& target = run["target"];
  if (target.is_null()) return run["command"].is_null() ? "" : share_line(run, "The command's", style);
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
  return paragraph("", "Measured " + who + where + ", and their descendants", style.width) +
         share_line(run, "Their", style);
}

// Why nothing can be said above idle, where the total is known.
std::string idle_lines(const Json& run, const ScreenStyle& style) {
  const FigureText figure = figure_text(run["above_idle"]);
  if (run["above_idle"].is_null() || run["total"]["value"].is_null() || figure.present()) return {};
  const std::string cure = figure.cure.empty() ? "" : fmt::format(" Cure: {}.", figure.cure);
  return paragraph("", fmt::format("Above idle: not known ({}).{}", figure.code, cure), style.width);
}

std::string closing_lines(const Json& run, const ScreenStyle& style) {
  const Ink ink(style);
  std::string out = paragraph(
      "", fmt::format("{} elapsed{}", duration_text(run["duration_s"].as_double(-1)), repeats(run)),
      style.width);
  out += target_lines(run, style);
  out += idle_lines(run, style);
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
  return tables(rows_of(run), style.width) + absences(run, style.width) + "\n" +
         closing_lines(run, style);
}

}  // namespace joulebook
