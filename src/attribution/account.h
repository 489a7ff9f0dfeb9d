#pragma once
// What a request has been given so far, and the figures of it once it is over. Not thread-safe.
#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "attribution/energy_fit.h"
#include "attribution/tracks.h"

namespace joulebook::attribution {

// One domain's part of a request's account.
struct DomainAccount {
  std::array<std::int64_t, kPhases> posted{};  // microjoules
  double marginal = 0;                         // J
  // How phases, their sum and the marginal move with the factors on the prices: J a unit of factor.
  std::array<Parts, kPhases> moves{};
  Parts fair_moves{};
  Parts marginal_moves{};
  Square covariance{};  // newest
  // Share and edge error (J) of its newest window: edges cancel between windows as far as shares
  // agree.
  double last_share = 0;
  double last_edge = 0;
  std::int64_t last_end = 0;
  double edge_variance = 0;
  double form_variance = 0;  // of windows one by one: what no factor explains
};

struct SharedSum {
  double low = 0;  // of factor x J
  double high = 0;
  double joules = 0;
};

struct Account {
  std::map<std::string, DomainAccount> domains;
  // Domains that were metered while it was there, and the widest edge error (J) of their windows: of
  // one that showed no work at all, what it can have taken unseen.
  std::map<std::string, double> covered;
  std::map<std::string, SharedSum> shared;
  std::map<std::string, double> rules;  // J by rule
  double joules = 0;
  double among = 0;         // J of it that a division could have given to others
  double active = 0;        // J of its windows
  double unattributed = 0;  // of that
  double beside = 0;        // J of it that may be other upstreams': sd of the line between them
  double prompt_edge = 0;   // J that hang on when its prompt was begun
  double prompt_among = 0;  // of them, that others could have been given
  double unknown = 0;       // J that hang on counts that were not known
  double common = 0;        // J of what steps have in common, that others could have been given
  double late_s = 0;        // tokens come late: standard deviation of by how much
  Tier tier = Tier::apportioned;
  std::string boundary;
  bool page = false;        // its server has a metrics page: what bypassed could be seen
};

// The words of all figures of a request; many requests have the same.
struct FigureWords {
  std::string rule;
  std::string boundary;
  Tier tier = Tier::apportioned;
  bool page = false;
  std::vector<std::string> shared;
  std::shared_ptr<const Words> fair, marginal;
  std::array<std::shared_ptr<const Words>, kPhases> phases;
};

// Words that were needed before, found again. Bounded.
class WordBook {
 public:
  // Valid until the next call.
  [[nodiscard]] const FigureWords& of(const Account& account, const std::string& rule);

 private:
  std::vector<FigureWords> known_;  // the newest last
};

[[nodiscard]] SettledRequest figures_of(const Track& track, const Course& course, Account account, WordBook& words);

}  // namespace joulebook::attribution
