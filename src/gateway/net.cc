#include "gateway/net.h"

#include <array>

namespace joulebook::gateway {
namespace {

constexpr std::size_t kScratch = 64 * 1024;

// One for all connections: the edge has one thread, and nothing is kept in it across a wait.
std::array<char, kScratch>& scratch() {
  thread_local std::array<char, kScratch> bytes;
  return bytes;
}

// What waits holds no buffer worth the name.
void give_up(std::string& buffer) {
  if (buffer.empty() && buffer.capacity() > 1024) std::string().swap(buffer);
}

constexpr auto kResult = asio::as_tuple(asio::use_awaitable);

}  // namespace

Task<bool> Wire::accept_tls(asio::ssl::context& context) {
  tls_ = std::make_unique<asio::ssl::stream<tcp::socket&>>(socket_, context);
  auto [code] = co_await tls_->async_handshake(asio::ssl::stream_base::server, kResult);
  co_return !code;
}

Task<bool> Wire::connect_tls(asio::ssl::context& context, const std::string& host) {
  tls_ = std::make_unique<asio::ssl::stream<tcp::socket&>>(socket_, context);
  SSL_set_tlsext_host_name(tls_->native_handle(), host.c_str());
  Code ignored;
  tls_->set_verify_callback(asio::ssl::host_name_verification(host), ignored);
  auto [code] = co_await tls_->async_handshake(asio::ssl::stream_base::client, kResult);
  co_return !code;
}

Task<bool> Wire::read(std::string& into) {
  auto buffer = asio::buffer(scratch());
  if (tls_) {
    // The engine decrypts into a buffer that must live while it waits.
    std::array<char, 4096> own;
    auto [code, n] = co_await tls_->async_read_some(asio::buffer(own), kResult);
    if (code) co_return false;
    into.append(own.data(), n);
    co_return true;
  }
  for (;;) {
    Code code;
    const std::size_t n = socket_.read_some(buffer, code);
    if (!code) {
      into.append(scratch().data(), n);
      co_return true;
    }
    if (code != asio::error::would_block && code != asio::error::try_again) co_return false;
    give_up(into);
    auto [waited] = co_await socket_.async_wait(tcp::socket::wait_read, kResult);
    if (waited || closed_) co_return false;
  }
}

Task<bool> Wire::write(std::string_view bytes) {
  if (bytes.empty()) co_return !closed_;
  if (!tls_) {  // most of the time the kernel takes it all at once
    Code code;
    const std::size_t n = socket_.write_some(asio::buffer(bytes.data(), bytes.size()), code);
    if (!code) bytes.remove_prefix(n);
    if (bytes.empty()) co_return true;
    if (code && code != asio::error::would_block && code != asio::error::try_again) co_return false;
    auto [rest, m] = co_await asio::async_write(socket_, asio::buffer(bytes.data(), bytes.size()), kResult);
    co_return !rest && m == bytes.size();
  }
  auto [code, n] = co_await asio::async_write(*tls_, asio::buffer(bytes.data(), bytes.size()), kResult);
  co_return !code && n == bytes.size();
}

Task<bool> Wire::gone() {
  auto [code] = co_await socket_.async_wait(tcp::socket::wait_read, kResult);
  if (code || closed_) co_return false;
  char byte = 0;
  const auto n = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  co_return n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

bool Wire::stale() {
  if (closed_) return true;
  char byte = 0;
  const auto n = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

void Wire::close() {
  closed_ = true;
  Code ignored;
  socket_.shutdown(tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
}

void Wire::cancel() {
  Code ignored;
  socket_.cancel(ignored);
}

}  // namespace joulebook::gateway
