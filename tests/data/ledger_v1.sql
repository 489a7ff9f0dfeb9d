PRAGMA application_id = 1245858887;
PRAGMA user_version = 1;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE sessions (
  session  INTEGER PRIMARY KEY,
  boot_id  TEXT NOT NULL,
  utc      TEXT NOT NULL,
  steady_ns INTEGER NOT NULL,
  boot_ns  INTEGER NOT NULL,
  wall_ns  INTEGER NOT NULL
) STRICT;
INSERT INTO sessions VALUES(1,'32a45725-d337-488e-8d46-480bf27acb1d','2026-11-26T23:04:05.559Z',14576813832977,14576813833037,1795734245559191779);
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
INSERT INTO runs VALUES(1,'study-20270115T080000-f278',1,'study','forty','2027-01-15T08:00:00.000Z',1000,1000,1800000000000001000,'{"seed":7}');
INSERT INTO runs VALUES(2,'run-20270115T080000-8445',1,'run','true','2027-01-15T08:00:00.000Z',5000,5000,1800000000000005000,'{}');
CREATE TABLE trials (
  run      INTEGER NOT NULL REFERENCES runs(run),
  ordinal  INTEGER NOT NULL CHECK (ordinal >= 0),
  session  INTEGER NOT NULL REFERENCES sessions(session),
  document TEXT NOT NULL,
  PRIMARY KEY (run, ordinal)
) STRICT;
INSERT INTO trials VALUES(1,0,1,'{"ordinal":0,"energy":{"value":1.5,"lo":1.5,"hi":1.5,"level":0.95,"unit":"J","tier":"measured","boundary":"","own":[1.5,1.5],"shared":[],"method":""}}');
INSERT INTO trials VALUES(1,1,1,'{"ordinal":1,"energy":{"value":1.5,"lo":1.5,"hi":1.5,"level":0.95,"unit":"J","tier":"measured","boundary":"","own":[1.5,1.5],"shared":[],"method":""}}');
INSERT INTO trials VALUES(2,0,1,'{"ordinal":0,"energy":{"value":1.5,"lo":1.5,"hi":1.5,"level":0.95,"unit":"J","tier":"measured","boundary":"","own":[1.5,1.5],"shared":[],"method":""}}');
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
INSERT INTO settlements VALUES(1,1,0,'package:0','2027-01-15T08:00:00.000Z',1000,'2027-01-15T08:00:00.000Z',2000,1500003);
INSERT INTO settlements VALUES(2,1,0,'dram:0','2027-01-15T08:00:00.000Z',1000,'2027-01-15T08:00:00.000Z',2000,7);
INSERT INTO settlements VALUES(3,1,1,'dram:0','2027-01-15T08:00:00.000Z',2000,'2027-01-15T08:00:00.000Z',3000,500001);
INSERT INTO settlements VALUES(4,1,1,'package:0','2027-01-15T08:00:00.000Z',2000,'2027-01-15T08:00:00.000Z',3000,10);
INSERT INTO settlements VALUES(5,2,0,'package:0','2027-01-15T08:00:00.000Z',6000,'2027-01-15T08:00:00.000Z',7000,11);
CREATE TABLE postings (
  settlement INTEGER NOT NULL REFERENCES settlements(settlement),
  account  TEXT NOT NULL,
  amount_uj INTEGER NOT NULL CHECK (amount_uj >= 0),
  PRIMARY KEY (settlement, account)
) STRICT, WITHOUT ROWID;
INSERT INTO postings VALUES(1,'request:1',1050000);
INSERT INTO postings VALUES(1,'unattributed',450003);
INSERT INTO postings VALUES(2,'request:1',0);
INSERT INTO postings VALUES(2,'unattributed',7);
INSERT INTO postings VALUES(3,'request:1',350000);
INSERT INTO postings VALUES(3,'unattributed',150001);
INSERT INTO postings VALUES(4,'idle.bare',4);
INSERT INTO postings VALUES(4,'self',1);
INSERT INTO postings VALUES(4,'unattributed',5);
INSERT INTO postings VALUES(5,'request:1',7);
INSERT INTO postings VALUES(5,'unattributed',4);
CREATE TABLE overlaps (
  run      INTEGER NOT NULL REFERENCES runs(run),
  domain   TEXT NOT NULL,
  other    TEXT NOT NULL,
  PRIMARY KEY (run, domain, other)
) STRICT, WITHOUT ROWID;
INSERT INTO overlaps VALUES(1,'dram:0','core:0');
INSERT INTO overlaps VALUES(1,'package:0','core:0');
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
INSERT INTO run_ends VALUES(1,1,1,'2027-01-15T08:00:02.000Z',2000001000,2000001000,1800000002000001000,1,'{"value":12,"lo":12,"hi":12,"level":0.95,"unit":"J","tier":"measured","boundary":"","own":[12,12],"shared":[],"method":""}','{"schema":"joulebook.run/1","total":{"value":12,"lo":12,"hi":12,"level":0.95,"unit":"J","tier":"measured","boundary":"","own":[12,12],"shared":[],"method":""},"warnings":["no sensor"],"domains":[{"domain":"package:0","contains":["core:0"],"mirrors":[]}]}');
CREATE TABLE warnings (
  run_end  INTEGER NOT NULL REFERENCES run_ends(run_end),
  position INTEGER NOT NULL,
  text     TEXT NOT NULL,
  PRIMARY KEY (run_end, position)
) STRICT, WITHOUT ROWID;
INSERT INTO warnings VALUES(1,0,'no sensor');
CREATE INDEX runs_by_kind ON runs(kind, title);
CREATE INDEX run_ends_by_run ON run_ends(run);
CREATE TRIGGER trials_of_open_runs BEFORE INSERT ON trials
WHEN EXISTS (SELECT 1 FROM run_ends WHERE run = NEW.run AND complete = 1)
BEGIN SELECT RAISE(ABORT, 'the run is complete'); END;
CREATE TRIGGER run_ends_of_open_runs BEFORE INSERT ON run_ends
WHEN EXISTS (SELECT 1 FROM run_ends WHERE run = NEW.run AND complete = 1)
BEGIN SELECT RAISE(ABORT, 'the run is complete'); END;
CREATE TRIGGER sessions_no_update BEFORE UPDATE ON sessions
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER sessions_no_delete BEFORE DELETE ON sessions
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER sessions_no_replace BEFORE INSERT ON sessions
WHEN EXISTS (SELECT 1 FROM sessions WHERE session = NEW.session)
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER runs_no_update BEFORE UPDATE ON runs
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER runs_no_delete BEFORE DELETE ON runs
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER runs_no_replace BEFORE INSERT ON runs
WHEN EXISTS (SELECT 1 FROM runs WHERE run = NEW.run OR id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER trials_no_update BEFORE UPDATE ON trials
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER trials_no_delete BEFORE DELETE ON trials
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER trials_no_replace BEFORE INSERT ON trials
WHEN EXISTS (SELECT 1 FROM trials WHERE run = NEW.run AND ordinal = NEW.ordinal)
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER settlements_no_update BEFORE UPDATE ON settlements
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER settlements_no_delete BEFORE DELETE ON settlements
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER settlements_no_replace BEFORE INSERT ON settlements
WHEN EXISTS (SELECT 1 FROM settlements WHERE settlement = NEW.settlement OR (run = NEW.run AND ordinal = NEW.ordinal AND domain = NEW.domain AND begin_ns = NEW.begin_ns))
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER postings_no_update BEFORE UPDATE ON postings
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER postings_no_delete BEFORE DELETE ON postings
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER postings_no_replace BEFORE INSERT ON postings
WHEN EXISTS (SELECT 1 FROM postings WHERE settlement = NEW.settlement AND account = NEW.account)
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER overlaps_no_update BEFORE UPDATE ON overlaps
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER overlaps_no_delete BEFORE DELETE ON overlaps
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER overlaps_no_replace BEFORE INSERT ON overlaps
WHEN EXISTS (SELECT 1 FROM overlaps WHERE run = NEW.run AND domain = NEW.domain AND other = NEW.other)
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER run_ends_no_update BEFORE UPDATE ON run_ends
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER run_ends_no_delete BEFORE DELETE ON run_ends
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER run_ends_no_replace BEFORE INSERT ON run_ends
WHEN EXISTS (SELECT 1 FROM run_ends WHERE run_end = NEW.run_end)
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER warnings_no_update BEFORE UPDATE ON warnings
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER warnings_no_delete BEFORE DELETE ON warnings
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER warnings_no_replace BEFORE INSERT ON warnings
WHEN EXISTS (SELECT 1 FROM warnings WHERE run_end = NEW.run_end AND position = NEW.position)
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
COMMIT;
