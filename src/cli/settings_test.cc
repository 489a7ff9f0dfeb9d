#include "cli/settings.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>

namespace joulebook {
namespace {

Environment fixed(std::map<std::string, std::string> variables) {
  return [variables](const std::string& name) -> std::optional<std::string> {
    const auto it = variables.find(name);
    if (it == variables.end()) return std::nullopt;
    return it->second;
  };
}

std::string write(const std::string& name, const std::string& text) {
  const std::string path = testing::TempDir() + name;
  std::ofstream(path) << text;
  return path;
}

std::string origin(const Settings& settings, std::string_view key) {
  for (const auto& s : settings.all()) {
    if (s.key == key) return s.origin;
  }
  return {};
}

TEST(Settings, FlagBeatsEnvironmentBeatsFileBeatsDefault) {
  const std::string file = write("layers.toml", "threads = 3\ncontext = 512\nledger = 'a.db'\n");
  auto settings = Settings::load(fixed(
      {{"JOULEBOOK_CONFIG", file}, {"JOULEBOOK_THREADS", "4"}, {"JOULEBOOK_LEDGER", "b.db"}}));
  ASSERT_TRUE(settings);
  ASSERT_TRUE(settings->set_by_flag("ledger", "c.db"));
  EXPECT_EQ(settings->get("ledger"), "c.db");
  EXPECT_EQ(origin(*settings, "ledger"), "flag --ledger");
  EXPECT_EQ(settings->get_int("threads"), 4);
  EXPECT_EQ(origin(*settings, "threads"), "JOULEBOOK_THREADS");
  EXPECT_EQ(settings->get_int("context"), 512);
  EXPECT_EQ(origin(*settings, "context"), file + ":2");
  EXPECT_EQ(settings->get_int("period_ms"), 10);
  EXPECT_EQ(origin(*settings, "period_ms"), "default");
}

TEST(Settings, AnUnknownKeyIsNamedWithItsLineAndNearest) {
  const std::string file = write("unknown.toml", "# settings\nthread = 3\n");
  const auto settings = Settings::load(fixed({{"JOULEBOOK_CONFIG", file}}));
  ASSERT_FALSE(settings);
  EXPECT_EQ(settings.error().code, "toml.unknown_key");
  EXPECT_NE(settings.error().message.find(file + ":2"), std::string::npos);
  EXPECT_EQ(settings.error().cure, "did you mean 'threads'?");
}

TEST(Settings, AWordWhereANumberBelongsIsRefused) {
  const auto settings =
      Settings::load(fixed({{"JOULEBOOK_CONFIG", "/dev/null"}, {"JOULEBOOK_THREADS", "two"}}));
  ASSERT_FALSE(settings);
  EXPECT_NE(settings.error().message.find("JOULEBOOK_THREADS"), std::string::npos);
  auto good = Settings::load(fixed({{"JOULEBOOK_CONFIG", "/dev/null"}}));
  ASSERT_TRUE(good);
  const auto flag = good->set_by_flag("threads", "many");
  ASSERT_FALSE(flag);
  EXPECT_EQ(flag.error().kind, ErrorKind::usage);
}

}  // namespace
}  // namespace joulebook
