// Every interval holds, in every cell of sensor kind, waveform and window length, and is narrow.
//
// JOULEBOOK_PROOF_CASES sets the cases a cell (667: 100,050 in all), JOULEBOOK_PROOF_SEED the seed,
// JOULEBOOK_PROOF_REPORT names a file for the tables (bench/bounds).
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "meter/proof/cells.h"
#include "meter/proof/oracle.h"

namespace joulebook::proof {
namespace {

int number(const char* variable, int otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::atoi(text) : otherwise;
}

void expect_cell(const Cell& cell, const std::string& what, bool always) {
  const std::int64_t judged = cell.cases - cell.absent;
  const std::int64_t missed = judged - cell.held;
  EXPECT_LT(missed, always ? 1 : too_many_misses(judged)) << what << ": of " << judged;
  EXPECT_LE(cell.absent * 100, cell.cases) << what << ": too often no figure";
}

TEST(Bounds, HoldInEveryCellAndAreNarrow) {
  Proof proof = prove(number("JOULEBOOK_PROOF_CASES", 667),
                      static_cast<std::uint64_t>(number("JOULEBOOK_PROOF_SEED", 1)));
  const std::string tables = report(proof);
  fmt::print("{}\n", tables);
  if (const char* path = std::getenv("JOULEBOOK_PROOF_REPORT")) {
    std::FILE* file = std::fopen(path, "w");
    ASSERT_NE(file, nullptr);
    std::fputs(tables.c_str(), file);
    std::fclose(file);
  }
  for (int kind = 0; kind < kKinds; ++kind) {
    for (int wave = 0; wave < kWaves; ++wave) {
      for (int length = 0; length < kLengths; ++length) {
        const Cell& cell = proof.at(kind, wave, length);
        const std::string what = fmt::format("{}, {}, {} ticks", name(static_cast<Kind>(kind)),
                                             name(static_cast<Wave>(wave)), kLength[length]);
        expect_cell(cell, what, kind == static_cast<int>(Kind::ideal_counter));
        EXPECT_LE(cell.ratio(), 1.2) << what;
      }
    }
  }
}

// A proof that cannot fail proves nothing: a tenth of the tightest set is seen to miss.
TEST(Bounds, TheTestSeesABoundThatIsTooTight) {
  EXPECT_EQ(too_many_misses(100), 16);
  EXPECT_GT(too_many_misses(667), 50);
  EXPECT_LT(too_many_misses(667), 65);
  Plant plant;
  int missed = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    plant.make(Kind::ideal_counter, Wave::steps, 1, seed);
    Interval tight = tightest_of_counter(plant);
    tight = {tight.lo + 0.45 * tight.width(), tight.lo + 0.55 * tight.width()};
    missed += tight.contains(plant.truth()) ? 0 : 1;
  }
  EXPECT_GE(missed, too_many_misses(200));
}

}  // namespace
}  // namespace joulebook::proof
