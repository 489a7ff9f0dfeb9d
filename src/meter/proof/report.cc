#include <fmt/format.h>

#include "meter/proof/cells.h"

namespace joulebook::proof {
namespace {

std::string percent(const Mean& mean) {
  return mean.count > 0 ? fmt::format("{:.3g}", 100 * mean.value()) : "no reading";
}

std::string coverage(const Cell& cell) {
  const auto judged = cell.cases - cell.absent;
  return fmt::format("{:.2f}",
                     judged > 0 ? 100 * static_cast<double>(cell.held) / static_cast<double>(judged) : 0);
}

std::string line(const std::string& label, const Cell& cell) {
  const std::string known =
      cell.known_updates.count > 0 ? fmt::format("{:.2f}", cell.ratio_to_known()) : "";
  return fmt::format("| {} | {} | {} | {} | {} | {:.2f} | {} | {} | {} | {} | {} |\n", label,
                     cell.cases, cell.absent, coverage(cell), percent(cell.width), cell.ratio(),
                     known, percent(cell.error), percent(cell.naive), percent(cell.zeus),
                     percent(cell.code_carbon));
}

std::string head(const char* first) {
  return fmt::format(
      "| {} | cases | no figure | held, % | width | width / tightest | / known updates | error | "
      "naive | Zeus | CodeCarbon |\n|---|---|---|---|---|---|---|---|---|---|---|\n",
      first);
}

}  // namespace

std::string report(Proof& proof) {
  std::string kinds = head("sensor");
  std::string cells = head("cell");
  for (int kind = 0; kind < kKinds; ++kind) {
    Cell all;
    for (int wave = 0; wave < kWaves; ++wave) {
      for (int length = 0; length < kLengths; ++length) {
        const Cell& cell = proof.at(kind, wave, length);
        all.add(cell);
        cells += line(fmt::format("{}, {}, {} ticks", name(static_cast<Kind>(kind)),
                                  name(static_cast<Wave>(wave)), kLength[length]),
                      cell);
      }
    }
    kinds += line(std::string(name(static_cast<Kind>(kind))), all);
  }
  return "## By sensor\n\n" + kinds + "\n## By cell\n\n" + cells;
}

}  // namespace joulebook::proof
