#include "core/address.h"

#include <gtest/gtest.h>

namespace joulebook {
namespace {

TEST(HttpAddress, IsTakenApart) {
  const auto a = parse_http_address("HTTPS://user@[::1]:9/v1/chat?x=1");
  ASSERT_TRUE(a);
  EXPECT_TRUE(a->secure);
  EXPECT_EQ(a->host, "::1");
  EXPECT_EQ(a->port, 9);
  EXPECT_EQ(a->authority, "user@[::1]:9");
  EXPECT_EQ(a->path, "/v1/chat?x=1");
}

TEST(HttpAddress, HasTheSchemesPortWhereNoneIsWritten) {
  EXPECT_EQ(parse_http_address("http://localhost:8080/v1")->port, 8080);
  EXPECT_EQ(parse_http_address("http://host/v1")->port, 80);
  EXPECT_EQ(parse_http_address("https://[::1]")->port, 443);
  EXPECT_EQ(parse_http_address("http://host?x")->host, "host");
  EXPECT_EQ(parse_http_address("http://h")->path, "");
}

TEST(HttpAddress, RefusesWhatIsNone) {
  for (const char* wrong : {"", "http", "http://", "http://:80", "ftp://host", "model.gguf",
                            "http://h:0", "http://host:99999", "http://h:65536", "http://h:x", "http://h:", "://h"}) {
    EXPECT_FALSE(parse_http_address(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace joulebook
