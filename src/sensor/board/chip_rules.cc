// Pairing rules by chip, from the kernel's page of each driver (Documentation/hwmon/NAME.rst).
#include <algorithm>
#include <array>

#include "sensor/board/hwmon.h"

namespace joulebook {
namespace {

struct Rule {
  std::string_view chip;
  std::array<VoltageCurrent, 3> pairs;  // voltage and current 0 ends the list
  Converter converter;
};

constexpr VoltageCurrent kNone{-1, 0};
constexpr std::array<VoltageCurrent, 3> one(int voltage, int current) {
  return {VoltageCurrent{voltage, current}, kNone, kNone};
}

// ina2xx.rst: in0 is the shunt, in1 the bus, curr1 the current; one converter takes shunt and bus
// in turn, and update_interval is both conversions times the number averaged (ina226 and later).
// ina3221.rst: in1..3 the buses, in4..6 the shunts, in7 and curr4 sums; one converter for all, and
// update_interval is one round over the enabled channels.
// ina233.rst: in1 the bus, in2 the shunt. ltc2945.rst, ltc4260.rst, ltc4261.rst: in1 the supply,
// in2 an auxiliary input. ltc2947.rst: in0 the supply. ltc2992.rst: in0 and in2 the supplies, in1
// and in3 what is sensed, the rest GPIO. ltc4282.rst: in1 the source. adm1275.rst: in1 the input.
// max20730.rst, max20751.rst: curr1 is the output's, so in2 (vout1) is its voltage.
constexpr std::array kRules{
    Rule{"ina209", one(1, 1), {2, false}},
    Rule{"ina219", one(1, 1), {2, false}},
    Rule{"ina220", one(1, 1), {2, false}},
    Rule{"ina226", one(1, 1), {2, true}},
    Rule{"ina230", one(1, 1), {2, true}},
    Rule{"ina231", one(1, 1), {2, true}},
    Rule{"ina233", one(1, 1), {2, false}},
    Rule{"ina228", one(1, 1), {3, false}},
    Rule{"ina237", one(1, 1), {3, false}},
    Rule{"ina238", one(1, 1), {3, false}},
    Rule{"ina260", one(1, 1), {2, true}},
    Rule{"ina3221", {VoltageCurrent{1, 1}, {2, 2}, {3, 3}}, {6, true}},
    Rule{"ltc2945", one(1, 1), {}},
    Rule{"ltc2947", one(0, 1), {}},
    Rule{"ltc2992", {VoltageCurrent{0, 1}, {2, 2}, kNone}, {}},
    Rule{"ltc4260", one(1, 1), {}},
    Rule{"ltc4261", one(1, 1), {}},
    Rule{"ltc4282", one(1, 1), {}},
    Rule{"adm1275", one(1, 1), {}},
    Rule{"adm1276", one(1, 1), {}},
    Rule{"adm1278", one(1, 1), {}},
    Rule{"adm1293", one(1, 1), {}},
    Rule{"max20730", one(2, 1), {}},
    Rule{"max20751", one(2, 1), {}},
};

const Rule* rule_of(std::string_view chip) {
  const auto* found = std::find_if(kRules.begin(), kRules.end(),
                                   [&](const Rule& rule) { return rule.chip == chip; });
  return found != kRules.end() ? found : nullptr;
}

}  // namespace

std::vector<VoltageCurrent> pairs_of(std::string_view chip) {
  std::vector<VoltageCurrent> pairs;
  if (const Rule* rule = rule_of(chip)) {
    for (const VoltageCurrent& pair : rule->pairs) {
      if (pair.voltage >= 0) pairs.push_back(pair);
    }
  }
  return pairs;
}

Converter converter_of(std::string_view chip) {
  const Rule* rule = rule_of(chip);
  return rule != nullptr ? rule->converter : Converter{};
}

}  // namespace joulebook
