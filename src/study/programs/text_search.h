#pragma once
// Documents found by BM25: SQLite's FTS5, whose bm25() is that of S. Robertson and H. Zaragoza, "The
// Probabilistic Relevance Framework: BM25 and Beyond", 2009 (first in Okapi at TREC-3, 1994), with
// k1 = 1.2 and b = 0.75; words are stemmed by M. F. Porter, Program 14(3), 1980. Any word of the
// query may match; the order is by score, then by id.
//
// Not thread-safe. Errors: input "documents.syntax" (placed as origin:line), "documents.empty",
// "documents.duplicate_id"; else as ledger/sqlite.h.
#include <joulebook/result.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/sqlite.h"

namespace joulebook {

// Distinct words of a query that are looked for; more are set aside.
inline constexpr std::size_t kMostQueryWords = 64;

struct Document {
  std::string id;
  std::string text;
};
// JSONL: {"id": "...", "text": "..."} a line, other members ignored; at least one, no id twice.
[[nodiscard]] Result<std::vector<Document>> parse_documents(std::string_view jsonl,
                                                            const std::string& origin);

class DocumentIndex {
 public:
  // Of parse_documents(). The index is in memory.
  [[nodiscard]] static Result<DocumentIndex> build(std::string_view jsonl,
                                                   const std::string& origin);
  // The ids of at most `limit` documents, nearest first; only such as share a word with the query.
  [[nodiscard]] Result<std::vector<std::string>> nearest(std::string_view query,
                                                         std::size_t limit);

 private:
  explicit DocumentIndex(sqlite::Database database) : database_(std::move(database)) {}
  sqlite::Database database_;
};

}  // namespace joulebook
