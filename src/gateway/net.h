#pragma once
// Sockets of the edge, plain or under TLS, behind one face. Only the edge's own sources include this:
// Boost.Asio shows nowhere else. Everything runs on the edge's one thread.
#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "core/clock.h"

namespace joulebook::gateway {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using Code = boost::system::error_code;
template <class T>
using Task = asio::awaitable<T>;

// A connection. Reads wait until there is something and only then use a buffer, which all share, so
// that an idle one holds none. Whoever waits past `deadline` is closed by the edge's sweep.
class Wire {
 public:
  explicit Wire(tcp::socket socket) : socket_(std::move(socket)) {}

  // The handshake as server; false where it failed.
  Task<bool> accept_tls(asio::ssl::context& context);
  // As client, for a host's certificate.
  Task<bool> connect_tls(asio::ssl::context& context, const std::string& host);

  // Appends what came; false at the peer's end or on an error.
  Task<bool> read(std::string& into);
  Task<bool> write(std::string_view bytes);
  // Returns once the peer closed, or once it sent something (false), or was cancelled (false).
  Task<bool> gone();
  // Whether the peer has closed or sent something unasked: a pooled connection is of no more use.
  [[nodiscard]] bool stale();
  // Ends what is waited for; the connection is of no more use.
  void close();
  // Ends what waits for the peer, and leaves the connection as it is.
  void cancel();

  void patience(Nanos span) { deadline_ = system_clock().now() + span; }
  void no_deadline() { deadline_ = kNever; }
  [[nodiscard]] bool expired(SteadyTime now) const { return now > deadline_; }
  [[nodiscard]] tcp::socket& socket() { return socket_; }
  [[nodiscard]] bool closed() const { return closed_; }

 private:
  static constexpr SteadyTime kNever{INT64_MAX};
  tcp::socket socket_;
  std::unique_ptr<asio::ssl::stream<tcp::socket&>> tls_;
  SteadyTime deadline_ = kNever;
  bool closed_ = false;
};

}  // namespace joulebook::gateway
