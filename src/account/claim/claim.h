#pragma once
// A claim: a figure that somebody published, what it was computed from as far as that is known, and
// how it would be computed again. docs/formats/claim.md is the format. Plain values; thread-safe.
#include <joulebook/result.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "account/units/measure.h"

namespace joulebook::account {

struct ClaimInput {
  std::string name;
  std::optional<Measure> measure;  // of an amount, in the input's own dimension
  std::string text;                // of a name ("H100"), else empty
  std::string source;              // empty: the claim's own
  std::string assumed;             // why, where it was not stated by anybody
  int line = 0;
};

struct RecipeLine {
  std::string name, expression;
  int line = 0;
};

struct Claim {
  std::string id, text, who, when, source, note, figure;
  Measure value;
  std::string boundary = "not stated";
  std::string basis = "not stated";  // measured, estimated, provisioned, not stated
  std::vector<ClaimInput> inputs;
  std::vector<RecipeLine> recipe;  // `value` is the claim's
  std::string file;                // for messages

  [[nodiscard]] const ClaimInput* input(std::string_view name) const;
  [[nodiscard]] std::string text_of(std::string_view name) const;  // empty where there is none
};

// An input that rules and functions know by its name. Others may stand in a claim for its recipe alone.
struct KnownInput {
  std::string_view name;
  bool is_text = false;
  std::string_view unit;      // of amounts: the dimension it is kept in, "" for a plain number
  std::string_view choices;   // of texts: "measured|tdp"; empty: any
  double least = 0;           // of amounts, in base units; at least
  std::string_view meaning;
};
[[nodiscard]] std::span<const KnownInput> known_inputs();
[[nodiscard]] const KnownInput* known_input(std::string_view name);

// The known input that somebody means who writes `word`: what it is called elsewhere (throughput, country), or the nearest name.
[[nodiscard]] std::optional<std::string> input_like(std::string_view word);

inline constexpr std::string_view kBoundaries[] = {"gpu", "node", "server", "facility", "full stack", "life cycle",
                                                   "device", "not stated"};

// An input from its text ("1333 tokens", "H100"). Errors: input "claim.input" (negative, not finite, a choice that
// does not exist), those of Measure::parse, "unit.mismatch".
[[nodiscard]] Result<ClaimInput> claim_input(std::string_view name, std::string_view text);

// Reads a claim file. `file` stands in messages and, where the claim has no id, names it. Errors: input, each
// with the file and its line: "toml.syntax", "toml.unknown_key", "claim.missing", "claim.kind", "claim.input",
// "claim.boundary", and those of amounts.
[[nodiscard]] Result<Claim> parse_claim(std::string_view toml, std::string file);

// The claim as a file that parse_claim reads back.
[[nodiscard]] std::string to_toml(const Claim& claim);

}  // namespace joulebook::account
