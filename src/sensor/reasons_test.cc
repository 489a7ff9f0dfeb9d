// Every reason code that sensor and meter can give is explained in docs/reasons.md, and every test
// that docs/peer-bugs.md and docs/promises.md name exists.
#include <gtest/gtest.h>

#include <filesystem>
#include <regex>
#include <set>

#include "core/file_tree.h"

namespace joulebook {
namespace {

std::set<std::string> codes_in(const std::filesystem::path& room) {
  static const std::regex code("\"((?:sensor|window|process|cpu|calibration)\\.[a-z_]+)[\":]");
  std::set<std::string> codes;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(room)) {
    const std::string name = entry.path().filename();
    if (!name.ends_with(".cc") || name.ends_with("_test.cc")) continue;
    const std::string text = read_file(entry.path()).value();
    for (std::sregex_iterator it(text.begin(), text.end(), code), end; it != end; ++it) {
      codes.insert((*it)[1]);
    }
  }
  return codes;
}

TEST(Reasons, AreAllDocumented) {
  const std::filesystem::path root = PROJECT_ROOT;
  const std::string page = read_file(root / "docs/reasons.md").value();
  std::set<std::string> codes = codes_in(root / "src/sensor");
  codes.merge(codes_in(root / "src/meter"));
  EXPECT_GT(codes.size(), 20U);
  for (const std::string& code : codes) {
    EXPECT_NE(page.find("`" + code + "`"), std::string::npos) << code << " is not in reasons.md";
  }
}

std::set<std::string> tests_in(const std::filesystem::path& room) {
  static const std::regex test(R"((?:TEST|TEST_F|TEST_P|RC_GTEST_PROP)\((\w+), (\w+))");
  std::set<std::string> tests;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(room)) {
    if (!entry.path().filename().string().ends_with("_test.cc")) continue;
    const std::string text = read_file(entry.path()).value();
    for (std::sregex_iterator it(text.begin(), text.end(), test), end; it != end; ++it) {
      tests.insert((*it)[1].str() + "." + (*it)[2].str());
    }
  }
  return tests;
}

TEST(PeerBugs, EachNamedTestExists) {
  const std::filesystem::path root = PROJECT_ROOT;
  const std::string page = read_file(root / "docs/peer-bugs.md").value() +
                           read_file(root / "docs/promises.md").value();
  std::set<std::string> tests = tests_in(root / "src");
  tests.merge(tests_in(root / "tests"));
  static const std::regex named("`([A-Z]\\w+\\.[A-Z]\\w+)`");
  int count = 0;
  for (std::sregex_iterator it(page.begin(), page.end(), named), end; it != end; ++it, ++count) {
    EXPECT_TRUE(tests.contains((*it)[1]) || (*it)[1] == "Suite.Name") << (*it)[1];
  }
  EXPECT_GT(count, 80);
}

}  // namespace
}  // namespace joulebook
