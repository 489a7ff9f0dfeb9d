#pragma once
// What the traffic's thread tells the one that settles, written down in few bytes: a busy gateway may
// settle later than it serves, and what waits meanwhile is kept here. Some 60 bytes a request, and
// about ten more for each read that brought tokens. Facts come out as they went in, in that order.
//
// A log is not thread-safe; its parts (Facts) are plain values, each of which can be read by itself.
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "attribution/traffic.h"
#include "gateway/windows.h"
#include "ledger/serve_ledger.h"

namespace joulebook::gateway {

struct Opened {
  attribution::RequestId request = 0;
  RequestBegin begin;
};
struct Answered {
  attribution::RequestId request = 0;
  int status = 0;
};
struct Broken {
  attribution::RequestId request = 0;
  Reason reason;
};
struct EngineNow {
  EngineIs is = EngineIs::resident;
  SteadyTime at;
};
using Fact = std::variant<Opened, Answered, Broken, EngineNow, attribution::Remark, attribution::EngineReading>;

// A part of the log: facts that were added from `begun` on.
struct Facts {
  SteadyTime begun;
  std::uint64_t opened = 0;  // requests, in it
  std::uint64_t ended = 0;
  std::string bytes;

  // Each of them, in order.
  void each(const std::function<void(Fact&&)>& visit) const;
  // Of a request that was opened here.
  [[nodiscard]] std::optional<RequestBegin> begin_of(std::string_view id) const;
};

class FactLog {
 public:
  static constexpr std::size_t kPart = 64 * 1024;  // bytes, after which the next part begins

  // Parts begin by `clock`, which outlives the log.
  explicit FactLog(const Clock& clock) : clock_(clock) {}

  void opened(attribution::RequestId request, const RequestBegin& begin);
  void answered(attribution::RequestId request, int status);
  void broken(attribution::RequestId request, const Reason& reason);
  void engine(EngineIs is, SteadyTime at);
  // Tokens that one read brought came together, whatever events they were cut into: one fact.
  void remark(const attribution::Remark& remark);
  void reading(const attribution::EngineReading& reading);

  // All parts, oldest first, moved to the end of `into`. `spare`: a buffer that is used again.
  void take(std::deque<Facts>& into, std::string spare);
  [[nodiscard]] std::optional<RequestBegin> begin_of(std::string_view id) const;

  // Since the start:
  [[nodiscard]] std::uint64_t bytes() const { return bytes_ + (parts_.empty() ? 0 : parts_.back().bytes.size()); }
  [[nodiscard]] std::uint64_t opened() const { return opened_; }
  [[nodiscard]] std::uint64_t ended() const { return ended_; }
  // When the oldest part that was not taken began.
  [[nodiscard]] std::optional<SteadyTime> begun() const {
    return parts_.empty() ? std::nullopt : std::optional(parts_.front().begun);
  }

 private:
  std::string& part();
  std::string& fact(int kind, attribution::RequestId request);
  void time(std::string& out, SteadyTime at);
  void name(std::string& out, std::string_view text);
  [[nodiscard]] bool joins(const attribution::Remark& remark) const;
  void put_tokens();

  const Clock& clock_;
  std::deque<Facts> parts_;  // the newest is written to
  std::vector<std::string> names_;  // of the newest part, that it refers to by number
  attribution::RequestId last_request_ = 0;
  std::int64_t last_time_ = 0;
  std::optional<attribution::Remark> tokens_;  // told, not written: more may join them
  std::string spare_;
  std::uint64_t bytes_ = 0;  // of parts before the newest
  std::uint64_t opened_ = 0;
  std::uint64_t ended_ = 0;
};

}  // namespace joulebook::gateway
