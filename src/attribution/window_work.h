#pragma once
// The work that was done in one window, by request and phase, in parts that have a price. Pure.
#include <map>
#include <vector>

#include "attribution/engines.h"
#include "attribution/prices.h"
#include "attribution/tracks.h"

namespace joulebook::attribution {

// Priced parts of one request's work in one window; J by the prices.
struct RequestWork {
  RequestId request = 0;
  std::uint32_t upstream = 0;
  std::array<Parts, kPhases> phases{};
  Parts total{};
  // Of it: done while no other sequence shared the steps, and the rest.
  Parts alone{};
  Parts among{};
  // s by which its own parts lengthened steps that others were in, by the prices, and their J of
  // kTime a second.
  Parts lengthened{};
  double unknown = 0;      // J of parts whose token counts are not known yet
  bool untold = false;     // all that it did is a guess, by the time that it was at work
  double provisional = 0;  // J that its usage may still change: it is not over
  bool unseen = false;     // not over, and has shown no token
  double prompt_edge = 0;  // J that hang on when its prompt was begun
};

struct WindowWork {
  std::vector<RequestWork> requests;  // by id, those with work
  Parts total{};                      // all requests and the bypass
  std::map<std::uint32_t, Parts> bypass;  // by upstream, of requests that the page counts and nobody saw here
  Parts step_parts{};                 // s by the prices: what steps should have taken
  struct Load {
    std::uint32_t upstream = 0;
    std::int64_t from = 0, until = 0;  // ns, in the window
  };
  std::vector<Load> loads;            // of models that requests waited for; they may overlap
  double busy_s = 0;                  // time in which some sequence was in a step
  bool known = true;                  // work is counted but for a rest; the bypass is a guess
};

// Sequences, requests and tokens beside those that passed here, over a window.
struct Bypass {
  double sequences = 0;  // mean
  double output = 0;
  double prompt = 0;
};

// `prices` by engine, in place of those that it lacks its upstream's, then `other`. What is called an upstream
// here and in what it is made of is an engine (engines.h): most upstreams are one.
struct PriceList {
  std::map<std::uint32_t, Prices> prices;
  Prices other;
  [[nodiscard]] const Prices& of(std::uint32_t upstream) const {
    const auto own = prices.find(upstream);
    const auto found = own == prices.end() ? prices.find(upstream_of(upstream)) : own;
    return found == prices.end() ? other : found->second;
  }
};

[[nodiscard]] WindowWork window_work(const Tracks& tracks, const PriceList& prices,
                                     const std::map<std::uint32_t, Bypass>& bypass,
                                     std::int64_t begin, std::int64_t end);

}  // namespace joulebook::attribution
