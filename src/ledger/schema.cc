#include "ledger/schema.h"

#include <fmt/format.h>

#include <array>

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

CREATE TABLE postings (
  settlement INTEGER NOT NULL REFERENCES settlements(settlement),
  account  TEXT NOT NULL,
  amount_uj INTEGER NOT NULL CHECK (amount_uj >= 0),
  PRIMARY KEY (settlement, account)
) STRICT, WITHOUT ROWID;

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

struct Keyed {
  const char* table;
  const char* same;  // when a row that is there already has the new one's key
};

constexpr std::array<Keyed, 8> kAppendOnly = {{
    {"sessions", "session = NEW.session"},
    {"runs", "run = NEW.run OR id = NEW.id"},
    {"trials", "run = NEW.run AND ordinal = NEW.ordinal"},
    {"settlements",
     "settlement = NEW.settlement OR (run = NEW.run AND ordinal = NEW.ordinal AND domain = "
     "NEW.domain AND begin_ns = NEW.begin_ns)"},
    {"postings", "settlement = NEW.settlement AND account = NEW.account"},
    {"overlaps", "run = NEW.run AND domain = NEW.domain AND other = NEW.other"},
    {"run_ends", "run_end = NEW.run_end"},
    {"warnings", "run_end = NEW.run_end AND position = NEW.position"},
}};

// INSERT OR REPLACE removes rows without asking the DELETE trigger: hence the third one.
std::string append_only(const Keyed& k) {
  return fmt::format(
      "CREATE TRIGGER {0}_no_update BEFORE UPDATE ON {0}\n"
      "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;\n\n"
      "CREATE TRIGGER {0}_no_delete BEFORE DELETE ON {0}\n"
      "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;\n\n"
      "CREATE TRIGGER {0}_no_replace BEFORE INSERT ON {0}\n"
      "WHEN EXISTS (SELECT 1 FROM {0} WHERE {1})\n"
      "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;\n\n",
      k.table, k.same);
}

}  // namespace

std::string ledger_schema() {
  std::string sql(kTables);
  for (const auto& keyed : kAppendOnly) sql += append_only(keyed);
  return sql;
}

}  // namespace joulebook
