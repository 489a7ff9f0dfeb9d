// A real server of the engine's own package behind the program: its process is found by its port,
// its tokens are those it counts, its joules are this machine's.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string_view>
#include <thread>

#include "cli/process.h"

namespace joulebook::fakes {
namespace {

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

// A port that was free a moment ago.
int free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  close(fd);
  return ntohs(address.sin_port);
}

// llama-server on a model of the package; killed at the end.
class LlamaServer {
 public:
  LlamaServer(const std::string& site, const std::string& model, int port) : port_(port) {
    pid_ = fork();
    if (pid_ != 0) return;
    setenv("LD_LIBRARY_PATH", (site + "/lib").c_str(), 1);
    if (freopen("/dev/null", "w", stdout) == nullptr) _exit(126);
    if (freopen("/dev/null", "w", stderr) == nullptr) _exit(126);
    const std::string program = site + "/bin/llama-server";
    const std::string number = std::to_string(port);
    execl(program.c_str(), "llama-server", "-m", model.c_str(), "--port", number.c_str(), "-c",
          "1024", "-np", "1", "-t", "1", nullptr);
    _exit(127);
  }
  ~LlamaServer() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  // Whether its model is loaded before it dies; it has a minute.
  [[nodiscard]] bool ready() const {
    for (int i = 0; i < 600; ++i) {
      if (healthy()) return true;
      if (waitpid(pid_, nullptr, WNOHANG) == pid_) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return false;
  }

 private:
  [[nodiscard]] bool healthy() const {
    constexpr std::string_view kQuestion = "GET /health HTTP/1.0\r\n\r\n";
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in address = loopback(port_);
    std::array<char, 16> answer{};
    const bool up =
        connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
        write(fd, kQuestion.data(), kQuestion.size()) > 0 &&
        read(fd, answer.data(), answer.size() - 1) > 0;
    close(fd);
    return up && std::string_view(answer.data()).find(" 200") != std::string_view::npos;
  }

  int port_;
  pid_t pid_ = -1;
};

TEST(LlamaServerEndpoint, IsMeteredByItsPort) {
  const std::string folder = fresh_folder("llama_server");
  const int port = free_port();
  const LlamaServer server(JOULEBOOK_ENGINE_SITE, JOULEBOOK_DEFAULT_MODEL, port);
  ASSERT_TRUE(server.ready());
  std::ofstream(folder + "/p.jsonl") << R"({"id":"sky","kind":"chat","prompt":"Why is it blue?"})"
                                     << "\n";
  const std::string json = folder + "/study.json";
  const Outcome outcome = joulebook(
      {"study", "--model", "http://127.0.0.1:" + std::to_string(port), "--mode", "direct",
       "--prompts", folder + "/p.jsonl", "--max-tokens", "12", "--baseline", "0.2", "--max-rounds",
       "2", "--json", json});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto document = nlohmann::json::parse(std::ifstream(json));
  EXPECT_GT(document["arms"][0]["j_per_response"]["these"]["value"].get<double>(), 0);
  for (const auto& trial : document["trials"]) {
    EXPECT_GT(trial["prompt_tokens"].get<int>(), 4);
    EXPECT_EQ(trial["answer_tokens"].get<int>(), 12);
  }
  EXPECT_THAT(document["warnings"].dump(), testing::Not(testing::HasSubstr("no process was found")));
}

}  // namespace
}  // namespace joulebook::fakes
