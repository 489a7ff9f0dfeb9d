// The main of every test program: each process gets a temporary folder of its own, so that tests
// may run side by side whatever they name their files, and leaves nothing behind. Properties draw the
// same cases each time unless RC_PARAMS names a seed (./check --soak draws fresh ones).
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace {

void fix_seed() {
  const char* given = std::getenv("RC_PARAMS");
  const std::string params = given != nullptr ? given : "";
  if ((" " + params).find(" seed=") == std::string::npos) ::setenv("RC_PARAMS", (params + " seed=1").c_str(), 1);
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  fix_seed();
  const char* base = std::getenv("TMPDIR");
  std::string folder = std::string(base != nullptr ? base : "/tmp") + "/joulebook-test-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) return 99;
  ::setenv("TEST_TMPDIR", folder.c_str(), 1);
  const int code = RUN_ALL_TESTS();
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  return code;
}
