#pragma once
// A plant whose energy is known, a mock server behind `serve`, and real clients in front.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
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
#include "fakes/patience.h"
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
  int port = 0;
  const bool said = wait_for([&] {
    const std::string text = text_of(err);
    const auto at = text.find(before);
    if (at != text.npos) port = std::atoi(text.c_str() + at + before.size());
    return at != text.npos;
  });
  EXPECT_TRUE(said) << "never ready: " << text_of(err);
  return port;
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

// A machine that draws so much at rest, and so much more while the server on it answers: whenever that is,
// and however long other programs hold it up, what was above rest is known.
class Computer {
 public:
  Computer(const std::string& sysroot, double rest, double busy, int together = 0)
      : rest_(rest),
        plant_(sysroot, system_clock().now(),
               {{.directory = "intel-rapl:0", .name = "package-0", .power = PowerFunction::constant(rest), .tick = 5ms}}),
        upstream_({.first = 200ms, .gap = 50ms, .together = together, .busy = [this, busy](bool on) {
                     plant_.change("package-0", on ? busy : rest_, system_clock());
                     if (on) ++rises_;
                   }}) {
    plant_.run(system_clock());
  }
  [[nodiscard]] std::string address() const { return upstream_.address(); }
  [[nodiscard]] double rest() const { return rest_; }  // W
  [[nodiscard]] int rises() const { return rises_; }   // how often it began to answer
  // J above rest, since then.
  [[nodiscard]] double above_rest(SteadyTime begin) const {
    const SteadyTime end = system_clock().now();
    return plant_.energy("package-0", begin, end).value() - rest_ * Seconds(end - begin).count();
  }

 private:
  double rest_;
  std::atomic<int> rises_{0};
  PowerPlant plant_;
  MockUpstream upstream_;  // last: it uses the others
};

class ServeOnAPlant : public testing::Test {
 protected:
  explicit ServeOnAPlant(int together = 0) : upstream_(sysroot_, 20, 80, together) {}

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
  // J that the gateway has settled of a domain.
  double metered(const std::string& domain) {
    const std::string page = ask(url_ + "/metrics").body;
    const auto line = page.find("joulebook_meter_joules_total{domain=\"" + domain + "\"");
    return line == page.npos ? 0 : std::atof(page.c_str() + page.find("} ", line) + 2);
  }
  // Until what the machine draws at rest has been learnt: of two silent windows, which take 1 s and 2 s.
  void wait_for_rest(const Computer& computer, const std::string& domain = "package:0") {
    EXPECT_TRUE(wait_for([&] { return metered(domain) > 2.9 * computer.rest(); })) << text_of(err_);
  }
  nlohmann::json settled(const std::string& id) {
    nlohmann::json json;
    const bool found = wait_for([&] {
      const Answer answer = ask(url_ + "/joulebook/v1/requests/" + id);
      json = nlohmann::json::parse(answer.body, nullptr, false);
      return json.is_object() && json.value("status", "pending") != "pending";
    });
    EXPECT_TRUE(found) << id << " was never settled: " << text_of(err_);
    return found ? json : nlohmann::json();
  }
  void expect_verified() {
    const Outcome verified = joulebook({"ledger", "verify", "--ledger", ledger_});
    EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
  }

  std::string folder_ = fresh_folder("serve");
  std::string sysroot_ = folder_ + "/root";
  std::string ledger_ = folder_ + "/ledger.db";
  int started_ = 0;
  std::string err_;
  std::string url_;
  Computer upstream_;
};

}  // namespace joulebook::fakes
