#pragma once
// `joulebook agent`: what is measured here, for a gateway elsewhere. Read-only: the trace as it grows
// and this machine's clock, to those who bring the token; nothing about processes but their CPU time.
#include <string>

#include "core/clock.h"
#include "gateway/exchange.h"
#include "meter/feed.h"

namespace joulebook::gateway {

// Whether the head carries this token as a bearer's; takes equally long whatever it carries.
[[nodiscard]] bool carries_token(const RequestHead& head, std::string_view token);

// Answers GET /joulebook/v1/clock and /joulebook/v1/trace?from=N (remote_meter.h), 401 without the
// token, 404 and 405 to all else. `feed` and `clock` outlive it.
class Agent final : public Metering {
 public:
  // `boot_id` tells one run of the steady clock from the next. REQUIRES: the token is not empty.
  Agent(const TraceFeed& feed, const Clock& clock, std::string token, std::string boot_id)
      : feed_(feed), clock_(clock), token_(std::move(token)), boot_id_(std::move(boot_id)) {}

  [[nodiscard]] std::unique_ptr<Exchange> begin(const RequestHead&, SteadyTime) override {
    return nullptr;
  }
  [[nodiscard]] std::optional<Own> own(const RequestHead& head) override;
  [[nodiscard]] std::string next(std::uint64_t& cursor) override { return feed_.since(cursor); }

 private:
  const TraceFeed& feed_;
  const Clock& clock_;
  std::string token_;
  std::string boot_id_;
};

}  // namespace joulebook::gateway
