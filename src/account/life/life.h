#pragma once
// A model's life: what is spent once (training, tuning, development) and what every answer takes, over so
// many answers; and against another model, after how many answers the one repays what it cost more at
// first. By Monte Carlo over stated distributions, with a generator of our own (study/rng.h): the same seed
// gives the same figures everywhere. Pure; thread-safe.
//
//   whole      once + answers x answer
//   parity     once / answer: answers whose energy equals what was spent once
//   break-even n with once_A + n answer_A = once_B + n answer_B
#include <joulebook/quantity.h>
#include <joulebook/result.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "account/life/distribution.h"

namespace joulebook::account {

// How what was spent once is borne.
//   by-answer   each answer of the service life bears the same part
//   by-year     each year of it bears the same part, shared by that year's answers
//   none        it is left beside the answers
enum class Amortisation { by_answer, by_year, none };
[[nodiscard]] std::string_view to_string(Amortisation rule);
[[nodiscard]] std::string_view sentence_of(Amortisation rule);
// Error: input "life.amortisation".
[[nodiscard]] Result<Amortisation> amortisation_of(std::string_view text);

struct Once {
  std::string name;  // "training", "finetuning", "development", ...
  Distribution joules;
};

struct LifeModel {
  std::string name;
  std::vector<Once> once;
  Distribution answer = Distribution::fixed(0);  // J each
};

inline constexpr double kYear = 365.25 * 86400;  // s

struct Service {
  std::optional<Distribution> answers;               // a second, in the first year; empty: nobody said
  Distribution length = Distribution::fixed(kYear);  // s
  double growth = 0;                              // of answers, by year: 0.2 is 20 % more each year
  std::optional<Distribution> answers_per_user;  // a second
  Amortisation amortisation = Amortisation::by_answer;
};

struct Draws {
  std::uint64_t seed = 1;
  std::size_t count = 10'000;
};

struct PhaseShare {
  std::string phase;  // of Once, or "inference"
  Quantity energy;    // J over the life
  Quantity share;     // of the whole, unit "1"
};

struct Life {
  std::vector<PhaseShare> phases;
  Quantity whole;        // J; without answers this and all that needs them are absences, "life.answers"
  Quantity answers;      // over the service life, unit "1", per ""
  Quantity per_answer;   // J, what was spent once in it by the rule
  Quantity user_year;    // J; an absence without answers_per_user
  Quantity parity;       // answers, unit "1"
  Quantity break_even;   // answers, unit "1"; an absence: without another model, "life.never", "life.at_once"
  double never = 0;      // share of draws in which it is never repaid
  double at_once = 0;    // share of draws in which there is nothing to repay
  std::vector<std::string> notes;
};

// Errors: input "life.draws" (fewer than 100 or more than 1e6), "life.answers" (nobody is answered).
[[nodiscard]] Result<Life> life_of(const LifeModel& model, const Service& service, const std::optional<LifeModel>& against, const Draws& draws);

struct LifeFile {
  LifeModel model;
  std::optional<Service> service;
};
// A TOML file: name, answer, [once] with names of one's own, [service] with answers_per_year, years, growth,
// answers_per_user, amortisation (docs/formats/account.md). Errors: those of toml.h and Distribution::parse,
// placed.
[[nodiscard]] Result<LifeFile> parse_life(std::string_view toml, std::string origin);

}  // namespace joulebook::account
