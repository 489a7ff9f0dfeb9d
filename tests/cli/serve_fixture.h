#pragma once
// A plant whose energy is known, a mock server behind `serve`, and real clients in front.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "cli/process.h"
#include "core/http.h"
#include "fakes/mock_upstream.h"
#include "fakes/power_plant.h"

namespace joulebook::fakes {

using namespace std::chrono_literals;

// A program that runs beside the test, and ends with it.
class Beside {
 public:
  Beside(std::vector<std::string> arguments, const std::string& err, const std::string& out = "/dev/null",
         const std::map<std::string, std::string>& environment = {}) {
    pid_ = fork();
    if (pid_ != 0) return;
    for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
    setenv("JOULEBOOK_METER_TOKEN", "0123456789abcdef", 1);
    if (freopen(err.c_str(), "w", stderr) == nullptr || freopen(out.c_str(), "w", stdout) == nullptr) _exit(126);
    arguments.insert(arguments.begin(), JOULEBOOK_PROGRAM);
    std::vector<char*> argv;
    for (auto& a : arguments) argv.push_back(a.data());
    argv.push_back(nullptr);
    execv(argv[0], argv.data());
    _exit(127);
  }
  ~Beside() { end(SIGKILL); }
  // Its exit code, or 128 + signal.
  int end(int signal = SIGTERM) {
    if (pid_ <= 0) return code_;
    kill(pid_, signal);
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = 0;
    code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return code_;
  }
  [[nodiscard]] int pid() const { return pid_; }

 private:
  pid_t pid_ = 0;
  int code_ = -1;
};

inline std::string text_of(const std::string& path) {
  std::ifstream in(path);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

// The port that it says it listens on, once it does.
inline int port_of(const std::string& err, const std::string& before) {
  for (int i = 0; i < 1000; ++i) {
    const std::string text = text_of(err);
    const auto at = text.find(before);
    if (at != text.npos) return std::atoi(text.c_str() + at + before.size());
    std::this_thread::sleep_for(10ms);
  }
  ADD_FAILURE() << "never ready: " << text_of(err);
  return 0;
}

struct Answer {
  long status = 0;
  std::string body;
  std::string id;
};

inline Answer ask(const std::string& url, const std::string& body = {}, std::vector<std::string> headers = {}) {
  HttpCall call;
  Answer out;
  call.url = url;
  call.body = body;
  call.headers = std::move(headers);
  call.on_body = [&](std::string_view bytes) {
    out.body += bytes;
    return true;
  };
  perform({&call, 1});
  out.status = call.status;
  if (out.body.empty()) out.body = call.error_body;
  out.id = call.answer_header("x-joulebook-request-id");
  return out;
}

inline std::string prompt(int most, bool stream = true) {
  return nlohmann::json{{"model", "mock"},
                        {"stream", stream},
                        {"max_tokens", most},
                        {"messages", {{{"role", "user"}, {"content", "one two three"}}}}}
      .dump();
}

// 20 W at rest, 80 W for three seconds, that begin once all programs are up and have seen some rest.
class ServeOnAPlant : public testing::Test {
 protected:
  explicit ServeOnAPlant(double from = 7)
      : from_(from),
        upstream_({.first = 200ms, .gap = 50ms}),
        origin_(system_clock().now()),
        plant_(sysroot_, origin_,
               {{.directory = "intel-rapl:0",
                 .name = "package-0",
                 .power = PowerFunction::steps({{0, 20}, {from_, 80}, {from_ + 3, 20}}),
                 .tick = 5ms}}) {
    plant_.run(system_clock());
  }
  ~ServeOnAPlant() override { plant_.stop(); }

  std::unique_ptr<Beside> serve(std::vector<std::string> more = {}, const std::map<std::string, std::string>& environment = {}) {
    std::vector<std::string> arguments = {"serve", "--upstream", upstream_.address(), "--listen", "127.0.0.1:0",
                                          "--ledger", ledger_};
    if (!sysroot_.empty()) arguments.insert(arguments.end(), {"--sysroot", sysroot_});
    arguments.insert(arguments.end(), more.begin(), more.end());
    err_ = folder_ + "/err" + std::to_string(started_++);
    auto out = std::make_unique<Beside>(arguments, err_, folder_ + "/out", environment);
    url_ = "http://127.0.0.1:" + std::to_string(port_of(err_, "http://127.0.0.1:"));
    return out;
  }
  void wait_until(double seconds) {
    system_clock().sleep_until(origin_ + Nanos(static_cast<std::int64_t>(seconds * 1e9)));
  }
  nlohmann::json settled(const std::string& id) {
    for (int i = 0; i < 400; ++i) {
      const Answer answer = ask(url_ + "/joulebook/v1/requests/" + id);
      const auto json = nlohmann::json::parse(answer.body, nullptr, false);
      if (json.is_object() && json.value("status", "pending") != "pending") return json;
      std::this_thread::sleep_for(50ms);
    }
    ADD_FAILURE() << id << " was never settled: " << text_of(err_);
    return {};
  }
  void expect_verified() {
    const Outcome verified = joulebook({"ledger", "verify", "--ledger", ledger_});
    EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
  }

  double from_;  // seconds
  std::string folder_ = fresh_folder("serve");
  std::string sysroot_ = folder_ + "/root";
  std::string ledger_ = folder_ + "/ledger.db";
  int started_ = 0;
  std::string err_;
  std::string url_;
  MockUpstream upstream_;
  SteadyTime origin_;
  PowerPlant plant_;
};

}  // namespace joulebook::fakes
