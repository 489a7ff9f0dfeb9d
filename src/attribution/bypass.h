#pragma once
// Traffic that did not pass here, as the engines' metrics pages show it: what they count beyond
// what was seen, now or before and not counted yet. Bounded; not thread-safe.
#include <deque>
#include <map>

#include "attribution/window_work.h"

namespace joulebook::attribution {

class BypassWatch {
 public:
  // `tracks` was told of the page.
  void reading(const EngineReading& reading, const Tracks& tracks);
  // As Tracks::take_changes() has it: what is kept of that is worked out anew. All that is changed must be told.
  void changed(const Tracks::Change& change);
  // Beside what passed here over [begin, end), by upstream; those that have none are left out.
  [[nodiscard]] std::map<std::uint32_t, Bypass> over(std::int64_t begin, std::int64_t end,
                                                     const Tracks& tracks) const;
  // The pages that are being read have told of all before `end`, or nobody waits for them any more.
  [[nodiscard]] bool ready(std::int64_t end, std::int64_t now) const;
  // Whether a page of that engine's upstream was ever read: without one what bypasses cannot be seen.
  [[nodiscard]] bool read(std::uint32_t engine) const { return seen_.contains(upstream_of(engine)); }
  void forget(std::int64_t edge, const Tracks& tracks);

 private:
  struct Seen {
    std::int64_t begin, end;
    std::optional<double> running, waiting, output, prompt, cached;
    double counted;  // own sequences that it may have counted
    // Output seen here since the reading before, as it was last worked out.
    mutable std::optional<double> own = std::nullopt;
  };
  using List = std::deque<Seen>;
  struct Page {
    List list;
    double owed = 0;  // tokens seen here that it had not counted by the first of them
  };
  // What is owed to a page by `to`, a reading in its list.
  [[nodiscard]] static double owed(const Page& page, List::const_iterator to, std::uint32_t upstream,
                                   const Tracks& tracks);
  void drop_front(std::uint32_t upstream, const Tracks& tracks);

  std::map<std::uint32_t, Page> seen_;
};

}  // namespace joulebook::attribution
