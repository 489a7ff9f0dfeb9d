#include "ledger/schema.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace joulebook {
namespace {

constexpr std::string_view kTables = R"sql(
CREATE TABLE sessions (
  session  INTEGER PRIMARY KEY,
  boot_id  TEXT NOT NULL,
  utc      TEXT NOT NULL,
  steady_ns INTEGER NOT NULL,
  boot_ns  INTEGER NOT NULL,
  wall_ns  INTEGER NOT NULL
) STRICT;

CREATE TABLE runs (
  run      INTEGER PRIMARY KEY,
  id       TEXT NOT NULL UNIQUE,
  session  INTEGER NOT NULL REFERENCES sessions(session),
  kind     TEXT NOT NULL,
  title    TEXT NOT NULL,
  started_utc TEXT NOT NULL,
  start_ns INTEGER NOT NULL,
  boot_ns  INTEGER NOT NULL,
  wall_ns  INTEGER NOT NULL,
  spec     TEXT NOT NULL
) STRICT;

CREATE TABLE trials (
  run      INTEGER NOT NULL REFERENCES runs(run),
  ordinal  INTEGER NOT NULL CHECK (ordinal >= 0),
  session  INTEGER NOT NULL REFERENCES sessions(session),
  document TEXT NOT NULL,
  PRIMARY KEY (run, ordinal)
) STRICT;

CREATE TABLE settlements (
  settlement INTEGER PRIMARY KEY,
  run      INTEGER NOT NULL,
  ordinal  INTEGER NOT NULL,
  domain   TEXT NOT NULL,
  begin_utc TEXT NOT NULL,
  begin_ns INTEGER NOT NULL,
  end_utc  TEXT NOT NULL,
  end_ns   INTEGER NOT NULL CHECK (end_ns >= begin_ns),
  meter_uj INTEGER NOT NULL CHECK (meter_uj >= 0),
  UNIQUE (run, ordinal, domain, begin_ns),
  FOREIGN KEY (run, ordinal) REFERENCES trials(run, ordinal)
) STRICT;

CREATE TABLE overlaps (
  run      INTEGER NOT NULL REFERENCES runs(run),
  domain   TEXT NOT NULL,
  other    TEXT NOT NULL,
  PRIMARY KEY (run, domain, other)
) STRICT, WITHOUT ROWID;

CREATE TABLE run_ends (
  run_end  INTEGER PRIMARY KEY,
  run      INTEGER NOT NULL REFERENCES runs(run),
  session  INTEGER NOT NULL REFERENCES sessions(session),
  ended_utc TEXT NOT NULL,
  end_ns   INTEGER NOT NULL,
  boot_ns  INTEGER NOT NULL,
  wall_ns  INTEGER NOT NULL,
  complete INTEGER NOT NULL CHECK (complete IN (0, 1)),
  total    TEXT,
  result   TEXT NOT NULL
) STRICT;

CREATE TABLE warnings (
  run_end  INTEGER NOT NULL REFERENCES run_ends(run_end),
  position INTEGER NOT NULL,
  text     TEXT NOT NULL,
  PRIMARY KEY (run_end, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX runs_by_kind ON runs(kind, title);
CREATE INDEX run_ends_by_run ON run_ends(run);

CREATE TRIGGER trials_of_open_runs BEFORE INSERT ON trials
WHEN EXISTS (SELECT 1 FROM run_ends WHERE run = NEW.run AND complete = 1)
BEGIN SELECT RAISE(ABORT, 'the run is complete'); END;

CREATE TRIGGER run_ends_of_open_runs BEFORE INSERT ON run_ends
WHEN EXISTS (SELECT 1 FROM run_ends WHERE run = NEW.run AND complete = 1)
BEGIN SELECT RAISE(ABORT, 'the run is complete'); END;
)sql";

constexpr std::array<AppendOnly, 7> kFirst = {{
    {"sessions", "session = NEW.session"},
    {"runs", "run = NEW.run OR id = NEW.id"},
    {"trials", "run = NEW.run AND ordinal = NEW.ordinal"},
    {"settlements",
     "settlement = NEW.settlement OR (run = NEW.run AND ordinal = NEW.ordinal AND domain = "
     "NEW.domain AND begin_ns = NEW.begin_ns)"},
    {"overlaps", "run = NEW.run AND domain = NEW.domain AND other = NEW.other"},
    {"run_ends", "run_end = NEW.run_end"},
    {"warnings", "run_end = NEW.run_end AND position = NEW.position"},
}};

constexpr std::array<AppendOnly, 8> kSecond = {{
    {"accounts", "account = NEW.account OR name = NEW.name"},
    {"amounts", "settlement = NEW.settlement AND account = NEW.account"},
    {"request_groups",
     "request_group = NEW.request_group OR (tenant = NEW.tenant AND model = NEW.model AND route = "
     "NEW.route AND upstream = NEW.upstream)"},
    {"texts", "text = NEW.text OR content = NEW.content"},
    {"requests_begun",
     "request = NEW.request) OR EXISTS (SELECT 1 FROM requests_begun WHERE id = NEW.id"},
    {"requests_ended", "request = NEW.request"},
    {"request_amounts", "settlement = NEW.settlement AND request = NEW.request"},
    {"compactions", "compaction = NEW.compaction"},
}};

}  // namespace

std::string refuse_delete(std::string_view table) {
  return fmt::format(
      "CREATE TRIGGER {0}_no_delete BEFORE DELETE ON {0}\n"
      "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;\n\n",
      table);
}

std::string append_only(const AppendOnly& t) {
  return fmt::format(
             "CREATE TRIGGER {0}_no_update BEFORE UPDATE ON {0}\n"
             "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;\n\n",
             t.table) +
         refuse_delete(t.table) +
         fmt::format(
             "CREATE TRIGGER {0}_no_replace BEFORE INSERT ON {0}\n"
             "WHEN EXISTS (SELECT 1 FROM {0} WHERE {1})\n"
             "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;\n\n",
             t.table, t.same);
}

namespace {

std::string second() {
  std::string sql(serve_tables());
  for (const auto& table : kSecond) sql += append_only(table);
  return sql;
}

}  // namespace

std::string ledger_schema() {
  std::string sql(kTables);
  for (const auto& table : kFirst) sql += append_only(table);
  return sql + second();
}

// Dropping a table takes its triggers along and asks none of them.
std::string ledger_from_1() {
  return "ALTER TABLE postings RENAME TO postings_1;\n" + second() + R"sql(
INSERT INTO accounts(name) SELECT DISTINCT account FROM postings_1 ORDER BY account;
INSERT INTO amounts(settlement, account, amount_uj)
  SELECT p.settlement, a.account, p.amount_uj
  FROM postings_1 p JOIN accounts a ON a.name = p.account;
DROP TABLE postings_1;
)sql";
}

}  // namespace joulebook
