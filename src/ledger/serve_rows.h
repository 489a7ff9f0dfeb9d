#pragma once
// Numbers for what repeats in every row: accounts, groups of requests, texts. Inside of the ledger.
#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "ledger/serve_ledger.h"
#include "ledger/sqlite.h"

namespace joulebook {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};
template <class T>
using ByText = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;

// Looks names up in the ledger, adds those that are new, and remembers them. Must not outlive its
// database. What is remembered is true only if the transaction it was learnt in was committed:
// forget() after one that was not.
class Dictionary {
 public:
  [[nodiscard]] static Result<Dictionary> over(sqlite::Database& db);

  [[nodiscard]] Result<std::int64_t> account(std::string_view name);
  [[nodiscard]] Result<std::int64_t> group(const RequestBegin& request);
  // A text that is JSON: of a plain word, its quoted form.
  [[nodiscard]] Result<std::int64_t> text(std::string_view word);
  // The text of a figure's words; `inherits`: but for its shared parts. `json` writes it where it is
  // not known by the words' place.
  [[nodiscard]] Result<std::int64_t> form(const std::shared_ptr<const Words>& words, bool inherits,
                                          const std::function<std::string()>& json);
  void forget();

 private:
  struct Names {
    sqlite::Statement find;
    sqlite::Statement insert;
    ByText<std::int64_t> known;
  };
  [[nodiscard]] Result<std::int64_t> number(Names& names, std::string_view key,
                                            std::initializer_list<sqlite::Cell> cells);
  [[nodiscard]] Result<std::int64_t> content(std::string_view json);

  sqlite::Database* db_ = nullptr;
  Names accounts_;
  Names groups_;
  Names texts_;
  struct Form {
    std::shared_ptr<const Words> words;  // held, so that its place is nobody else's
    std::array<std::int64_t, 2> texts{-1, -1};  // whole, inheriting
  };
  std::unordered_map<const Words*, Form> forms_;
  ByText<std::int64_t> words_;  // plain words, by what they are in quotes
  std::string key_;
};

}  // namespace joulebook
