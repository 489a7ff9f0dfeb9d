#include "gateway/local_engine.h"

#include <algorithm>

#include "core/http.h"

namespace joulebook::gateway {

bool model_is_loaded(const std::string& url) {
  HttpCall call;
  call.url = url + "/health";
  call.total_s = 1;
  call.on_body = [](std::string_view) { return true; };
  perform({&call, 1});
  return call.status == 200;
}

LocalEngine::LocalEngine(LocalServerOptions options, const Clock& clock, Loaded loaded)
    : options_(std::move(options)), clock_(clock), loaded_(std::move(loaded)), since_(clock.now()), again_(since_) {
  if (options_.port == 0) options_.port = free_port();
}

LocalEngine::Change LocalEngine::enter(EngineState state) {
  state_ = state;
  since_ = clock_.now();
  return {state, since_, {}, {}};
}

Status LocalEngine::start() {
  auto server = LocalServer::start(options_);
  if (!server) return fail(server.error());
  server_ = std::move(*server);
  (void)enter(EngineState::loading);
  return {};
}

LocalEngine::Change LocalEngine::ended(std::string why) {
  server_.reset();
  const bool steady = state_ == EngineState::ready && clock_.now() - since_ >= kSteady;
  ends_ = steady ? 1 : ends_ + 1;
  if (!ever_ready_ || ends_ > kMostEnds) {
    Change change = enter(EngineState::given_up);
    change.why = std::move(why);
    return change;
  }
  Change change = enter(EngineState::resting);
  change.why = std::move(why);
  change.rest = std::min(kFirstRest * (std::int64_t{1} << std::min(ends_ - 1, 10)), kLongestRest);
  again_ = since_ + change.rest;
  return change;
}

std::optional<LocalEngine::Change> LocalEngine::look() {
  switch (state_) {
    case EngineState::given_up:
      return std::nullopt;
    case EngineState::resting:
      if (clock_.now() < again_) return std::nullopt;
      if (auto ok = start(); !ok) return ended(ok.error().message);
      return Change{EngineState::loading, since_, {}, {}};
    case EngineState::loading:
    case EngineState::ready:
      break;
  }
  if (!server_ || !server_->alive()) return ended(server_ ? server_->how_it_ended() : "it was never started");
  if (state_ == EngineState::ready || !loaded_(url())) return std::nullopt;
  ever_ready_ = true;
  return enter(EngineState::ready);
}

}  // namespace joulebook::gateway
