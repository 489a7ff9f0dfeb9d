#include "engine/machine_limits.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "core/process_memory.h"
#include "engine/chat_template.h"

namespace joulebook {
namespace {

// A tree of files under a fresh folder.
class Tree {
 public:
  explicit Tree(const std::string& name) : root_(testing::TempDir() + "/limits_" + name) {
    std::filesystem::remove_all(root_);
  }
  Tree& file(const std::string& path, const std::string& content) {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << content;
    return *this;
  }
  [[nodiscard]] std::unique_ptr<FileTree> files() const { return real_files(root_); }

 private:
  std::string root_;
};

Tree four_threads_two_cores(const std::string& name) {
  Tree tree(name);
  for (int cpu = 0; cpu < 4; ++cpu) {
    tree.file(
        "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/thread_siblings_list",
        cpu % 2 == 0 ? "0,2\n" : "1,3\n");
  }
  return tree;
}

TEST(UsableCores, CountsCoresNotThreads) {
  const auto tree = four_threads_two_cores("cores");
  EXPECT_EQ(usable_cores(*tree.files(), {0, 1, 2, 3}), 2);
  EXPECT_EQ(usable_cores(*tree.files(), {0, 2}), 1);
  EXPECT_EQ(usable_cores(*Tree("none").files(), {0, 1, 2}), 3);
}

TEST(UsableCores, ObeysTheQuotaOfEveryGroupAbove) {
  auto tree = four_threads_two_cores("quota");
  tree.file("/proc/self/cgroup", "0::/outer/inner\n")
      .file("/sys/fs/cgroup/outer/cpu.max", "150000 100000\n")
      .file("/sys/fs/cgroup/outer/inner/cpu.max", "max 100000\n");
  EXPECT_EQ(usable_cores(*tree.files(), {0, 1, 2, 3}), 1);
  tree.file("/sys/fs/cgroup/outer/cpu.max", "50000 100000\n");
  EXPECT_EQ(usable_cores(*tree.files(), {0, 1, 2, 3}), 1);
}

TEST(AvailableMemory, IsTheLeastOfMachineAndGroup) {
  Tree tree("memory");
  EXPECT_EQ(available_memory(*tree.files()), std::nullopt);
  tree.file("/proc/meminfo", "MemTotal: 100 kB\nMemAvailable:   64 kB\n");
  EXPECT_EQ(available_memory(*tree.files()), 64U * 1024);
  tree.file("/proc/self/cgroup", "0::/g\n")
      .file("/sys/fs/cgroup/g/memory.max", "40000\n")
      .file("/sys/fs/cgroup/g/memory.current", "30000\n")
      .file("/sys/fs/cgroup/g/memory.stat", "anon 20000\ninactive_file 10000\n");
  EXPECT_EQ(available_memory(*tree.files()), 20000U);
  tree.file("/sys/fs/cgroup/g/memory.max", "max\n");
  EXPECT_EQ(available_memory(*tree.files()), 64U * 1024);
}

TEST(PeakResident, IsReadFromTheKernel) {
  Tree tree("peak");
  EXPECT_EQ(peak_resident_bytes(*tree.files()), 0);
  tree.file("/proc/self/status", "Name:\tx\nVmHWM:\t     12 kB\n");
  EXPECT_EQ(peak_resident_bytes(*tree.files()), 12 * 1024);
}

// A child of a child counts; a number that is no process does not.
TEST(ResidentTree, AddsUpAllThatAProgramStarted) {
  Tree tree("tree");
  EXPECT_EQ(resident_bytes_of_tree(*tree.files(), 7), 0);
  tree.file("/proc/7/status", "VmHWM:\t 99 kB\nVmRSS:\t 10 kB\n").file("/proc/7/task/7/children", "8 9 ");
  EXPECT_EQ(resident_bytes_of_tree(*tree.files(), 7), 10 * 1024);
  tree.file("/proc/8/status", "VmRSS:\t 20 kB\n").file("/proc/8/task/8/children", "");
  tree.file("/proc/8/task/88/children", "10 x");
  tree.file("/proc/10/status", "VmRSS:\t 400 kB\n");
  EXPECT_EQ(resident_bytes_of_tree(*tree.files(), 7), 430 * 1024);
  EXPECT_EQ(peak_resident_bytes(*tree.files(), "7"), 99 * 1024);
}

TEST(ChatTemplate, SeesHowATemplateOpensThinking) {
  const auto qwen3 = thinking_traits(
      "..{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- if enable_thinking is "
      "defined and enable_thinking is false %}{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}");
  EXPECT_TRUE(qwen3.closes);
  EXPECT_FALSE(qwen3.opens);
  EXPECT_EQ(open_answer(qwen3, Reasoning::on).text, "");
  EXPECT_EQ(open_answer(qwen3, Reasoning::off).text, "<think>\n\n</think>\n\n");
  EXPECT_FALSE(open_answer(qwen3, Reasoning::off).thinking);
  const auto opens = thinking_traits(
      "{{ '<think>' }}{% if add_generation_prompt %}{{ '<assistant><think>\\n' }}{% endif %}");
  EXPECT_TRUE(opens.opens);
  EXPECT_TRUE(open_answer(opens, Reasoning::unset).thinking);
  const auto plain = thinking_traits("{% if add_generation_prompt %}assistant{% endif %}");
  EXPECT_EQ(open_answer(plain, Reasoning::unset).warning, "");
  EXPECT_NE(open_answer(plain, Reasoning::on).warning, "");
}

}  // namespace
}  // namespace joulebook
