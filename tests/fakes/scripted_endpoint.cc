#include "fakes/scripted_endpoint.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "core/json.h"

namespace joulebook {
namespace {

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

std::size_t content_length(const std::string& headers) {
  for (const auto* name : {"Content-Length: ", "content-length: "}) {
    const auto at = headers.find(name);
    if (at != headers.npos) return std::strtoul(headers.c_str() + at + 16, nullptr, 10);
  }
  return 0;
}

bool read_request(int fd, SeenRequest& out) {
  std::string bytes;
  char buffer[4096];
  std::size_t end = bytes.npos;
  while (true) {
    end = bytes.find("\r\n\r\n");
    if (end != bytes.npos && bytes.size() >= end + 4 + content_length(bytes.substr(0, end))) break;
    const ssize_t n = recv(fd, buffer, sizeof buffer, 0);
    if (n <= 0) return false;
    bytes.append(buffer, static_cast<std::size_t>(n));
  }
  const auto space = bytes.find(' ');
  out.method = bytes.substr(0, space);
  out.path = bytes.substr(space + 1, bytes.find(' ', space + 1) - space - 1);
  out.headers = bytes.substr(0, end);
  out.body = bytes.substr(end + 4);
  return true;
}

std::string head(const ScriptedReply& reply) {
  std::string out = "HTTP/1.1 " + std::to_string(reply.status) + " Scripted\r\n";
  for (const auto& header : reply.headers) out += header + "\r\n";
  if (reply.chunked) out += "Transfer-Encoding: chunked\r\n";
  return out + "Connection: close\r\n\r\n";
}

void play(int fd, const ScriptedReply& reply) {
  if (!send_all(fd, head(reply))) return;
  for (const auto& chunk : reply.chunks) {
    std::this_thread::sleep_for(reply.delay);
    char size[32];
    std::snprintf(size, sizeof size, "%zx\r\n", chunk.size());
    if (!send_all(fd, reply.chunked ? size + chunk + "\r\n" : chunk)) return;
  }
  if (reply.chunked && !reply.cut) send_all(fd, "0\r\n\r\n");
}

}  // namespace

ScriptedReply ScriptedReply::stream(const std::vector<std::string>& events) {
  ScriptedReply out;
  for (const auto& event : events) out.chunks.push_back("data: " + event + "\n\n");
  out.chunks.emplace_back("data: [DONE]\n\n");
  return out;
}

ScriptedReply ScriptedReply::answer(const std::vector<std::string>& pieces, int prompt_tokens) {
  std::vector<std::string> events;
  for (const auto& piece : pieces) {
    Json choice = Json::object({{"index", 0}});
    choice.set("delta", Json::object({{"content", piece}}));
    events.push_back(Json::object({{"choices", Json::array({choice})}}).dump());
  }
  events.emplace_back(R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})");
  Json usage = Json::object({{"prompt_tokens", prompt_tokens}});
  usage.set("completion_tokens", static_cast<std::int64_t>(pieces.size()));
  Json last = Json::object();
  last.set("choices", Json(Json::Array{}));
  last.set("usage", usage);
  events.push_back(last.dump());
  return stream(events);
}

ScriptedReply ScriptedReply::json(std::string body, int status) {
  ScriptedReply out;
  out.status = status;
  out.headers = {"Content-Type: application/json"};
  out.chunks = {std::move(body)};
  return out;
}

ScriptedEndpoint::ScriptedEndpoint(std::vector<ScriptedReply> script)
    : script_(std::move(script)), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof where;
  auto* address = reinterpret_cast<sockaddr*>(&where);
  if (bind(listener_, address, length) != 0 || listen(listener_, 64) != 0 ||
      getsockname(listener_, address, &length) != 0) {
    throw std::runtime_error("the scripted endpoint could not listen");
  }
  port_ = ntohs(where.sin_port);
  thread_ = std::thread([this] { serve(); });
}

ScriptedEndpoint::~ScriptedEndpoint() {
  stopping_ = true;
  thread_.join();
  for (auto& conversation : conversations_) conversation.join();
  close(listener_);
}

std::string ScriptedEndpoint::address() const {
  return "http://127.0.0.1:" + std::to_string(port_);
}

std::vector<SeenRequest> ScriptedEndpoint::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

// Conversations run side by side, so that requests made at once are answered at once.
void ScriptedEndpoint::serve() {
  while (!stopping_) {
    pollfd ready{listener_, POLLIN, 0};
    if (poll(&ready, 1, 20) <= 0) continue;
    const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    conversations_.emplace_back([this, connection] {
      converse(connection);
      shutdown(connection, SHUT_WR);
      close(connection);
    });
  }
}

ScriptedReply ScriptedEndpoint::next_reply() {
  if (script_.empty()) return ScriptedReply::answer({"ok"});
  const auto reply = script_[std::min(next_, script_.size() - 1)];
  ++next_;
  return reply;
}

void ScriptedEndpoint::converse(int connection) {
  const timeval patience{5, 0};
  setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const int on = 1;
  setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  SeenRequest request;
  if (!read_request(connection, request)) return;
  if (request.method == "GET" && request.path == "/v1/models") {
    play(connection, ScriptedReply::json(R"({"object":"list","data":[{"id":")" +
                                         std::string(kModel) + R"("}]})"));
    return;
  }
  ScriptedReply reply;
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(std::move(request));
    reply = next_reply();
  }
  play(connection, reply);
}

}  // namespace joulebook
