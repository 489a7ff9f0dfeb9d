#pragma once
// Published models by name: data/architectures.csv, built in. Parsed once, on first use;
// thread-safe from then on.
#include <optional>
#include <span>

#include "physics/shape/model_shape.h"

namespace joulebook::physics {

struct CatalogueModel {
  ModelShape shape;                  // `name` and `source` are the row's
  std::vector<std::string> aliases;  // other names, normalised
  std::string architecture;          // the same word for rows of the same layers and widths
  std::string note;
};

[[nodiscard]] std::span<const CatalogueModel> model_catalogue();
// Reads such a file. Error: input "shape.catalogue", naming the line.
[[nodiscard]] Result<std::vector<CatalogueModel>> parse_model_catalogue(std::string_view csv);

// The row that a name means: any case, with or without its owner ("Qwen/"), tuning ("-Instruct",
// "-Thinking-2507"), precision ("-FP8", "-AWQ") or file ending. A distilled model's is its
// student's. Null where there is none.
[[nodiscard]] const CatalogueModel* find_model(std::string_view name);

// As find_model, with the precision that the name states. Error: input "shape.unknown" with the
// nearest names.
[[nodiscard]] Result<ModelShape> shape_by_name(std::string_view name);

// Bits of a weight that a name states ("-FP8", "-AWQ", "-MXFP4", "Q4_K_M"); nothing where it says nothing.
[[nodiscard]] std::optional<double> bits_in_name(std::string_view name);
// Billions of parameters that a name states: "Qwen3-30B-A3B" 30 and 3; "Mixtral-8x7B" 8 x 7 (less
// what experts share: 47 and 13); "gemma-2b" 2 and 2. Nothing where it says nothing.
struct StatedSize {
  double total_b = 0;
  double active_b = 0;
};
[[nodiscard]] std::optional<StatedSize> size_in_name(std::string_view name);

enum class SynthesisKind { dense, experts, hybrid };
// A plausible shape of that size, in billions of parameters; `synthesised` is set. The rule is in
// docs/physics-shapes.md: widths by the depth-to-width law of published models, GQA with 8 KV heads
// of 128, a feed-forward of 3.5 hidden; experts: 128 of which 8. total and active parameters come
// out within 3 %. Error: input "shape.size" where the sizes make no sense.
[[nodiscard]] Result<ModelShape> synthesise(double total_b, double active_b, SynthesisKind kind);

// "qwen/Qwen3-8B-FP8" -> "qwen3-8b": what aliases are compared as.
[[nodiscard]] std::string normal_model_name(std::string_view name);

}  // namespace joulebook::physics
