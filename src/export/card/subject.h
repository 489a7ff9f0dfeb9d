#pragma once
// What one entry of a card is made of: answers of one model (an arm of a study, a group of metered
// requests, a run), added one by one. Not thread-safe.
#include <joulebook/quantity.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/json.h"
#include "export/card/sums.h"

namespace joulebook::card {

struct AnswerPhase {
  std::string phase;
  std::int64_t tokens = 0;
  double seconds = 0;
  Quantity energy;  // J, of the first basis
};

// One answer, or one run that stands for `answers` of them.
struct Answer {
  std::vector<Quantity> energies;  // J, one a basis, in the order of Subject::bases
  std::vector<AnswerPhase> phases;
  std::optional<double> prompt_tokens;  // cached inside
  std::optional<double> cached_tokens;
  std::optional<double> reasoning_tokens;
  std::optional<double> answer_tokens;  // reasoning apart
  double answers = 1;
  bool lengths = true;  // whether its token counts are those of one answer
};

// What an energy is: "gross", "active", "fair", "served", ...
struct Basis {
  std::string id;
  std::string what;  // one sentence
};

// How many answers ran at once.
struct Batch {
  std::optional<double> mean;  // weighted by time
  std::optional<double> most;
  std::string how;  // how it is known, or why it is not
};

class Subject {
 public:
  // `alike`: how intervals of its answers add up (QuantitySum).
  Subject(std::string its_kind, std::string its_name, std::vector<Basis> bases, bool alike = false)
      : kind(std::move(its_kind)), name(std::move(its_name)), bases_(std::move(bases)), sums_(bases_.size(), Sums(alike)), alike_(alike) {}
  // REQUIRES: as many energies as bases.
  void add(const Answer& answer);

  std::string kind;  // "study", "ask", "run", "requests"
  std::string name;  // of the model
  Json key;          // which of its record it is: names by name, null where they are not told apart
  double parameters = 0;     // of the model; 0: not known
  std::string quantisation;  // empty: not known
  std::vector<std::string> records;
  std::string from, to;  // UTC; empty: not known
  Batch batch;
  Json devices;   // list of names, or null
  Json machine;   // facts by name, or null
  std::string engine;
  std::string upstream;
  std::map<std::string, std::int64_t> apart;  // why -> answers that are not in the figures
  Quantity apart_energy = Quantity::absent("J", {"card.none_apart", "no answer stands apart", ""});
  std::optional<std::pair<double, double>> correct;  // answers correct, of those that could be checked

  // The subject's member of a card; forms apart.
  [[nodiscard]] Json json() const;

 private:
  struct Sums {
    explicit Sums(bool alike) : energy(alike), of_output(alike), of_tokens(alike) {}
    QuantitySum energy;
    QuantitySum of_output;  // of answers whose output tokens are known
    QuantitySum of_tokens;  // of answers whose tokens are all known
    double answers = 0;
    double output_tokens = 0;
    double all_tokens = 0;
  };
  struct PhaseSums {
    double tokens = 0;
    double seconds = 0;
    QuantitySum energy;
  };
  struct Count {
    double sum = 0;
    std::int64_t known = 0;
  };
  void add_basis(std::size_t i, const Answer& answer);
  [[nodiscard]] Json basis_json(std::size_t i) const;
  [[nodiscard]] Json phases_json() const;
  [[nodiscard]] Json tokens_json() const;
  [[nodiscard]] Json lengths_json() const;

  std::vector<Basis> bases_;
  std::vector<Sums> sums_;
  bool alike_ = false;
  std::vector<std::pair<std::string, PhaseSums>> phases_;  // in the order of their first coming
  Count prompt_, cached_, reasoning_, answer_;
  std::vector<double> prompt_lengths_, output_lengths_;
  std::int64_t added_ = 0;
  double answers_ = 0;
};

}  // namespace joulebook::card
