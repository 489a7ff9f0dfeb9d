#pragma once
// What account, scenario and their kin print: amounts on units of a person's size, and constants with
// their sources. Pure.
#include <joulebook/quantity.h>

#include <span>
#include <string>
#include <vector>

#include "account/factors/factors.h"
#include "core/json.h"
#include "report/figure.h"

namespace joulebook {

// The same quantity on the unit of its size: kgCO2e as mg, g, kg or t; m3 as mL, L or m3; kgSbe as ng to
// kg; J from 3.6 GJ up as MWh, GWh or TWh. Others as they are.
[[nodiscard]] Quantity on_screen_unit(Quantity q);
// value, interval, level and tier of it in cells of a table; why it is absent goes into `reasons`.
[[nodiscard]] std::vector<std::string> figure_cells(const Quantity& q, Reasons& reasons);
// Each reason once, under the table.
[[nodiscard]] std::string reason_lines(const Reasons& reasons, int width);

// A constant as {id, name, value, lo, hi, unit, kind, boundary, date, source, licence, status}.
[[nodiscard]] Json constant_json(const account::Factor& factor);
[[nodiscard]] Json constants_json(std::span<const account::Factor> factors);
[[nodiscard]] std::string constants_text(std::span<const account::Factor> factors, int width);

// Lines that begin with "note: ".
[[nodiscard]] std::string note_lines(const std::vector<std::string>& notes, int width);

}  // namespace joulebook
