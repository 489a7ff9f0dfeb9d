#include "ledger/serve_rows.h"

namespace joulebook {
namespace {

using sqlite::Cell;

// What is remembered at most, of each; a client that makes up names fills no memory.
constexpr std::size_t kMostKnown = 8192;

constexpr std::string_view kFindGroup =
    "SELECT request_group FROM request_groups WHERE tenant = ? AND model = ? AND route = ? AND "
    "upstream = ?";

}  // namespace

Result<Dictionary> Dictionary::over(sqlite::Database& db) {
  Dictionary d;
  d.db_ = &db;
  struct Sql {
    Names* names;
    std::string_view find;
    std::string_view insert;
  };
  for (const Sql& sql :
       {Sql{&d.accounts_, "SELECT account FROM accounts WHERE name = ?",
            "INSERT INTO accounts(name) VALUES (?)"},
        Sql{&d.groups_, kFindGroup,
            "INSERT INTO request_groups(tenant, model, route, upstream) VALUES (?, ?, ?, ?)"},
        Sql{&d.texts_, "SELECT text FROM texts WHERE content = ?",
            "INSERT INTO texts(content) VALUES (?)"}}) {
    auto find = db.prepare(sql.find);
    if (!find) return fail(find.error());
    auto insert = db.prepare(sql.insert);
    if (!insert) return fail(insert.error());
    sql.names->find = std::move(*find);
    sql.names->insert = std::move(*insert);
  }
  return d;
}

Result<std::int64_t> Dictionary::number(Names& names, std::string_view key,
                                        std::initializer_list<Cell> cells) {
  auto found = names.find.number(cells);
  if (!found) return found;
  if (*found < 0) {
    if (auto ok = names.insert.run(cells); !ok) return fail(ok.error());
    found = db_->last_rowid();
  }
  if (names.known.size() >= kMostKnown) names.known.clear();
  names.known.emplace(key, *found);
  return found;
}

Result<std::int64_t> Dictionary::account(std::string_view name) {
  if (const auto it = accounts_.known.find(name); it != accounts_.known.end()) return it->second;
  return number(accounts_, name, {name});
}

Result<std::int64_t> Dictionary::group(const RequestBegin& r) {
  key_.clear();
  for (const std::string* part : {&r.tenant, &r.model, &r.route, &r.upstream}) {
    (key_ += *part) += '\x1f';
  }
  if (const auto it = groups_.known.find(key_); it != groups_.known.end()) return it->second;
  return number(groups_, key_,
                {std::string_view(r.tenant), std::string_view(r.model), std::string_view(r.route),
                 std::string_view(r.upstream)});
}

Result<std::int64_t> Dictionary::form(const std::shared_ptr<const Words>& words, bool inherits,
                                      const std::function<std::string()>& json) {
  if (const auto it = forms_.find(words.get()); it != forms_.end() && it->second.texts[inherits] >= 0) {
    return it->second.texts[inherits];
  }
  const auto found = content(json());
  if (!found) return found;
  if (forms_.size() >= kMostKnown) forms_.clear();
  Form& form = forms_[words.get()];
  form.words = words;
  form.texts[inherits] = *found;
  return found;
}

Result<std::int64_t> Dictionary::content(std::string_view json) {
  if (const auto it = texts_.known.find(json); it != texts_.known.end()) return it->second;
  return number(texts_, json, {json});
}

Result<std::int64_t> Dictionary::text(std::string_view word) {
  if (const auto it = words_.find(word); it != words_.end()) return it->second;
  const auto found = content(Json(word).dump());
  if (!found) return found;
  if (words_.size() >= kMostKnown) words_.clear();
  words_.emplace(word, *found);
  return found;
}

void Dictionary::forget() {
  for (Names* names : {&accounts_, &groups_, &texts_}) names->known.clear();
  forms_.clear();
  words_.clear();
}

}  // namespace joulebook
