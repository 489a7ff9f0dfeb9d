#pragma once
// A thin cover over SQLite: connections, statements and errors as values. Inside of the ledger.
//
// Not thread-safe. Texts are bound by copy. Codes of Error: resource "file.full", "ledger.busy";
// input "ledger.not_a_ledger", "ledger.corrupt", "file.unwritable", "ledger.failed" (anything
// else).
#include <joulebook/result.h>

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace joulebook::sqlite {

using Value = std::variant<std::nullptr_t, std::int64_t, std::string>;

// One row of an answer. Valid only while the callback that got it runs.
class Row {
 public:
  explicit Row(sqlite3_stmt* statement) : statement_(statement) {}
  // What SQLite makes of the column where it is of another type: 0, or "".
  [[nodiscard]] std::int64_t number(int column) const;
  [[nodiscard]] double real(int column) const;
  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] bool null(int column) const;
  // None where the column is null.
  [[nodiscard]] std::optional<std::int64_t> number_if(int column) const;

 private:
  sqlite3_stmt* statement_;
};

// What a prepared statement is given. A text must live until run() returns.
using Cell = std::variant<std::nullptr_t, std::int64_t, double, std::string_view>;

// A statement that is prepared once and run many times. Must not outlive its database.
class Statement {
 public:
  Statement() = default;
  // Runs it, passing over rows it may give.
  [[nodiscard]] Status run(std::initializer_list<Cell> cells);
  // The first column of the first row as a number; -1 where there is no row.
  [[nodiscard]] Result<std::int64_t> number(std::initializer_list<Cell> cells);

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  [[nodiscard]] int start(std::initializer_list<Cell> cells);
  [[nodiscard]] tl::unexpected<Error> failed();

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  sqlite3* db_ = nullptr;
  std::string path_;
};

struct OpenOptions {
  std::string vfs;       // empty: the default one
  int busy_ms = 10'000;  // how long a lock held by another process is waited for
};

class Database {
 public:
  // Opens for reading and writing; creates the file where there is none.
  [[nodiscard]] static Result<Database> open(const std::string& path, const OpenOptions& options);

  // Runs one statement, passing over rows it may give.
  [[nodiscard]] Status run(std::string_view sql, const std::vector<Value>& values = {});
  // Calls `row` for every row.
  [[nodiscard]] Status each(std::string_view sql, const std::vector<Value>& values,
                            const std::function<void(const Row&)>& row);
  // Runs several statements separated by semicolons.
  [[nodiscard]] Status script(const std::string& sql);
  // The first column of the first row as a number; 0 where there is no row.
  [[nodiscard]] Result<std::int64_t> number(std::string_view sql,
                                            const std::vector<Value>& values = {});
  [[nodiscard]] std::int64_t last_rowid() const;
  // Rows that the last statement changed.
  [[nodiscard]] std::int64_t changes() const;
  // Whether this connection's statements ask the triggers, which guard the file against others: code
  // that only inserts need not pay for them. True at first.
  [[nodiscard]] Status ask_triggers(bool ask);
  [[nodiscard]] Result<Statement> prepare(std::string_view sql);
  [[nodiscard]] const std::string& path() const { return path_; }

  // BEGIN IMMEDIATE, `body`, COMMIT; rolls back where either fails.
  [[nodiscard]] Status transaction(const std::function<Status()>& body);

 private:
  struct Close {
    void operator()(sqlite3* db) const;
  };
  explicit Database(sqlite3* db, std::string path) : db_(db), path_(std::move(path)) {}
  [[nodiscard]] tl::unexpected<Error> failure(int code) const;

  std::unique_ptr<sqlite3, Close> db_;
  std::string path_;
};

}  // namespace joulebook::sqlite
