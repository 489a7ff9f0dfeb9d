#pragma once
// Makes a card, and the bundle that holds what it was made from. Not thread-safe.
#include <joulebook/result.h>

#include <string>
#include <string_view>
#include <vector>

#include "export/card/bundle.h"
#include "export/card/card.h"
#include "export/card/sha256.h"

namespace joulebook::card {

// Names of parts.
inline constexpr std::string_view kCardPart = "card.json";
inline constexpr std::string_view kStatementPart = "statement.json";
inline constexpr std::string_view kRequestsPart = "requests.jsonl";
inline constexpr std::string_view kRecordsFolder = "records/";  // records/<id>.json
inline constexpr std::string_view kSamplesFolder = "samples/";  // samples/<id>.trace

// The bytes of a document as a bundle holds it: a member a line, a line end after the last.
[[nodiscard]] std::string part_text(const Json& document);

class CardMaker {
 public:
  // `keep`: hold all bytes for bundle(); else of rows only their digest is kept.
  [[nodiscard]] static Result<CardMaker> make(Statement statement, bool keep);
  // What a reader must know; part of the statement.
  void warn(std::string warning) { builder_.warn(std::move(warning)); }
  // Errors: those of CardBuilder.
  [[nodiscard]] Status add(const Record& record);
  [[nodiscard]] Status add_request(const Json& row);
  // The raw samples that a record's figures came from (docs/formats/trace.md). Errors: usage
  // "card.samples": that record was not added.
  [[nodiscard]] Status add_samples(const std::string& record, std::string trace);
  [[nodiscard]] Result<Json> finish();
  // REQUIRES: finish() succeeded, and `keep`. Errors: those of pack().
  [[nodiscard]] Result<std::string> bundle() const;

 private:
  CardMaker(CardBuilder builder, bool keep) : builder_(std::move(builder)), keep_(keep) {}
  void hold(std::string name, std::string bytes);
  CardBuilder builder_;
  bool keep_;
  std::vector<Part> parts_;  // of the bundle, in its order; the card's own once it is finished
  std::vector<Evidence> evidence_;
  Sha256 rows_digest_;
  std::size_t rows_bytes_ = 0;
  std::string rows_;
};

}  // namespace joulebook::card
