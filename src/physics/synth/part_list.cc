#include "physics/synth/part_list.h"

#include <cmath>

#include "gguf/random_blocks.h"

namespace joulebook::synth {
namespace {

constexpr std::uint32_t kF32 = 0, kF16 = 1;

std::uint64_t u64(std::int64_t n) { return static_cast<std::uint64_t>(n); }

double deviation_for(std::int64_t inputs) { return 1 / std::sqrt(static_cast<double>(inputs)); }

}  // namespace

SynthTensor& PartList::add(std::string name, std::uint32_t type, std::vector<std::uint64_t> shape) {
  SynthTensor tensor;
  tensor.spec = {std::move(name), type, std::move(shape)};
  return tensors_.emplace_back(std::move(tensor));
}

SynthTensor& PartList::matrix(std::string name, std::int64_t inputs, std::int64_t outputs) {
  auto& tensor = add(std::move(name), block_type_for_row(type_, u64(inputs)),
                     {u64(inputs), u64(outputs)});
  tensor.deviation = deviation_for(inputs);
  return tensor;
}

void PartList::linear(std::string_view name, std::int64_t inputs, std::int64_t outputs) {
  matrix(std::string(name) + ".weight", inputs, outputs);
  constant(std::string(name) + ".bias", outputs, 0);
}

SynthTensor& PartList::table(std::string name, std::int64_t row, std::int64_t rows,
                             double deviation) {
  auto& tensor = add(std::move(name), kF32, {u64(row), u64(rows)});
  tensor.deviation = deviation;
  return tensor;
}

SynthTensor& PartList::kernel(std::string name, std::vector<std::uint64_t> shape,
                              std::int64_t inputs) {
  auto& tensor = add(std::move(name), kF16, std::move(shape));
  tensor.deviation = deviation_for(inputs);
  return tensor;
}

SynthTensor& PartList::convolution(std::string_view name, const std::vector<std::int64_t>& window,
                                   std::int64_t inputs, std::int64_t outputs) {
  std::vector<std::uint64_t> shape;
  std::int64_t summed = inputs;
  for (const std::int64_t width : window) {
    shape.push_back(u64(width));
    summed *= width;
  }
  shape.insert(shape.end(), {u64(inputs), u64(outputs)});
  kernel(std::string(name) + ".weight", std::move(shape), summed);
  return constant(std::string(name) + ".bias", outputs, 0);
}

SynthTensor& PartList::constant(std::string name, std::int64_t n, double value) {
  auto& tensor = add(std::move(name), kF32, {u64(n)});
  tensor.fill = SynthTensor::Fill::constant;
  tensor.value = static_cast<float>(value);
  return tensor;
}

void PartList::norm(std::string_view name, std::int64_t n) {
  constant(std::string(name) + ".weight", n, 1);
  constant(std::string(name) + ".bias", n, 0);
}

}  // namespace joulebook::synth
