#pragma once
// What a metering gateway writes into the ledger, and reads back: metered requests and the settled
// windows that hold their joules. The same database as ledger.h; tables in docs/formats/ledger.md.
//
// No prompt, answer or key is ever in it: a tenant is a name or a short hash. Energies that are
// posted are whole microjoules; figures are quantities: values in J to the microjoule, ends of their
// intervals to a float's digits and rounded outwards.
//
// A writer and a reader are each for one thread at a time; each has a connection of its own, so they
// may be used on different threads, and readers never wait for the writer.
#include <joulebook/quantity.h>
#include <joulebook/result.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/figure.h"
#include "core/json.h"
#include "ledger/ledger.h"

namespace joulebook {

struct RequestBegin {
  std::string id;  // unique in the ledger; rising with time (as UUIDv7) keeps its index small
  std::string tenant;
  std::string model;
  std::string route;  // "/v1/chat/completions"
  std::string upstream;
  bool stream = false;
  std::string trace_id;     // of the caller's traceparent: groups calls into one answer; empty: none
  std::string parent_span;  // empty: none
  SteadyTime arrived;
};

struct RequestTokens {
  std::optional<std::int64_t> prompt;  // cached ones inside; empty: not known
  std::optional<std::int64_t> cached;
  std::optional<std::int64_t> reasoning;
  std::optional<std::int64_t> answer;  // reasoning apart
  std::optional<std::int64_t> wasted;  // rejected drafts, cancelled or retried work

  bool operator==(const RequestTokens&) const = default;
};

struct PhaseFigure {
  std::string phase;  // "queue", "prefill", "cached", "reason", "answer", "wasted"
  std::int64_t tokens = 0;
  double seconds = 0;
  Quantity energy;  // J, of fair
};

// How a request ended, but for what it took.
struct EndFacts {
  std::string id;
  std::optional<Reason> void_reason;  // set: `void`; else `final`
  std::string outcome;                // "complete", "cancelled", "failed"
  int http_status = 0;                // 0: there was no answer
  std::optional<SteadyTime> sent;
  std::optional<SteadyTime> first_token;
  std::optional<SteadyTime> last_token;
  std::optional<SteadyTime> ended;  // empty: not known (the gateway was killed)
  RequestTokens tokens;
  std::string rule;                    // how its share was weighed
  std::optional<double> unattributed;  // share of active energy in its windows, 0 to 1
};

struct RequestEnd : EndFacts {
  Quantity fair;  // J, each of them; or an absence
  // Empty: the ledger works it out when it is read, from the hours in which it was posted, once
  // they are over: fair and its part of those hours' idle, shared by fair share.
  std::optional<Quantity> served;
  Quantity marginal;
  std::vector<PhaseFigure> phases;
};

// The same as a row: figures, whose words many rows share.
struct PhaseRow {
  std::string phase;
  std::int64_t tokens = 0;
  double seconds = 0;
  Figure energy;
};

struct EndRow : EndFacts {
  Figure fair;
  std::optional<Figure> served;
  Figure marginal;
  std::vector<PhaseRow> phases;

  EndRow() = default;
  EndRow(const RequestEnd& end);  // NOLINT(google-explicit-constructor): the same end
  [[nodiscard]] RequestEnd told() const;
};

// What is written in one transaction. Order inside it: begun, windows, ended.
struct ServeBatch {
  // Steady times become UTC through the newest anchor at or before them, of all batches so far: a clock
  // that is set moves nothing that was.
  Anchor now;
  std::vector<RequestBegin> begun;
  // Postings to "request:<id>" of requests begun and not ended, and to named accounts ("idle.bare",
  // "self", "other", "unattributed", ...). They sum to the meter. Windows of a domain rise in time.
  std::vector<Settlement> windows;
  std::vector<EndRow> ended;
};

// One serve run of the ledger. It holds a lock file beside the ledger (PATH-serve) for as long as it
// lives: that is how the next writer knows what a killed gateway has left.
class ServeWriter {
 public:
  virtual ~ServeWriter() = default;
  [[nodiscard]] virtual const std::string& run() const = 0;
  // All of the batch, or, after an error, nothing of it; the same batch may be tried again. Errors:
  // input "ledger.unbalanced", "ledger.nested", "ledger.overlap" (a window that begins before the
  // settled edge of its domain), "ledger.duplicate" (that id is known), "ledger.no_such_request" (a
  // posting to, or the end of, a request that is not open), "ledger.reserved" (a posting to
  // "requests", which is the sum of them), "ledger.ended"; and those of SQLite
  // (ledger.h): resource "file.full", "ledger.busy", input "file.unwritable", ...
  [[nodiscard]] virtual Status settle(const ServeBatch& batch) = 0;
  // Requests begun and not ended: in memory, a few dozen bytes each.
  [[nodiscard]] virtual std::size_t open_requests() const = 0;
  // Ends the run. Requests that are still open become void ("serve.stopped") in the same transaction.
  [[nodiscard]] virtual Status end(const Anchor& end, const Json& result, bool complete) = 0;
};

// Opens or creates the ledger (errors of open_ledger), makes good what killed gateways left (their
// open requests become void, "serve.killed", with what was settled as lower bound; their runs end
// as incomplete), and begins a run of kind "serve". `title`: a command line; never a key.
[[nodiscard]] Result<std::unique_ptr<ServeWriter>> open_serve_writer(const std::string& path,
                                                                     std::string_view title,
                                                                     const Anchor& start,
                                                                     const Json& spec);

enum class RequestStatus { pending, final_, void_ };
[[nodiscard]] constexpr std::string_view to_string(RequestStatus status) {
  return status == RequestStatus::final_  ? "final"
         : status == RequestStatus::void_ ? "void"
                                          : "pending";
}

struct StoredRequest {
  std::string run;
  RequestStatus status = RequestStatus::pending;
  RequestBegin begin;
  RequestEnd end;      // of a pending one: empty, and absences
  MicroJoules posted;  // over all windows so far: what `fair` says, or its lower bound
  std::string arrived_utc;
  std::string ended_utc;  // empty: not known
  std::int64_t arrived_wall_ns = 0;  // since 1970 UTC, to the millisecond
};

// A span of UTC, whole hours: [from, to) in hours since 1970.
struct HourSpan {
  std::int64_t from = 0;
  std::int64_t to = INT64_MAX;
};

enum class TotalBy { tenant, model, route, upstream, account, domain };

// Of account and domain: amounts alone. Account "requests" is all requests together.
struct UsageTotal {
  std::string key;
  std::int64_t begun = 0;
  std::int64_t final_ = 0;
  std::int64_t void_ = 0;
  RequestTokens tokens;  // sums of what was known
  MicroJoules amount;    // of requests: fair
};

struct HourTotal {
  std::int64_t hour = 0;  // since 1970 UTC
  std::string key;
  MicroJoules amount;
};

// A settled window as it stands on disk.
struct StoredWindow {
  std::string run;
  std::int64_t hour = 0;  // since 1970 UTC, in which it is counted: it never falls within a run and domain
  bool rolled = false;    // an hour's windows in one (compact_ledger): its requests are account "requests"
  std::string begin_utc, end_utc;
  Settlement window;  // without `overlaps`; postings by name of the account
};

class ServeReader {
 public:
  virtual ~ServeReader() = default;
  // By its id, or an unambiguous start of at least four letters. Errors: input
  // "ledger.no_such_request", "ledger.ambiguous".
  [[nodiscard]] virtual Result<StoredRequest> request(const std::string& id) const = 0;
  // Those of one answer (trace id), in the order in which they arrived.
  [[nodiscard]] virtual Result<std::vector<StoredRequest>> answer(
      const std::string& trace_id) const = 0;
  // Every request of a run (its full id) that was not rolled up, in the order in which they began.
  [[nodiscard]] virtual Status each_request(
      const std::string& run, const std::function<void(const StoredRequest&)>& visit) const = 0;
  // Windows of a run (its full id) that are counted in those hours, by domain, then time. One to which
  // nothing was posted is passed over.
  [[nodiscard]] virtual Status each_window(const std::string& run, HourSpan span,
                                           const std::function<void(const StoredWindow&)>& visit) const = 0;
  // The fair share of every request that arrived in those hours, has ended and has a row, with its key
  // (of account: "requests"). `run`: a full id; empty: all of them.
  [[nodiscard]] virtual Status each_fair(TotalBy by, HourSpan span, const std::string& run,
                                         const std::function<void(const std::string& key, const Quantity&)>& visit) const = 0;
  // From hourly sums, largest amount first. `run`: a full id; empty: all of them.
  [[nodiscard]] virtual Result<std::vector<UsageTotal>> totals(TotalBy by, HourSpan span = {},
                                                               const std::string& run = {}) const = 0;
  [[nodiscard]] virtual Result<std::vector<HourTotal>> hourly(TotalBy by, HourSpan span = {},
                                                              const std::string& run = {}) const = 0;
};

[[nodiscard]] Result<std::unique_ptr<ServeReader>> open_serve_reader(const std::string& path);

// What rolling up old rows did.
struct Compaction {
  std::string before_utc;         // windows that began before this full hour
  std::int64_t settlements = 0;   // windows that were rolled up,
  std::int64_t hours = 0;         // into so many, one an hour and domain of a run
  std::int64_t requests = 0;      // requests whose rows were rolled up
  MicroJoules meter;              // over those windows: before and after
  std::int64_t bytes_before = 0;  // of the file
  std::int64_t bytes_after = 0;
  std::optional<Error> not_shrunk;  // rolled up, but the file has kept its size
};

// Rolls what serve runs metered before the full hour that holds `before_wall_ns` (since 1970 UTC) into
// one settlement an hour and domain, which sums to the meter exactly, and takes out the rows of
// requests that ended before it; the hourly tables keep tenant, model, route and upstream. One
// transaction; then the file is shrunk. Runs of other kinds are left as they are. Errors: those of
// open_ledger.
[[nodiscard]] Result<Compaction> compact_ledger(const std::string& path,
                                                std::int64_t before_wall_ns, const Anchor& now);

}  // namespace joulebook
