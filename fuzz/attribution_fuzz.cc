// Any remarks and readings in any order, with any times and counts, between windows of any energy:
// what is given out is what there was, nothing is negative, figures agree with what was posted, and
// memory stays within its bounds. Shown to find a planted fault: an odd unit for every sharer.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "attribution/attributor.h"

namespace {

using namespace joulebook;
using namespace joulebook::attribution;

void require(bool holds) {
  if (!holds) std::abort();
}

class Bytes {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  template <class T>
  T take() {
    T value{};
    const std::size_t n = std::min(sizeof(T), size_);
    if (n > 0) std::memcpy(&value, data_, n);
    data_ += n;
    size_ -= n;
    return value;
  }
  [[nodiscard]] bool empty() const { return size_ == 0; }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
};

// Mostly times of a minute, sometimes any that could be real: 290 years of nanoseconds are not.
SteadyTime time_of(Bytes& in) {
  const auto x = in.take<std::uint32_t>();
  if (x % 16 == 0) return {in.take<std::int64_t>() % 4'000'000'000'000'000'000};
  return {static_cast<std::int64_t>(x % 60'000) * 1'000'000};
}

void remark(Attributor& a, Bytes& in) {
  Remark r{.request = in.take<std::uint8_t>() % 12U, .at = time_of(in), .what = Sent{}};
  switch (in.take<std::uint8_t>() % 6) {
    case 0:
      r.what = Arrived{.upstream = in.take<std::uint8_t>() % 3U,
                       .choices = in.take<std::uint32_t>() % 200U,
                       .prompt_bytes = in.take<std::int64_t>(),
                       .streamed = in.take<std::uint8_t>() % 2 == 0,
                       .embedding = in.take<std::uint8_t>() % 8 == 0};
      break;
    case 1:
      break;
    case 2:
      r.what = attribution::Tokens{.count = in.take<std::int32_t>(),
                                   .choice = in.take<std::uint8_t>() % 5U,
                                   .reasoning = in.take<std::uint8_t>() % 2 == 0,
                                   .counted = in.take<std::uint8_t>() % 2 == 0};
      break;
    case 3:
      r.what = Usage{.prompt = in.take<std::int64_t>(),
                     .cached = in.take<std::int32_t>(),
                     .output = in.take<std::int64_t>(),
                     .reasoning = in.take<std::int32_t>(),
                     .drafted = in.take<std::int16_t>(),
                     .accepted = in.take<std::int16_t>()};
      break;
    case 4:
      r.what = Timings{.load_s = in.take<double>(),
                       .prefill_s = in.take<double>(),
                       .decode_s = in.take<double>()};
      break;
    default:
      r.what = Ended{static_cast<Outcome>(in.take<std::uint8_t>() % 3)};
  }
  a.remark(r);
}

std::int64_t divide(Attributor& a, Bytes& in, std::int64_t begin) {
  const std::int64_t end = begin + 1 + in.take<std::uint32_t>();
  ActiveEnergy e{.begin = {begin},
                 .end = {end},
                 .domain = "gpu:0",
                 .active = {in.take<std::int64_t>() / 1024}};
  e.energy = Quantity::exact(to_joules(e.active).value(), "J");
  const Division d = a.divide(e);
  std::int64_t sum = d.other.count + d.unattributed.count;
  for (const Share& s : d.shares) {
    require(s.energy.count > 0 && std::isfinite(s.uncertainty_j));
    sum += s.energy.count;
  }
  require(sum == e.active.count);
  require(d.other.count >= 0 && (d.unattributed.count >= 0 || e.active.count < 0));
  require(d.unattributed.count == 0 || d.reason.has_value());
  require(d.unattributed.count == 0 || d.shares.empty());  // whoever is at work takes all of it
  for (const RequestFigures& f : a.settled({end})) {
    require(f.phases.size() == kPhases && f.posted.count >= 0);
    if (!f.fair.present()) continue;
    const Interval within = f.fair.interval();
    require(within.lo <= *f.fair.value && *f.fair.value <= within.hi &&
            std::isfinite(*f.marginal.value));
  }
  return end;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes in(data, size);
  Options options;
  options.most_pieces = 8;
  options.most_requests = 9;
  if (in.take<std::uint8_t>() % 2 == 0) options.models.resize(2);
  Attributor a(options);
  std::int64_t edge = 0;
  while (!in.empty()) {
    switch (in.take<std::uint8_t>() % 8) {
      case 0:
        edge = divide(a, in, edge);
        break;
      case 1: {
        const SteadyTime at = time_of(in);
        a.reading({.upstream = in.take<std::uint8_t>() % 3U,
                   .begin = at,
                   .end = at,
                   .running = in.take<double>(),
                   .prompt_tokens = in.take<double>(),
                   .output_tokens = in.take<double>()});
        break;
      }
      default:
        remark(a, in);
    }
    require(a.followed() <= options.most_requests);
    (void)a.ready({edge});
  }
  divide(a, in, edge);
  return 0;
}
