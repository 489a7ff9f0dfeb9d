#include "physics/shape/config_shape.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "physics/shape/config_layers.h"

namespace joulebook::physics {
namespace {

constexpr std::int64_t kMaxLayers = 4096;

// The part that writes the text: of a model that also sees or hears it is nested.
const Json& language_model(const Json& whole) {
  for (const auto* part : {"text_config", "llm_config", "language_config"}) {
    if (whole[part].is_object()) return whole[part];
  }
  const Json& thinker = whole["thinker_config"];
  return thinker.is_object() ? language_model(thinker) : whole;
}

// model_type, or what it is in files that were written without one.
std::string type_of(const Json& model) {
  if (model["model_type"].is_string()) return std::string(model["model_type"].as_string());
  std::string first(model["architectures"].at(0).as_string());
  for (const std::string_view end : {"ForCausalLM", "LMHeadModel", "ForConditionalGeneration", "Model"}) {
    if (first.ends_with(end)) first.resize(first.size() - end.size());
  }
  return lower(first);
}

std::string valid(std::string_view text) { return valid_utf8(text.substr(0, 200)); }

tl::unexpected<Error> unknown(const Json& model, const std::string& type, std::string_view name) {
  std::vector<std::string> known;
  for (const auto t : known_model_types()) known.emplace_back(t);
  if (type.empty()) {
    return fail(ErrorKind::input, "shape.architecture",
                fmt::format("{} has neither model_type nor architectures", name),
                "name the config.json of a model (not of a tokenizer or a generation)");
  }
  const auto near = nearest(type, known);
  std::string missing = "what mixes tokens and which layers differ";
  if (!model["hidden_size"].is_null()) missing = "which norms, biases, windows and experts a layer has";
  return fail(ErrorKind::input, "shape.architecture",
              fmt::format("architecture '{}' isn't known: its config.json doesn't say {}",
                          valid(type), missing),
              fmt::format("{}give the model's GGUF file, or a name of the catalogue (predict --all)",
                          near ? fmt::format("set model_type to {} if its layers are alike, or ", *near)
                               : ""));
}

// Products of the tower's layers, patches and norms left out: where the file states its widths.
void add_tower(const Json& part, const char* name, ModelShape& shape) {
  if (!part.is_object()) return;
  ConfigReader c(part);
  Tower tower;
  tower.name = name;
  tower.layers = c.number({"num_hidden_layers", "depth", "encoder_layers", "layers"}).value_or(0);
  tower.hidden = c.number({"hidden_size", "embed_dim", "d_model", "width"}).value_or(0);
  tower.ffn = c.number({"intermediate_size", "encoder_ffn_dim"}).value_or(4 * tower.hidden);
  constexpr std::int64_t kMost = 1 << 17;
  if (c.failed() || tower.layers > kMaxLayers || tower.hidden > kMost || tower.ffn > kMost) {
    tower.layers = tower.hidden = tower.ffn = 0;
  }
  tower.parameters = tower.layers * (4 * tower.hidden * tower.hidden + 2 * tower.hidden * tower.ffn);
  shape.towers.push_back(std::move(tower));
}

void add_towers(const Json& whole, ModelShape& shape) {
  const Json& holder = whole["thinker_config"].is_object() ? whole["thinker_config"] : whole;
  add_tower(holder["vision_config"], "vision", shape);
  add_tower(holder["audio_config"], "audio", shape);
}

void read_ends(ConfigReader& c, const ConfigTraits& traits, const Json& whole, ModelShape& shape) {
  shape.hidden = c.need({"hidden_size", "n_embd", "d_model", "dim"});
  shape.vocabulary = c.need({"vocab_size"});
  const auto width = c.number({"word_embed_proj_dim", "embedding_size"});
  if (width && *width != shape.hidden) shape.embedding_width = *width;
  const Json& tied = whole["tie_word_embeddings"];
  shape.tied = c.flag({"tie_word_embeddings"}, tied.as_bool(traits.with(kTied)));
  const auto context = c.number(
      {"max_position_embeddings", "n_positions", "n_ctx", "max_seq_len", "max_sequence_length"});
  shape.trained_context = context.value_or(0);
  if (!traits.with(kPositions)) return;
  const auto types = c.number({"type_vocab_size"}).value_or(0);
  constexpr std::int64_t kOptOffset = 2;
  shape.positions = context.value_or(0) + types + (traits.type == "opt" ? kOptOffset : 0);
}

void read_layers(const ConfigLayers& layers, const Json& whole, ModelShape& shape) {
  switch (layers.traits.family) {
    case ConfigFamily::t5:
      config_t5_layers(layers, shape);
      break;
    case ConfigFamily::bert:
      shape.kind = ModelKind::encoder;
      shape.has_head = whole["architectures"].at(0).as_string().find("MaskedLM") != std::string_view::npos;
      config_decoder_layers(layers, shape);
      break;
    case ConfigFamily::decoder:
      config_decoder_layers(layers, shape);
      break;
    default:
      config_recurrent_layers(layers, shape);
  }
}

}  // namespace

Result<ModelShape> shape_from_config(std::string_view text, std::string_view name) {
  const auto whole = parse_json(text);
  if (!whole) return fail(whole.error());
  const Json& model = language_model(*whole);
  const std::string type = type_of(model);
  const auto traits = config_traits(type);
  if (!traits) return unknown(model, type, name);
  ModelShape shape;
  const auto stated = (*whole)["_name_or_path"].as_string();
  const bool usable = !stated.empty() && stated[0] != '/' && stated[0] != '.';
  shape.name = usable ? valid(stated) : std::string(name);
  shape.source = fmt::format("config.json {}", name);
  ConfigReader c(model);
  read_ends(c, *traits, *whole, shape);
  const auto layers = c.need({"num_hidden_layers", "n_layer", "n_layers", "num_layers"});
  if (layers < 1 || layers > kMaxLayers) {
    c.refuse("shape.contradiction", fmt::format("{} layers", layers),
             fmt::format("give num_hidden_layers from 1 to {}", kMaxLayers));
  }
  if (!c.failed()) read_layers({c, *traits, shape.hidden, layers}, *whole, shape);
  ConfigReader stored((*whole)["quantization_config"].is_object() ? *whole : model);
  shape.precision = config_precision(stored);
  for (const auto& done : {c.done(), stored.done()}) {
    if (!done) return fail(done.error());
  }
  add_towers(*whole, shape);
  if (auto sound = validate(shape); !sound) return fail(sound.error());
  return shape;
}

}  // namespace joulebook::physics
