#include "sensor/process_finder.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <rapidcheck/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>

#include "fakes/power_plant.h"

namespace joulebook {
namespace {

using fakes::put_file;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kHeader =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode\n";

// A line of /proc/net/tcp as the kernel prints it.
std::string socket_line(unsigned port, const std::string& state, std::uint64_t inode) {
  char line[200];
  std::snprintf(line, sizeof line,
                "   0: 0100007F:%04X 00000000:0000 %s 00000000:00000000 00:00000000 00000000  1000 "
                "       0 %llu 1 0000000000000000 100 0 0 10 0\n",
                port, state.c_str(), static_cast<unsigned long long>(inode));
  return line;
}

// A /proc of our own making.
class FakeProc : public testing::Test {
 protected:
  FakeProc() : root_(testing::TempDir() + "proc_" + std::to_string(::getpid())) {
    std::filesystem::remove_all(root_);
    put_file(root_ + "/proc/net/tcp", std::string(kHeader));
    link("/proc/self/ns/net", "net:[1]");
  }
  ~FakeProc() override { std::filesystem::remove_all(root_); }

  void link(const std::string& path, const std::string& target) {
    const std::filesystem::path full = root_ + path;
    std::filesystem::create_directories(full.parent_path());
    std::filesystem::create_symlink(target, full);
  }
  void process(int pid, int parent, const std::string& command, int space,
               const std::vector<std::uint64_t>& sockets = {}) {
    const std::string proc = "/proc/" + std::to_string(pid);
    put_file(root_ + proc + "/stat", std::to_string(pid) + " (" + command + ") S " +
                                         std::to_string(parent) + " 1 1 0 -1\n");
    put_file(root_ + proc + "/comm", command + "\n");
    link(proc + "/ns/net", "net:[" + std::to_string(space) + "]");
    link(proc + "/fd/0", "/dev/null");
    int descriptor = 3;
    for (const std::uint64_t inode : sockets) {
      link(proc + "/fd/" + std::to_string(descriptor++), "socket:[" + std::to_string(inode) + "]");
    }
  }
  void listens(const std::string& net, unsigned port, std::uint64_t inode) {
    put_file(root_ + net, std::string(kHeader) + socket_line(port, "0A", inode));
  }
  void proxy(int pid, const std::string& address, const std::string& port, std::uint64_t inode) {
    process(pid, 1, "docker-proxy", 1, {inode});
    std::string line = "/usr/bin/docker-proxy";
    for (const std::string& word :
         {std::string("-container-ip"), address, std::string("-container-port"), port}) {
      line += '\0' + word;
    }
    put_file(root_ + "/proc/" + std::to_string(pid) + "/cmdline", line + '\0');
  }
  void container(int pid, int space, unsigned port, std::uint64_t inode,
                 const std::string& address) {
    process(pid, 1, "server", space, {inode});
    const std::string net = "/proc/" + std::to_string(pid) + "/net";
    listens(net + "/tcp6", port, inode);
    put_file(root_ + net + "/fib_trie",
             "Local:\n  +-- 0.0.0.0/0 3 0 5\n     |-- " + address + "\n        /32 host LOCAL\n");
  }
  Result<std::vector<int>> find(std::uint16_t port) {
    return pids_listening_on(*real_files(root_), port);
  }

  std::string root_;
};

TEST_F(FakeProc, FindsEveryHolderOfTheListeningSocket) {
  listens("/proc/net/tcp", 8080, 555);
  process(10, 1, "server", 1, {1, 555});
  process(11, 10, "worker", 1, {555});
  process(12, 1, "client", 1, {556});
  EXPECT_THAT(find(8080).value(), ElementsAre(10, 11));
}

TEST_F(FakeProc, IgnoresOtherPortsAndOtherStates) {
  put_file(root_ + "/proc/net/tcp",
           std::string(kHeader) + socket_line(8080, "01", 555) + socket_line(8081, "0A", 556));
  process(10, 1, "server", 1, {555, 556});
  EXPECT_EQ(find(8080).error().code, "process.none");
  EXPECT_THAT(find(8081).value(), ElementsAre(10));
}

TEST_F(FakeProc, SaysWhenTheOwnerMayNotBeSeen) {
  listens("/proc/net/tcp6", 8080, 555);
  process(10, 1, "server", 1);
  const auto found = find(8080);
  EXPECT_EQ(found.error().code, "process.permission");
  EXPECT_THAT(found.error().cure, HasSubstr("root"));
}

TEST_F(FakeProc, FollowsDockerProxyIntoItsContainer) {
  listens("/proc/net/tcp", 8080, 555);
  proxy(20, "172.17.0.3", "8000", 555);
  container(30, 2, 8000, 700, "172.17.0.2");  // another container on the same port
  container(40, 3, 8000, 800, "172.17.0.3");
  process(41, 40, "worker", 3, {800});
  EXPECT_THAT(find(8080).value(), ElementsAre(40, 41));
}

TEST_F(FakeProc, PrefixOfAnAddressIsAnotherAddress) {
  listens("/proc/net/tcp", 8080, 555);
  proxy(20, "172.17.0.3", "8000", 555);
  container(30, 2, 8000, 700, "172.17.0.30");
  EXPECT_EQ(find(8080).error().code, "process.none");
}

TEST_F(FakeProc, FollowsAPortThatTheKernelForwards) {
  container(40, 3, 8000, 800, "10.88.0.4");
  EXPECT_THAT(find(8000).value(), ElementsAre(40));
  container(50, 4, 8000, 900, "10.88.0.5");
  EXPECT_EQ(find(8000).error().code, "process.ambiguous");
}

TEST_F(FakeProc, DescendantsAreTheWholeTreeAndNothingElse) {
  process(10, 1, "a) S 99 (b", 1);  // a name made to mislead
  process(11, 10, "child", 1);
  process(12, 11, "grandchild", 1);
  process(99, 1, "stranger", 1);
  const auto files = real_files(root_);
  EXPECT_THAT(descendants(*files, std::vector<int>{10}), ElementsAre(10, 11, 12));
  EXPECT_THAT(descendants(*files, std::vector<int>{11, 99}), ElementsAre(11, 12, 99));
  EXPECT_THAT(descendants(*files, std::vector<int>{1234}), IsEmpty());
}

TEST_F(FakeProc, EmptyMachineIsNobody) {
  std::filesystem::remove_all(root_);
  EXPECT_EQ(find(80).error().code, "process.none");
}

TEST(ProcessFinder, FindsThisVeryProcess) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listener, 1), 0);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  const auto files = real_files();
  const auto found = pids_listening_on(*files, ntohs(address.sin_port));
  ::close(listener);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_THAT(*found, Contains(::getpid()));
  EXPECT_THAT(descendants(*files, *found), Contains(::getpid()));
}

RC_GTEST_PROP(ProcessFinder, TablesOfAnythingAreSafe, (std::string text, std::uint16_t port)) {
  const std::uint64_t inode = *rc::gen::inRange<std::uint64_t>(1, 1ULL << 40);
  const auto found = listening_inodes(text + "\n" + socket_line(port, "0A", inode), port);
  RC_ASSERT(!found.empty());
  RC_ASSERT(found.back() == inode);
}

}  // namespace
}  // namespace joulebook
