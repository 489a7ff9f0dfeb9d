// The tables of schema version 2: accounts by number, metered requests, hourly sums.
#include "ledger/schema.h"

namespace joulebook {
namespace {

constexpr std::string_view kServeTables = R"sql(
CREATE TABLE accounts (
  account  INTEGER PRIMARY KEY,
  name     TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE amounts (
  settlement INTEGER NOT NULL REFERENCES settlements(settlement),
  account  INTEGER NOT NULL REFERENCES accounts(account),
  amount_uj INTEGER NOT NULL CHECK (amount_uj >= 0),
  PRIMARY KEY (settlement, account)
) STRICT, WITHOUT ROWID;

CREATE TABLE request_groups (
  request_group INTEGER PRIMARY KEY,
  tenant   TEXT NOT NULL,
  model    TEXT NOT NULL,
  route    TEXT NOT NULL,
  upstream TEXT NOT NULL,
  UNIQUE (tenant, model, route, upstream)
) STRICT;

CREATE TABLE texts (
  text     INTEGER PRIMARY KEY,
  content  TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE requests_begun (
  request  INTEGER PRIMARY KEY,
  id       TEXT NOT NULL UNIQUE,
  run      INTEGER NOT NULL REFERENCES runs(run),
  request_group INTEGER NOT NULL REFERENCES request_groups(request_group),
  stream   INTEGER NOT NULL CHECK (stream IN (0, 1)),
  trace_id TEXT,
  parent_span TEXT,
  arrived_utc TEXT NOT NULL,
  arrived_ns INTEGER NOT NULL
) STRICT;

CREATE TABLE requests_ended (
  request  INTEGER PRIMARY KEY REFERENCES requests_begun(request),
  status   TEXT NOT NULL CHECK (status IN ('final', 'void')),
  reason_code TEXT,
  reason_message TEXT,
  reason_cure TEXT,
  outcome  TEXT NOT NULL,
  http_status INTEGER NOT NULL,
  sent_ns  INTEGER,
  first_token_ns INTEGER,
  last_token_ns INTEGER,
  ended_utc TEXT,
  ended_ns INTEGER,
  prompt_tokens INTEGER,
  cached_tokens INTEGER,
  reasoning_tokens INTEGER,
  answer_tokens INTEGER,
  wasted_tokens INTEGER,
  rule     INTEGER NOT NULL REFERENCES texts(text),
  unattributed REAL,
  posted_uj INTEGER NOT NULL CHECK (posted_uj >= 0),
  fair     TEXT NOT NULL,
  served   TEXT,
  marginal TEXT NOT NULL,
  phases   TEXT NOT NULL,
  CHECK ((status = 'void') = (reason_code IS NOT NULL))
) STRICT;

CREATE TABLE request_amounts (
  settlement INTEGER NOT NULL REFERENCES settlements(settlement),
  request  INTEGER NOT NULL REFERENCES requests_begun(request),
  amount_uj INTEGER NOT NULL CHECK (amount_uj >= 0),
  PRIMARY KEY (settlement, request)
) STRICT, WITHOUT ROWID;

CREATE TABLE hourly_accounts (
  run      INTEGER NOT NULL REFERENCES runs(run),
  hour     INTEGER NOT NULL,
  domain   TEXT NOT NULL,
  account  INTEGER NOT NULL REFERENCES accounts(account),
  amount_uj INTEGER NOT NULL CHECK (amount_uj >= 0),
  PRIMARY KEY (run, hour, domain, account)
) STRICT, WITHOUT ROWID;

CREATE TABLE hourly_groups (
  run      INTEGER NOT NULL REFERENCES runs(run),
  hour     INTEGER NOT NULL,
  domain   TEXT NOT NULL,
  request_group INTEGER NOT NULL REFERENCES request_groups(request_group),
  amount_uj INTEGER NOT NULL CHECK (amount_uj >= 0),
  PRIMARY KEY (run, hour, domain, request_group)
) STRICT, WITHOUT ROWID;

CREATE TABLE hourly_requests (
  run      INTEGER NOT NULL REFERENCES runs(run),
  hour     INTEGER NOT NULL,
  request_group INTEGER NOT NULL REFERENCES request_groups(request_group),
  begun    INTEGER NOT NULL,
  final    INTEGER NOT NULL,
  void     INTEGER NOT NULL,
  prompt_tokens INTEGER,
  cached_tokens INTEGER,
  reasoning_tokens INTEGER,
  answer_tokens INTEGER,
  wasted_tokens INTEGER,
  PRIMARY KEY (run, hour, request_group)
) STRICT, WITHOUT ROWID;

CREATE TABLE compactions (
  compaction INTEGER PRIMARY KEY,
  session  INTEGER NOT NULL REFERENCES sessions(session),
  utc      TEXT NOT NULL,
  before_utc TEXT NOT NULL,
  settlements INTEGER NOT NULL,
  requests INTEGER NOT NULL,
  meter_uj INTEGER NOT NULL CHECK (meter_uj >= 0)
) STRICT;

CREATE INDEX requests_by_trace ON requests_begun(trace_id) WHERE trace_id IS NOT NULL;

CREATE VIEW postings (settlement, account, amount_uj) AS
SELECT m.settlement, a.name, m.amount_uj FROM amounts m JOIN accounts a ON a.account = m.account
UNION ALL
SELECT m.settlement, 'request:' || b.id, m.amount_uj
FROM request_amounts m JOIN requests_begun b ON b.request = m.request;

CREATE VIEW requests AS
SELECT b.id, r.id AS run, coalesce(e.status, 'pending') AS status, e.reason_code, e.outcome,
  e.http_status, g.tenant, g.model, g.route, g.upstream, b.stream, b.trace_id, b.arrived_utc,
  e.ended_utc, (e.first_token_ns - b.arrived_ns) * 1e-9 AS first_token_s,
  (e.ended_ns - b.arrived_ns) * 1e-9 AS duration_s, e.prompt_tokens, e.cached_tokens,
  e.reasoning_tokens, e.answer_tokens, e.wasted_tokens, e.posted_uj, t.content AS rule,
  e.unattributed
FROM requests_begun b JOIN runs r ON r.run = b.run
JOIN request_groups g ON g.request_group = b.request_group
LEFT JOIN requests_ended e ON e.request = b.request LEFT JOIN texts t ON t.text = e.rule;

CREATE TRIGGER hourly_accounts_no_delete BEFORE DELETE ON hourly_accounts
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER hourly_accounts_grow BEFORE UPDATE ON hourly_accounts
WHEN NEW.run <> OLD.run OR NEW.hour <> OLD.hour OR NEW.domain <> OLD.domain
  OR NEW.account <> OLD.account OR NEW.amount_uj < OLD.amount_uj
BEGIN SELECT RAISE(ABORT, 'hourly sums only grow'); END;

CREATE TRIGGER hourly_groups_no_delete BEFORE DELETE ON hourly_groups
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER hourly_groups_grow BEFORE UPDATE ON hourly_groups
WHEN NEW.run <> OLD.run OR NEW.hour <> OLD.hour OR NEW.domain <> OLD.domain
  OR NEW.request_group <> OLD.request_group OR NEW.amount_uj < OLD.amount_uj
BEGIN SELECT RAISE(ABORT, 'hourly sums only grow'); END;

CREATE TRIGGER hourly_requests_no_delete BEFORE DELETE ON hourly_requests
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER hourly_requests_grow BEFORE UPDATE ON hourly_requests
WHEN NEW.run <> OLD.run OR NEW.hour <> OLD.hour OR NEW.request_group <> OLD.request_group
  OR NEW.begun < OLD.begun OR NEW.final < OLD.final OR NEW.void < OLD.void
BEGIN SELECT RAISE(ABORT, 'hourly sums only grow'); END;

)sql";

}  // namespace

std::string_view serve_tables() { return kServeTables; }

}  // namespace joulebook
