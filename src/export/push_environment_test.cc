#include "export/push_environment.h"

#include <gtest/gtest.h>

#include <map>

namespace joulebook {
namespace {

ReadVariable among(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const char* name) {
    const auto it = variables.find(name);
    return it == variables.end() ? std::string() : it->second;
  };
}

PushTargets both() {
  PushTargets targets;
  targets.otlp = "http://collector:4318";
  targets.clickhouse = "http://house:8123";
  return targets;
}

TEST(PushEnvironment, KeysAndAttributesAreTaken) {
  PushTargets targets = both();
  ASSERT_TRUE(add_environment(
      targets, among({{"OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20a%2Cb, x-tenant=t"},
                      {"OTEL_RESOURCE_ATTRIBUTES", "service.name=mine,host.name=gpu-7"},
                      {"OTEL_TRACES_EXPORTER", "otlp"},
                      {"OTEL_EXPORTER_OTLP_CERTIFICATE", "/etc/ca.pem"},
                      {"CLICKHOUSE_USER", "writer"},
                      {"CLICKHOUSE_PASSWORD", "p: w"}})));
  EXPECT_EQ(targets.otlp_headers, (std::vector<std::string>{"authorization: Bearer a,b", "x-tenant: t"}));
  ASSERT_EQ(targets.resource.attributes.size(), 1U);
  EXPECT_EQ(targets.resource.attributes[0].second, "gpu-7");
  EXPECT_TRUE(targets.spans);
  EXPECT_EQ(targets.ca_file, "/etc/ca.pem");
  EXPECT_EQ(targets.clickhouse_headers,
            (std::vector<std::string>{"X-ClickHouse-User: writer", "X-ClickHouse-Key: p: w"}));
}

TEST(PushEnvironment, WhatHasNoSinkIsNotLookedAt) {
  PushTargets targets;
  EXPECT_TRUE(add_environment(targets, among({{"OTEL_EXPORTER_OTLP_HEADERS", "%%%"}, {"CLICKHOUSE_USER", "u"}})));
  EXPECT_TRUE(targets.otlp_headers.empty());
  EXPECT_TRUE(targets.clickhouse_headers.empty());
  EXPECT_TRUE(add_environment(targets = both(), among({})));
  EXPECT_FALSE(targets.spans);
}

TEST(PushEnvironment, FaultsNameTheVariableAndNoValue) {
  for (const char* bad : {"hunter2", "=hunter2", "k=hunter2%2", "k=hunter2%zz", "k=hunter2%0d%0ax: y"}) {
    PushTargets targets = both();
    const auto ok = add_environment(targets, among({{"OTEL_EXPORTER_OTLP_HEADERS", bad}}));
    ASSERT_FALSE(ok) << bad;
    EXPECT_EQ(ok.error().kind, ErrorKind::usage);
    EXPECT_EQ((ok.error().message + ok.error().cure).find("hunter2"), std::string::npos) << bad;
  }
}

}  // namespace
}  // namespace joulebook
