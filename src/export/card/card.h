#pragma once
// A model energy card: what answers of a model took, where, how, at which batch and lengths, with the
// fields of the forms that ask for it. joulebook.card/1 (docs/formats/card.md, closed schema
// docs/schema/card.schema.json).
//
// A card is a pure function of what its bundle holds: the statement (what its publisher says), records and
// rows. So whoever has the bundle makes the same card again, byte by byte. Not thread-safe.
#include <joulebook/result.h>

#include <optional>
#include <string>
#include <vector>

#include "export/card/record_subjects.h"
#include "export/card/request_subjects.h"
#include "export/card/windows.h"

namespace joulebook::card {

inline constexpr std::string_view kCardSchema = "joulebook.card/1";

// What is stated beside the records: who made the card with what, what was selected, the facts.
struct Statement {
  std::string title;
  std::string made;  // UTC
  std::string version, commit;
  std::vector<std::string> records;  // ids, in the order asked for
  std::string since, until;          // UTC; empty: no limit
  std::vector<std::string> by;
  Json grid;   // stated_grid(), or null
  Json facts;  // parse_facts() or no_facts()
  std::vector<std::string> warnings;

  [[nodiscard]] Json json() const;
  // Errors: input "card.statement".
  [[nodiscard]] static Result<Statement> from_json(const Json& json);
};

// A part of the bundle that the figures were made from.
struct Evidence {
  std::string part;
  std::size_t bytes = 0;
  std::string sha256;
};

class CardBuilder {
 public:
  // Errors: those of parse_group_by.
  [[nodiscard]] static Result<CardBuilder> make(Statement statement);
  // Errors: those of subjects_of and RequestGroups::add.
  [[nodiscard]] Status add(const Record& record);
  [[nodiscard]] Status add_request(const Json& row);
  // A settled window of a gateway (window_json). Errors: those of WindowSums::add.
  [[nodiscard]] Status add_window(const Json& window) { return windows_.add(window); }
  void warn(std::string warning) { statement_.warnings.push_back(std::move(warning)); }
  [[nodiscard]] const Statement& statement() const { return statement_; }
  // Errors: input "card.empty": nothing was added.
  [[nodiscard]] Result<Json> finish(const std::vector<Evidence>& evidence);

 private:
  CardBuilder(Statement statement, std::vector<GroupBy> by)
      : statement_(std::move(statement)), groups_(std::move(by)) {}
  Statement statement_;
  std::vector<Subject> subjects_;
  Json records_ = Json::array();
  RequestGroups groups_;
  WindowSums windows_;
};

// How a figure lies on a scale (facts["scale"]): {"scale", "figure", "class", "from", "to", "reason"}.
[[nodiscard]] Json class_of(const Json& subject, const Json& scale);

}  // namespace joulebook::card
