#include "sensor/cpu/energy_reader.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>

#include "core/text.h"
#include "fakes/sysfs_tree.h"
#include "sensor/cpu/cpu_probe.h"
#include "sensor/cpu/powercap.h"
#include "sensor/cpu/probe_test_tools.h"

namespace joulebook {
namespace {

using fakes::SysfsTree;
using probe_test::domains;
using probe_test::finding;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(EnergyAnswer, IsPickedApartByZone) {
  const std::string_view line = "joulebook-energy 1 intel-rapl:0=12 intel-rapl:0:1=- x=7\n";
  EXPECT_EQ(count_in_answer(line, "intel-rapl:0"), 12U);
  EXPECT_EQ(count_in_answer(line, "x"), 7U);
  EXPECT_FALSE(count_in_answer(line, "intel-rapl:0:1"));
  EXPECT_FALSE(count_in_answer(line, "intel-rapl"));
  for (const char* bad : {"", "\n", "joulebook-energy 2 a=1\n", "joulebook-energy 1 a=1",
                          "joulebook-energy 1a=1\n", "joulebook-energy 1 a\n",
                          "joulebook-energy 1  a=1\n", "joulebook-energy 1 a=1x\n",
                          "joulebook-energy 1 a=1\n\n",
                          "joulebook-energy 1 a=1 \njoulebook-energy 1 a=2\n"}) {
    EXPECT_FALSE(count_in_answer(bad, "a")) << bad;
  }
}

RC_GTEST_PROP(EnergyAnswer, AnyTextIsReadWithoutCrash, (const std::string& text)) {
  (void)count_in_answer("joulebook-energy 1" + text + "\n", "a");
  (void)count_in_answer(text, text);
}

// Starts the reader of the test build, which looks below the folder it is started in.
class Reader : public testing::Test {
 protected:
  Reader() : before_(std::filesystem::current_path()) {}
  ~Reader() override { std::filesystem::current_path(before_); }

  std::shared_ptr<EnergyReader> start(const SysfsTree& tree) {
    std::filesystem::current_path(tree.root());
    auto reader = start_energy_reader(TEST_ENERGY_READER, clock_);
    std::filesystem::current_path(before_);
    EXPECT_TRUE(reader) << reader.error().message;
    return reader.value_or(nullptr);
  }

  std::filesystem::path before_;
  FakeClock clock_;
};

TEST_F(Reader, TellsEveryCounterItFinds) {
  SysfsTree tree("cpu/intel-2s-server");
  const auto reader = start(tree);
  const auto package = reader->counter("intel-rapl:1");
  const auto memory = reader->counter("intel-rapl:0:0");
  EXPECT_EQ(package->read()->counts, 187500129980U);
  EXPECT_EQ(memory->read()->counts, 41007738210U);
  tree.put("/sys/devices/virtual/powercap/intel-rapl/intel-rapl:1/energy_uj", "187500130041\n");
  EXPECT_EQ(package->read()->counts, 187500130041U);
}

// A round of readings is one exchange; a second reading of the same counter is a new one.
TEST_F(Reader, OneRoundSharesOneAnswer) {
  const SysfsTree tree("cpu/intel-2s-server");
  const auto reader = start(tree);
  const auto package = reader->counter("intel-rapl:0");
  const auto memory = reader->counter("intel-rapl:0:0");
  const auto first = package->read();
  clock_.advance(std::chrono::microseconds(10));
  EXPECT_EQ(memory->read()->begin, first->begin);
  clock_.advance(std::chrono::microseconds(10));
  const auto second = package->read();
  EXPECT_GT(second->begin, first->begin);
  clock_.advance(std::chrono::milliseconds(2));  // too old for the next
  EXPECT_GT(memory->read()->begin, second->begin);
}

TEST_F(Reader, AFrozenZoneIsNoReading) {
  const SysfsTree tree("cpu/intel-2s-server");
  const auto reader = start(tree);
  const auto none = reader->counter("intel-rapl:7")->read();
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, "sensor.permission");
  EXPECT_THAT(none.error().cure, HasSubstr("setcap cap_dac_read_search=ep"));
}

TEST_F(Reader, ADeadReaderIsStartedOnceMoreThenItIsLost) {
  SysfsTree tree("cpu/intel-2s-server");
  const auto reader = start(tree);
  const auto package = reader->counter("intel-rapl:0");
  const auto memory = reader->counter("intel-rapl:0:0");
  ASSERT_TRUE(package->read());
  const int first = reader->pid();
  std::filesystem::current_path(tree.root());
  ::kill(first, SIGKILL);
  tree.put("/sys/devices/virtual/powercap/intel-rapl/intel-rapl:0/energy_uj", "190338001200\n");
  const auto again = package->read();
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->counts, 190338001200U);
  EXPECT_TRUE(memory->read());
  EXPECT_NE(reader->pid(), first);
  ::kill(reader->pid(), SIGKILL);
  EXPECT_EQ(package->read().error().code, "sensor.lost");
  EXPECT_EQ(memory->read().error().code, "sensor.lost");
  EXPECT_EQ(package->read().error().code, "sensor.lost");
}

TEST_F(Reader, AHungReaderIsReplaced) {
  SysfsTree tree("cpu/intel-2s-server");
  const auto reader = start(tree);
  const auto package = reader->counter("intel-rapl:0");
  ASSERT_TRUE(package->read());
  std::filesystem::current_path(tree.root());
  const int hung = reader->pid();
  ::kill(hung, SIGSTOP);
  const auto again = package->read();
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_NE(reader->pid(), hung);
}

// The program's CPU time is told once, whoever of its counters is asked, and never falls.
TEST_F(Reader, ItsCpuTimeIsToldOnceAndOutlivesIt) {
  SysfsTree tree("cpu/intel-2s-server");
  const auto reader = start(tree);
  auto package = make_counter_sensor({.id = "p"}, reader->counter("intel-rapl:0"));
  const auto memory = make_counter_sensor({.id = "m"}, reader->counter("intel-rapl:0:0"));
  const auto told = [&] { return package->own_cpu_seconds() + memory->own_cpu_seconds(); };
  EXPECT_EQ(told(), 0);  // nobody has read yet
  for (int i = 0; i < 3000; ++i) {
    ASSERT_TRUE(package->read());
    ASSERT_TRUE(memory->read());
  }
  const double before = told();
  EXPECT_GT(before, 0);
  EXPECT_EQ(memory->own_cpu_seconds(), 0);
  std::filesystem::current_path(tree.root());
  ::kill(reader->pid(), SIGKILL);
  ASSERT_TRUE(package->read());
  EXPECT_GE(told(), before - 0.02);  // the dead one's is rounded to what the kernel accounts
  package.reset();
  ASSERT_TRUE(memory->read());
  EXPECT_GE(memory->own_cpu_seconds(), before - 0.02);
}

TEST_F(Reader, ThereIsNoneOrItCannotBeStarted) {
  EXPECT_EQ(start_energy_reader("/nowhere/reader", clock_).error().code, "sensor.missing");
  EXPECT_THAT(energy_reader_path(), testing::EndsWith("/joulebook-energy-reader"));
}

// Talks to the program itself, as a stranger could.
struct Talk {
  int fd = -1;
  pid_t pid = 0;
  explicit Talk(const SysfsTree& tree) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return;
    pid = ::fork();
    if (pid == 0) {
      ::dup2(ends[1], 0);
      ::dup2(ends[1], 1);
      if (::chdir(tree.root().c_str()) == 0) {
        ::execl(TEST_ENERGY_READER, TEST_ENERGY_READER, "/etc/shadow", nullptr);
      }
      ::_exit(99);
    }
    ::close(ends[1]);
    fd = ends[0];
  }
  ~Talk() {
    ::close(fd);
    if (pid > 0) ::waitpid(pid, nullptr, 0);
  }
  std::string ask(std::string_view request) const {
    if (::send(fd, request.data(), request.size(), MSG_NOSIGNAL) < 0) return {};
    std::string line;
    char byte = 0;
    while (::recv(fd, &byte, 1, 0) == 1) {
      line += byte;
      if (byte == '\n') break;
    }
    return line;
  }
  int leave() {
    ::shutdown(fd, SHUT_WR);
    int status = 0;
    ::waitpid(pid, &status, 0);
    pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
};

TEST(EnergyReaderProgram, AnswersOneLineToOneRequestAndLeavesWithItsInput) {
  SysfsTree tree;
  tree.unpack(
      "/sys/class/powercap/intel-rapl:0/energy_uj\t12\n"
      "/sys/class/powercap/intel-rapl:0/name\tpackage-0\n"
      "/sys/class/powercap/dtpm/energy_uj\t13\n"               // no RAPL zone
      "/sys/class/powercap/intel-rapl:0;x/energy_uj\t14\n"      // no zone's name
      "/sys/class/powercap/intel-rapl/enabled\t1\n");
  Talk talk(tree);
  EXPECT_EQ(talk.ask("read\n"), "joulebook-energy 1 intel-rapl:0=12\n");
  tree.put("/sys/class/powercap/intel-rapl:0/energy_uj", "nonsense\n");
  EXPECT_EQ(talk.ask("read\n"), "joulebook-energy 1 intel-rapl:0=-\n");
  EXPECT_EQ(talk.leave(), 0);
}

TEST(EnergyReaderProgram, AnythingElseEndsIt) {
  for (const char* request : {"write\n", "read /etc/shadow\n", "\n", "readread\n"}) {
    const SysfsTree tree("cpu/intel-2s-server");
    Talk talk(tree);
    EXPECT_EQ(talk.ask(request), "") << request;
    EXPECT_EQ(talk.leave(), 2) << request;
  }
}

TEST(EnergyReaderProgram, ManyZonesAreBounded) {
  SysfsTree tree;
  for (int i = 0; i < 300; ++i) {
    tree.put("/sys/class/powercap/intel-rapl-mmio:" + std::to_string(100000 + i) + "/energy_uj",
             "18446744073709551615\n");
  }
  const Talk talk(tree);
  const std::string answer = talk.ask("read\n");
  EXPECT_LE(answer.size(), kLongestAnswer);
  EXPECT_TRUE(answer.ends_with('\n'));
}

std::string field_of(int pid, const std::string& key) {
  const auto text = real_files()->read("/proc/" + std::to_string(pid) + "/status").value_or("");
  for (const std::string_view line : split(text, '\n')) {
    if (line.starts_with(key + ":")) return std::string(trim(line.substr(key.size() + 1)));
  }
  return {};
}

// Started by root it ends up with no right at all, and still reads what it had opened.
TEST(EnergyReaderProgram, KeepsNoRight) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to have rights to give up";
  const SysfsTree tree("cpu/intel-2s-server");
  const Talk talk(tree);
  EXPECT_THAT(talk.ask("read\n"), HasSubstr("intel-rapl:0=190338001123"));
  EXPECT_EQ(field_of(talk.pid, "Uid"), "65534\t65534\t65534\t65534");
  EXPECT_EQ(field_of(talk.pid, "Gid"), "65534\t65534\t65534\t65534");
  EXPECT_EQ(field_of(talk.pid, "Groups"), "");
  EXPECT_EQ(field_of(talk.pid, "CapEff"), "0000000000000000");
  EXPECT_EQ(field_of(talk.pid, "CapPrm"), "0000000000000000");
  EXPECT_EQ(field_of(talk.pid, "NoNewPrivs"), "1");
}

// The third rung as it is: files of mode 0400, an ordinary user, and a reader with the right.
TEST_F(Reader, AnOrdinaryUserMeasuresThroughIt) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to be two users";
  const SysfsTree tree("cpu/intel-2s-server");
  ::chmod(tree.root().c_str(), 0755);
  const auto reader = start(tree);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setresgid(65534, 65534, 65534) != 0 || ::setresuid(65534, 65534, 65534) != 0) ::_exit(9);
    const auto files = tree.files();
    if (files->read("/sys/class/powercap/intel-rapl:0/energy_uj")) ::_exit(8);
    const Discovery alone = probe_cpu(*files, clock_, {});
    if (!alone.sensors.empty() || alone.findings.size() != 1) ::_exit(7);
    const CpuAccess access{nullptr, [&]() -> Result<std::shared_ptr<EnergyReader>> {
                             return reader;
                           }};
    const Discovery found = probe_cpu(*files, clock_, access);
    if (found.sensors.size() != 4) ::_exit(6);
    const auto reading = found.sensors[2]->read();
    ::_exit(reading && reading->counts == 187500129980U ? 0 : 5);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

// The same by the seam, for whoever runs the tests.
TEST_F(Reader, IsTheThirdRung) {
  const SysfsTree tree("cpu/intel-2s-server");
  int started = 0;
  const CpuAccess access{nullptr, [&]() -> Result<std::shared_ptr<EnergyReader>> {
                           ++started;
                           return start(tree);
                         }};
  const Discovery readable = probe_cpu(*tree.files(), clock_, access);
  EXPECT_EQ(started, 0);  // not needed
  EXPECT_EQ(readable.sensors.size(), 4U);
  const Discovery found = probe_cpu(*tree.as_user(), clock_, access);
  EXPECT_EQ(started, 1);
  EXPECT_THAT(domains(found), ElementsAre("package:0", "dram:0", "package:1", "dram:1"));
  EXPECT_THAT(found.findings, IsEmpty());
  EXPECT_THAT(found.sensors[0]->info().method, HasSubstr("by the energy reader"));
  EXPECT_EQ(found.sensors[0]->info().range, 262143328850U + 61U);
}

TEST_F(Reader, WithoutTheRightItselfItNamesTheLeastGrant) {
  const SysfsTree tree("cpu/intel-2s-server");
  const SysfsTree empty;
  const CpuAccess access{nullptr, [&]() -> Result<std::shared_ptr<EnergyReader>> {
                           return start(empty);
                         }};
  const Discovery found = probe_cpu(*tree.as_user(), clock_, access);
  EXPECT_THAT(found.sensors, IsEmpty());
  EXPECT_THAT(finding(found, "sensor.permission").reason.cure,
              HasSubstr("sudo setcap cap_dac_read_search=ep " TEST_ENERGY_READER));
}

}  // namespace
}  // namespace joulebook
