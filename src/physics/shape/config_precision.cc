// How many bits a config.json says its weights have.
#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "physics/shape/config_layers.h"

namespace joulebook::physics {
namespace {

struct Stored {
  double bits = 16;
  bool experts_only = false;
};

// A 16-bit scale and a zero point of the weights' own width for each group: AWQ and GPTQ.
double grouped(double bits, double group) { return group > 0 ? bits + (16 + bits) / group : bits; }

Stored compressed_tensors(ConfigReader& c) {
  const auto& groups = c.at("quantization_config.config_groups").members();
  if (groups.empty()) return {};
  const Json& weights = groups.front().second["weights"];
  const double bits = weights["num_bits"].as_double(16);
  return {bits >= 8 ? bits : bits + 16 / std::max(1.0, weights["group_size"].as_double(128)), false};
}

Stored stored_by(ConfigReader& c, const std::string& method) {
  const auto bits = [&] {
    return static_cast<double>(c.need({"quantization_config.bits", "quantization_config.w_bit"}));
  };
  const auto group = [&] {
    const Json& size = c.at("quantization_config.group_size");
    return size.as_double(c.at("quantization_config.q_group_size").as_double(128));
  };
  if (method == "fp8" || method == "fbgemm_fp8") return {8, false};
  if (method == "awq" || method == "gptq" || method == "auto-round") {
    return {grouped(bits(), group()), false};
  }
  if (method == "mxfp4") return {4.25, true};
  if (method == "bitsandbytes") {  // NF4: a 32-bit scale for 64 weights
    return {c.flag({"quantization_config.load_in_4bit"}) ? 4.5 : 8, false};
  }
  if (method == "compressed-tensors") return compressed_tensors(c);
  if (method == "modelopt") {
    const auto algorithm = lower(c.text({"quantization_config.quant_algo"}));
    return {algorithm.find("fp4") != std::string::npos ? 4.5 : 8, false};
  }
  c.refuse("shape.precision", fmt::format("the bits of quant_method '{}' aren't known", method),
           "known are fp8, fbgemm_fp8, awq, gptq, auto-round, mxfp4, bitsandbytes, "
           "compressed-tensors and modelopt; or take quantization_config out and give --weights");
  return {};
}

// Whether a part is on the list of what was left as it was.
bool is_left_out(const ConfigReader& c, std::string_view part) {
  for (const auto* key : {"quantization_config.modules_to_not_convert", "quantization_config.ignore",
                          "quantization_config.ignored_layers"}) {
    for (const Json& item : c.at(key).items()) {
      if (item.as_string().find(part) != std::string_view::npos) return true;
    }
  }
  return false;
}

}  // namespace

Precision config_precision(ConfigReader& c) {
  Precision p;
  const auto type = c.text({"torch_dtype", "dtype"});
  if (type == "float32" || type == "torch.float32") p = Precision::uniform(32);
  if (!c.at("quantization_config").is_object()) return p;
  const std::string method = lower(c.text({"quantization_config.quant_method"}));
  const Stored stored = stored_by(c, method);
  p.experts = stored.bits;
  if (stored.experts_only) return p;
  p.feed_forward = stored.bits;
  if (!is_left_out(c, "self_attn") && !is_left_out(c, "mixer")) p.mixer = stored.bits;
  const Json& kv = c.at("quantization_config.kv_cache_scheme")["num_bits"];
  if (kv.is_number()) p.kv = kv.as_double(16);
  return p;
}

}  // namespace joulebook::physics
