#pragma once
// A streaming endpoint on a clock of its own, behind the load room's transport: every answer's
// pieces are given out when it is posted, so that the true latency of each request is known. Time
// moves only in wait(). Not thread-safe.
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "load/transport.h"

namespace joulebook::fakes {

// How one request is answered.
struct FakeAnswer {
  Nanos first{0};  // from being sent to the first piece
  Nanos gap{0};    // between pieces
  int tokens = 1;  // one a piece
  int prompt_tokens = 7;
  bool usage = true;
  bool streamed = true;
  long status = 200;    // else: refused after `first`
  std::string failure;  // cut after the pieces
};

class FakeTransport final : public load::Transport {
 public:
  using Answers = std::function<FakeAnswer(std::uint64_t request, SteadyTime sent)>;
  explicit FakeTransport(Answers answers) : answers_(std::move(answers)) {}

  // Nothing leaves the server in [begin, end): it all comes at `end`.
  void stall(SteadyTime begin, SteadyTime end) { stall_ = {begin, end}; }
  [[nodiscard]] std::uint64_t posted() const { return posted_; }
  [[nodiscard]] int most_in_flight() const { return most_; }
  [[nodiscard]] const std::vector<SteadyTime>& sent() const { return sent_; }

  [[nodiscard]] SteadyTime now() const override { return now_; }
  void post(std::size_t slot, std::string body) override;
  void cancel(std::size_t slot) override;
  void wait(SteadyTime until, Listener& listener) override;

 private:
  struct Event {
    std::size_t slot = 0;
    std::uint64_t request = 0;
    std::string bytes;
    bool end = false;
    HttpStreamEnd how;
  };
  void at(SteadyTime t, Event event);

  Answers answers_;
  SteadyTime now_{1'000'000'000};
  std::pair<SteadyTime, SteadyTime> stall_{};
  std::multimap<SteadyTime, Event> events_;       // equal times stay in order
  std::map<std::size_t, std::uint64_t> running_;  // request by slot
  std::vector<SteadyTime> sent_;
  std::uint64_t posted_ = 0;
  int most_ = 0;
};

}  // namespace joulebook::fakes
