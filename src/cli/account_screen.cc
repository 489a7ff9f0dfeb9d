#include "cli/account_screen.h"

#include <fmt/format.h>

#include <cmath>

#include "report/text_grid.h"

namespace joulebook {
namespace {

struct ScreenUnit {
  std::string_view unit;   // of the quantity
  double from = 0;         // taken from this value up
  double factor = 1;       // of it in `unit`
  std::string_view shown;
};
// Of each unit the largest first. What takes a prefix by itself (kgCO2e) is figure_text's.
constexpr ScreenUnit kUnits[] = {
    {"m3", 1, 1, "m³"},              {"m3", 1e-3, 1e-3, "L"},        {"m3", 0, 1e-6, "mL"},
    {"kgSbe", 1, 1, "kgSbe"},        {"kgSbe", 1e-3, 1e-3, "gSbe"},  {"kgSbe", 1e-6, 1e-6, "mgSbe"},  {"kgSbe", 1e-9, 1e-9, "µgSbe"},
    {"kgSbe", 0, 1e-12, "ngSbe"},    {"J", 3.6e15, 3.6e15, "TWh"},   {"J", 3.6e12, 3.6e12, "GWh"},    {"J", 3.6e9, 3.6e9, "MWh"},
    {"J", 3.6e6, 3.6e6, "kWh"}};

std::string number_in(double base, const account::Factor& f) { return fmt::format("{:.6g}", base / f.measure.unit.factor); }

std::string value_text(const account::Factor& f) {
  std::string text = number_in(f.measure.value, f);
  if (f.measure.lo != f.measure.hi) text += fmt::format(" [{}, {}]", number_in(f.measure.lo, f), number_in(f.measure.hi, f));
  const std::string& unit = f.measure.unit.text;
  return unit.empty() ? text : text + " " + unit;
}

}  // namespace

Quantity on_screen_unit(Quantity q) {
  if (!q.present() && !q.known_lo) return q;
  const double size = std::abs(q.present() ? *q.value : *q.known_lo);
  for (const ScreenUnit& u : kUnits) {
    if (u.unit != q.unit || size < u.from) continue;
    if (q.present()) {
      q = scaled(q, 1 / u.factor, q.per);
    } else {
      q.known_lo = *q.known_lo / u.factor;
    }
    q.unit = u.shown;
    return q;
  }
  return q;
}

std::vector<std::string> figure_cells(const Quantity& q, Reasons& reasons) {
  const FigureText text = figure_text(on_screen_unit(q));
  if (!text.present()) note(text, reasons);
  return {text.present() ? text.value : text.line(), text.interval, text.sure()};
}

std::string reason_lines(const Reasons& reasons, int width) {
  std::string out;
  for (const auto& [code, why] : reasons) out += paragraph(fmt::format("  {}: ", code), why, width);
  return out;
}

Json constant_json(const account::Factor& f) {
  const double unit = f.measure.unit.factor;
  return Json::object({{"id", f.id}, {"name", f.name}, {"value", f.measure.value / unit}, {"lo", f.measure.lo / unit},
                       {"hi", f.measure.hi / unit}, {"unit", f.measure.unit.text.empty() ? "1" : f.measure.unit.text},
                       {"kind", f.kind}, {"boundary", f.boundary}, {"date", f.year}, {"source", f.source},
                       {"licence", f.licence}, {"status", f.status}});
}

Json constants_json(std::span<const account::Factor> factors) {
  Json list = Json::array();
  for (const auto& f : factors) list.push(constant_json(f));
  return list;
}

std::string constants_text(std::span<const account::Factor> factors, int width) {
  TextGrid grid({{"constant"}, {"value"}, {"of", TextGrid::Align::left, true}, {"date", TextGrid::Align::left, true},
                 {"source", TextGrid::Align::left, true}, {"licence", TextGrid::Align::left, true}});
  for (const auto& f : factors) grid.add({f.id, value_text(f), f.name + "; " + f.boundary, f.year, f.source + " (" + f.status + ")", f.licence});
  return grid.text(width);
}

std::string note_lines(const std::vector<std::string>& notes, int width) {
  std::string out;
  for (const auto& n : notes) out += paragraph("  note: ", n, width);
  return out;
}

}  // namespace joulebook
