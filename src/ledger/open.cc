#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "ledger/schema.h"
#include "ledger/store.h"

namespace joulebook {
namespace {

namespace fs = std::filesystem;
using sqlite::Database;

tl::unexpected<Error> unwritable(const std::string& path, int error) {
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) {
    return fail(ErrorKind::resource, "file.full", path + ": no room left",
                "free some space or name another ledger with --ledger");
  }
  return fail(ErrorKind::input, "file.unwritable",
              fmt::format("{}: it cannot be written ({})", path, std::strerror(error)),
              "check the permissions of the file and its directory, or use --ledger");
}

// Makes the directories that are missing, for their owner alone.
Status make_directories(const fs::path& directory) {
  std::error_code error;
  if (directory.empty() || fs::exists(directory, error)) return {};
  if (auto ok = make_directories(directory.parent_path()); !ok) return ok;
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    return unwritable(directory.string(), errno);
  }
  return {};
}

// SQLite takes a file shorter than its header for an empty one and would write over it. That is
// right only where a journal says that creation was cut short.
Status check_start(const std::string& path, std::int64_t size) {
  constexpr std::int64_t kHeader = 100;
  std::error_code error;
  if (size == 0 || size >= kHeader || fs::exists(path + "-journal", error)) return {};
  return fail(ErrorKind::input, "ledger.not_a_ledger",
              fmt::format("{}: {} bytes are no ledger", path, size),
              "name another file with --ledger, or remove this one");
}

// The file with mode 0600 before SQLite sees it: its -wal and -shm take over the mode.
Status make_file(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) == 0) {
    if (S_ISDIR(info.st_mode)) {
      return fail(ErrorKind::input, "file.directory", path + ": this is a directory",
                  "name a file inside it with --ledger");
    }
    if (S_ISREG(info.st_mode)) return check_start(path, info.st_size);
    return fail(ErrorKind::input, "ledger.not_a_ledger", path + ": this is not an ordinary file",
                "name another file with --ledger");
  }
  if (auto ok = make_directories(fs::path(path).parent_path()); !ok) return ok;
  const int fd = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) return unwritable(path, errno);
  ::close(fd);
  return {};
}

enum class State { empty, first, ours };

// REQUIRES: a transaction, so that the three readings are of one moment.
Result<State> state(Database& db, const std::string& path) {
  const auto application = db.number("PRAGMA application_id");
  if (!application) return fail(application.error());
  const auto version = db.number("PRAGMA user_version");
  if (!version) return fail(version.error());
  const auto objects = db.number("SELECT count(*) FROM sqlite_schema");
  if (!objects) return fail(objects.error());
  if (*application == 0 && *version == 0 && *objects == 0) return State::empty;
  if (*application != kLedgerApplicationId) {
    return fail(ErrorKind::input, "ledger.not_a_ledger",
                path + ": this is an SQLite database of another program",
                "name another file with --ledger");
  }
  if (*version > kLedgerVersion) {
    return fail(ErrorKind::input, "ledger.newer",
                fmt::format("{}: written by a newer Joulebook (schema {}, this one knows {})", path,
                            *version, kLedgerVersion),
                "use that version, or name another ledger with --ledger");
  }
  if (*version == 1) return State::first;
  if (*version != kLedgerVersion) {
    return fail(ErrorKind::input, "ledger.corrupt",
                fmt::format("{}: there is no ledger of schema {}", path, *version),
                "restore it from a copy");
  }
  return State::ours;
}

Result<State> state_now(Database& db, const std::string& path) {
  if (auto ok = db.run("BEGIN"); !ok) return fail(ok.error());
  auto found = state(db, path);
  if (auto ok = db.run("COMMIT"); !ok && found) return fail(ok.error());
  return found;
}

// Turning to WAL needs the file alone, and SQLite does not wait for that: while another process
// does the same, or creates the tables, it is asked again.
Status turn_to_wal(Database& db, int patience_ms) {
  constexpr int kNapMs = 5;
  for (int waited = 0;; waited += kNapMs) {
    auto ok = db.run("PRAGMA journal_mode = WAL");
    if (ok || ok.error().code != "ledger.busy" || waited >= patience_ms) return ok;
    ::usleep(kNapMs * 1000);
  }
}

// Creates the tables, or brings those of version 1 up to this one, in one transaction. Two processes
// may come here at once: the one that waited finds the work done.
Status bring_up(Database& db, const std::string& path) {
  return db.transaction([&]() -> Status {
    const auto now = state(db, path);
    if (!now) return fail(now.error());
    if (*now == State::ours) return {};
    return db.script((*now == State::first ? ledger_from_1() : ledger_schema()) +
                     fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {};",
                                 kLedgerApplicationId, kLedgerVersion));
  });
}

// WAL: readers never wait for a writer. FULL: what was committed survives a power cut.
Status configure(Database& db, const LedgerOptions& options) {
  if (auto ok = turn_to_wal(db, options.sqlite.busy_ms); !ok) return ok;
  for (const char* pragma : {"PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON",
                             "PRAGMA recursive_triggers = ON", "PRAGMA cell_size_check = ON"}) {
    if (auto ok = db.run(pragma); !ok) return ok;
  }
  if (options.max_pages == 0) return {};
  return db.run(fmt::format("PRAGMA max_page_count = {}", options.max_pages));
}

}  // namespace

Result<std::unique_ptr<Store>> open_store(const std::string& path, const LedgerOptions& options) {
  if (path.empty()) {
    return fail(ErrorKind::usage, "ledger.no_path", "no ledger is named and there is no home",
                "set --ledger, JOULEBOOK_LEDGER, XDG_STATE_HOME or HOME");
  }
  if (auto ok = make_file(path); !ok) return fail(ok.error());
  auto db = Database::open(path, options.sqlite);
  if (!db) return fail(db.error());
  // A file of somebody else's is left as it is: it is looked at before anything is set.
  const auto found = state_now(*db, path);
  if (!found) return fail(found.error());
  if (auto ok = configure(*db, options); !ok) return fail(ok.error());
  if (*found != State::ours) {
    if (auto ok = bring_up(*db, path); !ok) return fail(ok.error());
  }
  return std::make_unique<Store>(std::move(*db));
}

Result<std::unique_ptr<Ledger>> open_ledger(const std::string& path, const LedgerOptions& options) {
  auto store = open_store(path, options);
  if (!store) return fail(store.error());
  return std::unique_ptr<Ledger>(std::move(*store));
}

Result<std::unique_ptr<Ledger>> open_ledger(const std::string& path) {
  return open_ledger(path, LedgerOptions{});
}

std::string default_ledger_path() {
  const auto variable = [](const char* name) -> std::string {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string() : std::string(value);
  };
  if (const auto path = variable("JOULEBOOK_LEDGER"); !path.empty()) return path;
  // The XDG base directory specification: a relative path there is to be ignored.
  if (const auto state = variable("XDG_STATE_HOME"); state.starts_with('/')) {
    return state + "/joulebook/ledger.db";
  }
  if (const auto home = variable("HOME"); !home.empty()) {
    return home + "/.local/state/joulebook/ledger.db";
  }
  return {};
}

}  // namespace joulebook
