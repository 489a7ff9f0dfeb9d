// How fast a gateway's second is written into the ledger, beside SQLite's own bulk insert of the same
// rows: prepared statements into the same tables without triggers, foreign keys and hourly sums, at
// the same commits and in a single one. Then how long a ledger of that size takes to answer, and how
// memory and file grew.
//   ledger_scale DIRECTORY [REQUESTS]
// Each request runs through three windows of 300 new requests each, with four named accounts.
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "core/file_tree.h"
#include "ledger/serve_ledger.h"

namespace {

using namespace joulebook;

constexpr int kEachSecond = 300;
constexpr int kWindows = 3;
constexpr std::int64_t kSecond = 1'000'000'000;

struct Spent {
  double wall = 0;
  double cpu = 0;
};

Spent now() {
  rusage use{};
  ::getrusage(RUSAGE_SELF, &use);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now().time_since_epoch();
  return {wall.count(), seconds(use.ru_utime) + seconds(use.ru_stime)};
}

Spent since(const Spent& start) {
  const Spent end = now();
  return {end.wall - start.wall, end.cpu - start.cpu};
}

long resident_kib() {
  const auto status = read_file("/proc/self/status").value_or("");
  const auto at = status.find("VmRSS:");
  return at == std::string::npos ? 0 : std::atol(status.c_str() + at + 6);
}

void must(const Status& status) {
  if (status) return;
  fmt::print(stderr, "ledger_scale: {}\n", status.error().message);
  std::exit(6);
}

std::string id_of(std::int64_t i) {
  return fmt::format("01978f2e-{:04x}-7{:03x}-8000-{:012x}", (i >> 12) & 0xffff, i & 0xfff,
                     static_cast<std::uint64_t>(i) * 0x9E3779B97F4A7C15U >> 16);
}

// As attribution gives them: words and factors are the same for all.
Figure figure(double joules) {
  static const Figure kForm = [] {
    Quantity q = Quantity::exact(0, "J");
    q.shared = {{"gain:gpu:0", 0.98, 1.02}, {"idle:gpu:0", 1.05, 0.95}};
    q.tier = Tier::apportioned;
    q.boundary = "gpu";
    q.method = "NVML energy, divided by modelled work";
    return Figure(q);
  }();
  Figure out = kForm;
  out.value = joules;
  out.own = {joules * 0.93, joules * 1.07};
  return out;
}

RequestBegin begin_of(std::int64_t i, std::int64_t second) {
  RequestBegin b;
  b.id = id_of(i);
  b.tenant = fmt::format("tenant-{}", i % 7);
  b.model = i % 2 == 0 ? "llama-3.1-8b" : "qwen3-0.6b";
  b.route = "/v1/chat/completions";
  b.upstream = "http://127.0.0.1:8080";
  b.stream = true;
  if (i % 10 == 0) b.trace_id = fmt::format("{:032x}", static_cast<std::uint64_t>(i) * 0x9E3779B9U);
  b.arrived = {second * kSecond + i % kEachSecond * 3'000};
  return b;
}

EndRow end_of(std::int64_t i, std::int64_t second) {
  EndRow e;
  e.id = id_of(i);
  e.outcome = "complete";
  e.http_status = 200;
  const std::int64_t arrived = (second - kWindows + 1) * kSecond;
  e.sent = SteadyTime{arrived + 1'000'000};
  e.first_token = SteadyTime{arrived + 90'000'000};
  e.last_token = SteadyTime{second * kSecond + 500'000'000};
  e.ended = SteadyTime{second * kSecond + 501'000'000};
  e.tokens = {512 + i % 99, 256, 40, 120 + i % 37, 0};
  e.rule = "shape";
  e.unattributed = 0.003;
  const double joules = 1.5 + 1e-3 * static_cast<double>(i % 977);
  e.fair = figure(joules);
  e.marginal = figure(joules * 0.4);
  e.phases = {{"queue", 0, 0.01, figure(0)},
              {"prefill", 256, 0.09, figure(joules * 0.3)},
              {"reason", 40, 0.5, figure(joules * 0.2)},
              {"answer", 120, 1.9, figure(joules * 0.5)}};
  return e;
}

ServeBatch batch_of(std::int64_t second, std::int64_t requests) {
  ServeBatch batch;
  batch.now = {{second * kSecond}, second * kSecond, 1'800'000'000 * kSecond + second * kSecond};
  for (std::int64_t i = second * kEachSecond; i < std::min((second + 1) * kEachSecond, requests);
       ++i) {
    batch.begun.push_back(begin_of(i, second));
  }
  Settlement s{"gpu:0", {second * kSecond}, {(second + 1) * kSecond}, {0}, {}};
  const auto first = std::max<std::int64_t>(0, (second - kWindows + 1) * kEachSecond);
  for (std::int64_t i = first; i < std::min((second + 1) * kEachSecond, requests); ++i) {
    s.postings.push_back({"request:" + id_of(i), {500'000 + i % 977}});
  }
  for (const char* account : {"idle.resident", "self", "other", "unattributed"}) {
    s.postings.push_back({account, {1'000'003}});
  }
  for (const auto& posting : s.postings) s.meter += posting.amount;
  batch.windows.push_back(std::move(s));
  if (second + 1 >= kWindows) {
    for (std::int64_t i = first; i < std::min(first + kEachSecond, requests); ++i) {
      batch.ended.push_back(end_of(i, second));
    }
  }
  return batch;
}

// ---- SQLite alone ----

void must(int code, sqlite3* db) {
  if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW) return;
  fmt::print(stderr, "ledger_scale: {}\n", sqlite3_errmsg(db));
  std::exit(6);
}

void exec(sqlite3* db, const std::string& sql) {
  must(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), db);
}

// The rows of one table of one second, in memory, in the ledger's own order.
struct Rows {
  std::vector<std::vector<sqlite3_value*>> rows;
  ~Rows() {
    for (auto& row : rows) {
      for (auto* value : row) sqlite3_value_free(value);
    }
  }
};

struct Table {
  std::string name;
  std::string of_second;  // the condition that gives the rows of second ?1
};

const std::vector<Table>& tables() {
  static const std::vector<Table> all = {
      {"requests_begun", "request > ?1 * 300 AND request <= (?1 + 1) * 300"},
      {"settlements", "settlement = ?1 + 1"},
      {"amounts", "settlement = ?1 + 1"},
      {"request_amounts", "settlement = ?1 + 1"},
      {"requests_ended", "request > (?1 - 2) * 300 AND request <= (?1 - 1) * 300"},
  };
  return all;
}

struct Copy {
  sqlite3_stmt* select = nullptr;
  sqlite3_stmt* insert = nullptr;
};

Copy prepare(sqlite3* from, sqlite3* to, const Table& table) {
  Copy copy;
  const std::string sql =
      fmt::format("SELECT * FROM {} WHERE {}", table.name, table.of_second);
  must(sqlite3_prepare_v2(from, sql.c_str(), -1, &copy.select, nullptr), from);
  std::string places = "?";
  for (int i = 1; i < sqlite3_column_count(copy.select); ++i) places += ", ?";
  const std::string insert = fmt::format("INSERT INTO {} VALUES ({})", table.name, places);
  must(sqlite3_prepare_v2(to, insert.c_str(), -1, &copy.insert, nullptr), to);
  return copy;
}

void read_rows(sqlite3_stmt* select, std::int64_t second, Rows& out) {
  sqlite3_bind_int64(select, 1, second);
  while (sqlite3_step(select) == SQLITE_ROW) {
    auto& row = out.rows.emplace_back();
    for (int i = 0; i < sqlite3_column_count(select); ++i) {
      row.push_back(sqlite3_value_dup(sqlite3_column_value(select, i)));
    }
  }
  sqlite3_reset(select);
}

void insert_rows(sqlite3* db, sqlite3_stmt* insert, const Rows& rows) {
  for (const auto& row : rows.rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      sqlite3_bind_value(insert, static_cast<int>(i) + 1, row[i]);
    }
    must(sqlite3_step(insert), db);
    sqlite3_reset(insert);
  }
}

// The same tables with their keys and the index; nothing else.
sqlite3* bare_tables(sqlite3* ledger, const std::string& path) {
  sqlite3* db = nullptr;
  must(sqlite3_open(path.c_str(), &db), db);
  exec(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF");
  sqlite3_stmt* schema = nullptr;
  must(sqlite3_prepare_v2(ledger,
                          "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND (type = 'table' "
                          "OR name = 'requests_by_trace')",
                          -1, &schema, nullptr),
       ledger);
  while (sqlite3_step(schema) == SQLITE_ROW) {
    exec(db, reinterpret_cast<const char*>(sqlite3_column_text(schema, 0)));
  }
  sqlite3_finalize(schema);
  return db;
}

Spent bulk_insert(const std::string& from_path, const std::string& to_path, std::int64_t seconds,
                  bool each_second_commits) {
  sqlite3* from = nullptr;
  must(sqlite3_open(from_path.c_str(), &from), from);
  sqlite3* to = bare_tables(from, to_path);
  std::vector<Copy> copies;
  for (const auto& table : tables()) copies.push_back(prepare(from, to, table));
  Spent spent;
  if (!each_second_commits) exec(to, "BEGIN");
  for (std::int64_t second = 0; second < seconds; ++second) {
    std::vector<Rows> rows(copies.size());
    for (std::size_t t = 0; t < copies.size(); ++t) read_rows(copies[t].select, second, rows[t]);
    const Spent start = now();
    if (each_second_commits) exec(to, "BEGIN IMMEDIATE");
    for (std::size_t t = 0; t < copies.size(); ++t) insert_rows(to, copies[t].insert, rows[t]);
    if (each_second_commits) exec(to, "COMMIT");
    const Spent one = since(start);
    spent.wall += one.wall;
    spent.cpu += one.cpu;
  }
  const Spent start = now();
  if (!each_second_commits) exec(to, "COMMIT");
  spent.wall += since(start).wall;
  spent.cpu += since(start).cpu;
  for (const auto& copy : copies) {
    sqlite3_finalize(copy.select);
    sqlite3_finalize(copy.insert);
  }
  sqlite3_close(from);
  sqlite3_close(to);
  return spent;
}

template <class Ask>
double milliseconds(Ask ask) {
  const Spent start = now();
  ask();
  return since(start).wall * 1e3;
}

void answers(const std::string& path, std::int64_t requests, const std::string& run) {
  auto reader = open_serve_reader(path);
  if (!reader) return must(fail(reader.error()));
  auto ledger = open_ledger(path);
  fmt::print("answers, ms:");
  const auto say = [](const char* what, double ms) { fmt::print(" {} {:.2f}", what, ms); };
  say("list", milliseconds([&] { (void)(*ledger)->list(20); }));
  say("request", milliseconds([&] { (void)(*reader)->request(id_of(requests / 2)); }));
  say("answer", milliseconds([&] {
        (void)(*reader)->answer(begin_of(requests / 20 * 10, 0).trace_id);
      }));
  say("by-account", milliseconds([&] { (void)(*reader)->totals(TotalBy::account); }));
  say("by-tenant", milliseconds([&] { (void)(*reader)->totals(TotalBy::tenant, {}, run); }));
  say("hourly", milliseconds([&] { (void)(*reader)->hourly(TotalBy::model); }));
  fmt::print("\n");
}

struct Settled {
  Spent spent;
  long memory_kib = 0;  // growth after the first tenth
  std::string run;
};

Settled settle_all(const std::string& path, std::int64_t requests, std::int64_t seconds) {
  Settled settled;
  auto writer = open_serve_writer(path, "bench", {{0}, 0, 1'800'000'000 * kSecond}, Json::object());
  if (!writer) must(fail(writer.error()));
  settled.run = (*writer)->run();
  long early = 0;
  for (std::int64_t second = 0; second < seconds; ++second) {
    if (second == seconds / 10) early = resident_kib();
    const ServeBatch batch = batch_of(second, requests);
    const Spent start = now();
    must((*writer)->settle(batch));
    const Spent one = since(start);
    settled.spent.wall += one.wall;
    settled.spent.cpu += one.cpu;
  }
  settled.memory_kib = resident_kib() - early;
  return settled;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const std::string directory = argv[1];
  const std::int64_t requests = (argc > 2 ? std::atoll(argv[2]) : 1'000'000) / 300 * 300;
  const std::int64_t seconds = requests / kEachSecond + kWindows - 1;
  const std::string path = directory + "/ledger.db";
  const Settled ours = settle_all(path, requests, seconds);
  const auto rate = [](double count, double s) { return count / s; };
  const auto n = static_cast<double>(requests);
  fmt::print("{} requests in {} windows of {} postings, one commit each\n", requests, seconds,
             kEachSecond * kWindows + 4);
  fmt::print("settle: {:.0f} requests/s, {:.1f} us of CPU a request; memory grew by {} KiB after "
             "the first tenth; {:.0f} bytes of file a request\n",
             rate(n, ours.spent.wall), ours.spent.cpu / n * 1e6, ours.memory_kib,
             static_cast<double>(std::filesystem::file_size(path)) / n);
  answers(path, requests, ours.run);
  const std::int64_t part = std::min<std::int64_t>(seconds, 1000);
  for (const bool commits : {true, false}) {
    const Spent bulk =
        bulk_insert(path, directory + (commits ? "/bulk.db" : "/bulk1.db"), part, commits);
    const double inserted = static_cast<double>(part * kEachSecond);
    fmt::print("SQLite's bulk insert of the same rows, {}: {:.0f} requests/s, {:.1f} us of CPU; "
               "ratio {:.2f} in time, {:.2f} in CPU\n",
               commits ? "the same commits" : "one commit", rate(inserted, bulk.wall),
               bulk.cpu / inserted * 1e6, rate(n, ours.spent.wall) / rate(inserted, bulk.wall),
               bulk.cpu / inserted / (ours.spent.cpu / n));
  }
}
