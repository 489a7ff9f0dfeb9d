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
inline constexpr std::string_view kWindowsPart = "windows.jsonl";
inline constexpr std::string_view kRequestsPart = "requests.jsonl";
inline constexpr std::string_view kRecordsFolder = "records/";  // records/<id>.json
inline constexpr std::string_view kSamplesFolder = "samples/";  // samples/<id>.trace

// The bytes of a document as a bundle holds it: a member a line, a line end after the last.
[[nodiscard]] std::string part_text(const Json& document);

// What a card may take: of each request some 300 bytes are held, and of a bundle all of it.
struct CardLimits {
  std::size_t requests = 10'000'000;
  std::size_t bytes = kMostBundle;  // of rows and windows that are kept
};

class CardMaker {
 public:
  // `keep`: hold all bytes for bundle(); else of rows only their digest is kept.
  [[nodiscard]] static Result<CardMaker> make(Statement statement, bool keep, CardLimits limits = {});
  // What a reader must know; part of the statement.
  void warn(std::string warning) { builder_.warn(std::move(warning)); }
  // Errors: those of CardBuilder; resource "card.too_many", "bundle.too_large" at the first that is beyond the limits.
  [[nodiscard]] Status add(const Record& record);
  [[nodiscard]] Status add_request(const Json& row);
  [[nodiscard]] Status add_window(const Json& window);
  // The raw samples that a record's figures came from (docs/formats/trace.md). Errors: usage
  // "card.samples": that record was not added.
  [[nodiscard]] Status add_samples(const std::string& record, std::string trace);
  [[nodiscard]] Result<Json> finish();
  // REQUIRES: finish() succeeded, and `keep`. Errors: those of pack().
  [[nodiscard]] Result<std::string> bundle() const;

 private:
  // A part of one document a line; of its text only the digest, unless it is kept.
  struct Lines {
    Sha256 digest;
    std::size_t bytes = 0;
    std::string text;
  };
  [[nodiscard]] Status append(Lines& lines, const Json& document);
  void hold(std::string_view name, Lines& lines);
  CardMaker(CardBuilder builder, bool keep, CardLimits limits) : builder_(std::move(builder)), keep_(keep), limits_(limits) {}
  void hold(std::string name, std::string bytes);
  CardBuilder builder_;
  bool keep_;
  CardLimits limits_;
  std::size_t requests_ = 0;
  std::vector<Part> parts_;  // of the bundle, in its order; the card's own once it is finished
  std::vector<Evidence> evidence_;
  Lines windows_, rows_;
};

}  // namespace joulebook::card
