#include "attribution/engines.h"

#include <algorithm>

namespace joulebook::attribution {

Engines::Engines(const Options& options) : options_(options) {
  for (std::uint32_t u = 0; u < options.models.size() && u < kMostUpstreams; ++u) {
    if (options.models[u]) shapes_[u] = &*options.models[u];
  }
  for (const auto& named : options.named) {
    const std::uint32_t engine = add(named.upstream, named.name);
    if (engine != named.upstream) shapes_[engine] = &named.model;
  }
}

std::uint32_t Engines::add(std::uint32_t upstream, const std::string& name) {
  std::uint32_t& count = count_[upstream];
  if (count >= kMostModels) return upstream;
  return engines_.try_emplace({upstream, name}, upstream | (++count << 16U)).first->second;
}

std::uint32_t Engines::of(const Arrived& arrived) {
  const std::uint32_t upstream = std::min(arrived.upstream, kMostUpstreams);
  const auto known = engines_.find({upstream, arrived.model});
  if (known != engines_.end()) return known->second;
  return options_.routers.contains(upstream) ? add(upstream, arrived.model) : upstream;
}

const ServedModel* Engines::model(std::uint32_t engine) const {
  const auto own = shapes_.find(engine);
  const auto first = own == shapes_.end() ? shapes_.find(upstream_of(engine)) : own;
  return first == shapes_.end() ? nullptr : first->second;
}

}  // namespace joulebook::attribution
