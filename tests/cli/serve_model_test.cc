// `serve --model`: a server of its own behind it, what loading it takes, and what its end does.
#include <filesystem>

#include "cli/serve_fixture.h"
#include "fakes/tiny_gguf.h"

namespace joulebook::fakes {
namespace {

using testing::HasSubstr;

// `serve --model` with a mock in llama-server's place, which takes a second to load, and longer until it may.
class ServeAModel : public ServeOnAPlant {
 protected:
  ServeAModel() {
    std::ofstream(server_) << "#!/bin/sh\necho $$ >> " << folder_ << "/pids\nsleep 1\n"
                           << "while [ ! -e " << may_load_ << " ]; do sleep 0.05; done\n"
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
  // Asks until it is answered otherwise than 503; how often that was. It may load once it was refused.
  int ask_until_ready(Answer& answer) {
    int refused = 0;
    const bool ready = wait_for([&] {
      answer = ask(url_ + "/v1/chat/completions", prompt(5));
      if (answer.status != 503) return true;
      ++refused;
      std::ofstream(may_load_) << "now";
      return false;
    });
    EXPECT_TRUE(ready) << text_of(err_);
    return refused;
  }
  std::string may_load_ = folder_ + "/may-load";
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
  HttpCall broken;
  std::atomic<bool> begun{false};
  broken.url = url_ + "/v1/chat/completions";
  broken.body = prompt(200);
  broken.on_body = [&](std::string_view) { return begun = true; };
  std::thread open([&] { perform({&broken, 1}); });
  EXPECT_TRUE(wait_for([&] { return begun.load(); }));
  ASSERT_EQ(pids().size(), 1U);
  std::filesystem::remove(may_load_);
  kill(pids()[0], SIGKILL);
  open.join();
  const auto request = settled(std::string(broken.answer_header("x-joulebook-request-id")));
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

}  // namespace
}  // namespace joulebook::fakes
