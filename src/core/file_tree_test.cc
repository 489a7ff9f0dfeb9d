// A kept file is the file that its path names, whatever is done to it between two reads.
#include "core/file_tree.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace joulebook {
namespace {

class Kept : public testing::Test {
 protected:
  Kept() {
    std::filesystem::create_directories(root_ + "/zone");
    rewrite("100");
    kept_ = real_files(root_)->keep("/zone/value").value();
  }
  ~Kept() override { std::filesystem::remove_all(root_); }

  void rewrite(const std::string& text) const { std::ofstream(root_ + "/zone/value") << text; }
  void replace(const std::string& text) const {
    std::ofstream(root_ + "/zone/new") << text;
    std::filesystem::rename(root_ + "/zone/new", root_ + "/zone/value");
  }
  std::string read() {
    char buffer[256];
    const auto size = kept_->read(buffer, sizeof buffer);
    return size ? std::string(buffer, *size) : size.error().code;
  }

  std::string root_ = testing::TempDir() + "kept_" + std::to_string(::getpid());
  std::unique_ptr<KeptFile> kept_;
};

TEST_F(Kept, SeesEachRewriteInPlace) {
  for (const std::string text : {"100", "101", "101", "", "7"}) {
    rewrite(text);
    EXPECT_EQ(read(), text);
  }
}

TEST_F(Kept, SeesEachReplacementAtOnce) {
  EXPECT_EQ(read(), "100");
  for (const std::string text : {"101", "102", "102", "50"}) {
    replace(text);
    EXPECT_EQ(read(), text);
  }
}

// Rewritten and then replaced between two reads: what the old file says is new, and yet stale.
TEST_F(Kept, OnceReplacedIsDoubtedEver) {
  EXPECT_EQ(read(), "100");
  replace("101");
  EXPECT_EQ(read(), "101");
  rewrite("102");
  replace("103");
  EXPECT_EQ(read(), "103");
}

// The one case that is noticed late, and by how much.
TEST_F(Kept, TheVeryFirstReplacementAfterARewriteIsOneReadLate) {
  EXPECT_EQ(read(), "100");
  rewrite("101");
  replace("102");
  EXPECT_EQ(read(), "101");
  EXPECT_EQ(read(), "102");
}

TEST_F(Kept, SeesAnotherFolderInItsPlace) {
  EXPECT_EQ(read(), "100");
  std::filesystem::rename(root_ + "/zone", root_ + "/gone");
  EXPECT_EQ(read(), "file.missing");
  std::filesystem::create_directories(root_ + "/zone");
  rewrite("200");
  EXPECT_EQ(read(), "200");
}

TEST_F(Kept, RemovedIsMissingAndMadeAnewIsRead) {
  EXPECT_EQ(read(), "100");
  std::filesystem::remove(root_ + "/zone/value");
  EXPECT_EQ(read(), "file.missing");
  EXPECT_EQ(read(), "file.missing");
  replace("100");
  EXPECT_EQ(read(), "100");
}

TEST_F(Kept, LongContentsAreWatchedToo) {
  const std::string first(200, 'a');
  const std::string second(200, 'b');
  rewrite(first);
  EXPECT_EQ(read(), first);
  rewrite(second);
  replace(first);
  EXPECT_EQ(read(), first);
}

TEST(KeptKernelFile, IsReadAnewEachTime) {
  const auto kept = real_files()->keep("/proc/thread-self/comm").value();
  for (const std::string name : {"one", "two", "two", "three"}) {
    ::prctl(PR_SET_NAME, name.c_str());
    char buffer[64];
    const auto size = kept->read(buffer, sizeof buffer);
    ASSERT_TRUE(size);
    EXPECT_EQ(std::string(buffer, *size), name + "\n");
  }
}

}  // namespace
}  // namespace joulebook
