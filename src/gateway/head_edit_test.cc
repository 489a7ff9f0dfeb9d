#include "gateway/head_edit.h"

#include <gtest/gtest.h>

#include <array>

namespace joulebook::gateway {
namespace {

TEST(HeadEdit, LeavesWhatItIsNotAskedFor) {
  const std::string head = "HTTP/1.1 200 OK\r\nX-a:  b\r\nContent-LENGTH: 5\r\nY: z \r\n\r\n";
  EXPECT_EQ(edited_head(head, {}, ""), head);
  constexpr std::array<std::string_view, 1> kLength{"content-length"};
  EXPECT_EQ(edited_head(head, kLength, "N: 1\r\n"),
            "HTTP/1.1 200 OK\r\nX-a:  b\r\nY: z \r\nN: 1\r\n\r\n");
}

TEST(HeadEdit, PutsAPrefixBeforePathsAlone) {
  EXPECT_EQ(with_prefix("GET /v1?x HTTP/1.1\r\n\r\n", "/base"), "GET /base/v1?x HTTP/1.1\r\n\r\n");
  EXPECT_EQ(with_prefix("GET http://h/v1 HTTP/1.1\r\n\r\n", "/base"), "GET http://h/v1 HTTP/1.1\r\n\r\n");
}

TEST(HeadEdit, NoBytesAreNoChunk) {
  std::string out;
  append_chunk(out, "");
  EXPECT_EQ(out, "");
  append_chunk(out, std::string(26, 'x'));
  EXPECT_EQ(out, "1a\r\n" + std::string(26, 'x') + "\r\n");
}

}  // namespace
}  // namespace joulebook::gateway
