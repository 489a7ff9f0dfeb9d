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

SamplePlan::SamplePlan(const SampleSpec& spec)
    : spec_(spec), dropped_(spec.arms, false), asked_(spec.arms, 0) {}

std::size_t SamplePlan::asked() const {
  return asked_.empty() ? 0 : *std::ranges::max_element(asked_);
}

std::size_t SamplePlan::thorough_left(std::size_t from) const {
  std::size_t n = 0;
  for (std::size_t a = from; a < spec_.arms; ++a) n += thorough(a) && !dropped_[a] ? 1 : 0;
  return n;
}

void SamplePlan::begin(int round, SteadyTime now) {
  round_ = round;
  end_ = spec_.begin + (spec_.until - spec_.begin) * (round + 1) / std::max(1, spec_.rounds);
  const bool alone = thorough_left(0) == spec_.arms;  // nobody waits for the other half
  half_ = alone || end_ < now ? end_ : now + (end_ - now) / 2;
  if (round == 0) half_ = std::max(half_, now + spec_.least_alone);
  const std::size_t most = round == 0 ? spec_.prompts : asked();
  beside_ = sample_order(spec_.arms, most, spec_.seed, round);
  std::erase_if(beside_, [&](const Slot& slot) {
    return thorough(slot.arm) || (round > 0 && slot.prompt >= asked_[slot.arm]);
  });
  enter(Part::burst, now);
}

void SamplePlan::enter(Part part, SteadyTime now) {
  part_ = part;
  at_ = 0;
  arm_ = 0;
  prompt_ = 0;
  arm_until_ = now;
}

// Its time is what is left of the part over the arms that are left, so that what a quick one does not
// use the next ones have.
std::optional<Slot> SamplePlan::next_alone(SteadyTime now, SteadyTime end, bool one_at_least) {
  for (; arm_ < spec_.arms; ++arm_, prompt_ = 0) {
    if (!thorough(arm_) || dropped_[arm_]) continue;
    if (prompt_ == 0) {
      const auto left = static_cast<std::int64_t>(thorough_left(arm_));
      arm_until_ = now < end ? now + (end - now) / left : now;
      if (part_ == Part::rest) prompt_ = asked_[arm_];
    }
    const std::size_t most = round_ == 0 ? spec_.prompts : asked_[arm_];
    const bool in_time = round_ > 0 || now < arm_until_ || (one_at_least && prompt_ == 0);
    if (prompt_ >= most || !in_time) continue;
    const Slot slot{arm_, prompt_++, round_};
    if (round_ == 0) asked_[arm_] = prompt_;
    return slot;
  }
  return std::nullopt;
}

std::optional<Slot> SamplePlan::next_beside(SteadyTime now) {
  for (; at_ < beside_.size(); ++at_) {
    const Slot& slot = beside_[at_];
    const bool new_prompt = at_ == 0 || beside_[at_ - 1].prompt != slot.prompt;
    if (round_ == 0 && new_prompt && slot.prompt > 0 && now >= end_) break;
    if (dropped_[slot.arm]) continue;
    if (round_ == 0) asked_[slot.arm] = slot.prompt + 1;
    return beside_[at_++];
  }
  at_ = beside_.size();
  return std::nullopt;
}

std::optional<Slot> SamplePlan::next(SteadyTime now) {
  if (part_ == Part::burst) {
    if (const auto slot = next_alone(now, half_, true)) return slot;
    enter(Part::side_by_side, now);
  }
  if (part_ == Part::side_by_side) {
    if (const auto slot = next_beside(now)) return slot;
    enter(round_ == 0 ? Part::rest : Part::over, now);
  }
  if (part_ == Part::rest) {
    if (const auto slot = next_alone(now, end_, false)) return slot;
    enter(Part::over, now);
  }
  return std::nullopt;
}

}  // namespace joulebook
