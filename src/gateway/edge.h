#pragma once
// The HTTP edge: takes clients' requests, passes them to upstreams and the answers back, byte for
// byte, and shows them to a Metering on the way (exchange.h). Streams stay streams: what an upstream
// sent is passed on before more is read, and no more is read than the client takes.
//
// One thread runs it; drain, reload, stop and counts may be called from any other.
#include <joulebook/result.h>
#include <joulebook/units.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gateway/exchange.h"

namespace joulebook::gateway {

struct EdgeOptions {
  std::string listen = "127.0.0.1:8900";  // HOST:PORT; port 0: any that is free
  bool open_to_network = false;           // allow an address that is not loopback
  std::string tls_cert;                   // PEM; both or neither
  std::string tls_key;
  std::vector<std::string> upstreams;     // http:// or https://, HOST[:PORT][/PREFIX]
  std::string upstream_ca;                // PEM of who may sign theirs; empty: the system's
  std::size_t kept_body = 8 << 20;        // a longer request body passes unseen
  std::size_t connections = 4096;         // clients at a time
  Nanos head_patience = std::chrono::seconds(30);    // for a TLS handshake; for a whole head, once it began
  Nanos idle_patience = std::chrono::seconds(75);    // between two requests of a connection
  // A request's body: all of it within that span and what it takes at that rate, so that whoever
  // sends less is cut off (Apache's RequestReadTimeout has 20 s and 500 B/s).
  Nanos body_patience = std::chrono::seconds(30);
  double body_rate = 500;  // bytes a second, above 0
  Nanos connect_patience = std::chrono::seconds(10);
  Nanos silent_patience = std::chrono::minutes(15);  // for an upstream's next byte
  Nanos write_patience = std::chrono::seconds(60);   // for a peer to take what it is sent, for each MiB
};

struct UpstreamCounts {
  std::string name;  // scheme, host and port
  bool reachable = true;
  std::uint64_t requests = 0;
  std::uint64_t failures = 0;
  std::uint64_t running = 0;
};

struct EdgeCounts {
  std::uint64_t connections = 0;  // open now
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;  // requests that were malformed or came when all connections were taken
  std::vector<UpstreamCounts> upstreams;
};

class Edge {
 public:
  // Binds and listens; nothing is accepted before run(). `metering` outlives it; null: all passes
  // untouched and unseen. Errors: usage "edge.address", "edge.open" (not loopback, and not asked for),
  // "edge.upstream"; input "edge.tls"; resource "edge.bind".
  [[nodiscard]] static Result<std::unique_ptr<Edge>> open(EdgeOptions options, Metering* metering);
  virtual ~Edge() = default;

  [[nodiscard]] virtual int port() const = 0;
  // Serves until stop(), or until a drain is over.
  virtual void run() = 0;
  // Accepts nobody any more, lets open exchanges end, and closes what is still open after `patience`.
  virtual void drain(Nanos patience) = 0;
  virtual void stop() = 0;
  // Reads certificate and key again, for connections to come. Errors: input "edge.tls": the old ones
  // stay in force.
  [[nodiscard]] virtual Status reload() = 0;
  [[nodiscard]] virtual EdgeCounts counts() const = 0;
};

}  // namespace joulebook::gateway
