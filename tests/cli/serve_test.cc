// `serve` and `agent` as programs: a plant whose energy is known below, a mock server behind, real
// clients in front; what the wire, the ledger and the faces say in the end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "cli/process.h"
#include "core/http.h"
#include "fakes/json_schema.h"
#include "fakes/mock_upstream.h"
#include "fakes/power_plant.h"
#include "fakes/tiny_gguf.h"

namespace joulebook::fakes {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

// A program that runs beside the test, and ends with it.
class Beside {
 public:
  Beside(std::vector<std::string> arguments, const std::string& err, const std::string& out = "/dev/null") {
    pid_ = fork();
    if (pid_ != 0) return;
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

std::string text_of(const std::string& path) {
  std::ifstream in(path);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

// The port that it says it listens on, once it does.
int port_of(const std::string& err, const std::string& before) {
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

Answer ask(const std::string& url, const std::string& body = {}, std::vector<std::string> headers = {}) {
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

std::string prompt(int most, bool stream = true) {
  return nlohmann::json{{"model", "mock"},
                        {"stream", stream},
                        {"max_tokens", most},
                        {"messages", {{{"role", "user"}, {"content", "one two three"}}}}}
      .dump();
}

// 20 W at rest, 80 W from the fifth to the eighth second.
class ServeOnAPlant : public testing::Test {
 protected:
  static constexpr double kFrom = 5;
  static constexpr double kTo = 8;

  ServeOnAPlant()
      : upstream_({.first = 200ms, .gap = 50ms}),
        origin_(system_clock().now()),
        plant_(sysroot_, origin_,
               {{.directory = "intel-rapl:0",
                 .name = "package-0",
                 .power = PowerFunction::steps({{0, 20}, {kFrom, 80}, {kTo, 20}}),
                 .tick = 5ms}}) {
    plant_.run(system_clock());
  }
  ~ServeOnAPlant() override { plant_.stop(); }

  std::unique_ptr<Beside> serve(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"serve", "--upstream", upstream_.address(), "--listen", "127.0.0.1:0",
                                          "--sysroot", sysroot_, "--ledger", ledger_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    err_ = folder_ + "/err" + std::to_string(started_++);
    auto out = std::make_unique<Beside>(arguments, err_, folder_ + "/out");
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

TEST_F(ServeOnAPlant, RequestsShareWhatWasAboveTheIdleThatWasLearnt) {
  const auto gateway = serve();
  wait_until(kFrom);
  std::vector<Answer> answers(4);
  std::vector<std::thread> clients;
  for (auto& answer : answers) {
    clients.emplace_back([&] { answer = ask(url_ + "/v1/chat/completions", prompt(57)); });
  }
  for (auto& client : clients) client.join();
  double sum = 0;
  for (const auto& answer : answers) {
    EXPECT_EQ(answer.status, 200);
    EXPECT_THAT(answer.body, HasSubstr(": joulebook {\"id\":\"" + answer.id));
    EXPECT_THAT(answer.body, testing::EndsWith("data: [DONE]\n\n"));
    const auto request = settled(answer.id);
    ASSERT_EQ(request["status"], "final") << request.dump(1);
    const auto& fair = request["fair"];
    EXPECT_EQ(fair["tier"], "apportioned");
    EXPECT_EQ(fair["boundary"], "package");
    EXPECT_EQ(request["tokens"]["answer"], 57);
    const double value = fair["value"];
    EXPECT_LE(fair["lo"].get<double>(), 45);
    EXPECT_GE(fair["hi"].get<double>(), 45);
    EXPECT_NEAR(value, 45, 12) << request["phases"].dump();  // 180 J among four alike
    sum += value;
  }
  EXPECT_NEAR(sum, 180, 18);
  EXPECT_EQ(gateway->end(), 0);
  expect_verified();
  const Outcome shown = joulebook({"list", "--ledger", ledger_});
  EXPECT_THAT(shown.out, HasSubstr("serve"));
}

TEST_F(ServeOnAPlant, PristineChangesNothing) {
  const auto gateway = serve({"--pristine"});
  for (const bool stream : {true, false}) {
    const Answer direct = ask(upstream_.address() + "/v1/chat/completions", prompt(3, stream));
    const Answer passed = ask(url_ + "/v1/chat/completions", prompt(3, stream));
    EXPECT_EQ(passed.status, direct.status);
    EXPECT_EQ(passed.id, "");
    // What differs is the mock's own: ids and times.
    EXPECT_EQ(passed.body.find("joulebook"), std::string::npos);
    EXPECT_EQ(passed.body.size(), direct.body.size());
  }
  EXPECT_EQ(ask(url_ + "/v1/models").body, ask(upstream_.address() + "/v1/models").body);
}

TEST_F(ServeOnAPlant, WhatWasSettledStaysWhenItIsKilled) {
  auto gateway = serve();
  const Answer done = ask(url_ + "/v1/chat/completions", prompt(5));
  const auto request = settled(done.id);
  std::this_thread::sleep_for(1200ms);  // written
  std::thread open([&] { (void)ask(url_ + "/v1/chat/completions", prompt(200)); });
  std::this_thread::sleep_for(1500ms);
  gateway->end(SIGKILL);
  open.join();
  expect_verified();
  gateway = serve();  // makes good what was left
  EXPECT_EQ(settled(done.id)["status"], request["status"]);
  EXPECT_EQ(gateway->end(), 0);
  expect_verified();
}

TEST_F(ServeOnAPlant, KeysAreKeptNowhere) {
  const auto gateway = serve();
  const Answer answer = ask(url_ + "/v1/chat/completions", prompt(3), {"Authorization: Bearer sk-very-secret-key"});
  const auto request = settled(answer.id);
  EXPECT_EQ(request["tenant"].get<std::string>().size(), 16U);
  std::this_thread::sleep_for(1200ms);
  std::string everything = request.dump() + ask(url_ + "/metrics").body;
  EXPECT_EQ(gateway->end(), 0);
  for (const char* file : {"/ledger.db", "/ledger.db-wal", "/out"}) everything += text_of(folder_ + file);
  everything += text_of(err_);
  EXPECT_EQ(everything.find("very-secret"), std::string::npos);
  EXPECT_EQ(everything.find("one two three"), std::string::npos);
}

TEST_F(ServeOnAPlant, AnAgentsMeterIsJoined) {
  const std::string agent_err = folder_ + "/agent";
  Beside agent({"agent", "--listen", "127.0.0.1:0", "--sysroot", sysroot_}, agent_err);
  const int port = port_of(agent_err, "agent on port ");
  setenv("JOULEBOOK_METER_TOKEN", "0123456789abcdef", 1);
  const auto gateway = serve({"--meter", "http://127.0.0.1:" + std::to_string(port)});
  wait_until(kFrom);
  const Answer answer = ask(url_ + "/v1/chat/completions", prompt(57));
  const auto request = settled(answer.id);
  ASSERT_EQ(request["status"], "final") << request.dump(1) << text_of(err_);
  EXPECT_NEAR(request["fair"]["value"].get<double>(), 180, 18);
  EXPECT_LE(request["fair"]["lo"].get<double>(), 180);
  EXPECT_GE(request["fair"]["hi"].get<double>(), 180);
  EXPECT_EQ(gateway->end(), 0);
  EXPECT_EQ(agent.end(), 0);
}

// The load generator in front of it reports what the gateway settled for each request, to the microjoule.
TEST_F(ServeOnAPlant, LoadReportsEachRequestAsItWasSettled) {
  const auto gateway = serve();
  wait_until(kFrom);
  const Outcome load = joulebook({"load", url_, "-c", "4", "--requests", "12", "--output-tokens", "10", "--slo", "e2e=1h",
                                  "--json", folder_ + "/load.json", "--out", folder_ + "/raw.jsonl"});
  ASSERT_EQ(load.code, 0) << load.err;
  EXPECT_THAT(load.out, HasSubstr("request by request"));
  EXPECT_THAT(load.out, HasSubstr("12 of 12 settled"));
  std::int64_t posted = 0;
  std::ifstream raw(folder_ + "/raw.jsonl");
  for (std::string line; std::getline(raw, line);) {
    const auto record = nlohmann::json::parse(line);
    if (!record["window"].is_null()) posted += settled(record["energy_id"])["posted_uj"].get<std::int64_t>();
  }
  EXPECT_GT(posted, 0);
  const auto document = nlohmann::json::parse(text_of(folder_ + "/load.json"));
  const JsonSchema schema(std::string(JOULEBOOK_SOURCE_DIR) + "/docs/schema/load.schema.json");
  EXPECT_EQ(schema.explain(document), "");
  const auto& figures = document["points"][0]["figures"]["by_request"];
  const double joules = static_cast<double>(posted) * 1e-6;
  EXPECT_NEAR(figures["per_request"]["value"].get<double>() * 12, joules, 1e-9 * joules);
  EXPECT_NEAR(figures["per_good_request"]["value"].get<double>() * 12, joules, 1e-9 * joules);
  EXPECT_NEAR(figures["per_output_token"]["value"].get<double>() * 120, joules, 1e-9 * joules);
  EXPECT_EQ(figures["per_request"]["tier"], "apportioned");
  EXPECT_EQ(document["points"][0]["repeats"][0]["by_request"]["settled"], 12);
  EXPECT_EQ(gateway->end(), 0);
}

// Requests go on while tenants are read again, and the new name holds from then on.
TEST_F(ServeOnAPlant, TenantsAreReadAgainUnderTrafficAndNobodyIsDropped) {
  const std::string config = folder_ + "/joulebook.toml";
  std::ofstream(config) << "";
  setenv("JOULEBOOK_CONFIG", config.c_str(), 1);
  const auto gateway = serve();
  const std::vector<std::string> key = {"Authorization: Bearer sk-of-a-tenant"};
  const std::string tenant = settled(ask(url_ + "/v1/chat/completions", prompt(2), key).id)["tenant"];
  EXPECT_EQ(tenant.size(), 16U);
  std::atomic<bool> end{false};
  std::atomic<int> good{0};
  std::atomic<int> bad{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      while (!end) ++(ask(url_ + "/v1/chat/completions", prompt(3), key).status == 200 ? good : bad);
    });
  }
  std::ofstream(config) << "[tenants]\n" << tenant << " = \"research\"\n";
  kill(gateway->pid(), SIGHUP);
  std::string name = tenant;
  for (int i = 0; i < 20 && name != "research"; ++i) {
    name = settled(ask(url_ + "/v1/chat/completions", prompt(2), key).id)["tenant"];
  }
  std::ofstream(config) << "[tenants\n";  // what cannot be read changes nothing
  kill(gateway->pid(), SIGHUP);
  for (int i = 0; i < 500 && text_of(err_).find("the old settings stay") == std::string::npos; ++i) {
    std::this_thread::sleep_for(10ms);
  }
  EXPECT_THAT(text_of(err_), HasSubstr("the old settings stay"));
  EXPECT_EQ(settled(ask(url_ + "/v1/chat/completions", prompt(2), key).id)["tenant"], "research");
  end = true;
  for (auto& client : clients) client.join();
  unsetenv("JOULEBOOK_CONFIG");
  EXPECT_EQ(name, "research");
  EXPECT_GT(good, 4);
  EXPECT_EQ(bad, 0);
  EXPECT_EQ(gateway->end(), 0);
  expect_verified();
}

// `serve --model` with a mock in llama-server's place, which takes a second and a half to load.
class ServeAModel : public ServeOnAPlant {
 protected:
  ServeAModel() {
    std::ofstream(server_) << "#!/bin/sh\necho $$ >> " << folder_ << "/pids\nsleep 1.5\n"
                           << "while [ \"$1\" != --port ]; do shift; done\n"
                           << "exec " << JOULEBOOK_MOCK_UPSTREAM << " --port $2 --first-ms 200 --gap-ms 50\n";
    std::filesystem::permissions(server_, std::filesystem::perms::owner_all);
    write_tiny_gguf(folder_ + "/m.gguf");
  }
  std::unique_ptr<Beside> serve_model(const std::string& program) {
    const std::vector<std::string> arguments = {"serve", "--model", folder_ + "/m.gguf", "--server", program, "--listen",
                                                "127.0.0.1:0", "--sysroot", sysroot_, "--ledger", ledger_};
    err_ = folder_ + "/err";
    auto out = std::make_unique<Beside>(arguments, err_, folder_ + "/out");
    url_ = "http://127.0.0.1:" + std::to_string(port_of(err_, "http://127.0.0.1:"));
    return out;
  }
  // Of the server, as often as it was started.
  [[nodiscard]] std::vector<int> pids() const {
    std::ifstream file(folder_ + "/pids");
    std::vector<int> out;
    for (int pid = 0; file >> pid;) out.push_back(pid);
    return out;
  }
  // Asks until it is answered otherwise than 503; how often that was.
  int ask_until_ready(Answer& answer) {
    for (int refused = 0; refused < 200; ++refused) {
      answer = ask(url_ + "/v1/chat/completions", prompt(5));
      if (answer.status != 503) return refused;
      std::this_thread::sleep_for(50ms);
    }
    ADD_FAILURE() << "never ready: " << text_of(err_);
    return 0;
  }
  std::string server_ = folder_ + "/llama-server";
};

TEST_F(ServeAModel, LoadingIsPaidForAndACrashIsOvercome) {
  const auto gateway = serve_model(server_);
  HttpCall early;
  early.url = url_ + "/v1/models";
  perform({&early, 1});
  EXPECT_EQ(early.status, 503);
  EXPECT_THAT(early.error_body, HasSubstr("gateway.loading"));
  EXPECT_THAT(early.answer_header("retry-after"), testing::MatchesRegex("[0-9]+"));
  EXPECT_EQ(ask(url_ + "/metrics").status, 200);  // its own faces are there
  Answer answer;
  EXPECT_GT(ask_until_ready(answer), 0);
  EXPECT_EQ(settled(answer.id)["status"], "final");
  Answer broken;
  std::thread open([&] { broken = ask(url_ + "/v1/chat/completions", prompt(200)); });
  std::this_thread::sleep_for(1s);
  ASSERT_EQ(pids().size(), 1U);
  kill(pids()[0], SIGKILL);
  open.join();
  const auto request = settled(broken.id);
  EXPECT_EQ(request["status"], "void");
  EXPECT_EQ(request["fair"]["reason"]["code"], "upstream.gone") << request.dump(1);
  EXPECT_GT(ask_until_ready(answer), 0);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(pids().size(), 2U);
  EXPECT_THAT(text_of(err_), HasSubstr("signal 9"));
  EXPECT_EQ(gateway->end(), 0);
  EXPECT_THAT(text_of(folder_ + "/out"), HasSubstr(", load "));
  expect_verified();
  EXPECT_NE(kill(pids()[1], 0), 0);  // it went with its gateway
}

TEST_F(ServeAModel, OneThatCannotLoadEndsTheGateway) {
  std::ofstream(server_) << "#!/bin/sh\nexit 7\n";
  const auto gateway = serve_model(server_);
  EXPECT_EQ(gateway->end(0), 5);  // by itself
  EXPECT_THAT(text_of(err_), HasSubstr("exit code 7"));
  EXPECT_THAT(text_of(err_), HasSubstr("cure: "));
}

TEST(Serve, SaysWhatIsWrongAndHowToMendIt) {
  for (const auto& [arguments, code] :
       std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"serve"}, "nothing to serve"},
           {{"serve", "--upstream", "127.0.0.1:80"}, "begins with http"},
           {{"serve", "--upstream", "http://127.0.0.1:80", "--listen", "0.0.0.0:1"}, "opens the gateway to the network"},
           {{"serve", "--upstream", "http://127.0.0.1:80", "--tls-cert", "x"}, "both a certificate and its key"},
           {{"agent"}, "needs a token"}}) {
    const Outcome outcome = joulebook(arguments, {{"JOULEBOOK_METER_TOKEN", ""}});
    EXPECT_EQ(outcome.code, 2) << arguments[0];
    EXPECT_THAT(outcome.err, HasSubstr(code));
    EXPECT_THAT(outcome.err, HasSubstr("cure: "));
  }
}

}  // namespace
}  // namespace joulebook::fakes
