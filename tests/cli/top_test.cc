// `joulebook top` as a person meets it: one frame, without a terminal, and in a real one (tmux), which
// it gives back as it was whichever way it ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

#include "cli/process.h"
#include "core/json.h"
#include "core/text.h"
#include "export/live_json.h"
#include "fakes/patience.h"
#include "fakes/sample_live.h"
#include "fakes/scripted_endpoint.h"

namespace joulebook::fakes {
namespace {

using testing::HasSubstr;
using testing::Not;

ScriptedReply says(const gateway::LiveState& state, int times = 1, int delay_ms = 0) {
  ScriptedReply reply;
  std::uint64_t cursor = 0;
  for (int i = 0; i < times; ++i) reply.chunks.push_back(live_event(state, cursor));
  reply.delay = std::chrono::milliseconds(delay_ms);
  return reply;
}

TEST(Top, OnceIsOneFrameWithoutColourOrControl) {
  const ScriptedEndpoint gateway({says(sample_live())});
  const Outcome outcome = joulebook({"top", "--url", gateway.address(), "--once", "--by", "tenant"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(outcome.out, HasSubstr("research"));
  EXPECT_THAT(outcome.out, HasSubstr("1.40 MJ  1.39–1.42 bound  measured"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("\x1b")));
  EXPECT_EQ(gateway.requests().front().path, "/joulebook/v1/live");
}

TEST(Top, JsonIsTheStateAndNothingElse) {
  const ScriptedEndpoint gateway({says(sample_live_unmetered())});
  const Outcome outcome = joulebook({"top", "--url", gateway.address() + "/", "--json", "-"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto live = parse_json(outcome.out);
  ASSERT_TRUE(live) << outcome.out;
  EXPECT_EQ((*live)["schema"].as_string(), kLiveSchema);
  EXPECT_EQ((*live)["points"]["utc_ms"].items().size(), 600U);
}

TEST(Top, FailuresAreNamedAndNoTokenIsShown) {
  Outcome outcome = joulebook({"top", "--url", "http://127.0.0.1:9", "--once", "--wait", "0.3"});
  EXPECT_EQ(outcome.code, 5);
  EXPECT_THAT(outcome.err, HasSubstr("nothing was heard from http://127.0.0.1:9"));
  const ScriptedEndpoint closed({ScriptedReply::json("{}", 401)});
  outcome = joulebook({"top", "--url", closed.address(), "--once", "--wait", "0.3", "--token-env", "T"},
                      {{"T", "sesame"}});
  EXPECT_EQ(outcome.code, 5);
  EXPECT_THAT(outcome.err, HasSubstr("401"));
  EXPECT_THAT(outcome.err, Not(HasSubstr("sesame")));
  EXPECT_THAT(closed.requests().front().headers, HasSubstr("Bearer sesame"));
  const ScriptedEndpoint other({ScriptedReply::stream({"{\"schema\":\"joulebook.live/9\"}"})});
  EXPECT_EQ(joulebook({"top", "--url", other.address(), "--once", "--wait", "0.3"}).code, 5);
  EXPECT_EQ(joulebook({"top", "--once", "--token-env", "NOT_THERE"}).code, 2);
  EXPECT_EQ(joulebook({"top", "--once", "--url", "gateway:8900"}).code, 2);
  EXPECT_EQ(joulebook({"top", "--sort", "age"}).code, 2);
}

TEST(Top, WithoutATerminalItSaysWhatToUse) {
  const ScriptedEndpoint gateway({says(sample_live())});
  const Outcome outcome = joulebook({"top", "--url", gateway.address()});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("--once"));
  EXPECT_EQ(outcome.out, "");
}

// A terminal of 80 x 24 in which a shell runs.
class Terminal {
 public:
  Terminal() : name_("joulebook-top-" + std::to_string(::getpid())) {
    tmux("-f /dev/null new-session -d -x 80 -y 24 'PS1=READY; export PS1; exec /bin/sh -i'");
  }
  ~Terminal() { tmux("kill-server"); }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  void type(const std::string& keys) const { tmux("send-keys -l '" + keys + "'"); }
  void enter() const { tmux("send-keys Enter"); }
  [[nodiscard]] std::string screen() const { return tmux("capture-pane -p"); }
  // The screen, once it holds this text, or as it is after a minute.
  [[nodiscard]] std::string showing(const std::string& text) const {
    std::string now;
    wait_for([&] {
      now = screen();
      return now.find(text) != std::string::npos;
    });
    return now;
  }
  void resize(int width, int height) const {
    tmux("resize-window -x " + std::to_string(width) + " -y " + std::to_string(height));
  }

 private:
  std::string tmux(const std::string& arguments) const {
    const Outcome outcome = run_process({"/bin/sh", "-c", "tmux -u -L " + name_ + " " + arguments}, {{"LC_ALL", "C.UTF-8"}});
    EXPECT_EQ(outcome.code, 0) << arguments << outcome.err;
    return outcome.out;
  }
  std::string name_;
};

class TopInATerminal : public testing::Test {
 protected:
  TopInATerminal() : gateway_({says(sample_live(), 3, 200)}) {}

  void start() {
    terminal_.type(std::string(JOULEBOOK_PROGRAM) + " top --url " + gateway_.address() +
                   "; echo ENDED $?; stty -a | tr \" \" \"\\n\" | grep -x -e -*icanon -e -*echo");
    terminal_.enter();
    const std::string screen = terminal_.showing("Qwen3-8B");
    ASSERT_THAT(screen, HasSubstr("Joulebook  live"));
    ASSERT_THAT(screen, HasSubstr("q quit"));
    ASSERT_THAT(screen, Not(HasSubstr("ENDED"))) << "a screen of its own";
  }
  void expect_given_back(const std::string& code) {
    const std::string screen = terminal_.showing("\necho");
    EXPECT_THAT(screen, HasSubstr("ENDED " + code));
    EXPECT_THAT(screen, HasSubstr("\nicanon"));
    EXPECT_THAT(screen, HasSubstr("\necho"));
    EXPECT_THAT(screen, Not(HasSubstr("Qwen3-8B"))) << "the screen of before is back";
  }
  void signal(const std::string& name) {
    (void)run_process({"/bin/sh", "-c",
                       "kill -" + name + " $(ps -eo pid,args | awk '$2 ~ /joulebook$/ && /" +
                           std::to_string(gateway_.port()) + "/ && !/awk/ {print $1}')"});
  }

  ScriptedEndpoint gateway_;
  Terminal terminal_;
};

TEST_F(TopInATerminal, KeysResizesAndEndsInOrder) {
  start();
  terminal_.type("e");
  EXPECT_THAT(terminal_.showing("research"), HasSubstr("search"));
  terminal_.type("n");
  EXPECT_THAT(terminal_.showing("tenant*"), HasSubstr("tenant*"));
  terminal_.resize(120, 30);
  EXPECT_THAT(terminal_.showing("(Llama-3.3-70B-Instruct)"), HasSubstr("(Llama-3.3-70B-Instruct)"));
  terminal_.type("q");
  expect_given_back("0");
  EXPECT_GE(gateway_.requests().size(), 1U);
}

TEST_F(TopInATerminal, ComesBackToAGatewayThatHungUp) {
  start();  // each conversation ends after three events
  EXPECT_TRUE(wait_for([&] { return gateway_.requests().size() >= 3; }));
  EXPECT_THAT(terminal_.showing("Joulebook  live"), HasSubstr("Joulebook  live"));
  terminal_.type("q");
  expect_given_back("0");
}

TEST_F(TopInATerminal, TerminatedItGivesTheTerminalBack) {
  start();
  signal("TERM");
  expect_given_back("143");
}

TEST_F(TopInATerminal, CrashedItGivesTheTerminalBack) {
  start();
  signal("SEGV");
  expect_given_back("139");
}

}  // namespace
}  // namespace joulebook::fakes
