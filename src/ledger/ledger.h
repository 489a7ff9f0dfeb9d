#pragma once
// The ledger: SQLite (WAL, STRICT, foreign keys on), append-only, energies in whole microjoules.
// The schema, table by table: docs/formats/ledger.md.
//
// Not thread-safe; two processes may hold one ledger open (SQLite locks; a busy ledger is waited
// for 10 s, then "ledger.busy").
#include <joulebook/result.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/json.h"
#include "meter/window.h"

namespace joulebook {

// One row of accounts for a settled window and domain: amounts sum to the meter exactly.
struct Posting {
  std::string account;  // "request:<id>", "idle.bare", "self", "unattributed", ...
  MicroJoules amount;
};

struct Settlement {
  std::string domain;  // top-level only
  SteadyTime begin;
  SteadyTime end;
  MicroJoules meter;
  std::vector<Posting> postings;
  // Domains that this one contains, mirrors or may contain: they must never be posted beside it.
  std::vector<std::string> overlaps = {};
};

// What `list` shows of a run or study.
struct RunSummary {
  std::string id;
  std::string kind;   // "run", "ask", "study"
  std::string title;  // command line or study name; never a prompt
  std::string started_utc;
  double duration_s = 0;
  bool complete = false;
  Json total;  // quantity object
};

class Ledger {
 public:
  virtual ~Ledger() = default;

  // Starts a record: kind, title, the wall-clock anchor, and its specification as JSON (without
  // prompts or answers unless the caller was asked to keep them). Returns its id.
  [[nodiscard]] virtual Result<std::string> begin_run(std::string_view kind, std::string_view title,
                                                      const Anchor& start, const Json& spec) = 0;
  // Adds one trial (or window) with its settlements, in one transaction: after return it is on
  // disk, before it nothing of it is. Errors: resource "file.full", input "ledger.unbalanced"
  // (a settlement whose postings do not sum to its meter, or with a negative posting),
  // "ledger.nested" (a domain posted beside one that overlaps it), "ledger.no_such_run",
  // "ledger.duplicate" (that ordinal is written already), "ledger.ended" (the run is complete).
  // Postings to one account are added up.
  [[nodiscard]] virtual Status add_trial(const std::string& run, std::int64_t ordinal,
                                         const Json& trial,
                                         const std::vector<Settlement>& settlements) = 0;
  // Ends the record with its result document. An interrupted run (`complete` false) may be taken
  // up again and ended once more; the last end counts.
  [[nodiscard]] virtual Status end_run(const std::string& run, const Anchor& end,
                                       const Json& result, bool complete) = 0;

  [[nodiscard]] virtual Result<std::vector<RunSummary>> list(std::size_t most) const = 0;
  // The result document (or, of an unfinished run, {spec, trials}). `id` may be a unique prefix,
  // or "last". Errors: input "ledger.no_such_run", "ledger.ambiguous".
  [[nodiscard]] virtual Result<Json> show(const std::string& id) const = 0;
  [[nodiscard]] virtual Result<std::string> resolve(const std::string& id) const = 0;
  [[nodiscard]] virtual Result<Json> spec(const std::string& id) const = 0;
  [[nodiscard]] virtual Result<std::vector<Json>> trials(const std::string& run) const = 0;
  // The newest unfinished run of that kind and title, for --resume.
  [[nodiscard]] virtual Result<std::optional<std::string>> unfinished(
      std::string_view kind, std::string_view title) const = 0;

  struct Verdict {
    std::int64_t runs = 0;
    std::int64_t settlements = 0;
    std::int64_t postings = 0;
    MicroJoules metered;
    MicroJoules unattributed;
    std::vector<std::string> faults;  // empty: every settled window balances
  };
  // Checks integrity, conservation of every settlement, that windows of one run and domain do not
  // overlap, and that no nested domain was posted.
  [[nodiscard]] virtual Result<Verdict> verify() const = 0;
};

// Opens or creates (directories with mode 0700, the file with 0600). Errors: input
// "ledger.not_a_ledger", "ledger.newer", "ledger.corrupt", "file.directory", "file.unwritable";
// resource "file.full", "ledger.busy".
[[nodiscard]] Result<std::unique_ptr<Ledger>> open_ledger(const std::string& path);

// --ledger, else JOULEBOOK_LEDGER, else $XDG_STATE_HOME/joulebook/ledger.db (or ~/.local/state).
[[nodiscard]] std::string default_ledger_path();

}  // namespace joulebook
