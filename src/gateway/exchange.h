#pragma once
// The seam between the HTTP edge, which moves bytes, and what understands them. The edge makes one
// Exchange a request; the exchange sees the request's body, may put another in its place, and sees the
// answer's payload pass, which it may add to. It never blocks and never fails the traffic: what it
// cannot read it lets pass.
//
// Threads: an exchange and its Metering are called from the edge's thread only.
#include <joulebook/units.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace joulebook::gateway {

struct HeaderField {
  std::string_view name;  // as sent
  std::string_view value;
};

struct RequestHead {
  std::string_view method;
  std::string_view target;  // path and query as sent
  std::span<const HeaderField> fields;
  std::string_view peer;  // address of the client, without its port
};

struct AnswerHead {
  int status = 0;
  std::span<const HeaderField> fields;
};

// How an exchange came to its end.
enum class Finish {
  complete,      // the answer's last byte was passed on
  client_gone,   // the client closed before that
  upstream_gone, // the upstream closed, or broke its framing, before that
  refused,       // no upstream could be reached, or the edge said no (limits, timeouts)
};

// What an exchange wants of the edge; fixed when it begins.
struct Wants {
  bool body = false;     // the request's body, whole, before anything is sent to an upstream
  bool payload = false;  // the answer's payload
};

class Exchange {
 public:
  virtual ~Exchange() = default;
  [[nodiscard]] virtual Wants wants() const = 0;
  // The whole body, where wanted. Another one to send in its place, or nullopt: as it came.
  // Not called where the body is longer than the edge keeps (it then streams through unseen).
  virtual std::optional<std::string> body(std::string_view whole) = 0;
  // Whether that upstream, too, gets what body() gave in place of what came.
  [[nodiscard]] virtual bool replaces_for(std::uint32_t upstream) const {
    (void)upstream;
    return true;
  }
  // The upstreams that may serve it, best first, as indices; empty: any. After body().
  [[nodiscard]] virtual std::span<const std::uint32_t> upstreams() const = 0;
  // The request's last byte was written to that upstream.
  virtual void sent(std::uint32_t upstream, SteadyTime at) = 0;
  // The answer begins (1xx left out). Returns header lines to add, each ended by CRLF; may be empty.
  // `framed`: set true where payload() will add or take away bytes: the edge then frames the answer
  // itself (chunked; by closing towards HTTP/1.0) and leaves out a Content-Length.
  virtual std::string head(const AnswerHead& head, SteadyTime at, bool& framed) = 0;
  // Payload of the answer, chunk framing taken off. Where head() set `framed`, what the client shall
  // see is appended to `out`; else `out` is left alone and the bytes pass as they are.
  virtual void payload(std::string_view bytes, SteadyTime at, std::string& out) = 0;
  // The payload is complete. What was held back, and what is added at the end, goes to `out` (framed
  // only); trailer lines, each ended by CRLF, to `trailer` (chunked answers to HTTP/1.1 only).
  virtual void last(SteadyTime at, std::string& out, std::string& trailer) = 0;
  // The exchange is over, once and always, whatever was called before.
  virtual void over(Finish how, SteadyTime at) = 0;
};

class Metering {
 public:
  virtual ~Metering() = default;
  // A request's head is complete. Null: passes untouched and unseen.
  [[nodiscard]] virtual std::unique_ptr<Exchange> begin(const RequestHead& head, SteadyTime at) = 0;
  // Answers a request to the gateway itself (/joulebook/v1/..., /metrics), or nullopt where the
  // request is for an upstream.
  struct Own {
    int status = 200;
    std::string content_type;
    std::string body;
    bool live = false;         // stays open: `body` comes first, then what next() gives
    std::uint64_t cursor = 0;  // of a live answer: what next() is given first
    std::string fields;        // more header lines, each ended by CRLF
    bool later = false;        // what it takes is busy just now: to be asked for again in a moment
  };
  [[nodiscard]] virtual std::optional<Own> own(const RequestHead& head) = 0;
  // For a live answer: bytes of its content type (events, blocks of a trace) since `cursor`, which is
  // moved on; empty: nothing new. Asked for about every 100 ms while the client reads; a client that
  // does not read is asked for nothing.
  [[nodiscard]] virtual std::string next(std::uint64_t& cursor) = 0;
};

}  // namespace joulebook::gateway
