#include "gateway/wire/identity.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <set>
#include <vector>

namespace joulebook::gateway {
namespace {

TEST(Identity, IdsAreUniqueAndRiseWithTime) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(new_request_id(1'700'000'000'000'000'000));
  EXPECT_EQ(seen.size(), 1000U);
  EXPECT_EQ(seen.begin()->size(), 35U);
  EXPECT_LT(*seen.rbegin(), new_request_id(1'700'000'000'001'000'000));
}

TEST(Identity, TraceParentsThatAreWellFormed) {
  const auto good = trace_parent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  EXPECT_EQ(good.trace_id, "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(good.parent_span, "b7ad6b7169203331");
  for (const char* bad : {"", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
                          "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                          "00-00000000000000000000000000000000-b7ad6b7169203331-01",
                          "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                          "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x"}) {
    EXPECT_EQ(trace_parent(bad).trace_id, "") << bad;
  }
  EXPECT_NE(trace_parent("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x").trace_id, "");
}

RequestHead head_with(const std::vector<HeaderField>& fields) { return {"POST", "/", fields, "127.0.0.1"}; }

TEST(Identity, AKeyIsKnownByItsHashAlone) {
  const std::string hash = Tenants::hash("salt", "sk-secret");
  EXPECT_EQ(hash.size(), 16U);
  EXPECT_NE(hash, Tenants::hash("other", "sk-secret"));
  const auto file = parse_toml("[tenants]\n" + hash + " = \"research\"\n", "t.toml");
  const auto tenants = Tenants::from(*file, "salt");
  ASSERT_TRUE(tenants) << tenants.error().message;
  for (const auto& field : {HeaderField{"AUTHORIZATION", "bearer sk-secret"}, HeaderField{"x-api-key", "sk-secret"},
                            HeaderField{"Api-Key", "sk-secret"}}) {
    EXPECT_EQ(tenants->of(head_with({field})), "research");
  }
  EXPECT_EQ(tenants->of(head_with({{"x-api-key", "sk-other"}})), Tenants::hash("salt", "sk-other"));
  EXPECT_EQ(tenants->of(head_with({{"Authorization", "Basic eA=="}})), "");
}

TEST(Identity, AWrongTableIsNamedWithItsLine) {
  for (const char* line : {"abc = \"x\"", "0123456789abcdef = 7", "0123456789abcdeF = \"x\""}) {
    const auto tenants = Tenants::from(*parse_toml(std::string("[tenants]\n") + line, "t.toml"), "s");
    ASSERT_FALSE(tenants) << line;
    EXPECT_NE(tenants.error().message.find("t.toml:2"), std::string::npos);
  }
}

TEST(Identity, TheSaltIsMadeOnceAndKept) {
  const std::string path = testing::TempDir() + "/salt-" + std::to_string(::getpid());
  const auto first = tenant_salt(path);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->size(), 32U);
  EXPECT_EQ(*tenant_salt(path), *first);
  ::unlink(path.c_str());
}

}  // namespace
}  // namespace joulebook::gateway
