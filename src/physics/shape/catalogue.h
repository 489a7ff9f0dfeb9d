#pragma once
// Published models by name: data/architectures.csv, built in. Parsed once, on first use;
// thread-safe from then on.
#include <optional>
#include <span>

#include "physics/shape/model_name.h"
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

// As find_model, with the precision that the name states. Where there is no row, a shape of the
// size that the name states, `synthesised`. Error: input "shape.unknown" with the nearest name where
// it states none.
[[nodiscard]] Result<ModelShape> shape_by_name(std::string_view name);

enum class SynthesisKind { dense, experts, hybrid };
// A plausible shape of that size, in billions of parameters; `synthesised` is set. The rule is in
// docs/physics-shapes.md: widths by the depth-to-width law of published models, GQA with 8 KV heads
// of 128; experts: 8 chosen of as many as the active share asks for. total and active parameters come
// out within 3 %. Error: input "shape.size" where the sizes make no sense.
[[nodiscard]] Result<ModelShape> synthesise(double total_b, double active_b, SynthesisKind kind);

}  // namespace joulebook::physics
