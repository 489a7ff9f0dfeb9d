#include "fakes/memory_ledger.h"

namespace joulebook::fakes {
namespace {

tl::unexpected<Error> no_run(const std::string& id) {
  return fail(ErrorKind::input, "ledger.no_such_run", "no run " + id, "list the runs");
}

bool balances(const Settlement& s) {
  std::int64_t sum = 0;
  for (const auto& posting : s.postings) {
    if (posting.amount.count < 0) return false;
    sum += posting.amount.count;
  }
  return sum == s.meter.count && s.meter.count >= 0;
}

}  // namespace

Result<std::string> MemoryLedger::begin_run(std::string_view kind, std::string_view title,
                                            const Anchor&, const Json& spec) {
  const std::string id = std::string(kind) + "-" + std::to_string(runs.size() + 1);
  runs[id] = {std::string(kind), std::string(title), spec, {}, {}, {}, false};
  return id;
}

Status MemoryLedger::add_trial(const std::string& id, std::int64_t ordinal, const Json& trial,
                               const std::vector<Settlement>& settlements) {
  const auto it = runs.find(id);
  if (it == runs.end()) return no_run(id);
  Run& run = it->second;
  if (run.complete) return fail(ErrorKind::input, "ledger.ended", id + " is complete");
  if (run.trials.contains(ordinal)) return fail(ErrorKind::input, "ledger.duplicate", id);
  if (full_after >= 0 && static_cast<std::int64_t>(run.trials.size()) >= full_after) {
    return fail(ErrorKind::resource, "file.full", "the disk is full", "make room");
  }
  for (const auto& s : settlements) {
    if (!balances(s)) return fail(ErrorKind::input, "ledger.unbalanced", s.domain);
  }
  run.trials.emplace(ordinal, trial);
  run.settlements.insert(run.settlements.end(), settlements.begin(), settlements.end());
  return {};
}

Status MemoryLedger::end_run(const std::string& id, const Anchor&, const Json& result,
                             bool complete) {
  const auto it = runs.find(id);
  if (it == runs.end()) return no_run(id);
  if (it->second.complete) return fail(ErrorKind::input, "ledger.ended", id + " is complete");
  it->second.result = result;
  it->second.complete = complete;
  return {};
}

Result<std::vector<RunSummary>> MemoryLedger::list(std::size_t most) const {
  std::vector<RunSummary> out;
  for (auto it = runs.rbegin(); it != runs.rend() && out.size() < most; ++it) {
    out.push_back({it->first, it->second.kind, it->second.title, {}, 0, it->second.complete, {}});
  }
  return out;
}

Result<Json> MemoryLedger::show(const std::string& id) const {
  const auto it = runs.find(id);
  if (it == runs.end()) return no_run(id);
  return it->second.result;
}

Result<std::string> MemoryLedger::resolve(const std::string& id) const {
  if (!runs.contains(id)) return no_run(id);
  return id;
}

Result<Json> MemoryLedger::spec(const std::string& id) const {
  const auto it = runs.find(id);
  if (it == runs.end()) return no_run(id);
  return it->second.spec;
}

Result<std::vector<Json>> MemoryLedger::trials(const std::string& id) const {
  const auto it = runs.find(id);
  if (it == runs.end()) return no_run(id);
  std::vector<Json> out;
  for (const auto& [ordinal, json] : it->second.trials) out.push_back(json);
  return out;
}

Result<std::optional<std::string>> MemoryLedger::unfinished(std::string_view kind,
                                                            std::string_view title) const {
  for (auto it = runs.rbegin(); it != runs.rend(); ++it) {
    const Run& run = it->second;
    if (run.kind == kind && run.title == title && !run.complete) return it->first;
  }
  return std::nullopt;
}

Result<Ledger::Verdict> MemoryLedger::verify() const {
  Verdict verdict;
  for (const auto& [id, run] : runs) {
    ++verdict.runs;
    for (const auto& s : run.settlements) {
      ++verdict.settlements;
      verdict.metered += s.meter;
      for (const auto& posting : s.postings) {
        ++verdict.postings;
        if (posting.account == "unattributed") verdict.unattributed += posting.amount;
      }
    }
  }
  return verdict;
}

}  // namespace joulebook::fakes
