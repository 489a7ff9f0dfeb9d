// The main of every test program: each process gets a temporary folder of its own, so that tests
// may run side by side whatever they name their files, and leaves nothing behind.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const char* base = std::getenv("TMPDIR");
  std::string folder = std::string(base != nullptr ? base : "/tmp") + "/joulebook-test-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) return 99;
  ::setenv("TEST_TMPDIR", folder.c_str(), 1);
  const int code = RUN_ALL_TESTS();
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  return code;
}
