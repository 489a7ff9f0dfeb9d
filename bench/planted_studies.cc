// Prints how often the intervals of planted studies hold, as the table of docs/statistics.md.
// Usage: planted_studies [RUNS] [SEED]
#include <fmt/format.h>

#include <cstdio>
#include <string>

#include "core/text.h"
#include "fakes/planted_study.h"
#include "study/rng.h"

namespace {

using namespace joulebook;
using namespace joulebook::fakes;

struct Setting {
  std::string name;
  PlantedNoise noise;
  StoppingSpec stopping;
};

StoppingSpec stopping(int least, int most, double target) { return {least, most, target, 1e9}; }

std::vector<Setting> settings() {
  PlantedNoise usual;
  PlantedNoise heavy = usual;
  heavy.length = 1.0;
  PlantedNoise quiet = usual;
  quiet.tokens = 0.05;
  quiet.meter = 0.01;
  PlantedNoise varied = usual;
  varied.twins = false;
  varied.price = 0.1;
  return {{"usual, target 4 %", usual, stopping(2, 10, 0.04)},
          {"usual, target 6 %: often at the first look", usual, stopping(2, 10, 0.06)},
          {"usual, never narrow enough", usual, stopping(2, 5, 0.001)},
          {"a few very long answers, target 5 %", heavy, stopping(2, 10, 0.05)},
          {"little noise, target 2 %", quiet, stopping(2, 10, 0.02)},
          {"equal only on average, target 4 %", varied, stopping(2, 10, 0.04)}};
}

void print_row(const Setting& setting, const PlantedTruth& truth, const Coverage& c) {
  const auto percent = [&](int n) { return 100 * c.share(n); };
  fmt::print(
      "| {} | {} | {:.1f} | {:.1f} | {:.1f} | {:.1f} | {:.1f} | {:.1f} | {:.1f} | {:.1f} | "
      "{:.1f} |\n",
      setting.name, truth.name, c.rounds / c.runs, percent(c.these[0]), percent(c.these[1]),
      percent(c.these[2]), percent(c.alike[0]), percent(c.alike[1]), percent(c.alike[2]),
      percent(c.right), percent(c.truthful));
}

}  // namespace

int main(int argc, char** argv) {
  const auto number = [&](int i, std::int64_t fallback) {
    return argc > i ? parse_int(argv[i]).value_or(fallback) : fallback;
  };
  const int runs = static_cast<int>(number(1, 1000));
  const auto seed = static_cast<std::uint64_t>(number(2, 1));
  fmt::print("{} runs a row, seed {}; shares in per cent\n\n", runs, seed);
  fmt::print(
      "| setting | planted | rounds | these: energy | longer | dearer | alike: energy | "
      "longer | dearer | sentence right | nothing false |\n");
  fmt::print("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n");
  std::uint64_t stream = seed;  // every row has seeds of its own
  for (const auto& setting : settings()) {
    for (const auto& truth : planted_truths()) {
      const std::uint64_t row = splitmix64(stream);
      print_row(setting, truth, cover(truth, setting.noise, setting.stopping, runs, row));
      std::fflush(stdout);
    }
  }
  return 0;
}
