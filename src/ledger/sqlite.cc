#include "ledger/sqlite.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/statvfs.h>

#include <filesystem>
#include <utility>

namespace joulebook::sqlite {
namespace {

struct FinalizeOne {
  void operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }
};
using OneStatement = std::unique_ptr<sqlite3_stmt, FinalizeOne>;

int bind(sqlite3_stmt* s, int index, const Cell& cell) {
  if (const auto* n = std::get_if<std::int64_t>(&cell)) return sqlite3_bind_int64(s, index, *n);
  if (const auto* x = std::get_if<double>(&cell)) return sqlite3_bind_double(s, index, *x);
  if (const auto* t = std::get_if<std::string_view>(&cell)) {
    // Bound by address, not by copy: it lives until the statement was run. An empty view may have
    // no address, which would be a null.
    return sqlite3_bind_text64(s, index, t->empty() ? "" : t->data(), t->size(), SQLITE_STATIC,
                               SQLITE_UTF8);
  }
  return sqlite3_bind_null(s, index);
}

int bind(sqlite3_stmt* s, int index, const Value& value) {
  if (const auto* n = std::get_if<std::int64_t>(&value)) return sqlite3_bind_int64(s, index, *n);
  if (const auto* t = std::get_if<std::string>(&value)) {
    return sqlite3_bind_text64(s, index, t->data(), t->size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  }
  return sqlite3_bind_null(s, index);
}

// A full disk is SQLITE_FULL already. A file at its size limit (ulimit -f) or a used-up quota is
// but a failed write to SQLite, which does not pass on why: so look.
bool out_of_room(const std::string& path) {
  constexpr rlim_t kOneWrite = 64 * 1024;  // the largest page
  rlimit limit{};
  struct statvfs disk{};
  if (::statvfs(path.c_str(), &disk) == 0 && disk.f_bavail == 0) return true;
  if (::getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return false;
  for (const char* suffix : {"", "-wal", "-journal"}) {
    std::error_code error;
    const auto size = std::filesystem::file_size(path + suffix, error);
    if (!error && size + kOneWrite >= limit.rlim_cur) return true;
  }
  return false;
}

struct Meaning {
  ErrorKind kind;
  const char* code;
  const char* what;
  const char* cure;
};

Meaning meaning(int code, const std::string& path) {
  switch (code & 0xff) {
    case SQLITE_FULL:
      return {ErrorKind::resource, "file.full", "no room left",
              "free some space or name another ledger with --ledger"};
    case SQLITE_IOERR:
      if (out_of_room(path)) return meaning(SQLITE_FULL, path);
      return {ErrorKind::input, "ledger.failed", "reading or writing failed",
              "check the disk, or name another ledger with --ledger"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {ErrorKind::resource, "ledger.busy", "another process holds it locked",
              "wait until that process is done, or name another ledger with --ledger"};
    case SQLITE_NOTADB:
      return {ErrorKind::input, "ledger.not_a_ledger", "this is not a ledger",
              "name another file with --ledger"};
    case SQLITE_CORRUPT:
      return {ErrorKind::input, "ledger.corrupt", "the file is damaged",
              "restore it from a copy, or save what can be read with `sqlite3 FILE .recover`"};
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return {ErrorKind::input, "file.unwritable", "it cannot be opened for writing",
              "check the permissions of the file and its directory, or use --ledger"};
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG:
      return {ErrorKind::resource, "ledger.memory", "not enough memory", "free some memory"};
    default:
      return {ErrorKind::input, "ledger.failed", "the ledger refused", ""};
  }
}

tl::unexpected<Error> failure_of(int code, sqlite3* db, const std::string& path) {
  const Meaning m = meaning(code, path);
  return fail(m.kind, m.code, fmt::format("{}: {} ({})", path, m.what, sqlite3_errmsg(db)), m.cure);
}

}  // namespace

std::int64_t Row::number(int column) const { return sqlite3_column_int64(statement_, column); }

double Row::real(int column) const { return sqlite3_column_double(statement_, column); }

std::string Row::text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  const int size = sqlite3_column_bytes(statement_, column);
  return text == nullptr ? std::string() : std::string(text, static_cast<std::size_t>(size));
}

std::optional<std::int64_t> Row::number_if(int column) const {
  if (null(column)) return std::nullopt;
  return number(column);
}

bool Row::null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

void Database::Close::operator()(sqlite3* db) const { sqlite3_close_v2(db); }

tl::unexpected<Error> Database::failure(int code) const {
  return failure_of(code, db_.get(), path_);
}

void Statement::Finalize::operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }

int Statement::start(std::initializer_list<Cell> cells) {
  int index = 0;
  for (const Cell& cell : cells) {
    if (const int code = bind(statement_.get(), ++index, cell); code != SQLITE_OK) return code;
  }
  return sqlite3_step(statement_.get());
}

tl::unexpected<Error> Statement::failed() {
  auto error = failure_of(sqlite3_extended_errcode(db_), db_, path_);
  sqlite3_reset(statement_.get());
  return error;
}

Status Statement::run(std::initializer_list<Cell> cells) {
  int code = start(cells);
  while (code == SQLITE_ROW) code = sqlite3_step(statement_.get());
  if (code != SQLITE_DONE) return failed();
  sqlite3_reset(statement_.get());
  return {};
}

Result<std::int64_t> Statement::number(std::initializer_list<Cell> cells) {
  const int code = start(cells);
  if (code != SQLITE_ROW && code != SQLITE_DONE) return failed();
  const std::int64_t found = code == SQLITE_ROW ? sqlite3_column_int64(statement_.get(), 0) : -1;
  sqlite3_reset(statement_.get());
  return found;
}

std::int64_t Database::changes() const { return sqlite3_changes64(db_.get()); }

Status Database::ask_triggers(bool ask) {
  const int code = sqlite3_db_config(db_.get(), SQLITE_DBCONFIG_ENABLE_TRIGGER, ask ? 1 : 0, nullptr);
  if (code != SQLITE_OK) return failure(code);
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v3(db_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  Statement statement;
  statement.statement_.reset(raw);
  statement.db_ = db_.get();
  statement.path_ = path_;
  if (code != SQLITE_OK) return failure(code);
  return statement;
}

Result<Database> Database::open(const std::string& path, const OpenOptions& options) {
  sqlite3* raw = nullptr;
  constexpr int kFlags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &raw, kFlags,
                                   options.vfs.empty() ? nullptr : options.vfs.c_str());
  Database db(raw, path);
  if (raw == nullptr) {
    return fail(ErrorKind::resource, "ledger.memory", path + ": not enough memory to open it",
                "free some memory");
  }
  if (code != SQLITE_OK) return db.failure(code);
  sqlite3_busy_timeout(raw, options.busy_ms);
  // A file from elsewhere may hold a hostile schema: it is read, never trusted.
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  return db;
}

Status Database::each(std::string_view sql, const std::vector<Value>& values,
                      const std::function<void(const Row&)>& row) {
  sqlite3_stmt* raw = nullptr;
  int code = sqlite3_prepare_v2(db_.get(), sql.data(), static_cast<int>(sql.size()), &raw, nullptr);
  const OneStatement statement(raw);
  for (std::size_t i = 0; i < values.size() && code == SQLITE_OK; ++i) {
    code = bind(raw, static_cast<int>(i) + 1, values[i]);
  }
  if (code != SQLITE_OK) return failure(code);
  while ((code = sqlite3_step(raw)) == SQLITE_ROW) row(Row(raw));
  if (code != SQLITE_DONE) return failure(code);
  return {};
}

Status Database::run(std::string_view sql, const std::vector<Value>& values) {
  return each(sql, values, [](const Row&) {});
}

Status Database::script(const std::string& sql) {
  const int code = sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return failure(code);
  return {};
}

Result<std::int64_t> Database::number(std::string_view sql, const std::vector<Value>& values) {
  std::int64_t first = 0;
  bool seen = false;
  const auto ok = each(sql, values, [&](const Row& row) {
    if (!std::exchange(seen, true)) first = row.number(0);
  });
  if (!ok) return fail(ok.error());
  return first;
}

std::int64_t Database::last_rowid() const { return sqlite3_last_insert_rowid(db_.get()); }

Status Database::transaction(const std::function<Status()>& body) {
  if (auto ok = run("BEGIN IMMEDIATE"); !ok) return ok;
  auto done = body();
  if (done) done = run("COMMIT");
  // After some failures SQLite has rolled back by itself; then there is nothing left to undo.
  if (!done && sqlite3_get_autocommit(db_.get()) == 0) (void)run("ROLLBACK");
  return done;
}

}  // namespace joulebook::sqlite
