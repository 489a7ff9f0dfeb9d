#include "gateway/serve_options.h"

#include <gtest/gtest.h>

namespace joulebook::gateway {
namespace {

Result<ServeOptions> read(std::string_view text) {
  auto file = parse_toml(text, "joulebook.toml");
  EXPECT_TRUE(file);
  return serve_options(*file);
}

TEST(ServeOptions, WithoutATableTheyAreTheDefaults) {
  const auto options = read("ledger = \"x\"\n");
  ASSERT_TRUE(options);
  EXPECT_EQ(options->listen, "127.0.0.1:8900");
  EXPECT_FALSE(options->open_to_network);
  EXPECT_TRUE(options->include_usage);
}

TEST(ServeOptions, EveryKeyOfTheFileArrives) {
  const auto options = read(R"([serve]
upstream = ["http://127.0.0.1:8080", "http://127.0.0.1:8081"]
listen = "127.0.0.1:9000"
slots = 8
include_usage = false
window_s = 2.5
domains = "gpu:0"
)");
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->upstreams.size(), 2U);
  EXPECT_EQ(options->listen, "127.0.0.1:9000");
  EXPECT_EQ(options->slots, 8);
  EXPECT_FALSE(options->include_usage);
  EXPECT_DOUBLE_EQ(options->window_s, 2.5);
  EXPECT_EQ(options->domains, std::vector<std::string>{"gpu:0"});
  EXPECT_TRUE(check(*options));
}

TEST(ServeOptions, WhatIsWrongIsNamedWithItsLine) {
  for (const char* line : {"listen = 8900", "slots = \"four\"", "upstream = [1]", "pristine = 1",
                           "window_s = \"1s\"", "listem = \"x\""}) {
    const auto options = read(std::string("[serve]\n") + line + "\n");
    ASSERT_FALSE(options) << line;
    EXPECT_NE(options.error().message.find("joulebook.toml:2"), std::string::npos)
        << options.error().message;
    EXPECT_FALSE(options.error().cure.empty());
  }
}

TEST(ServeOptions, MetersHaveTablesOfTheirOwn) {
  const auto options = read(R"([serve]
upstream = ["http://a:8000", "http://b:8000"]
meter = "https://c:8901=http://b:8000"

[[meter]]
url = "https://a:8901"
upstream = "http://a:8000"
token_env = "A_TOKEN"
ca = "a.pem"
[[meter]]
url = "https://b:8901"
)");
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->meter, std::vector<std::string>{"https://c:8901=http://b:8000"});
  ASSERT_EQ(options->meters.size(), 2U);
  EXPECT_EQ(options->meters[0].upstreams, std::vector<std::string>{"http://a:8000"});
  EXPECT_EQ(options->meters[0].token_env, "A_TOKEN");
  EXPECT_EQ(options->meters[0].ca, "a.pem");
  EXPECT_EQ(options->meters[1].url, "https://b:8901");
  EXPECT_TRUE(options->meters[1].upstreams.empty());
  for (const char* line : {"url = 3", "url = \"u\"\nupstream = [1]", "url = \"u\"\ntoken = \"secret\"", "ca = \"x\""}) {
    const auto wrong = read(std::string("[[meter]]\n") + line + "\n");
    ASSERT_FALSE(wrong) << line;
    EXPECT_NE(wrong.error().message.find("joulebook.toml:"), std::string::npos) << wrong.error().message;
    EXPECT_EQ(wrong.error().message.find("secret"), std::string::npos);
  }
  EXPECT_FALSE(read("meter = \"https://a:8901\"\n"));
}

TEST(ServeOptions, WhatContradictsItselfIsRefused) {
  ServeOptions options;
  EXPECT_EQ(check(options).error().code, "serve.upstream");
  options.upstreams = {"http://127.0.0.1:1"};
  EXPECT_TRUE(check(options));
  options.model = "m.gguf";
  EXPECT_EQ(check(options).error().code, "serve.upstream");
  options.model.clear();
  options.tls_cert = "c.pem";
  EXPECT_EQ(check(options).error().code, "serve.tls");
  options.tls_key = "k.pem";
  options.window_s = 0;
  EXPECT_EQ(check(options).error().code, "serve.range");
}

TEST(ServeOptions, KeysAreUniqueAndDocumented) {
  std::vector<std::string> seen;
  for (const auto& key : serve_keys()) {
    EXPECT_EQ(std::count(seen.begin(), seen.end(), key.key), 0) << key.key;
    seen.emplace_back(key.key);
    EXPECT_FALSE(std::string_view(key.doc).empty());
  }
}

}  // namespace
}  // namespace joulebook::gateway
