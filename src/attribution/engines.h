#pragma once
// What shares its steps: an engine. An upstream is one, but where it runs several models side by side (a router,
// as Ollama or llama-swap): there each of them is, with the prices of its own shape and a batch of its own.
// Not thread-safe.
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "attribution/attributor.h"

namespace joulebook::attribution {

// The upstream that an engine is on. Its first engine has its number.
[[nodiscard]] constexpr std::uint32_t upstream_of(std::uint32_t engine) { return engine & 0xFFFFU; }

class Engines {
 public:
  static constexpr std::uint32_t kMostUpstreams = 1024;
  static constexpr std::uint32_t kMostModels = 63;  // told apart on an upstream: clients choose names

  // `options` outlives it.
  explicit Engines(const Options& options);
  // The engine that a request is for. Names beyond kMostModels, and such as are not told apart, are the
  // upstream's first.
  [[nodiscard]] std::uint32_t of(const Arrived& arrived);
  // What it computes with; null: not known.
  [[nodiscard]] const ServedModel* model(std::uint32_t engine) const;
  // Engines whose shapes are known, with them.
  [[nodiscard]] const std::map<std::uint32_t, const ServedModel*>& known() const { return shapes_; }

 private:
  std::uint32_t add(std::uint32_t upstream, const std::string& name);

  const Options& options_;
  std::map<std::pair<std::uint32_t, std::string>, std::uint32_t> engines_;  // by upstream and name
  std::map<std::uint32_t, std::uint32_t> count_;                            // by upstream
  std::map<std::uint32_t, const ServedModel*> shapes_;
};

}  // namespace joulebook::attribution
