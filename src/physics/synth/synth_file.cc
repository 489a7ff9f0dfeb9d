#include "physics/synth/synth_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "core/file_tree.h"
#include "engine/machine_limits.h"
#include "physics/shape/counts.h"
#include "physics/synth/weight_file.h"

namespace joulebook::synth {
namespace {

namespace fs = std::filesystem;
using physics::ModelShape;

constexpr double kCachedTokens = 2048;
constexpr double kWorkBytes = 256e6;

double gigabytes(std::uint64_t bytes) { return static_cast<double>(bytes) * 1e-9; }

std::string header_of(const SynthModel& model) {
  std::vector<GgufTensorSpec> specs;
  for (const auto& tensor : model.tensors) specs.push_back(tensor.spec);
  return gguf_header(model.metadata, specs);
}

// The type of most bytes: the one that was asked for.
std::uint32_t main_type(const SynthModel& model) {
  const auto largest =
      std::ranges::max_element(model.tensors, {}, [](const auto& t) { return t.spec.bytes(); });
  return largest->spec.type;
}

std::uint64_t memory_for(const ModelShape& shape, std::uint64_t weights) {
  ModelShape cached = shape;
  cached.precision.kv = 16;
  return weights +
         static_cast<std::uint64_t>(physics::kv_bytes_held(cached, kCachedTokens) + kWorkBytes);
}

using Need = std::function<std::uint64_t(const ModelShape&, std::uint64_t weights)>;

// The most layers that need `have` bytes at most; 0: not even one.
std::int64_t most_layers(const SynthModel& model, std::uint64_t have, const Need& need) {
  const std::uint32_t type = main_type(model);
  for (std::int64_t n = model.shape.layer_count() - 1; n > 0; --n) {
    const ModelShape shape = first_layers(model.shape, n);
    std::uint64_t weights = 0;
    for (const auto& t : synth_tensors(shape, model.architecture, type)) {
      weights += gguf_padded(t.spec.bytes());
    }
    if (need(shape, weights) <= have) return n;
  }
  return 0;
}

Status within(const SynthModel& model, std::string code, std::string_view of,
              const std::optional<std::uint64_t>& have, const Need& need) {
  const std::uint64_t needed = need(model.shape, model.data_bytes());
  if (!have || needed <= *have) return {};
  const std::int64_t n = most_layers(model, *have, need);
  return fail(
      ErrorKind::resource, std::move(code),
      fmt::format("{} with {} layers needs {:.1f} GB of {} and {:.1f} GB can be had",
                  model.shape.name, model.shape.layer_count(), gigabytes(needed), of,
                  gigabytes(*have)),
      n > 0 ? fmt::format("--layers {} would fit; or choose smaller weights (--weights q4_0)", n)
            : "choose smaller weights (--weights q4_0), a smaller --vocab or another shape");
}

}  // namespace

Room room_here(const std::string& path) {
  Room room;
  const fs::path folder = fs::path(path).has_parent_path() ? fs::path(path).parent_path() : ".";
  std::error_code ec;
  const fs::space_info space = fs::space(folder, ec);
  if (!ec) room.disk = space.available;
  room.memory = available_memory(*real_files());
  return room;
}

Status fits(const SynthModel& model, const Room& room) {
  const std::uint64_t header = header_of(model).size();
  const auto on_disk = [&](const ModelShape&, std::uint64_t weights) { return header + weights; };
  if (auto ok = within(model, "synth.disk", "disk", room.disk, on_disk); !ok) return ok;
  return within(model, "synth.memory", "memory", room.memory, memory_for);
}

Result<std::uint64_t> write_synth(const SynthModel& model, std::uint64_t seed,
                                  const std::string& path,
                                  const std::function<bool(std::uint64_t)>& progress) {
  return write_weights({header_of(model), model.tensors, {}}, seed, path, progress);
}

}  // namespace joulebook::synth
