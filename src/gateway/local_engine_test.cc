// With a script in llama-server's place: what it is started with, and what becomes of it when it ends.
#include "gateway/local_engine.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "fakes/patience.h"

namespace joulebook::gateway {
namespace {

class LocalEngineTest : public testing::Test {
 protected:
  LocalEngineTest() {
    EXPECT_NE(::mkdtemp(folder_.data()), nullptr);
    options_.model = "m.gguf";
  }
  ~LocalEngineTest() override { std::filesystem::remove_all(folder_); }

  // A server that does this.
  void program(const std::string& script) {
    options_.program = folder_ + "/server";
    std::ofstream(options_.program) << "#!/bin/sh\n" << script << "\n";
    std::filesystem::permissions(options_.program, std::filesystem::perms::owner_all);
  }
  void engine() {
    engine_ = std::make_unique<LocalEngine>(options_, clock_, [this](const std::string&) { return loaded_; });
    ASSERT_TRUE(engine_->start());
  }
  // The next change; none within five seconds is a failure.
  LocalEngine::Change next() {
    for (int i = 0; i < 500; ++i) {
      if (auto change = engine_->look()) return *change;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ADD_FAILURE() << "nothing changed";
    return {};
  }

  // That it was started with so far.
  [[nodiscard]] std::vector<std::string> ports() const {
    std::vector<std::string> out;
    std::ifstream file(folder_ + "/ports");
    for (std::string port; file >> port;) out.push_back(port);
    return out;
  }

  std::string folder_ = (std::filesystem::temp_directory_path() / "joulebook-engine-XXXXXX").string();
  LocalServerOptions options_;
  FakeClock clock_;
  bool loaded_ = false;
  std::unique_ptr<LocalEngine> engine_;
};

TEST_F(LocalEngineTest, IsReadyOnceItsModelIsLoaded) {
  program("exec sleep 100");
  engine();
  EXPECT_EQ(engine_->state(), EngineState::loading);
  EXPECT_FALSE(engine_->look());
  loaded_ = true;
  EXPECT_EQ(next().state, EngineState::ready);
  EXPECT_FALSE(engine_->look());
}

TEST_F(LocalEngineTest, OneThatNeverLoadedIsNotTriedAgain) {
  program("exit 3");
  engine();
  const auto change = next();
  EXPECT_EQ(change.state, EngineState::given_up);
  EXPECT_NE(change.why.find("code 3"), change.why.npos) << change.why;
}

TEST_F(LocalEngineTest, AfterACrashItIsStartedAgainLaterEachTimeOnTheSamePort) {
  program("echo $6 >> " + folder_ + "/ports; exec sleep 100");  // --model M --host H --port P
  engine();
  loaded_ = true;
  EXPECT_EQ(next().state, EngineState::ready);
  std::size_t starts = 0;
  for (const int rest : {1, 2, 4, 8, 16}) {
    const int pid = engine_->pid();
    ASSERT_GT(pid, 0);
    ++starts;
    EXPECT_TRUE(fakes::wait_for([&] { return ports().size() >= starts; }));
    ::kill(pid, SIGSEGV);
    const auto crash = next();
    EXPECT_EQ(crash.state, EngineState::resting);
    EXPECT_EQ(crash.rest, Nanos(std::chrono::seconds(rest)));
    EXPECT_NE(crash.why.find("signal 11"), crash.why.npos) << crash.why;
    EXPECT_EQ(engine_->pid(), 0);
    clock_.advance(crash.rest - std::chrono::milliseconds(1));
    EXPECT_FALSE(engine_->look());
    clock_.advance(std::chrono::milliseconds(1));
    EXPECT_EQ(next().state, EngineState::loading);
    EXPECT_EQ(next().state, EngineState::ready);
  }
  ::kill(engine_->pid(), SIGKILL);
  EXPECT_EQ(next().state, EngineState::given_up);
  ASSERT_GE(ports().size(), 5U);
  for (const auto& port : ports()) EXPECT_EQ(engine_->url(), "http://127.0.0.1:" + port);
}

TEST_F(LocalEngineTest, OneThatWasSteadyHasAllItsTriesAgain) {
  program("exec sleep 100");
  engine();
  loaded_ = true;
  EXPECT_EQ(next().state, EngineState::ready);
  for (int i = 0; i < 8; ++i) {
    clock_.advance(LocalEngine::kSteady);
    ::kill(engine_->pid(), SIGKILL);
    const auto crash = next();
    EXPECT_EQ(crash.state, EngineState::resting);
    EXPECT_EQ(crash.rest, LocalEngine::kFirstRest);
    clock_.advance(crash.rest);
    EXPECT_EQ(next().state, EngineState::loading);
    EXPECT_EQ(next().state, EngineState::ready);
  }
}

TEST_F(LocalEngineTest, AProgramThatIsNotThereIsNamed) {
  options_.program = folder_ + "/none";
  LocalEngine engine(options_, clock_, [](const std::string&) { return false; });
  const auto started = engine.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, "server.program");
}

}  // namespace
}  // namespace joulebook::gateway
