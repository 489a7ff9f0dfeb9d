#pragma once
// A ledger in memory with the rules of the real one: settlements must balance, no negative posting,
// no row twice, nothing after the end. Keeps everything in the open for tests.
#include <map>

#include "ledger/ledger.h"

namespace joulebook::fakes {

class MemoryLedger final : public Ledger {
 public:
  struct Run {
    std::string kind;
    std::string title;
    Json spec;
    std::map<std::int64_t, Json> trials;
    std::vector<Settlement> settlements;
    Json result;
    bool complete = false;
  };

  std::map<std::string, Run> runs;
  // add_trial fails from this many rows on, as a full disk does; negative: never.
  std::int64_t full_after = -1;

  [[nodiscard]] Result<std::string> begin_run(std::string_view kind, std::string_view title,
                                              const Anchor& start, const Json& spec) override;
  [[nodiscard]] Status add_trial(const std::string& run, std::int64_t ordinal, const Json& trial,
                                 const std::vector<Settlement>& settlements) override;
  [[nodiscard]] Status end_run(const std::string& run, const Anchor& end, const Json& result,
                               bool complete) override;
  [[nodiscard]] Result<std::vector<RunSummary>> list(std::size_t most) const override;
  [[nodiscard]] Result<Json> show(const std::string& id) const override;
  [[nodiscard]] Result<std::string> resolve(const std::string& id) const override;
  [[nodiscard]] Result<Json> spec(const std::string& id) const override;
  [[nodiscard]] Result<std::vector<Json>> trials(const std::string& run) const override;
  [[nodiscard]] Result<std::optional<std::string>> unfinished(
      std::string_view kind, std::string_view title) const override;
  // Counts and sums only: what would be a fault was refused on the way in.
  [[nodiscard]] Result<Verdict> verify() const override;
};

}  // namespace joulebook::fakes
