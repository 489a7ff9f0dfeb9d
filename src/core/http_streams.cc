#include "core/http_streams.h"

#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "core/clock.h"
#include "core/curl_api.h"
#include "core/text.h"

namespace joulebook {
namespace {

constexpr long kConnectSeconds = 10;
constexpr long kSilentSeconds = 15 * 60;
constexpr std::size_t kMaxErrorBody = 4 * 1024;
constexpr std::size_t kLongestHeader = 1024;
constexpr long kKeptConnections = 16 * 1024;
constexpr int kEvents = 256;  // taken from the kernel at once

// A file descriptor that is closed.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

}  // namespace

class HttpStreams::Impl {
 public:
  explicit Impl(HttpStreamOptions options)
      : options_(std::move(options)),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)),
        timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)),
        multi_(curl().multi_init()) {
    header("Content-Type: application/json");
    header("Accept: text/event-stream, application/json");
    header("Expect:");
    if (!options_.bearer.empty()) header("Authorization: Bearer " + options_.bearer);
    for (const auto& line : options_.headers) header(line);
    setup(CURLMOPT_SOCKETFUNCTION, &Impl::on_socket);
    setup(CURLMOPT_SOCKETDATA, static_cast<void*>(this));
    setup(CURLMOPT_TIMERFUNCTION, &Impl::on_timer);
    setup(CURLMOPT_TIMERDATA, static_cast<void*>(this));
    setup(CURLMOPT_MAXCONNECTS, kKeptConnections);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = timer_.get();
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, timer_.get(), &event);
  }

  ~Impl() {
    for (auto& stream : streams_) cancel(*stream);
  }

  [[nodiscard]] bool sound() const { return epoll_.get() >= 0 && timer_.get() >= 0 && multi_; }

  void post(std::size_t slot, std::string body) {
    while (streams_.size() <= slot) streams_.push_back(std::make_unique<Stream>());
    Stream& stream = *streams_[slot];
    if (!stream.easy) prepare(stream, slot);
    stream.body = std::move(body);
    stream.end = {};
    stream.status = 0;
    stream.busy = true;
    stream.again = false;
    set(stream, CURLOPT_FRESH_CONNECT, 0L);
    set(stream, CURLOPT_POSTFIELDS, stream.body.c_str());
    set(stream, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(stream.body.size()));
    curl().multi_add_handle(multi_.get(), stream.easy.get());
  }

  void cancel(std::size_t slot) {
    if (slot < streams_.size()) cancel(*streams_[slot]);
  }

  void wait(SteadyTime until, Listener& listener) {
    listener_ = &listener;
    const SteadyTime wake = curl_due_ ? std::min(until, *curl_due_) : until;
    arm(wake);
    std::array<epoll_event, kEvents> events{};
    const int n = ::epoll_wait(epoll_.get(), events.data(), kEvents, -1);
    for (int i = 0; i < n; ++i) {
      const auto& event = events[static_cast<std::size_t>(i)];
      if (event.data.fd != timer_.get()) act(event.data.fd, mask_of(event.events));
    }
    if (curl_due_ && system_clock().now() >= *curl_due_) {
      curl_due_.reset();
      act(CURL_SOCKET_TIMEOUT, 0);
    }
    collect_ended();
    listener_ = nullptr;
  }

 private:
  struct Stream {
    std::unique_ptr<CURL, FreeEasy> easy;
    Impl* owner = nullptr;
    std::size_t slot = 0;
    std::string body;  // of the request
    HttpStreamEnd end;
    long status = 0;
    bool busy = false;
    bool again = false;  // it is being sent a second time
  };

  template <class T>
  void setup(CURLMoption option, T value) {
    curl().multi_setopt(multi_.get(), option, value);
  }
  template <class T>
  void set(Stream& stream, CURLoption option, T value) {
    curl().easy_setopt(stream.easy.get(), option, value);
  }
  void header(const std::string& line) {
    headers_.reset(curl().slist_append(headers_.release(), line.c_str()));
  }

  void prepare(Stream& stream, std::size_t slot) {
    stream.easy.reset(curl().easy_init());
    stream.owner = this;
    stream.slot = slot;
    set(stream, CURLOPT_URL, options_.url.c_str());
    set(stream, CURLOPT_HTTPHEADER, headers_.get());
    set(stream, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(stream, CURLOPT_PROTOCOLS_STR, "http,https");
    set(stream, CURLOPT_NOSIGNAL, 1L);
    set(stream, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
    set(stream, CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(stream, CURLOPT_LOW_SPEED_TIME, kSilentSeconds);
    if (options_.total_s > 0) {
      set(stream, CURLOPT_TIMEOUT_MS, static_cast<long>(options_.total_s * 1e3) + 1);
    }
    set(stream, CURLOPT_USERAGENT, "joulebook");
    set(stream, CURLOPT_WRITEFUNCTION, &Impl::on_body);
    set(stream, CURLOPT_WRITEDATA, static_cast<void*>(&stream));
    set(stream, CURLOPT_HEADERFUNCTION, &Impl::on_header);
    set(stream, CURLOPT_HEADERDATA, static_cast<void*>(&stream));
    set(stream, CURLOPT_PRIVATE, static_cast<void*>(&stream));
  }

  void cancel(Stream& stream) {
    if (!stream.busy) return;
    stream.busy = false;
    curl().multi_remove_handle(multi_.get(), stream.easy.get());
  }

  void act(curl_socket_t socket, int mask) {
    int running = 0;
    curl().multi_socket_action(multi_.get(), socket, mask, &running);
  }

  static int mask_of(std::uint32_t events) {
    int mask = 0;
    if ((events & EPOLLIN) != 0) mask |= CURL_CSELECT_IN;
    if ((events & EPOLLOUT) != 0) mask |= CURL_CSELECT_OUT;
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) mask |= CURL_CSELECT_ERR;
    return mask;
  }

  // An instant that is past wakes at once; 0 would switch the timer off.
  void arm(SteadyTime t) {
    const std::int64_t ns = std::max<std::int64_t>(1, t.ns);
    itimerspec spec{};
    spec.it_value.tv_sec = ns / 1'000'000'000;
    spec.it_value.tv_nsec = ns % 1'000'000'000;
    ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &spec, nullptr);
  }

  void collect_ended() {
    std::vector<Stream*> ended;
    int left = 0;
    while (const CURLMsg* message = curl().multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      char* found = nullptr;
      curl().easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &found);
      auto* stream = reinterpret_cast<Stream*>(found);
      const CURLcode code = message->data.result;
      if (send_again(*stream, code)) continue;
      stream->end.status = status_of(*stream);
      if (code != CURLE_OK) stream->end.failure = curl().easy_strerror(code);
      stream->end.untrusted = refused_certificate(code);
      ended.push_back(stream);
    }
    for (Stream* stream : ended) {
      cancel(*stream);
      listener_->ended(stream->slot, stream->end);
    }
  }

  // A kept connection that the server had closed meanwhile says nothing about the request: it goes
  // out once more, on a fresh one (RFC 9112, section 9.3.1).
  bool send_again(Stream& stream, CURLcode code) {
    const bool lost =
        code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING;
    if (!lost || stream.again || status_of(stream) != 0) return false;
    long fresh = 1;
    curl().easy_getinfo(stream.easy.get(), CURLINFO_NUM_CONNECTS, &fresh);
    if (fresh != 0) return false;
    curl().multi_remove_handle(multi_.get(), stream.easy.get());
    stream.again = true;
    set(stream, CURLOPT_FRESH_CONNECT, 1L);
    curl().multi_add_handle(multi_.get(), stream.easy.get());
    return true;
  }

  static long status_of(Stream& stream) {
    if (stream.status == 0) {
      curl().easy_getinfo(stream.easy.get(), CURLINFO_RESPONSE_CODE, &stream.status);
    }
    return stream.status;
  }

  static std::size_t on_body(char* bytes, std::size_t, std::size_t n, void* self) {
    auto& stream = *static_cast<Stream*>(self);
    const long status = status_of(stream);
    if (status >= 200 && status < 300) {
      Listener* listener = stream.owner->listener_;
      const bool on = listener != nullptr && listener->body(stream.slot, {bytes, n});
      return on ? n : static_cast<std::size_t>(CURL_WRITEFUNC_ERROR);
    }
    std::string& kept = stream.end.error_body;
    kept.append(bytes, std::min(n, kMaxErrorBody - std::min(kMaxErrorBody, kept.size())));
    return n;
  }

  static std::size_t on_header(char* bytes, std::size_t, std::size_t n, void* self) {
    auto& stream = *static_cast<Stream*>(self);
    const std::string& wanted = stream.owner->options_.watched_header;
    const std::string_view line(bytes, n);
    const auto colon = line.find(':');
    if (wanted.empty() || colon != wanted.size() || n > kLongestHeader) return n;
    if (lower(line.substr(0, colon)) == wanted) stream.end.header = trim(line.substr(colon + 1));
    return n;
  }

  static int on_socket(CURL*, curl_socket_t socket, int what, void* self, void*) {
    const int epoll = static_cast<Impl*>(self)->epoll_.get();
    if (what == CURL_POLL_REMOVE) {
      ::epoll_ctl(epoll, EPOLL_CTL_DEL, socket, nullptr);
      return 0;
    }
    epoll_event event{};
    event.data.fd = socket;
    if ((what & CURL_POLL_IN) != 0) event.events |= EPOLLIN;
    if ((what & CURL_POLL_OUT) != 0) event.events |= EPOLLOUT;
    if (::epoll_ctl(epoll, EPOLL_CTL_MOD, socket, &event) != 0 && errno == ENOENT) {
      ::epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event);
    }
    return 0;
  }

  static int on_timer(CURLM*, long milliseconds, void* self) {
    auto& due = static_cast<Impl*>(self)->curl_due_;
    due.reset();
    if (milliseconds >= 0) {
      due = system_clock().now() + Nanos(std::chrono::milliseconds(milliseconds));
    }
    return 0;
  }

  HttpStreamOptions options_;
  Descriptor epoll_;
  Descriptor timer_;
  // These two are called back upon while `multi_` goes, so they outlive it.
  std::optional<SteadyTime> curl_due_;  // when libcurl wants to be called at the latest
  Listener* listener_ = nullptr;
  std::unique_ptr<curl_slist, FreeList> headers_;
  std::unique_ptr<CURLM, FreeMulti> multi_;
  std::vector<std::unique_ptr<Stream>> streams_;  // by slot; they leave `multi_` before it goes
};

HttpStreams::HttpStreams(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpStreams::~HttpStreams() = default;

Result<std::unique_ptr<HttpStreams>> HttpStreams::open(HttpStreamOptions options) {
  if (!curl().missing.empty()) {
    return fail(ErrorKind::engine, "http.missing", curl().missing, "install libcurl4");
  }
  auto impl = std::make_unique<Impl>(std::move(options));
  if (!impl->sound()) {
    return fail(ErrorKind::resource, "http.descriptors", "no descriptor is left for the streams",
                "raise the limit of open files (ulimit -n)");
  }
  return std::unique_ptr<HttpStreams>(new HttpStreams(std::move(impl)));
}

void HttpStreams::post(std::size_t slot, std::string body) { impl_->post(slot, std::move(body)); }
void HttpStreams::cancel(std::size_t slot) { impl_->cancel(slot); }
void HttpStreams::wait(SteadyTime until, Listener& listener) { impl_->wait(until, listener); }

bool room_for_streams(std::size_t wanted) {
  constexpr rlim_t kOthers = 64;  // sensors, files, libraries
  const rlim_t needed = static_cast<rlim_t>(wanted) + kOthers;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed) return true;
  limit.rlim_cur = std::min(limit.rlim_max, std::max(needed, limit.rlim_cur));
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur >= needed;
}

}  // namespace joulebook
