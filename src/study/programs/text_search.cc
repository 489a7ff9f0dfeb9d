#include "study/programs/text_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/json.h"
#include "core/text.h"
#include "study/programs/text_words.h"

namespace joulebook {
namespace {

constexpr const char* kTable =
    "CREATE VIRTUAL TABLE documents USING fts5(id UNINDEXED, text, tokenize = 'porter unicode61')";

// "how" OR "long": each quoted, so that nothing in a query is an operator.
std::string any_word(std::string_view query) {
  std::set<std::string> words;
  for (auto& word : plain_words(query)) {
    if (words.size() < kMostQueryWords) words.insert('"' + std::move(word) + '"');
  }
  const std::vector<std::string> list(words.begin(), words.end());
  return join(list, " OR ");
}

}  // namespace

Result<std::vector<Document>> parse_documents(std::string_view jsonl, const std::string& origin) {
  std::vector<Document> out;
  std::set<std::string, std::less<>> ids;
  std::size_t number = 0;
  for (const auto line : split(jsonl, '\n')) {
    ++number;
    if (trim(line).empty()) continue;
    const auto json = parse_json(line);
    const auto id = json ? (*json)["id"].as_string() : std::string_view();
    const auto text = json ? (*json)["text"].as_string() : std::string_view();
    if (id.empty() || text.empty()) {
      return fail(ErrorKind::input, "documents.syntax",
                  fmt::format("{}:{}: no document", origin, number),
                  R"(write {"id": "...", "text": "..."} on the line)");
    }
    if (!ids.emplace(id).second) {
      return fail(ErrorKind::input, "documents.duplicate_id",
                  fmt::format("{}:{}: the id '{}' was used before", origin, number, id),
                  "give every document an id of its own");
    }
    out.push_back({std::string(id), std::string(text)});
  }
  if (!out.empty()) return out;
  return fail(ErrorKind::input, "documents.empty", origin + " holds no document",
              R"(write {"id": "...", "text": "..."} a line)");
}

Result<DocumentIndex> DocumentIndex::build(std::string_view jsonl, const std::string& origin) {
  auto documents = parse_documents(jsonl, origin);
  if (!documents) return fail(std::move(documents.error()));
  auto database = sqlite::Database::open(":memory:", {});
  if (!database) return fail(std::move(database.error()));
  DocumentIndex index(std::move(*database));
  if (auto ok = index.database_.run(kTable); !ok) return fail(std::move(ok.error()));
  for (auto& [id, text] : *documents) {
    auto ok = index.database_.run("INSERT INTO documents VALUES (?, ?)",
                                  {std::move(id), std::move(text)});
    if (!ok) return fail(std::move(ok.error()));
  }
  return index;
}

Result<std::vector<std::string>> DocumentIndex::nearest(std::string_view query,
                                                        std::size_t limit) {
  std::vector<std::string> out;
  std::string words = any_word(query);
  if (words.empty()) return out;
  const auto ok = database_.each(
      "SELECT id FROM documents WHERE documents MATCH ? ORDER BY bm25(documents), id LIMIT ?",
      {std::move(words), static_cast<std::int64_t>(limit)},
      [&](const sqlite::Row& row) { out.push_back(row.text(0)); });
  if (!ok) return fail(ok.error());
  return out;
}

}  // namespace joulebook
