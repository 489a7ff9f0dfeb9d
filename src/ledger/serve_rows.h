#pragma once
// Numbers for what repeats in every row: accounts, groups of requests, texts. Inside of the ledger.
#include <functional>
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
  [[nodiscard]] Result<std::int64_t> form(std::string_view key,
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

  sqlite::Database* db_ = nullptr;
  Names accounts_;
  Names groups_;
  Names texts_;
  std::string key_;
};

}  // namespace joulebook
