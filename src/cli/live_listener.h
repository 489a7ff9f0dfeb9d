#pragma once
// Listens to a gateway's event stream (docs/formats/live.md) on a thread of its own, and again where
// it was cut. Thread-safe.
#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "core/json.h"

namespace joulebook {

class LiveListener {
 public:
  // `url`: of the gateway, "http://127.0.0.1:8900"; the stream's path is added. `bearer`, `ca_file`:
  // empty: none.
  LiveListener(const std::string& url, std::string bearer, std::string ca_file);
  ~LiveListener();
  LiveListener(const LiveListener&) = delete;
  LiveListener& operator=(const LiveListener&) = delete;

  struct Heard {
    Json live;         // null: nothing yet
    std::string link;  // "live", or what is wrong with the connection
    std::uint64_t events = 0;
  };
  [[nodiscard]] Heard heard() const;

 private:
  void listen();
  void once();
  void take(std::string_view data);
  void say(std::string link);

  std::string url_;
  std::string bearer_;
  std::string ca_file_;
  mutable std::mutex mutex_;
  Heard heard_;
  std::int64_t last_ns_ = 0;  // of the newest event
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace joulebook
