#pragma once
// Sockets of the edge, plain or under TLS, behind one face. Only the edge's own sources include this:
// Boost.Asio shows nowhere else. Everything runs on the edge's one thread.
#include <array>
// Frames of coroutines that ended are used again: a request has a dozen. Two are Asio's own choice; the
// same in every source that has Asio, and those all include this.
#define BOOST_ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE 16
#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"

namespace joulebook::gateway {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using Code = boost::system::error_code;
template <class T>
using Task = asio::awaitable<T>;

// Room for what passes: a buffer that is empty goes back to those that all connections share, so that who
// waits holds none worth the name, and who has something to say takes one.
void give_up(std::string& buffer);
void take_up(std::string& buffer);

class Wire;

// Plain connections that have something, by an epoll of their own beside Asio's, which tries each read
// before it waits for it: here a read is tried only where something came. It outlives the wires in it, and
// the context in which it is watched; all on the edge's thread.
class Readiness {
 public:
  Readiness();
  ~Readiness();
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;

  // 0: out of resources; else by what it is removed.
  [[nodiscard]] std::uint64_t add(int socket, Wire& wire);
  void remove(std::uint64_t key);
  // Goes on with who waits for what has come, a bounded part of it.
  void go_on();
  // Readable where go_on() has something to do.
  [[nodiscard]] int epoll() const { return epoll_; }
  // Before the context ends: lets go of what waits, so that its coroutines end with the context.
  void forget();

 private:
  struct Place {
    Wire* wire = nullptr;
    std::uint32_t age = 0;  // of several wires that had it: an event may be older than the newest
  };
  int epoll_;
  std::vector<Place> places_;
  std::vector<std::uint32_t> free_;
};

// Keeps a Readiness going as long as it lives.
class Watch {
 public:
  Watch(asio::io_context& context, Readiness& readiness);
  void start();

 private:
  Readiness& readiness_;
  asio::posix::stream_descriptor descriptor_;
};

// A connection: under TLS by way of Asio; plain, once that is known, by way of a Readiness. What comes of a
// plain one goes through a buffer that all share, so that an idle one holds next to nothing. A deadline holds
// while something is waited for and at no other time; the edge's sweep ends what waits past it. One reads
// and one writes at a time, side by side.
class Wire {
 public:
  // `write_patience`: for a peer to take what it is sent, and as much again for each MiB of it.
  Wire(tcp::socket socket, Nanos write_patience)
      : socket_(std::move(socket)), write_patience_(write_patience) {}
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  // From here on it is plain; it is closed where resources ran out. Before anything is read or written
  // that is not TLS.
  void plain(Readiness& readiness);
  // The handshake as server; false where it failed.
  Task<bool> accept_tls(asio::ssl::context& context);
  // As client, for a host's certificate; false where it failed, and tls_fault() says why.
  Task<bool> connect_tls(asio::ssl::context& context, const std::string& host);
  [[nodiscard]] const std::string& tls_fault() const { return tls_fault_; }
  // The first byte that the peer sends, left where it is; nullopt: it sent none.
  Task<std::optional<char>> first_byte();

  // Appends what came; false at the peer's end, on an error, or past the deadline.
  Task<bool> read(std::string& into) { return tls_ ? read_tls(into) : read_plain(into); }
  // Appends what is there already, if anything (plain only); false at the peer's end or on an error.
  bool take(std::string& into);
  Task<bool> write(std::string_view bytes);
  // Takes off what the kernel takes at once; whether that was all. Spares most writes a coroutine.
  bool write_all_now(std::string_view& bytes) {
    bytes.remove_prefix(write_now(bytes));
    return bytes.empty() && !closed_;
  }
  // What the kernel takes at once of a plain connection; 0 where it takes none, or under TLS.
  std::size_t write_now(std::string_view bytes);
  // Until there is something to read, or the peer closed (plain); at once under TLS, where only a
  // read tells. False where it was cancelled.
  Task<bool> something();
  // Says that nothing more will be written, and hears the peer out, so that what it was sent is not
  // lost to bytes that nobody read (RFC 9112, section 9.6).
  Task<void> linger(Nanos patience);
  // Whether the peer has closed or sent something unasked: a pooled connection is of no more use.
  // One that was streamed on is looked at now; of others, what is known from before is enough: a request on
  // one that has just been closed can be told from one that was heard.
  [[nodiscard]] bool stale();
  // Bytes that the peer sent wait to be read.
  [[nodiscard]] bool pending();
  // Ends what is waited for; the connection is of no more use.
  void close();
  // Ends what waits for the peer, and leaves the connection as it is.
  void cancel();
  // Ends what waits past its deadline: the reader is told false, and timed_out() says why.
  void time_out();

  // How long each read may wait from now on, also one that waits already; 0: without end.
  void patience(Nanos span) {
    span_ = span;
    if (reading_) begin_read();
  }
  // When waiting to read ends whatever comes.
  void until(SteadyTime at) { until_ = at; }
  void no_deadline() {
    span_ = Nanos(0);
    until_ = kNever;
  }
  [[nodiscard]] bool expired(SteadyTime now) const { return now > read_deadline_ || now > write_deadline_; }
  [[nodiscard]] bool timed_out() const { return timed_out_; }
  // The peer's end was one that it meant: no reset, and under TLS not without its word.
  [[nodiscard]] bool clean_end() const { return clean_end_; }
  [[nodiscard]] bool tls() const { return tls_ != nullptr; }
  [[nodiscard]] tcp::socket& socket() { return socket_; }  // before it is plain, and its executor
  [[nodiscard]] bool closed() const { return closed_; }

  // A request was answered on it before, at this time; as a stream whose length nobody told beforehand.
  void kept(SteadyTime at, bool streamed) {
    kept_ = true;
    kept_at_ = at;
    streamed_ = streamed;
  }
  [[nodiscard]] bool was_kept() const { return kept_; }
  [[nodiscard]] SteadyTime kept_at() const { return kept_at_; }
  [[nodiscard]] bool streamed() const { return streamed_; }
  // From here on unheard() speaks of what is written.
  void mark() { mark_ = written(); }
  // The peer's TCP has acknowledged none of what was written since mark().
  [[nodiscard]] bool unheard();

 private:
  friend class Readiness;
  using Waiter = std::move_only_function<void(bool)>;  // false: it was cancelled
  static constexpr SteadyTime kNever{INT64_MAX};
  Task<bool> read_plain(std::string& into);
  Task<bool> read_tls(std::string& into);
  // What is there, up to what is shared, appended; else what recv() gave, 0 or -1.
  ssize_t receive(std::string& into);
  // Until that is called.
  [[nodiscard]] static Task<bool> called(Waiter& waiter);
  // Until there is something to read.
  Task<bool> readable();
  void wake(std::uint32_t events);
  void end_waits();
  [[nodiscard]] int native() { return socket_plain_ >= 0 ? socket_plain_ : socket_.native_handle(); }
  void begin_read();
  void end_read() {
    reading_ = false;
    read_deadline_ = kNever;
  }
  [[nodiscard]] std::uint64_t written() const;  // bytes, as TCP counts them

  tcp::socket socket_;
  Readiness* readiness_ = nullptr;
  std::uint64_t key_ = 0;
  int socket_plain_ = -1;
  bool readable_ = true;    // it may have something
  bool more_ = false;       // the newest read was as large as one may be
  bool over_ = false;       // the peer has ended it, or will send no more: a short read says nothing
  Waiter reads_;
  Waiter writes_;
  std::unique_ptr<asio::ssl::stream<tcp::socket&>> tls_;
  std::string tls_fault_;
  Nanos write_patience_;
  Nanos span_{0};
  SteadyTime until_ = kNever;
  SteadyTime read_deadline_ = kNever;
  SteadyTime write_deadline_ = kNever;
  std::uint64_t plain_written_ = 0;
  std::uint64_t mark_ = 0;
  bool reading_ = false;
  bool closed_ = false;
  bool timed_out_ = false;
  bool clean_end_ = false;
  bool kept_ = false;
  bool streamed_ = false;
  SteadyTime kept_at_{0};
};

// Lets others go on for that long.
Task<void> pause(Nanos span);

}  // namespace joulebook::gateway
