#pragma once
// An HTTP server in this process that answers from a script: plain sockets on loopback, a thread a
// connection.
// Each connection takes the next reply of the script (the last one again where it has run out),
// records the request and closes. For tests of whatever speaks to an endpoint.
#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace joulebook {

struct ScriptedReply {
  int status = 200;
  std::vector<std::string> headers = {"Content-Type: text/event-stream"};
  std::vector<std::string> chunks;     // sent one by one, each in a write of its own
  std::chrono::milliseconds delay{0};  // before each chunk
  bool chunked = true;                 // chunked transfer; else until the connection closes
  bool cut = false;                    // closes without the end of the transfer

  // A streamed answer: the data of each event, without "data: " and blank line. [DONE] is added.
  static ScriptedReply stream(const std::vector<std::string>& events);
  // A streamed answer of content pieces with usage at the end.
  static ScriptedReply answer(const std::vector<std::string>& pieces, int prompt_tokens = 7);
  static ScriptedReply json(std::string body, int status = 200);
};

struct SeenRequest {
  std::string method;
  std::string path;
  std::string headers;  // all lines, as sent
  std::string body;
};

// Thread-safe. The destructor stops and joins.
class ScriptedEndpoint {
 public:
  explicit ScriptedEndpoint(std::vector<ScriptedReply> script);
  ~ScriptedEndpoint();
  ScriptedEndpoint(const ScriptedEndpoint&) = delete;
  ScriptedEndpoint& operator=(const ScriptedEndpoint&) = delete;

  [[nodiscard]] std::string address() const;  // "http://127.0.0.1:PORT"
  [[nodiscard]] int port() const { return port_; }
  // GET /v1/models is answered apart from the script, with one model of this name.
  static constexpr std::string_view kModel = "scripted-1b";
  [[nodiscard]] std::vector<SeenRequest> requests() const;  // without GET /v1/models

 private:
  void serve();
  void converse(int connection);
  [[nodiscard]] ScriptedReply next_reply();

  std::vector<ScriptedReply> script_;
  std::size_t next_ = 0;
  mutable std::mutex mutex_;
  std::vector<SeenRequest> requests_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
  std::vector<std::thread> conversations_;
};

}  // namespace joulebook
