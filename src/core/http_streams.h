#pragma once
// Many HTTP POSTs to one address at once, on one thread, each answer handed on piece by piece as it
// comes: thousands of streams. Connections are kept and used again. Only http and https (HTTP/1.1,
// a stream a connection); redirects are not followed, since a key could follow them. A request that
// finds its kept connection closed goes out once more on a fresh one.
//
// libcurl's multi-socket interface over epoll (libcurl is opened at run time, as in http.h). Not
// thread-safe. One answer needs about 60 KiB while it runs.
#include <joulebook/result.h>
#include <joulebook/units.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace joulebook {

struct HttpStreamOptions {
  std::string url;
  std::string bearer;                // key; empty: none is sent
  std::vector<std::string> headers;  // more lines: "X-Name: value"
  double total_s = 0;                // an answer gives up after so long in all; 0: no such limit
  std::string watched_header;  // of the answer, in lower case, whose value is kept; empty: none
};

// How an answer ended.
struct HttpStreamEnd {
  long status = 0;         // 0: no answer
  std::string failure;     // why the transfer did not end as it should; empty: it did
  std::string error_body;  // of an answer that was not good (2xx), at most 4 KiB
  std::string header;      // of `watched_header`; empty where it was not there
  bool untrusted = false;  // the certificate was refused
};

class HttpStreams {
 public:
  class Listener {
   public:
    virtual ~Listener() = default;
    // A piece of a good answer's body; false stops it. Must not call post or cancel.
    virtual bool body(std::size_t slot, std::string_view bytes) = 0;
    // The slot is free again; post may be called from here.
    virtual void ended(std::size_t slot, const HttpStreamEnd& end) = 0;
  };

  // Errors: engine "http.missing" (no libcurl), resource "http.descriptors".
  [[nodiscard]] static Result<std::unique_ptr<HttpStreams>> open(HttpStreamOptions options);
  ~HttpStreams();
  HttpStreams(const HttpStreams&) = delete;
  HttpStreams& operator=(const HttpStreams&) = delete;

  // Sends `body` as JSON. The caller numbers what is in flight: a slot that is busy may not be
  // posted to. Slots should be small numbers.
  void post(std::size_t slot, std::string body);
  // Ends it without a word to any listener. A free slot is left alone.
  void cancel(std::size_t slot);
  // Waits for events until `until` at most (CLOCK_MONOTONIC) and hands on what came; returns after
  // the first batch of them.
  void wait(SteadyTime until, Listener& listener);

 private:
  class Impl;
  explicit HttpStreams(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Raises this process's limit of open files as far as it may, so that `wanted` streams fit beside
// what is open. False where they don't fit.
[[nodiscard]] bool room_for_streams(std::size_t wanted);

}  // namespace joulebook
