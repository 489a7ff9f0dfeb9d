#include "physics/synth/slices.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "gguf/random_blocks.h"

namespace joulebook::synth {
namespace {

using physics::ModelShape;

constexpr double kTimesCache = 3;           // what a cyclic reader no longer keeps any of
constexpr std::uint64_t kGrowth = 1 << 30;  // bytes by which slices differ, at most
constexpr std::int64_t kVocabularyShare = 8;

double number(std::int64_t n) { return static_cast<double>(n); }

class Planner {
 public:
  Planner(const ModelShape& shape, std::uint32_t type, const SliceLimits& limits)
      : shape_(shape), type_(type), limits_(limits) {}

  Result<std::vector<Slice>> plan() {
    const std::size_t groups = shape_.layers.size();
    Slice base{std::vector<std::int64_t>(groups, 0), shape_.vocabulary};
    base.counts.back() = 1;
    auto one = bytes(base);
    if (!one) return fail(one.error());
    base.counts.back() = base_layers(*one);
    std::vector<Slice> slices = {base};
    for (std::size_t g = 0; g < groups; ++g) {
      const auto larger = larger_slice(base, g);
      if (!larger) return fail(larger.error());
      slices.push_back(*larger);
    }
    slices.push_back(base);
    slices.back().vocabulary = std::max(kLeastVocabulary, shape_.vocabulary / kVocabularyShare);
    return slices;
  }

 private:
  // Of its weights. Fails where the engine would not take it, or there is no memory for it.
  Result<std::uint64_t> bytes(const Slice& slice) const {
    const ModelShape sliced = shape_of(shape_, slice);
    const auto architecture = architecture_of(sliced);
    if (!architecture) return fail(architecture.error());
    std::uint64_t sum = 0;
    for (const auto& tensor : synth_tensors(sliced, *architecture, type_)) {
      sum += gguf_padded(tensor.spec.bytes());
    }
    if (sum <= limits_.memory) return sum;
    return fail(ErrorKind::resource, "synth.memory",
                fmt::format("{} layers of {} take {:.1f} GB of memory and {:.1f} GB can be had",
                            slice.layers(), shape_.name, static_cast<double>(sum) * 1e-9,
                            static_cast<double>(limits_.memory) * 1e-9),
                "choose smaller weights (--weights q4_0), a smaller --vocab or another shape");
  }

  std::uint64_t layer_bytes(std::size_t group) const {
    Slice one{std::vector<std::int64_t>(shape_.layers.size(), 0), kLeastVocabulary};
    one.counts[group] = 1;
    std::uint64_t sum = 0;
    for (const auto& tensor :
         synth_tensors(shape_of(shape_, one), *architecture_of(shape_), type_)) {
      if (tensor.spec.name.starts_with("blk.")) sum += gguf_padded(tensor.spec.bytes());
    }
    return sum;
  }

  std::int64_t base_layers(std::uint64_t one) const {
    const std::int64_t all = shape_.layers.back().count;
    const double wanted =
        kTimesCache * static_cast<double>(limits_.cache) - static_cast<double>(one);
    const double each = static_cast<double>(layer_bytes(shape_.layers.size() - 1));
    const auto more = static_cast<std::int64_t>(std::ceil(std::max(0.0, wanted) / each));
    return std::clamp<std::int64_t>(1 + more, 1, std::max<std::int64_t>(1, all / 4));
  }

  Result<Slice> larger_slice(const Slice& base, std::size_t group) const {
    const std::int64_t here = base.counts[group];
    const auto fitting = static_cast<std::int64_t>(kGrowth / layer_bytes(group));
    const std::int64_t half = shape_.layers[group].count / 2 - here;
    std::int64_t more = std::clamp<std::int64_t>(fitting, 1, std::max<std::int64_t>(1, half));
    if (limits_.layers > 0) more = limits_.layers;
    for (;; --more) {
      Slice slice = base;
      slice.counts[group] += more;
      const auto size = bytes(slice);
      if (size) return slice;
      if (more == 1) return fail(size.error());
    }
  }

  const ModelShape& shape_;
  std::uint32_t type_;
  const SliceLimits& limits_;
};

}  // namespace

std::int64_t Slice::layers() const {
  return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
}

ModelShape shape_of(const ModelShape& shape, const Slice& slice) {
  ModelShape out = slice_of(shape, slice.counts);
  out.vocabulary = slice.vocabulary;
  return out;
}

Result<std::vector<Slice>> plan_slices(const ModelShape& shape, const SynthOptions& options,
                                       const SliceLimits& limits) {
  if (auto architecture = architecture_of(shape); !architecture) return fail(architecture.error());
  if (auto whole = synth_model(first_layers(shape, 1), options); !whole) return fail(whole.error());
  ModelShape wanted = shape;
  if (options.vocabulary != 0) wanted.vocabulary = options.vocabulary;
  return Planner(wanted, *random_block_type(options.weights), limits).plan();
}

std::vector<double> weights_of_whole(const ModelShape& shape, std::span<const Slice> slices) {
  std::vector<double> weights(slices.size(), 0);
  weights[0] = 1;
  for (std::size_t g = 0; g < shape.layers.size(); ++g) {
    const auto& larger = slices[g + 1];
    const double share = number(shape.layers[g].count - slices[0].counts[g]) /
                         number(larger.counts[g] - slices[0].counts[g]);
    weights[g + 1] += share;
    weights[0] -= share;
  }
  return weights;
}

Parts extrapolate(const ModelShape& shape, std::span<const Slice> slices,
                  std::span<const double> measured) {
  Parts parts;
  for (std::size_t g = 0; g < shape.layers.size(); ++g) {
    const double more = number(slices[g + 1].counts[g] - slices[0].counts[g]);
    parts.layer.push_back((measured[g + 1] - measured[0]) / more);
    parts.layers += number(shape.layers[g].count) * parts.layer.back();
  }
  const double rows = number(slices[0].vocabulary - slices.back().vocabulary);
  if (rows > 0) {
    const double each = std::max(0.0, (measured[0] - measured.back()) / rows);
    parts.head = each * number(slices[0].vocabulary);
  }
  const auto weights = weights_of_whole(shape, slices);
  for (std::size_t i = 0; i < slices.size(); ++i) parts.whole += weights[i] * measured[i];
  parts.rest = parts.whole - parts.layers - parts.head;
  return parts;
}

Status plausible(const Parts& parts, std::string_view what) {
  if (parts.whole > 0 && parts.layers > 0) return {};
  return fail(ErrorKind::no_reading, "synth.unsteady",
              fmt::format("the slices' times scatter so much that {} of the whole would take {:.3g} s, its "
                          "layers {:.3g} s",
                          what, parts.whole, parts.layers),
              "measure on a machine that does nothing else, with more --rounds or a larger --slice");
}

}  // namespace joulebook::synth
