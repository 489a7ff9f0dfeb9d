#include "gateway/upstream_address.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/text.h"

namespace joulebook::gateway {
namespace {

TEST(UpstreamAddress, ReadsHostPortAndPrefix) {
  const auto plain = parse_upstream("http://gpu-b.lab_2");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->name(), "http://gpu-b.lab_2:80");
  EXPECT_EQ(plain->prefix, "");
  const auto tls = parse_upstream("https://127.0.0.1/base/v1/");
  ASSERT_TRUE(tls);
  EXPECT_EQ(tls->name(), "https://127.0.0.1:443");
  EXPECT_EQ(tls->prefix, "/base/v1");
  const auto v6 = parse_upstream("http://[fe80::1]:8080");
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->host, "fe80::1");
  EXPECT_EQ(v6->name(), "http://[fe80::1]:8080");
}

// The fuzzer of meter plans found the first on 2026-11-27: its name was another upstream's.
TEST(UpstreamAddress, RefusesWhatIsNoHost) {
  for (const char* bad : {"http://[[meter]]", "http://[127.0.0.1]", "http://[]", "http://[::1", "http://[::1]x", "http://::1", "http://a:b:80",
                          "http://h:", "http://[::1]:", "http://:80", "http://h\n:80", "http://h/a\r\nx:y", "http://h/\x7f", "http://a%20b",
                          "http://h:+80", "http://h:080000"}) {
    const auto address = parse_upstream(bad);
    ASSERT_FALSE(address) << bad;
    EXPECT_EQ(address.error().code, "edge.upstream");
  }
}

TEST(UpstreamAddress, LoopbackIsHereInAnyCase) {
  for (const char* url : {"http://localhost:1", "http://LocalHost:1", "http://127.9.9.9:1", "http://[::1]:1"}) {
    EXPECT_TRUE(upstream_place(url).value().here) << url;
  }
  for (const char* url : {"http://gpu:1", "http://127.0.0.1.example.org:1"}) EXPECT_FALSE(upstream_place(url).value().here) << url;
}

RC_GTEST_PROP(UpstreamAddress, WhatIsReadHasANameThatIsReadAsTheSame, ()) {
  const auto parts = *rc::gen::resize(4, rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
      "a", "gpu-1.Lab", "127.0.0.1", "[::1]", "[fe80::2%e0]", "[::ffff:1.2.3.4]", "::", ":80", ":8080", ":0", "/", "/p", "[", "]", "%41")));
  const auto text = join(parts, "");
  const auto address = parse_upstream((*rc::gen::arbitrary<bool>() ? "https://" : "http://") + text);
  RC_PRE(address.has_value());
  const auto again = parse_upstream(address->name() + address->prefix);
  RC_ASSERT(again.has_value());
  RC_ASSERT(again->name() == address->name());
  RC_ASSERT(again->host == address->host);
  RC_ASSERT(again->prefix == address->prefix);
}

}  // namespace
}  // namespace joulebook::gateway
