#include "gateway/net.h"

#include <openssl/x509v3.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <utility>
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

bool would_wait() { return errno == EAGAIN || errno == EWOULDBLOCK; }

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

Readiness::Readiness() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}
Readiness::~Readiness() {
  if (epoll_ >= 0) ::close(epoll_);
}

// Each change is told once. A key is a place and its age, from 1 on.
std::uint64_t Readiness::add(int socket, Wire& wire) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(places_.size()));
    places_.emplace_back();
  }
  const std::uint32_t at = free_.back();
  const std::uint64_t key = std::uint64_t{places_[at].age + 1} << 32 | at;
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.u64 = key;
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event) != 0) return 0;
  free_.pop_back();
  places_[at] = {&wire, places_[at].age + 1};
  return key;
}

void Readiness::remove(std::uint64_t key) {
  const auto at = static_cast<std::uint32_t>(key);
  places_[at].wire = nullptr;
  free_.push_back(at);
}

void Readiness::go_on() {
  constexpr int kMost = 256;
  std::array<epoll_event, kMost> events;
  const int count = ::epoll_wait(epoll_, events.data(), kMost, 0);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    const Place& place = places_[static_cast<std::uint32_t>(event.data.u64)];
    // Who went on before it may have ended it.
    if (place.wire != nullptr && place.age == event.data.u64 >> 32) place.wire->wake(event.events);
  }
}

void Readiness::forget() {
  std::vector<Wire::Waiter> waiters;
  for (const Place& place : places_) {
    if (place.wire == nullptr) continue;
    waiters.push_back(std::exchange(place.wire->reads_, {}));
    waiters.push_back(std::exchange(place.wire->writes_, {}));
  }
}

Watch::Watch(asio::io_context& context, Readiness& readiness)
    : readiness_(readiness), descriptor_(context, ::fcntl(readiness.epoll(), F_DUPFD_CLOEXEC, 0)) {}

// Waiting anew looks whether there is something already.
void Watch::start() {
  descriptor_.async_wait(asio::posix::descriptor_base::wait_read, [this](const Code& code) {
    if (code) return;
    readiness_.go_on();
    start();
  });
}

Wire::~Wire() {
  if (socket_plain_ < 0) return;
  if (key_ != 0) readiness_->remove(key_);
  ::close(socket_plain_);
}

void Wire::plain(Readiness& readiness) {
  Code code;
  if (!closed_) socket_plain_ = socket_.release(code);
  if (code || socket_plain_ < 0) return close();
  readiness_ = &readiness;
  key_ = readiness.add(socket_plain_, *this);
  if (key_ == 0) close();
}

Task<bool> Wire::called(Waiter& waiter) {
  return asio::async_initiate<const asio::use_awaitable_t<>, void(bool)>(
      [&waiter](auto&& handler) { waiter = std::forward<decltype(handler)>(handler); }, asio::use_awaitable);
}

void Wire::wake(std::uint32_t events) {
  Waiter reads;
  Waiter writes;
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) over_ = true;
  if ((events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) {
    readable_ = true;
    reads = std::exchange(reads_, {});
  }
  if ((events & ~static_cast<std::uint32_t>(EPOLLIN)) != 0) writes = std::exchange(writes_, {});
  // From here on there may be no such wire any more.
  if (reads) reads(true);
  if (writes) writes(true);
}

// Who waits hears of it once the one that ends it is done.
void Wire::end_waits() {
  for (Waiter* waiter : {&reads_, &writes_}) {
    if (!*waiter) continue;
    asio::post(socket_.get_executor(), [call = std::exchange(*waiter, {})]() mutable { call(false); });
  }
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
  if (waited || ::recv(native(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 1) co_return std::nullopt;
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

ssize_t Wire::receive(std::string& into) {
  ssize_t n = 0;
  do {
    n = ::recv(socket_plain_, scratch().data(), kScratch, MSG_DONTWAIT);
  } while (n < 0 && errno == EINTR);
  if (n > 0) {
    take_up(into);
    into.append(scratch().data(), static_cast<std::size_t>(n));
  }
  // What comes later is told; an end that came with it was.
  readable_ = n == static_cast<ssize_t>(kScratch) || (over_ && n >= 0);
  return n;
}

// Who has more than one read takes goes on after others.
Task<bool> Wire::read_plain(std::string& into) {
  for (;;) {
    if (std::exchange(more_, false)) co_await asio::post(socket_.get_executor(), asio::use_awaitable);
    if (closed_) co_return false;
    if (readable_) {
      const ssize_t n = receive(into);
      more_ = n == static_cast<ssize_t>(kScratch);
      clean_end_ = n == 0;
      if (n > 0) co_return true;
      if (n == 0 || !would_wait()) co_return false;
    }
    give_up(into);
    begin_read();
    const bool came = co_await called(reads_);
    end_read();
    if (!came) co_return false;
  }
}

bool Wire::take(std::string& into) {
  const ssize_t n = receive(into);
  return n > 0 || (n < 0 && would_wait());
}

std::size_t Wire::write_now(std::string_view bytes) {
  if (tls_ || bytes.empty()) return 0;
  ssize_t n = 0;
  do {
    n = ::send(socket_plain_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (n < 0 && errno == EINTR);
  if (n <= 0) return 0;
  plain_written_ += static_cast<std::uint64_t>(n);
  return static_cast<std::size_t>(n);
}

Task<bool> Wire::write(std::string_view bytes) {
  if (!tls_) {  // most of the time the kernel takes it all at once
    while (const std::size_t n = write_now(bytes)) bytes.remove_prefix(n);
  }
  if (bytes.empty()) co_return !closed_;
  const auto size = static_cast<std::int64_t>(bytes.size());
  write_deadline_ = system_clock().now() + write_patience_ + write_patience_ * (size / kMiB);
  bool good = true;
  if (tls_) {
    const asio::const_buffer buffer(bytes.data(), bytes.size());
    auto [code, n] = co_await asio::async_write(*tls_, buffer, kResult);
    good = !code && n == bytes.size();
  }
  while (!tls_ && good && !bytes.empty()) {
    good = !closed_ && would_wait();
    if (good) good = co_await called(writes_);
    while (const std::size_t n = good ? write_now(bytes) : 0) bytes.remove_prefix(n);
  }
  write_deadline_ = kNever;
  co_return good;
}

Task<bool> Wire::readable() {
  if (socket_plain_ >= 0) {
    const bool came = co_await called(reads_);
    co_return came;
  }
  auto [code] = co_await socket_.async_wait(tcp::socket::wait_read, kResult);
  co_return !code;
}

Task<bool> Wire::something() {
  bool came = true;
  if (!tls_ && !readable_) came = co_await readable();
  co_return came && !closed_;
}

Task<void> Wire::linger(Nanos patience) {
  until(system_clock().now() + patience);
  span_ = Nanos(0);
  if (tls_) {
    begin_read();
    co_await tls_->async_shutdown(kResult);
    end_read();
  }
  if (!closed_) ::shutdown(native(), SHUT_WR);
  while (!closed_) {
    const ssize_t n = ::recv(native(), scratch().data(), kScratch, MSG_DONTWAIT);
    if (n > 0 || (n < 0 && errno == EINTR)) continue;
    if (n == 0 || !would_wait()) break;
    begin_read();
    const bool came = co_await readable();
    end_read();
    if (!came) break;
  }
}

bool Wire::stale() {
  if (closed_) return true;
  if (socket_plain_ >= 0 && !readable_ && !streamed_) return false;
  char byte = 0;
  const auto n = ::recv(native(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

bool Wire::pending() {
  if (closed_) return false;
  char byte = 0;
  return ::recv(native(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

std::uint64_t Wire::written() const {
  return tls_ ? BIO_number_written(SSL_get_wbio(tls_->native_handle())) : plain_written_;
}

bool Wire::unheard() {
  const auto heard = closed_ ? std::nullopt : acknowledged(native());
  return heard && *heard <= mark_;
}

void Wire::close() {
  closed_ = true;
  Code ignored;
  socket_.shutdown(tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
  if (key_ != 0) readiness_->remove(std::exchange(key_, 0));
  if (socket_plain_ >= 0) {
    ::shutdown(socket_plain_, SHUT_RDWR);
    ::close(std::exchange(socket_plain_, -1));
  }
  end_waits();
}

void Wire::cancel() {
  Code ignored;
  if (socket_.is_open()) socket_.cancel(ignored);
  end_waits();
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
