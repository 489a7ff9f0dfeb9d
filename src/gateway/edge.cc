#include "gateway/edge.h"

#include <atomic>
#include <list>
#include <mutex>

#include "core/text.h"
#include "gateway/edge_session.h"

namespace joulebook::gateway {
namespace {

constexpr auto kSweep = std::chrono::milliseconds(100);
constexpr auto kResult = asio::as_tuple(asio::use_awaitable);

class AsioEdge final : public Edge {
 public:
  AsioEdge(EdgeOptions options, Metering* metering) : context_(1), acceptor_(context_), sweep_(context_), watch_(context_, state_.readiness) {
    state_.options = std::move(options);
    state_.metering = metering;
  }
  ~AsioEdge() override {
    // Coroutines that still wait are destroyed with the context, before what they refer to; sockets
    // that nobody waits for must go before it.
    state_.readiness.forget();
    sessions_.clear();
    for (const auto& upstream : state_.upstreams) upstream->forget_kept();
  }

  [[nodiscard]] Status prepare() {
    for (const auto& url : state_.options.upstreams) {
      auto address = parse_upstream(url);
      if (!address) return fail(address.error());
      auto upstream = std::make_unique<Upstream>(std::move(*address));
      upstream->counts.name = upstream->address().name();
      state_.upstreams.push_back(std::move(upstream));
    }
    Code code;
    state_.upstream_tls.set_verify_mode(asio::ssl::verify_peer, code);
    if (state_.options.upstream_ca.empty()) {
      state_.upstream_tls.set_default_verify_paths(code);
    } else {
      state_.upstream_tls.load_verify_file(state_.options.upstream_ca, code);
    }
    if (code) {
      return fail(ErrorKind::input, "edge.tls", "no certificates could be read from " + state_.options.upstream_ca,
                  "name a PEM file with --upstream-ca");
    }
    if (auto ok = reload(); !ok) return ok;
    return listen();
  }

  [[nodiscard]] int port() const override { return port_; }

  void run() override {
    asio::co_spawn(context_, accept(), asio::detached);
    asio::co_spawn(context_, sweep(), asio::detached);
    watch_.start();
    publish();
    context_.run();
    publish();
  }

  void drain(Nanos patience) override {
    asio::post(context_, [this, patience] {
      state_.draining = true;
      drain_begin_ = system_clock().now();
      drain_end_ = drain_begin_ + patience;
      // Who has connected by now has been promised an answer.
      Code none;
      acceptor_.non_blocking(true, none);
      while (!none) {
        tcp::socket socket(context_);
        acceptor_.accept(socket, none);
        if (!none) take(std::move(socket));
      }
      acceptor_.close(none);
    });
  }
  void stop() override { context_.stop(); }

  [[nodiscard]] Status reload() override {
    if (state_.options.tls_cert.empty()) return {};
    auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
    Code code;
    context->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 |
                             asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 |
                             asio::ssl::context::no_tlsv1_1,
                         code);
    if (!code) context->use_certificate_chain_file(state_.options.tls_cert, code);
    if (!code) context->use_private_key_file(state_.options.tls_key, asio::ssl::context::pem, code);
    if (code) {
      return fail(ErrorKind::input, "edge.tls",
                  "no certificate and key in " + state_.options.tls_cert + " and " +
                      state_.options.tls_key + ": " + code.message(),
                  "name PEM files that belong together");
    }
    const std::lock_guard lock(mutex_);
    tls_ = std::move(context);
    return {};
  }

  [[nodiscard]] EdgeCounts counts() const override {
    const std::lock_guard lock(mutex_);
    return counts_;
  }

 private:
  [[nodiscard]] Status listen() {
    const std::string& listen = state_.options.listen;
    const auto colon = listen.rfind(':');
    std::string host = listen.substr(0, colon == listen.npos ? 0 : colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    if (host == "localhost") host = "127.0.0.1";
    const std::int64_t port =
        colon == listen.npos ? -1 : parse_int(listen.substr(colon + 1)).value_or(-1);
    Code code;
    const auto address = asio::ip::make_address(host, code);
    if (code || port < 0 || port > 65535) {
      return fail(ErrorKind::usage, "edge.address", "'" + listen + "' is no address to listen on",
                  "write it as 127.0.0.1:8900 or [::1]:8900");
    }
    if (!address.is_loopback() && !state_.options.open_to_network) {
      return fail(ErrorKind::usage, "edge.open",
                  listen + " opens the gateway to the network: whoever reaches it can use what is "
                           "behind it, and read what it took",
                  "listen on 127.0.0.1, or say --open-to-network if that is meant");
    }
    const tcp::endpoint place(address, static_cast<unsigned short>(port));
    acceptor_.open(place.protocol(), code);
    if (!code) acceptor_.set_option(tcp::acceptor::reuse_address(true), code);
    if (!code) acceptor_.bind(place, code);
    if (!code) acceptor_.listen(1024, code);
    if (code) {
      return fail(ErrorKind::resource, "edge.bind", "cannot listen on " + listen + ": " + code.message(),
                  "see who holds it with `ss -ltnp`, or choose another with --listen");
    }
    port_ = acceptor_.local_endpoint().port();
    return {};
  }

  Task<void> accept() {
    for (;;) {
      auto [code, socket] = co_await acceptor_.async_accept(kResult);
      const bool failed = static_cast<bool>(code);
      if (!failed) take(std::move(socket));  // also where the acceptor was closed meanwhile
      if (code == asio::error::operation_aborted || !acceptor_.is_open()) co_return;
      if (failed) {  // out of descriptors: those that are open will give some back
        asio::steady_timer pause(context_, std::chrono::milliseconds(50));
        co_await pause.async_wait(kResult);
      }
    }
  }

  void take(tcp::socket socket) {
    ++accepted_;
    if (sessions_.size() >= state_.options.connections) {
      ++state_.refused;
      return;  // closes it
    }
    Code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    socket.non_blocking(true, ignored);
    const auto peer = socket.remote_endpoint(ignored).address().to_string();
    const auto client = std::make_shared<Wire>(std::move(socket), state_.options.write_patience);
    const auto place = sessions_.insert(sessions_.end(), std::make_shared<Session>(state_, client, peer));
    asio::co_spawn(context_, hold(place), asio::detached);
  }

  using Sessions = std::list<std::shared_ptr<Session>>;
  Task<void> hold(Sessions::iterator place) {
    const std::shared_ptr<Session> session = *place;
    Wire& client = session->client();
    std::shared_ptr<asio::ssl::context> tls;
    {
      const std::lock_guard lock(mutex_);
      tls = tls_;
    }
    if (!tls) {
      client.plain(state_.readiness);
      co_await session->run();
    } else {
      client.until(system_clock().now() + state_.options.head_patience);
      const auto first = co_await client.first_byte();
      const bool plain = first && *first >= 'A' && *first <= 'Z';  // a handshake begins with 0x16 (RFC 8446, 5.1)
      if (plain) {
        client.plain(state_.readiness);
        co_await session->wants_tls();
      }
      bool agreed = false;
      if (first && !plain) agreed = co_await client.accept_tls(*tls);
      if (agreed) co_await session->run();
    }
    client.close();
    // A wait for the client that was cancelled still runs its end, and refers to the session.
    co_await asio::post(context_, asio::use_awaitable);
    sessions_.erase(place);
  }

  // Closes what waited too long, looks after clients that wait, and ends a drain.
  Task<void> sweep() {
    for (;;) {
      sweep_.expires_after(kSweep);
      co_await sweep_.async_wait(kResult);
      const SteadyTime now = system_clock().now();
      const bool late = state_.draining && now > drain_end_;
      // What was on its way when the drain began has been read by then.
      const bool settled = state_.draining && now > drain_begin_ + kSweep;
      for (const auto& session : sessions_) {
        Wire* server = session->server();
        Wire& client = session->client();
        if (server != nullptr && server->expired(now)) server->time_out();
        if (client.expired(now)) client.time_out();
        session->look_after_client();
        if (settled && session->idle() && !client.pending()) client.close();
        if (!late) continue;
        if (server != nullptr) server->close();
        client.close();
      }
      publish();
      if (state_.draining && sessions_.empty()) {
        context_.stop();
        co_return;
      }
    }
  }

  void publish() {
    EdgeCounts counts;
    counts.connections = sessions_.size();
    counts.accepted = accepted_;
    counts.refused = state_.refused;
    for (const auto& upstream : state_.upstreams) counts.upstreams.push_back(upstream->counts);
    const std::lock_guard lock(mutex_);
    counts_ = std::move(counts);
  }

  EdgeState state_;
  Sessions sessions_;
  asio::io_context context_;  // after what its coroutines refer to, so that it goes first
  tcp::acceptor acceptor_;
  asio::steady_timer sweep_;
  Watch watch_;
  SteadyTime drain_begin_{0};
  SteadyTime drain_end_{0};
  std::uint64_t accepted_ = 0;
  int port_ = 0;
  mutable std::mutex mutex_;  // guards what follows
  std::shared_ptr<asio::ssl::context> tls_;
  EdgeCounts counts_;
};

}  // namespace

Result<std::unique_ptr<Edge>> Edge::open(EdgeOptions options, Metering* metering) {
  auto edge = std::make_unique<AsioEdge>(std::move(options), metering);
  if (auto ok = edge->prepare(); !ok) return fail(ok.error());
  return edge;
}

}  // namespace joulebook::gateway
