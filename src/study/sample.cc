#include "study/sample.h"

#include <algorithm>
#include <map>
#include <span>

#include "study/rng.h"

namespace joulebook {

std::vector<Prompt> stratified(std::vector<Prompt> prompts, std::uint64_t seed) {
  std::map<std::string, std::vector<std::size_t>> kinds;
  for (std::size_t i = 0; i < prompts.size(); ++i) kinds[prompts[i].kind].push_back(i);
  Rng random(seed, 0);
  struct Place {
    double at;        // in [0, 1): the middle of the prompt's part of its kind
    double tie;
    std::size_t index;
  };
  std::vector<Place> places;
  for (auto& [kind, members] : kinds) {
    random.shuffle(std::span(members));
    const double size = static_cast<double>(members.size());
    for (std::size_t n = 0; n < members.size(); ++n) {
      places.push_back({(static_cast<double>(n) + 0.5) / size, random.uniform(), members[n]});
    }
  }
  std::ranges::sort(places, [](const Place& a, const Place& b) {
    return a.at != b.at ? a.at < b.at : a.tie < b.tie;
  });
  std::vector<Prompt> out;
  out.reserve(prompts.size());
  for (const Place& place : places) out.push_back(std::move(prompts[place.index]));
  return out;
}

}  // namespace joulebook
