#include "gateway/net.h"

#include <openssl/x509v3.h>

#include <array>
#include <vector>

#include "gateway/acknowledged.h"

namespace joulebook::gateway {
namespace {

constexpr std::size_t kScratch = 64 * 1024;
constexpr std::size_t kSmall = 64;          // bytes; a buffer up to that is its owner's
constexpr std::size_t kShared = 64 * 1024;  // larger ones are freed
constexpr std::size_t kMostShared = 32;     // buffers
constexpr std::int64_t kMiB = 1 << 20;

// One for all connections: the edge has one thread, and nothing is kept in it across a wait.
std::array<char, kScratch>& scratch() {
  thread_local std::array<char, kScratch> bytes;
  return bytes;
}

std::vector<std::string>& shared_buffers() {
  thread_local std::vector<std::string> buffers;
  return buffers;
}

bool would_wait(const Code& code) {
  return code == asio::error::would_block || code == asio::error::try_again;
}

constexpr auto kResult = asio::as_tuple(asio::use_awaitable);

}  // namespace

void give_up(std::string& buffer) {
  if (!buffer.empty() || buffer.capacity() <= kSmall) return;
  auto& buffers = shared_buffers();
  if (buffer.capacity() <= kShared && buffers.size() < kMostShared) {
    buffers.push_back(std::move(buffer));
  }
  std::string().swap(buffer);
}

void take_up(std::string& buffer) {
  auto& buffers = shared_buffers();
  if (buffers.empty() || !buffer.empty() || buffer.capacity() > kSmall) return;
  buffer.swap(buffers.back());
  buffers.pop_back();
}

void Wire::begin_read() {
  reading_ = true;
  read_deadline_ = until_;
  if (span_.count() > 0) read_deadline_ = std::min(until_, system_clock().now() + span_);
}

Task<bool> Wire::accept_tls(asio::ssl::context& context) {
  tls_ = std::make_unique<asio::ssl::stream<tcp::socket&>>(socket_, context);
  begin_read();
  auto [code] = co_await tls_->async_handshake(asio::ssl::stream_base::server, kResult);
  end_read();
  co_return !code;
}

Task<bool> Wire::connect_tls(asio::ssl::context& context, const std::string& host) {
  tls_ = std::make_unique<asio::ssl::stream<tcp::socket&>>(socket_, context);
  SSL* ssl = tls_->native_handle();
  // A name is asked for and must be the certificate's; an address is never asked for (RFC 6066,
  // section 3) but must be in the certificate all the same.
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) != 1) {
    SSL_set_tlsext_host_name(ssl, host.c_str());
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    SSL_set1_host(ssl, host.c_str());
  }
  auto [code] = co_await tls_->async_handshake(asio::ssl::stream_base::client, kResult);
  if (!code) co_return true;
  const long verdict = SSL_get_verify_result(ssl);
  tls_fault_ = verdict != X509_V_OK ? "its certificate is not accepted: " + std::string(X509_verify_cert_error_string(verdict))
                                    : "no TLS could be agreed on: " + code.message();
  co_return false;
}

Task<std::optional<char>> Wire::first_byte() {
  begin_read();
  auto [waited] = co_await socket_.async_wait(tcp::socket::wait_read, kResult);
  end_read();
  char byte = 0;
  if (waited || ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 1) co_return std::nullopt;
  co_return byte;
}

// The engine decrypts into a buffer that must live while it waits.
Task<bool> Wire::read_tls(std::string& into) {
  std::array<char, 4096> own;
  begin_read();
  auto [code, n] = co_await tls_->async_read_some(asio::buffer(own), kResult);
  end_read();
  clean_end_ = code == asio::error::eof;
  if (code) co_return false;
  into.append(own.data(), n);
  co_return true;
}

Task<bool> Wire::read_plain(std::string& into) {
  give_up(into);
  begin_read();
  auto [code, n] = co_await socket_.async_read_some(asio::buffer(first_), kResult);
  end_read();
  clean_end_ = code == asio::error::eof;
  if (code || closed_) co_return false;
  take_up(into);
  into.append(first_.data(), n);
  if (n == first_.size()) take(into);  // an end, or an error, comes again with the next read
  co_return true;
}

bool Wire::take(std::string& into) {
  Code code;
  const std::size_t n = socket_.read_some(asio::buffer(scratch()), code);
  if (!code) into.append(scratch().data(), n);
  return !code || would_wait(code);
}

std::size_t Wire::write_now(std::string_view bytes) {
  if (tls_ || bytes.empty()) return 0;
  Code code;
  const std::size_t n = socket_.write_some(asio::buffer(bytes.data(), bytes.size()), code);
  plain_written_ += n;
  return code ? 0 : n;
}

Task<bool> Wire::write(std::string_view bytes) {
  if (bytes.empty()) co_return !closed_;
  if (!tls_) {  // most of the time the kernel takes it all at once
    Code code;
    const std::size_t n = socket_.write_some(asio::buffer(bytes.data(), bytes.size()), code);
    if (!code) bytes.remove_prefix(n);
    plain_written_ += n;
    if (bytes.empty()) co_return true;
    if (code && !would_wait(code)) co_return false;
  }
  const auto size = static_cast<std::int64_t>(bytes.size());
  write_deadline_ = system_clock().now() + write_patience_ + write_patience_ * (size / kMiB);
  const asio::const_buffer buffer(bytes.data(), bytes.size());
  Code code;
  std::size_t n = 0;
  if (tls_) {
    std::tie(code, n) = co_await asio::async_write(*tls_, buffer, kResult);
  } else {
    std::tie(code, n) = co_await asio::async_write(socket_, buffer, kResult);
    plain_written_ += n;
  }
  write_deadline_ = kNever;
  co_return !code && n == bytes.size();
}

Task<bool> Wire::something() {
  if (tls_) co_return !closed_;
  auto [code] = co_await socket_.async_wait(tcp::socket::wait_read, kResult);
  co_return !code && !closed_;
}

Task<void> Wire::linger(Nanos patience) {
  until(system_clock().now() + patience);
  span_ = Nanos(0);
  if (tls_) {
    begin_read();
    co_await tls_->async_shutdown(kResult);
    end_read();
  }
  Code code;
  if (!closed_) socket_.shutdown(tcp::socket::shutdown_send, code);
  while (!code && !closed_) {
    const std::size_t n = socket_.read_some(asio::buffer(scratch()), code);
    if (!code && n > 0) continue;
    if (!would_wait(code)) break;
    begin_read();
    std::tie(code) = co_await socket_.async_wait(tcp::socket::wait_read, kResult);
    end_read();
  }
}

bool Wire::stale() {
  if (closed_) return true;
  char byte = 0;
  const auto n = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

bool Wire::pending() {
  if (closed_) return false;
  char byte = 0;
  return ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

std::uint64_t Wire::written() const {
  return tls_ ? BIO_number_written(SSL_get_wbio(tls_->native_handle())) : plain_written_;
}

bool Wire::unheard() {
  const auto heard = closed_ ? std::nullopt : acknowledged(socket_.native_handle());
  return heard && *heard <= mark_;
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

void Wire::time_out() {
  timed_out_ = true;
  read_deadline_ = write_deadline_ = kNever;
  cancel();
}

Task<void> pause(Nanos span) {
  asio::steady_timer timer(co_await asio::this_coro::executor, span);
  co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

}  // namespace joulebook::gateway
