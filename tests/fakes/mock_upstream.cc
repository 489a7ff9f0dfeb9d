#include "fakes/mock_upstream.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <queue>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "fakes/mock_wire.h"

namespace joulebook::fakes {
namespace {

constexpr int kTemplateTokens = 10;
constexpr std::string_view kPiece =
    "data: {\"id\":\"chatcmpl-mock\",\"object\":\"chat.completion.chunk\",\"created\":1790000000,"
    "\"model\":\"mock-1b\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" word\"},"
    "\"finish_reason\":null}]}\n\n";

SteadyTime now() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return {static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec};
}

struct Answer {
  bool streamed = false;
  bool usage = false;
  int prompt_tokens = 0;
  int tokens = 0;
  int sent = 0;
  SteadyTime next;
};

struct Peer {
  int fd = -1;
  std::string in;
  std::string out;
  bool waits_to_write = false;
  bool answering = false;
  bool queued = false;  // for a slot
  int answers = 0;
  Answer answer;
};

}  // namespace

class MockUpstream::Server {
 public:
  explicit Server(const MockOptions& options) : options_(options) {
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
      files.rlim_cur = files.rlim_max;
      ::setrlimit(RLIMIT_NOFILE, &files);
    }
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int on = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    where.sin_port = htons(static_cast<std::uint16_t>(options.port));
    socklen_t length = sizeof where;
    auto* address = reinterpret_cast<sockaddr*>(&where);
    if (::bind(listener_, address, length) != 0 || ::listen(listener_, 4096) != 0 ||
        ::getsockname(listener_, address, &length) != 0) {
      throw std::runtime_error("the mock upstream could not listen");
    }
    port = ntohs(where.sin_port);
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    timer_ = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    stop_ = ::eventfd(0, EFD_CLOEXEC);
    for (const int fd : {listener_, timer_, stop_}) watch(fd, EPOLLIN, EPOLL_CTL_ADD);
    thread_ = std::thread([this] { serve(); });
  }

  ~Server() {
    const std::uint64_t one = 1;
    if (::write(stop_, &one, sizeof one) != sizeof one) std::abort();
    thread_.join();
    for (const auto& [fd, peer] : peers_) ::close(fd);
    for (const int fd : {listener_, epoll_, timer_, stop_}) ::close(fd);
  }

  int port = 0;
  std::atomic<std::uint64_t> answered{0};
  std::atomic<int> most{0};

 private:
  struct Due {
    SteadyTime at;
    std::uint64_t order;
    int fd;
    bool operator>(const Due& other) const {
      return at == other.at ? order > other.order : at > other.at;
    }
  };

  void watch(int fd, std::uint32_t events, int how) const {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    ::epoll_ctl(epoll_, how, fd, &event);
  }

  void serve() {
    std::vector<epoll_event> events(512);
    while (true) {
      arm();
      const int n = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < n; ++i) {
        const auto& event = events[static_cast<std::size_t>(i)];
        if (event.data.fd == stop_) return;
        if (event.data.fd == listener_) {
          accept_all();
        } else if (event.data.fd != timer_) {
          peer_ready(event.data.fd, event.events);
        }
      }
      send_due();
    }
  }

  void arm() const {
    itimerspec spec{};
    if (!due_.empty()) {
      const std::int64_t ns = std::max<std::int64_t>(1, due_.top().at.ns);
      spec.it_value.tv_sec = ns / 1'000'000'000;
      spec.it_value.tv_nsec = ns % 1'000'000'000;
    }
    ::timerfd_settime(timer_, TFD_TIMER_ABSTIME, &spec, nullptr);
  }

  void accept_all() {
    for (;;) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (fd < 0) return;
      const int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      auto peer = std::make_unique<Peer>();
      peer->fd = fd;
      peers_[fd] = std::move(peer);
      most = std::max(most.load(), static_cast<int>(peers_.size()));
      watch(fd, EPOLLIN, EPOLL_CTL_ADD);
    }
  }

  void drop(int fd) {
    const auto it = peers_.find(fd);
    if (it == peers_.end()) return;
    const bool held = it->second->answering;
    peers_.erase(it);
    ::close(fd);
    std::erase(waiting_, fd);
    if (held) release();
  }

  // A slot is free: the next in line gets it.
  void release() {
    --running_;
    if (!waiting_.empty()) start_next();
    if (running_ == 0 && options_.busy) options_.busy(false);
  }

  void start_next() {
    const int next = waiting_.front();
    waiting_.pop_front();
    start(*peers_.at(next));
  }

  void peer_ready(int fd, std::uint32_t events) {
    const auto it = peers_.find(fd);
    if (it == peers_.end()) return;
    Peer& peer = *it->second;
    if ((events & EPOLLOUT) != 0 && !flush(peer)) return drop(fd);
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) return;
    char buffer[65536];
    for (;;) {
      const ssize_t n = ::recv(fd, buffer, sizeof buffer, 0);
      if (n == 0 || (n < 0 && errno != EAGAIN)) return drop(fd);
      if (n < 0) break;
      peer.in.append(buffer, static_cast<std::size_t>(n));
    }
    if (!next_request(peer)) drop(fd);
  }

  // False where the connection is to be closed.
  bool next_request(Peer& peer) {
    while (!peer.answering && !peer.queued) {
      const auto end = peer.in.find("\r\n\r\n");
      if (end == std::string::npos) return true;
      const std::string head = peer.in.substr(0, end);
      const std::size_t length = content_length(head);
      if (peer.in.size() < end + 4 + length) return true;
      const int most_answers = options_.answers_a_connection;
      if (most_answers > 0 && peer.answers >= most_answers) return false;
      const std::string body = peer.in.substr(end + 4, length);
      peer.in.erase(0, end + 4 + length);
      if (!take(peer, head, body)) return false;
    }
    return true;
  }

  // False where the peer is gone.
  bool take(Peer& peer, const std::string& head, const std::string& body) {
    const std::string_view line = std::string_view(head).substr(0, head.find('\r'));
    if (line.find("completions") != line.npos && line.starts_with("POST")) {
      peer.answer = {};
      peer.answer.streamed = body.find("\"stream\":true") != std::string::npos ||
                             body.find("\"stream\": true") != std::string::npos;
      peer.answer.usage = body.find("include_usage") != std::string::npos;
      peer.answer.prompt_tokens = words_in(body) + kTemplateTokens;
      const long most_tokens = std::max(number_after(body, "\"max_tokens\":"),
                                        number_after(body, "\"max_completion_tokens\":"));
      peer.answer.tokens = most_tokens > 0 ? static_cast<int>(most_tokens) : options_.tokens;
      const bool gathers = gathered_ < options_.together;
      if (gathers || (options_.slots > 0 && running_ >= options_.slots)) {
        peer.queued = true;
        waiting_.push_back(peer.fd);
        if (gathers && ++gathered_ == options_.together) {
          while (!waiting_.empty() && (options_.slots == 0 || running_ < options_.slots)) start_next();
        }
        return true;
      }
      start(peer);
      return true;
    }
    const bool models = line.find("/models") != line.npos;
    const std::string json =
        models ? R"({"object":"list","data":[{"id":"mock-1b","object":"model","owned_by":")" +
                     options_.owner + R"("}]})"
               : R"({"status":"ok"})";
    return write(peer, reply(json));
  }

  static std::string reply(const std::string& json) {
    return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(json.size()) + "\r\n\r\n" + json;
  }

  void start(Peer& peer) {
    if (++running_ == 1 && options_.busy) options_.busy(true);
    peer.answering = true;
    peer.queued = false;
    peer.answer.next = now() + options_.first;
    if (!peer.answer.streamed) {
      peer.answer.next = peer.answer.next + options_.gap * std::max(0, peer.answer.tokens - 1);
    }
    due_.push({peer.answer.next, order_++, peer.fd});
  }

  void send_due() {
    const SteadyTime t = now();
    while (!due_.empty() && due_.top().at <= t) {
      const Due due = due_.top();
      due_.pop();
      const auto it = peers_.find(due.fd);
      // A peer that went, or whose number another has now, has nothing due at that very instant.
      if (it == peers_.end() || !it->second->answering || it->second->answer.next != due.at)
        continue;
      if (!advance(*it->second, t)) drop(due.fd);
    }
  }

  std::string id_line() {
    if (options_.request_id.empty()) return {};
    return "x-joulebook-request-id: " + options_.request_id + std::to_string(++ids_) + "\r\n";
  }

  std::string usage(const Answer& a) const {
    const std::string prompt = std::to_string(a.prompt_tokens);
    const std::string tokens = std::to_string(a.tokens);
    std::string out = "\"usage\":{\"prompt_tokens\":" + prompt +
                      ",\"completion_tokens\":" + tokens +
                      ",\"total_tokens\":" + std::to_string(a.prompt_tokens + a.tokens) + "}";
    if (!options_.timings) return out;
    const double prompt_ms = Seconds(options_.first).count() * 1e3;
    const double answer_ms = Seconds(options_.gap * std::max(0, a.tokens - 1)).count() * 1e3;
    return out + ",\"timings\":{\"cache_n\":0,\"prompt_n\":" + prompt +
           ",\"prompt_ms\":" + std::to_string(prompt_ms) + ",\"predicted_n\":" + tokens +
           ",\"predicted_ms\":" + std::to_string(answer_ms) + "}";
  }

  // Sends what is due by `t`; false where the peer is gone.
  bool advance(Peer& peer, SteadyTime t) {
    Answer& a = peer.answer;
    std::string bytes;
    if (!a.streamed) {
      bytes = reply(
          "{\"object\":\"chat.completion\",\"model\":\"mock-1b\",\"choices\":[{\"index\":0,"
          "\"message\":{\"role\":\"assistant\",\"content\":\"words\"},\"finish_reason\":"
          "\"length\"}]," +
          usage(a) + "}");
      bytes.insert(bytes.find("Content-Length"), id_line());
      a.sent = a.tokens;
    } else {
      if (a.sent == 0) {
        bytes = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n" + id_line() +
                "Transfer-Encoding: chunked\r\n\r\n";
      }
      static const std::string piece = chunk(kPiece);
      for (; a.sent < a.tokens && a.next <= t; ++a.sent, a.next = a.next + options_.gap)
        bytes += piece;
      if (a.sent == a.tokens) bytes += last(a);
    }
    if (a.sent == a.tokens) {
      ++answered;
      ++peer.answers;
      peer.answering = false;
      release();
    }
    if (!write(peer, bytes)) return false;
    if (!peer.answering) return next_request(peer);
    due_.push({a.next, order_++, peer.fd});
    return true;
  }

  std::string last(const Answer& a) const {
    std::string out = chunk(
        "data: {\"id\":\"chatcmpl-mock\",\"object\":\"chat.completion.chunk\",\"model\":"
        "\"mock-1b\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"length\"}]}\n\n");
    if (a.usage) {
      out += chunk(
          "data: {\"id\":\"chatcmpl-mock\",\"object\":\"chat.completion.chunk\",\"model\":"
          "\"mock-1b\",\"choices\":[]," +
          usage(a) + "}\n\n");
    }
    return out + chunk("data: [DONE]\n\n") + "0\r\n\r\n";
  }

  bool write(Peer& peer, const std::string& bytes) {
    peer.out += bytes;
    return flush(peer);
  }

  bool flush(Peer& peer) {
    while (!peer.out.empty()) {
      const ssize_t n = ::send(peer.fd, peer.out.data(), peer.out.size(), MSG_NOSIGNAL);
      if (n < 0 && errno != EAGAIN) return false;
      if (n < 0) break;
      peer.out.erase(0, static_cast<std::size_t>(n));
    }
    const bool waits = !peer.out.empty();
    if (waits != peer.waits_to_write)
      watch(peer.fd, waits ? EPOLLIN | EPOLLOUT : EPOLLIN, EPOLL_CTL_MOD);
    peer.waits_to_write = waits;
    return true;
  }

  MockOptions options_;
  int listener_ = -1;
  int epoll_ = -1;
  int timer_ = -1;
  int stop_ = -1;
  int running_ = 0;
  int gathered_ = 0;
  std::uint64_t order_ = 0;
  std::uint64_t ids_ = 0;
  std::unordered_map<int, std::unique_ptr<Peer>> peers_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::deque<int> waiting_;
  std::thread thread_;
};

MockUpstream::MockUpstream(const MockOptions& options)
    : server_(std::make_unique<Server>(options)) {}
MockUpstream::~MockUpstream() = default;
int MockUpstream::port() const { return server_->port; }
std::string MockUpstream::address() const { return "http://127.0.0.1:" + std::to_string(port()); }
std::uint64_t MockUpstream::answered() const { return server_->answered; }
int MockUpstream::most_connections() const { return server_->most; }

}  // namespace joulebook::fakes
