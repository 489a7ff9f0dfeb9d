#pragma once
// What a card takes from the ledger's documents of runs, questions and studies. Pure.
#include <joulebook/result.h>

#include <string>
#include <vector>

#include "export/card/subject.h"

namespace joulebook::card {

// A record of the ledger as a bundle holds it.
struct Record {
  std::string id;
  std::string kind;  // "run", "ask", "study"
  std::string title;
  std::string started;  // UTC
  Json document;        // as Ledger::show gives it, after without_text()

  [[nodiscard]] Json json() const;
  // Errors: input "card.record" naming the member.
  [[nodiscard]] static Result<Record> from_json(const Json& json);
};

// The document without prompts, system prompts, answers, expected answers and the words of a command but
// its program, and with file names in the place of paths. Figures are left as they are.
[[nodiscard]] Json without_text(Json document);

// What the facts file says of answers that a run paid for and Joulebook did not see.
struct StatedServing {
  std::optional<double> requests, prompt_tokens, output_tokens, batch;
};

// A subject for each arm of a study, one for a question, one for a run. Errors: input "card.record" (a
// document that is none of these, or an unfinished record), and those of study_from_json.
[[nodiscard]] Result<std::vector<Subject>> subjects_of(const Record& record,
                                                       const StatedServing& stated);

}  // namespace joulebook::card
