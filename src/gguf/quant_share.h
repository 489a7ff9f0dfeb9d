#pragma once
#include <cstdint>
#include <string>

namespace joulebook {

// One tensor type's share of a model file.
struct QuantShare {
  std::string type;  // "Q4_1", "F32"
  std::int64_t tensors = 0;
  std::int64_t parameters = 0;
  std::int64_t bytes = 0;
};

}  // namespace joulebook
