#pragma once
// A fast OpenAI-compatible server whose every latency is set: for thousands of streams side by
// side, where ScriptedEndpoint's thread a connection is too slow. One thread, epoll, HTTP/1.1 with
// keep-alive and pipelining. GET /v1/models, GET /health, POST .../chat/completions and
// .../completions (streamed or whole, usage where asked, llama-server's `timings`).
//
// A made-up tokenizer: a prompt has as many tokens as its texts have words, and 10 for the
// template. An answer has max_tokens tokens, a piece each; the first leaves `first` after the
// request was whole, the others `gap` apart. With `slots` so many requests are answered at a time,
// the others wait in order of arrival.
#include <joulebook/units.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace joulebook::fakes {

struct MockOptions {
  int port = 0;  // of loopback; 0: a free one
  Nanos first{0};
  Nanos gap{0};
  int tokens = 16;               // where the request names no most
  int slots = 0;                 // 0: any number at a time
  int answers_a_connection = 0;  // after so many the next request finds it closed; 0: any number
  bool timings = true;           // llama-server's, in the last chunk
  std::string owner = "mock";    // of the model, as /v1/models says
  int together = 0;  // the first so many requests are held until all of them are there
  // Called from its thread: true as it begins to answer anything, false before the last byte of the last answer.
  std::function<void(bool)> busy = {};
  std::string request_id;  // a header x-joulebook-request-id, with a number behind it; empty: none
};

// Thread-safe. The destructor stops and joins.
class MockUpstream {
 public:
  explicit MockUpstream(const MockOptions& options);
  ~MockUpstream();
  MockUpstream(const MockUpstream&) = delete;
  MockUpstream& operator=(const MockUpstream&) = delete;

  [[nodiscard]] int port() const;
  [[nodiscard]] std::string address() const;  // "http://127.0.0.1:PORT"
  [[nodiscard]] std::uint64_t answered() const;
  [[nodiscard]] int most_connections() const;

 private:
  class Server;
  std::unique_ptr<Server> server_;
};

}  // namespace joulebook::fakes
