#pragma once
// Keeps the own llama-server running: knows when its model is loaded, and starts it again after it has
// ended by itself, later each time, until it is given up. Not thread-safe; create, use and destroy it
// on one thread (local_server.h).
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "gateway/local_server.h"

namespace joulebook::gateway {

enum class EngineState {
  loading,   // it runs, and its model is not loaded yet
  ready,
  resting,   // it has ended, and is started again later
  given_up,  // it is not started again
};

// Whether the server at that address has loaded its model: GET /health is 200. Waits a second at most.
[[nodiscard]] bool model_is_loaded(const std::string& url);

class LocalEngine {
 public:
  static constexpr Nanos kFirstRest = std::chrono::seconds(1);  // doubled with each end in a row
  static constexpr Nanos kLongestRest = std::chrono::seconds(30);
  static constexpr Nanos kSteady = std::chrono::seconds(60);  // ready for so long: the next end is a first one
  static constexpr int kMostEnds = 5;                         // in a row, before it is given up

  struct Change {
    EngineState state;
    SteadyTime at;
    std::string why;  // of an end
    Nanos rest{0};    // until it is started again
  };
  using Loaded = std::function<bool(const std::string& url)>;

  // Takes a free port where `options` names none; nothing is started yet.
  LocalEngine(LocalServerOptions options, const Clock& clock, Loaded loaded = model_is_loaded);

  // Errors: those of LocalServer::start.
  [[nodiscard]] Status start();
  // What has changed since it was looked at: call it about ten times a second. A server that ends
  // before it has ever been ready is given up at once.
  [[nodiscard]] std::optional<Change> look();
  [[nodiscard]] EngineState state() const { return state_; }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(options_.port); }
  [[nodiscard]] int pid() const { return server_ ? server_->pid() : 0; }  // 0: none runs

 private:
  [[nodiscard]] Change enter(EngineState state);
  [[nodiscard]] Change ended(std::string why);

  LocalServerOptions options_;
  const Clock& clock_;
  Loaded loaded_;
  std::unique_ptr<LocalServer> server_;
  EngineState state_ = EngineState::resting;
  SteadyTime since_;
  SteadyTime again_;
  int ends_ = 0;
  bool ever_ready_ = false;
};

}  // namespace joulebook::gateway
