#pragma once
// What the ledger's tests share: a fresh directory, records, a raw look into the file.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "ledger/store.h"

namespace joulebook {

// A directory of its own for each instance, removed at the end.
class TempDir {
 public:
  TempDir() {
    std::string pattern = testing::TempDir() + "/joulebook-ledger-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  [[nodiscard]] std::string file(const std::string& name = "ledger.db") const {
    return path_ + "/" + name;
  }

 private:
  std::string path_;
};

inline Anchor anchor_at(std::int64_t steady_ns) {
  return {{steady_ns}, steady_ns, 1'800'000'000'000'000'000 + steady_ns};
}

// Balanced: 70 % to the request, the rest unattributed.
inline Settlement settlement(std::int64_t begin_ns, std::int64_t end_ns, std::int64_t uj,
                             std::string domain = "package:0") {
  const std::int64_t part = uj / 10 * 7;
  return {std::move(domain),
          {begin_ns},
          {end_ns},
          {uj},
          {{"request:1", {part}}, {"unattributed", {uj - part}}}};
}

inline Json trial_json(std::int64_t ordinal) {
  return Json::object({{"ordinal", ordinal}, {"energy", to_json(Quantity::exact(1.5, "J"))}});
}

inline Json result_json() {
  return Json::object({{"schema", "joulebook.run/1"},
                       {"total", to_json(Quantity::exact(12, "J"))},
                       {"warnings", Json::array({"no sensor"})},
                       {"domains", Json::array({Json::object({{"domain", "package:0"},
                                                              {"contains", Json::array({"core:0"})},
                                                              {"mirrors", Json::array()}})})}});
}

// Runs one statement on the file itself. Empty: done; else SQLite's message.
inline std::string raw_sql(const std::string& path, const std::string& sql) {
  sqlite3* db = nullptr;
  std::string message;
  if (sqlite3_open(path.c_str(), &db) == SQLITE_OK &&
      sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    message = sqlite3_errmsg(db);
  }
  sqlite3_close(db);
  return message;
}

}  // namespace joulebook
