#pragma once
// Whether a card says what its bundle holds: every digest, every row and every figure worked out anew.
// Offline; needs no sensor and no ledger. Pure but for the replay that it is given.
#include <joulebook/result.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace joulebook::card {

// What works figures out anew from raw samples (docs/formats/trace.md).
struct Replay {
  struct Window {
    std::int64_t begin_ns = 0;
    std::int64_t end_ns = 0;
  };
  // The report of a recorded run: a document of schema joulebook.run/1.
  std::function<Result<Json>(std::string_view trace)> run;
  // The energy of each window over the top-level domains, J: what the phases of trials are made of.
  std::function<Result<std::vector<Quantity>>(std::string_view trace, const std::vector<Window>& windows)> windows;
  // The members of a question's or a study's document that follow from its trials; null where another version made it.
  std::function<Result<Json>(const Json& document)> summary = {};
};

struct Fault {
  std::string part;  // "requests.jsonl", "card.json"; "bundle" where its structure is at fault
  std::string at;    // the row or figure: "line 3, fair", "subjects.0.energy.0.total.value"
  std::string what;

  bool operator==(const Fault&) const = default;
};

enum class Verdict { verified, failed, not_checkable };
[[nodiscard]] std::string_view to_string(Verdict verdict);

struct Verification {
  Verdict verdict = Verdict::verified;
  std::vector<Fault> faults;       // at most kMostFaults
  std::vector<std::string> notes;  // what was taken as stated, and what stands on rows alone
  std::int64_t figures = 0;        // of the card, worked out anew
  std::int64_t rows = 0;           // requests and trials
  std::int64_t windows = 0;        // settled windows of gateways
  std::int64_t records = 0;
  std::int64_t replayed = 0;  // records worked out anew from raw samples
  std::string card_sha256;    // of the card that was looked at

  // joulebook.card-check/1, whose `signature` is null: the caller's to ask.
  [[nodiscard]] Json json() const;
};

inline constexpr std::size_t kMostFaults = 50;
// Figures are compared to this relative difference: logarithms of two C libraries may differ in the last
// digit. Counts, texts and settled energies are compared exactly.
inline constexpr double kSameFigure = 1e-9;

// `published`: a card that must be the one in the bundle; empty: the bundle's own.
[[nodiscard]] Verification verify_bundle(std::string_view bundle, std::string_view published,
                                         const Replay& replay);
// A card without its bundle: not checkable, or failed where it is no card or contradicts itself.
[[nodiscard]] Verification verify_alone(std::string_view card);

// Where two documents differ, as paths with what was stated and what came out; at most `most`.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> differences(const Json& stated,
                                                                           const Json& again,
                                                                           std::size_t most);

}  // namespace joulebook::card
