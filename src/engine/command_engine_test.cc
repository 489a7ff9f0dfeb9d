#include "engine/command_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "core/clock.h"
#include "engine/command_words.h"

namespace joulebook {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using Input = CommandOptions::Input;

CommandOptions shell(const std::string& script, Input input = Input::whole) {
  CommandOptions out;
  out.argv = {"sh", "-c", script};
  out.input = input;
  out.time_limit_s = 20;
  return out;
}

GenerateRequest item(std::string text, std::string file = {}) {
  GenerateRequest request;
  request.user = std::move(text);
  request.file = std::move(file);
  return request;
}

Result<Generation> ask(const CommandOptions& options, const GenerateRequest& request) {
  auto engine = open_command(options);
  return engine ? (*engine)->generate_one(request) : fail(engine.error());
}

std::string code_of(const Result<Generation>& got) { return got ? "" : got.error().code; }

void expect_tiling(const Generation& g) {
  for (std::size_t i = 1; i < g.phases.size(); ++i) {
    EXPECT_EQ(g.phases[i].begin, g.phases[i - 1].end);
    EXPECT_LE(g.phases[i].begin, g.phases[i].end);
  }
}

// Whether it runs; one that nobody has reaped yet does not.
bool runs(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string stat;
  if (!std::getline(file, stat)) return false;
  return stat.find(") Z ") == std::string::npos;
}

bool gone_soon(pid_t pid) {
  for (int i = 0; i < 6000 && runs(pid); ++i) std::this_thread::sleep_for(milliseconds(10));
  return !runs(pid);
}

TEST(CommandEngine, StandardInputGoesInAndStandardOutputIsTheAnswer) {
  const auto got = ask(shell("echo noise >&2; tr a-z A-Z"), item("two\nlines"));
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->answer, "TWO\nLINES");
  EXPECT_EQ(got->output_tokens(), Tokens{0});
  EXPECT_EQ(got->finish, Finish::stop);
  EXPECT_GT(got->cpu_seconds, 0);
  EXPECT_EQ(got->phases.size(), 3U);
  expect_tiling(*got);
}

TEST(CommandEngine, TextAndFileComeAsArgumentsWhateverTheyHold) {
  auto options = shell("", Input::none);
  options.argv = {"printf", "%s|%s|%s", "{text}", "a{file}b", "{plain}"};
  const auto got = ask(options, item("$(echo no) {file}", "/data/x.png"));
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->answer, "$(echo no) {file}|a/data/x.pngb|{plain}");
}

TEST(CommandEngine, ATextFileHoldsTheTextOfItsItem) {
  auto options = shell("", Input::none);
  options.argv = {"cat", "{text_file}"};
  auto engine = open_command(options);
  ASSERT_TRUE(engine);
  for (const std::string text : {"a longer one", "b"}) {
    const auto got = (*engine)->generate_one(item(text));
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_EQ(got->answer, text);
  }
}

TEST(CommandEngine, ItRunsInTheFolderThatIsNamed) {
  const std::string folder = testing::TempDir() + "command_here";
  std::filesystem::create_directory(folder);
  std::ofstream(folder + "/say") << "#!/bin/sh\ncat word\n";
  std::ofstream(folder + "/word") << "here";
  ::chmod((folder + "/say").c_str(), 0755);
  auto options = shell("", Input::none);
  options.argv = {"./say"};
  options.directory = folder;
  const auto got = ask(options, item("x"));
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->answer, "here");
}

TEST(CommandEngine, AMegabyteInAndOutDoesNotLockUp) {
  const std::string text(1 << 20, 'a');
  const auto got = ask(shell("cat; head -c 300000 /dev/zero >&2"), item(text));
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->answer, text);
}

TEST(CommandEngine, AProgramNeedNotReadWhatItIsTold) {
  const auto got = ask(shell("exec <&-; echo deaf"), item(std::string(1 << 20, 'a')));
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->answer, "deaf");
}

TEST(CommandEngine, ALateProgramIsEndedWithItsChildrenAndSaysSo) {
  const std::string note = testing::TempDir() + "command_late_pid";
  auto options = shell("sleep 100 & echo $! > " + note + "; echo partly >&2; wait");
  options.time_limit_s = 2;
  const auto begin = system_clock().now();
  const auto got = ask(options, item("x"));
  EXPECT_LT(Seconds(system_clock().now() - begin).count(), 90);  // it would be 100
  ASSERT_EQ(code_of(got), "command.timeout");
  EXPECT_THAT(got.error().message, HasSubstr("partly"));
  pid_t child = 0;
  std::ifstream(note) >> child;
  ASSERT_GT(child, 1);
  EXPECT_TRUE(gone_soon(child));
}

TEST(CommandEngine, ShuttingItsOutputIsNotTheEnd) {
  auto options = shell("echo done; exec >&-; sleep 100");
  options.time_limit_s = 0.5;
  EXPECT_EQ(code_of(ask(options, item("x"))), "command.timeout");
  const auto got = ask(shell("echo done; exec >&-; sleep 0.2; exit 4"), item("x"));
  ASSERT_EQ(code_of(got), "command.exit");
  EXPECT_THAT(got.error().message, HasSubstr("exit code 4"));
}

TEST(CommandEngine, AChildThatKeepsTheOutputOpenIsNotWaitedFor) {
  const auto begin = system_clock().now();
  const auto got = ask(shell("sleep 100 & echo done"), item("x"));
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->answer, "done");
  EXPECT_LT(Seconds(system_clock().now() - begin).count(), 90);  // it would be 100
}

TEST(CommandEngine, AFloodIsCutOff) {
  auto options = shell("yes");
  options.most_output = 100'000;
  EXPECT_EQ(code_of(ask(options, item("x"))), "command.output");
  options.input = Input::line;
  EXPECT_EQ(code_of(ask(options, item("x"))), "command.unasked");
  options = shell("head -c 100000 /dev/zero | tr '\\0' a; echo", Input::line);
  options.most_output = 99'999;
  EXPECT_EQ(code_of(ask(options, item("x"))), "command.output");
}

TEST(CommandEngine, AFailureTellsItsCodeAndItsLastWords) {
  const auto got = ask(shell("echo half; echo why >&2; exit 3"), item("x"));
  ASSERT_EQ(code_of(got), "command.exit");
  EXPECT_EQ(got.error().kind, ErrorKind::engine);
  EXPECT_THAT(got.error().message, HasSubstr("exit code 3: why"));
  EXPECT_THAT(ask(shell("kill -9 $$"), item("x")).error().message, HasSubstr("signal 9"));
}

TEST(CommandEngine, AnotherEncodingIsRepairedAndSaid) {
  const auto got = ask(shell("printf 'caf\\351'"), item("x"));
  ASSERT_TRUE(got);
  EXPECT_EQ(got->answer, "caf\xEF\xBF\xBD");
  EXPECT_THAT(got->warnings.at(0), HasSubstr("encoding"));
}

TEST(CommandEngine, InterruptedItIsCancelled) {
  auto engine = open_command(shell("sleep 100"));
  ASSERT_TRUE(engine);
  std::atomic<bool> cancel{false};
  GenerateRequest request = item("x");
  request.cancel = &cancel;
  std::thread later([&] {
    std::this_thread::sleep_for(milliseconds(100));
    cancel = true;
  });
  const auto got = (*engine)->generate_one(request);
  later.join();
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->finish, Finish::cancelled);
}

constexpr const char* kEcho = "echo ready; while read -r x; do echo \"$$ $x\"; done";

TEST(CommandEngine, KeptRunningItAnswersLineByLine) {
  auto options = shell(kEcho, Input::line);
  options.ready = "ready";
  auto engine = open_command(options);
  ASSERT_TRUE(engine) << engine.error().message;
  const auto one = (*engine)->generate_one(item("one"));
  const auto two = (*engine)->generate_one(item("", "/f"));
  ASSERT_TRUE(one && two);
  const auto pid = one->answer.substr(0, one->answer.find(' '));
  EXPECT_EQ(one->answer, pid + " one");
  EXPECT_EQ(two->answer, pid + " /f");
  EXPECT_EQ(two->phases.size(), 2U);
  expect_tiling(*two);
  engine->reset();
  EXPECT_TRUE(gone_soon(std::stoi(pid)));
}

TEST(CommandEngine, KeptRunningInJsonCarriesLineBreaksBothWays) {
  CommandOptions options;
  options.argv = {"python3", "-c",
                  "import json,sys\n"
                  "for line in sys.stdin:\n"
                  "  item = json.loads(line)\n"
                  "  print(json.dumps(item['text'][::-1] + item['file']), flush=True)\n"};
  options.input = Input::json;
  const auto got = ask(options, item("a\nb", "/f"));
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->answer, "b\na/f");
}

TEST(CommandEngine, AKeptProgramThatEndsIsStartedAnew) {
  auto engine = open_command(
      shell("while read -r x; do [ $x = bad ] && exit 7; echo $x; done", Input::line));
  ASSERT_TRUE(engine);
  EXPECT_EQ((*engine)->generate_one(item("a"))->answer, "a");
  EXPECT_EQ(code_of((*engine)->generate_one(item("bad"))), "command.exit");
  const auto again = (*engine)->generate_one(item("b"));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->answer, "b");
  EXPECT_THAT(again->warnings.at(0), HasSubstr("anew"));
}

TEST(CommandEngine, AnAnswerNobodyAskedForIsNoAnswer) {
  auto engine = open_command(
      shell("while read -r x; do printf '%s\\n%s\\n' $x $x; done", Input::line));
  ASSERT_TRUE(engine);
  EXPECT_EQ(code_of((*engine)->generate_one(item("a"))), "command.unasked");
}

TEST(CommandEngine, ALineThatComesLaterIsNoAnswerEither) {
  const std::string go = testing::TempDir() + "command_later_go";
  const std::string done = testing::TempDir() + "command_later_done";
  for (const auto& file : {go, done}) std::filesystem::remove(file);
  auto engine = open_command(shell("read -r x; echo $x; while [ ! -e " + go +
                                       " ]; do sleep 0.01; done; echo $x; echo > " + done +
                                       "; read -r x",
                                   Input::line));
  ASSERT_TRUE(engine);
  EXPECT_EQ((*engine)->generate_one(item("a"))->answer, "a");
  std::ofstream(go) << "go";
  while (!std::filesystem::exists(done)) std::this_thread::sleep_for(milliseconds(10));
  EXPECT_EQ(code_of((*engine)->generate_one(item("b"))), "command.unasked");
}

// It answers two by two, the later one first: no answer is taken for another item's.
TEST(CommandEngine, AProgramThatChangesTheOrderIsLate) {
  auto options = shell("while read -r a && read -r b; do echo $b; echo $a; done", Input::line);
  options.time_limit_s = 0.3;
  auto engine = open_command(options);
  ASSERT_TRUE(engine);
  for (const char* text : {"first", "second", "third"}) {
    const auto answer = (*engine)->generate_one(item(text));
    ASSERT_FALSE(answer) << answer->answer;
    EXPECT_EQ(answer.error().code, "command.timeout");
  }
}

TEST(CommandEngine, AKeptProgramThatIsLateOrNotReadyIsSaid) {
  auto options = shell("while read -r x; do sleep 100; done", Input::line);
  options.time_limit_s = 0.3;
  EXPECT_EQ(code_of(ask(options, item("x"))), "command.timeout");
  options.ready = "ready";
  EXPECT_EQ(open_command(options).error().code, "command.timeout");
  options.argv.back() = "echo hello; sleep 100";
  EXPECT_EQ(open_command(options).error().code, "command.unasked");
  options.argv.back() = "exit 2";
  EXPECT_EQ(open_command(options).error().code, "command.exit");
}

TEST(CommandWords, WhatCannotBeAskedIsRefusedBefore) {
  const auto code = [](const CommandOptions& o) {
    const auto ok = validate(o);
    return ok ? std::string() : ok.error().code;
  };
  EXPECT_EQ(code({}), "command.empty");
  auto options = shell("x", Input::line);
  EXPECT_EQ(code(options), "");
  options.argv.emplace_back("{text}");
  EXPECT_EQ(code(options), "command.placeholder");
  options.input = Input::whole;
  EXPECT_EQ(code(options), "");
  options.ready = "go";
  EXPECT_EQ(code(options), "command.ready");
  options = shell("x");
  options.time_limit_s = 0;
  EXPECT_EQ(code(options), "command.limit");
  options = shell("x");
  options.argv[0] = "{file}";
  EXPECT_EQ(code(options), "command.placeholder");
  options.argv = {"joulebook-no-such-program"};
  EXPECT_EQ(open_command(options).error().code, "command.missing");
  options.argv = {"./no/such"};
  EXPECT_EQ(open_command(options).error().code, "command.missing");

  EXPECT_EQ(can_ask(shell("x"), "", "/f").error().code, "command.no_text");
  EXPECT_EQ(can_ask(shell("x", Input::line), "a\nb", "").error().code, "command.line_break");
  EXPECT_TRUE(can_ask(shell("x", Input::json), "a\nb", ""));
  options = shell("x", Input::none);
  options.argv.emplace_back("{file}");
  EXPECT_EQ(can_ask(options, "text", "").error().code, "command.no_file");
  EXPECT_TRUE(can_ask(options, "", "/f"));
}

// Three children at once take more than one: they are added up.
TEST(CommandEngine, ThePeakCountsTheProgramsChildren) {
  const auto peak = [](const std::string& children) {
    const std::string eat = "eat() { x=$(head -c 12000000 /dev/zero | tr '\\0' x); sleep 0.6; }; ";
    auto engine = open_command(shell(eat + children + " wait; echo done"));
    EXPECT_TRUE(engine);
    EXPECT_TRUE((*engine)->generate_one(item("x")));
    return (*engine)->info().peak_memory_bytes;
  };
  const auto one = peak("eat &");
  EXPECT_GT(one, 12'000'000);
  EXPECT_GT(peak("eat & eat & eat &"), one + 12'000'000);
}

// 32 MiB that were touched; a kept program is looked at when its memory is asked for.
TEST(CommandEngine, ItsPeakMemoryIsSeen) {
  const std::string eater = "x=$(head -c 20000000 /dev/zero | tr '\\0' x); echo done";
  auto started = open_command(shell(eater));
  ASSERT_TRUE(started);
  EXPECT_EQ((*started)->info().peak_memory_bytes, 0);  // nothing ran yet
  ASSERT_TRUE((*started)->generate_one(item("x")));
  const auto seen = (*started)->info().peak_memory_bytes;
  EXPECT_GT(seen, 20'000'000);
  EXPECT_LT(seen, std::int64_t{1} << 30);

  auto options = shell("x=$(head -c 20000000 /dev/zero | tr '\\0' x); echo go; while read -r y; do echo $y; done",
                       Input::line);
  options.ready = "go";
  auto kept = open_command(options);
  ASSERT_TRUE(kept) << kept.error().message;
  ASSERT_TRUE((*kept)->generate_one(item("a")));
  EXPECT_GT((*kept)->info().peak_memory_bytes, 20'000'000);
}

}  // namespace
}  // namespace joulebook
