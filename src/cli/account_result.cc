#include "cli/account_result.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/account_screen.h"
#include "core/json_strings.h"
#include "report/text_grid.h"

namespace joulebook {
namespace {

using account::Footprint;
using Align = TextGrid::Align;

const account::PresetText& text_of(account::Preset preset) {
  return *std::ranges::find(account::presets(), preset, &account::PresetText::preset);
}

std::vector<std::string> all_notes(const Accounted& what, const Footprint& f) {
  std::vector<std::string> notes = what.notes;
  notes.insert(notes.end(), f.notes.begin(), f.notes.end());
  return notes;
}

std::string figures_table(const Footprint& f, Reasons& reasons, int width) {
  TextGrid grid({{"", Align::left, true}, {"value", Align::right}, {"interval"}, {"how sure"}});
  for (const auto& figure : f.figures) {
    std::vector<std::string> cells{figure.name};
    std::ranges::move(figure_cells(figure.figure, reasons), std::back_inserter(cells));
    grid.add(std::move(cells));
  }
  return grid.text(width);
}

std::string presets_table(const Footprint& f, int width) {
  TextGrid grid({{"boundary"}, {"factor", Align::right}, {"", Align::left}, {"energy", Align::right}, {"covers", Align::left, true}});
  Reasons none;
  for (const auto& p : f.presets) {
    const auto factor = figure_cells(p.factor, none), energy = figure_cells(p.energy, none);
    grid.add({std::string(to_string(p.preset)) + (p.preset == f.preset ? " *" : ""), factor[0], factor[1].empty() ? "" : "[" + factor[1] + "]", energy[0],
              std::string(text_of(p.preset).covers)});
  }
  return grid.text(width);
}

// By item: each source, and between which counts they lie.
std::string equivalents_table(const Compared& c, Reasons& reasons, int width) {
  TextGrid grid({{"as many as", Align::left, true}, {"count", Align::right}, {"interval"}, {"source", Align::left, true}});
  for (const auto& e : c.equivalents) {
    const auto cells = figure_cells(e.count, reasons);
    grid.add({e.item, cells[0], cells[1], e.source.source + ", " + e.source.year});
  }
  return grid.empty() ? "" : grid.text(width) + "\n";
}

std::string instead_table(const Compared& c, Reasons& reasons, int width) {
  if (!c.choice) return "";
  TextGrid grid({{c.choice->name}, {"this", Align::right}, {"that", Align::right}, {"net", Align::right}, {"interval"}, {"source of that", Align::left, true}});
  for (const auto& n : c.nets) {
    const auto net = figure_cells(n.net, reasons);
    grid.add({n.of, figure_cells(n.here, reasons)[0], figure_cells(n.there, reasons)[0], net[0], net[1], n.source});
  }
  return grid.text(width) + note_lines(c.choice->assumptions, width) + "\n";
}

Json equivalents_json(const Compared& c) {
  Json list = Json::array();
  for (const auto& e : c.equivalents) {
    list.push(Json::object({{"item", e.item}, {"of", e.of}, {"count", to_json(e.count)}, {"source", constant_json(e.source)}}));
  }
  return list;
}

Json instead_json(const Compared& c) {
  if (!c.choice) return Json::array();
  Json nets = Json::array();
  for (const auto& n : c.nets) {
    nets.push(Json::object({{"of", n.of}, {"source", n.source}, {"this", to_json(n.here)}, {"that", to_json(n.there)}, {"net", to_json(n.net)}}));
  }
  return Json::array({Json::object({{"name", c.choice->name}, {"times", c.choice->times}, {"share", c.choice->share},
                       {"assumptions", strings(c.choice->assumptions)}, {"nets", std::move(nets)}})});
}

}  // namespace

Result<Compared> compared(const AccountOptions& o, const Footprint& f) {
  Compared c;
  if (!o.equivalents.empty()) {
    auto all = account::equivalents_of(f, o.equivalents);
    if (!all) return fail(all.error());
    c.equivalents = std::move(*all);
  }
  if (o.instead_of.empty()) return c;
  Result<account::Choice> choice = account::Choice{};
  if (o.instead_of.ends_with(".toml")) {
    const auto text = read_file(o.instead_of);
    if (!text) return fail(text.error());
    choice = account::parse_choice(*text, o.instead_of);
  } else {
    choice = account::choice_of(o.instead_of);
  }
  if (!choice) return fail(choice.error());
  auto nets = account::net_of(f, *choice);
  if (!nets) return fail(nets.error());
  c.choice = std::move(*choice);
  c.nets = std::move(*nets);
  return c;
}

Json account_json(const Accounted& what, const Footprint& f, const Compared& c) {
  Json presets = Json::array(), figures = Json::array();
  for (const auto& p : f.presets) {
    const auto& text = text_of(p.preset);
    presets.push(Json::object({{"boundary", text.name}, {"covers", text.covers}, {"source", text.source},
                               {"factor", to_json(p.factor)}, {"energy", to_json(p.energy)}}));
  }
  for (const auto& n : f.figures) {
    figures.push(Json::object({{"id", n.id}, {"name", n.name}, {"figure", to_json(n.figure)}}));
  }
  return Json::object({{"schema", "joulebook.account/1"},
                       {"of", Json::object({{"kind", what.kind}, {"id", what.id.empty() ? Json() : Json(what.id)}})},
                       {"stated", to_json(f.stated)},
                       {"at", to_string(f.from)},
                       {"boundary", to_string(f.preset)},
                       {"figures", std::move(figures)},
                       {"presets", std::move(presets)},
                       {"equivalents", equivalents_json(c)},
                       {"instead", instead_json(c)},
                       {"notes", strings(all_notes(what, f))},
                       {"constants", constants_json(f.constants)}});
}

std::string account_text(const Accounted& what, const Footprint& f, const Compared& c, bool explain, int width) {
  const FigureText stated = figure_text(on_screen_unit(f.stated));
  std::string text = fmt::format("{}{}{}, at {}; reckoned to {}\n\n", what.id.empty() ? "" : what.id + ": ", stated.full(),
                                 f.stated.per.empty() ? "" : " per " + f.stated.per, to_string(f.from), to_string(f.preset));
  Reasons reasons;
  text += figures_table(f, reasons, width) + "\n" + presets_table(f, width) + "\n";
  text += equivalents_table(c, reasons, width) + instead_table(c, reasons, width);
  text += reason_lines(reasons, width) + note_lines(all_notes(what, f), width);
  if (!explain) return text + "  --explain prints the source, date and licence of every constant\n";
  return text + "\n" + constants_text(f.constants, width);
}

}  // namespace joulebook
