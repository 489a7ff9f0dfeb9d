#include "physics/shape/catalogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>

#include "core/text.h"
#include "physics/shape/catalogue_row.h"
#include "physics/shape/counts.h"

namespace joulebook {
std::string_view architectures_csv();  // the embedded file
}  // namespace joulebook

namespace joulebook::physics {
namespace {

constexpr double kSizeTolerance = 0.35;  // "7b" is printed on 6.1 as well as on 8.5

// The longest first, so that the first hit says most.
using Aliases = std::multimap<std::string, const CatalogueModel*, std::less<>>;

const Aliases& aliases() {
  static const Aliases all = [] {
    Aliases map;
    for (const auto& model : model_catalogue()) {
      for (const auto& alias : model.aliases) map.emplace(alias, &model);
    }
    return map;
  }();
  return all;
}

// Whether the words of `part` stand in `name` one after the other.
bool has_words(std::string_view name, std::string_view part) {
  for (std::size_t at = name.find(part); at != std::string_view::npos;
       at = name.find(part, at + 1)) {
    const std::size_t end = at + part.size();
    const bool begins = at == 0 || name[at - 1] == '-';
    if (begins && (end == name.size() || name[end] == '-')) return true;
  }
  return false;
}

// A name that states another size is another model, whatever else it says.
bool sizes_agree(const CatalogueModel& model, const std::optional<StatedSize>& stated) {
  if (!stated) return true;
  const Parameters n = count_parameters(model.shape);
  const auto close = [&](std::int64_t parameters) {
    return std::abs(std::log(static_cast<double>(parameters) * 1e-9 / stated->total_b)) <
           kSizeTolerance;
  };
  return close(n.total()) || close(n.total() + n.towers);
}

void set_precision(ModelShape& shape, std::string_view name) {
  const auto bits = bits_in_name(name);
  if (!bits) return;
  auto& p = shape.precision;
  // Released at 4 bits already: a name that says so adds nothing about attention.
  if (*bits < 8 && p.experts < 8) return;
  p.mixer = p.feed_forward = p.experts = *bits;
}

// "llama3.1-8b" and "llama-3.1-8b", "qwen-2.5-7b" and "qwen2.5-7b": where the family meets its number,
// people write a dash or none.
std::string spelt_otherwise(const std::string& words) {
  const auto is = [&](std::size_t i, int (*kind)(int)) { return kind(static_cast<unsigned char>(words[i])) != 0; };
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (!is(i, std::isdigit)) continue;
    if (is(i - 1, std::isalpha)) return words.substr(0, i) + '-' + words.substr(i);
    if (i > 1 && words[i - 1] == '-' && is(i - 2, std::isalpha)) return words.substr(0, i - 1) + words.substr(i);
  }
  return words;
}

const CatalogueModel* find_by_words(const std::string& words, const std::optional<StatedSize>& stated) {
  if (const auto at = aliases().find(words); at != aliases().end()) return at->second;
  const CatalogueModel* best = nullptr;
  std::size_t longest = 0;
  for (const auto& [alias, model] : aliases()) {
    if (alias.size() <= longest || !has_words(words, alias)) continue;
    if (!sizes_agree(*model, stated)) continue;
    best = model;
    longest = alias.size();
  }
  return best;
}

}  // namespace

Result<std::vector<CatalogueModel>> parse_model_catalogue(std::string_view csv) {
  const auto table = CsvTable::parse(csv, "shape.catalogue",
                                     {"model", "source", "layers", "hidden", "n_heads", "vocab",
                                      "tied_embeddings", "ffn_matrices"});
  if (!table) return fail(table.error());
  std::vector<CatalogueModel> models;
  for (std::size_t i = 0; i < table->size(); ++i) {
    auto model = read_catalogue_row(table->row(i));
    if (!model) return fail(model.error());
    models.push_back(std::move(*model));
  }
  return models;
}

std::span<const CatalogueModel> model_catalogue() {
  static const std::vector<CatalogueModel> models = [] {
    auto read = parse_model_catalogue(architectures_csv());
    return read ? std::move(*read) : std::vector<CatalogueModel>{};  // a test reads it
  }();
  return models;
}

const CatalogueModel* find_model(std::string_view name) {
  const std::string words = normal_model_name(name);
  const auto stated = size_in_name(name);
  const CatalogueModel* found = find_by_words(words, stated);
  return found != nullptr ? found : find_by_words(spelt_otherwise(words), stated);
}

Result<ModelShape> shape_by_name(std::string_view name) {
  if (const CatalogueModel* model = find_model(name)) {
    ModelShape shape = model->shape;
    set_precision(shape, name);
    return shape;
  }
  std::vector<std::string> names;
  for (const auto& [alias, model] : aliases()) names.push_back(alias);
  const auto close = nearest(normal_model_name(name), names);
  const auto size = size_in_name(name);
  if (size && !close) {
    const bool dense = size->active_b > 0.9 * size->total_b;
    auto shape = synthesise(size->total_b, size->active_b,
                            dense ? SynthesisKind::dense : SynthesisKind::experts);
    if (shape) set_precision(*shape, name);
    return shape;
  }
  return fail(ErrorKind::input, "shape.unknown", fmt::format("no model {} is known", name),
              fmt::format("{}name its config.json or GGUF file{}",
                          close ? fmt::format("did you mean {}? Else ", *close) : "",
                          size ? "" : ", or a size as in \"8B\""));
}

}  // namespace joulebook::physics
