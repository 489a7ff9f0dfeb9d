#pragma once
// Compares text with a kept file, byte by byte. JOULEBOOK_WRITE_GOLDEN=1 writes the file anew.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "core/file_tree.h"

namespace joulebook::fakes {

inline void expect_golden(const std::string& path, const std::string& text) {
  if (std::getenv("JOULEBOOK_WRITE_GOLDEN") != nullptr) {
    ASSERT_TRUE(write_file(path, text).has_value()) << path;
  }
  const auto golden = read_file(path);
  ASSERT_TRUE(golden.has_value()) << golden.error().message;
  EXPECT_EQ(text, *golden);
}

}  // namespace joulebook::fakes
