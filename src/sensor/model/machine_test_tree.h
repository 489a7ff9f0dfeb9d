#pragma once
// A little tree of files under the test's temporary folder, read through the real file seam.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "core/file_tree.h"

namespace joulebook {

class TestTree {
 public:
  TestTree() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    root_ = std::filesystem::path(testing::TempDir()) /
            (std::string("tree-") + test->test_suite_name() + "-" + test->name());
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
  }
  ~TestTree() { std::filesystem::remove_all(root_); }
  TestTree(const TestTree&) = delete;
  TestTree& operator=(const TestTree&) = delete;

  void write(const std::string& path, const std::string& text) const {
    const std::filesystem::path file = root_.string() + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  void remove(const std::string& path) const { std::filesystem::remove(root_.string() + path); }
  [[nodiscard]] std::shared_ptr<const FileTree> files() const { return real_files(root_.string()); }

 private:
  std::filesystem::path root_;
};

}  // namespace joulebook
