#pragma once
// Pairs of measured rows that differ in one thing: does the explanation give it the difference, and
// is a predicted saving right where that change was measured? Pure; thread-safe.
//
// Two rows are a pair where source, task, model, precision, GPU, number of devices, layout and most
// sequences agree but for the one (more devices are laid out otherwise), the answers' lengths differ
// by less than a fifth and, unless the batch is what differs, the mean batches by less than a
// twentieth. Energies are per token, so that what lengths still differ does not count.
#include <joulebook/result.h>

#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "physics/explain/spec.h"

namespace joulebook::explain {

enum class PairKind { batch, gpu, devices, precision, shape };
inline constexpr std::size_t kPairKinds = 5;
[[nodiscard]] std::string_view to_string(PairKind kind);
[[nodiscard]] Factor factor_of(PairKind kind);

struct MeasuredRow {
  Figure figure;  // stated_j is there
  std::string source, task, model, gpu, layout, most;
  std::string fold;  // rows of one architecture share it
};
// Every row that has its energy. Errors: those of Columns::of.
[[nodiscard]] Result<std::vector<MeasuredRow>> measured_rows(std::string_view csv);

struct Pair {
  PairKind kind = PairKind::batch;
  const MeasuredRow* a = nullptr;
  const MeasuredRow* b = nullptr;
  double log_ratio = 0;  // measured
  double own = 0;        // of the factor that differs
  double rest = 0;
  std::array<double, kFactors> logs{};
};
[[nodiscard]] std::vector<Pair> pairs_of(const std::vector<MeasuredRow>& rows,
                                         const serving::ServingFit& fit);

struct PairLine {
  PairKind kind = PairKind::batch;
  std::size_t pairs = 0;
  std::size_t small = 0;      // of them with less than 5 % between them: no share is taken of nothing
  double own_share = 0;       // median share of the log ratio that the factor got
  double largest_other = 0;   // largest median of |share| among the other factors
  double rest_share = 0;      // median |share| of the rest
  double own_of_model = 0;    // median share of what the model says of the pair: own / (own + others)
  double median_error = 0;    // of the predicted ratio against the measured one, relative
  double p90_error = 0;
  double covered = 0;         // share inside their 80 % interval, its spread from other architectures
};

struct PairCheck {
  std::vector<PairLine> lines;  // one a kind; of a kind without pairs only `pairs` counts
  Spreads spreads{};
  std::size_t below_floor = 0;  // rows below their floor
  double least_above_floor = 0; // smallest measured / floor
  double median_above_floor = 0;
  std::size_t rows = 0;
};
[[nodiscard]] PairCheck check_pairs(const std::vector<MeasuredRow>& rows,
                                    const serving::ServingFit& fit);

[[nodiscard]] std::string to_text(const PairCheck& check);
[[nodiscard]] Json to_json(const PairCheck& check);

}  // namespace joulebook::explain
