#pragma once
// What the tests of the CPU's probes ask of a discovery.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sensor/containment.h"
#include "sensor/sensor.h"

namespace joulebook::probe_test {

inline std::vector<SensorInfo> infos(const Discovery& found) {
  std::vector<SensorInfo> all;
  for (const auto& sensor : found.sensors) all.push_back(sensor->info());
  return all;
}

inline std::vector<std::string> domains(const Discovery& found) {
  std::vector<std::string> names;
  for (const auto& info : infos(found)) names.push_back(info.domain);
  return names;
}

inline std::vector<std::string> total(const Discovery& found) {
  return plan_total(infos(found)).domains;
}

// The sensor of a domain; fails the test where there is none.
inline Sensor& sensor(const Discovery& found, const std::string& domain) {
  for (const auto& each : found.sensors) {
    if (each->info().domain == domain) return *each;
  }
  ADD_FAILURE() << "no sensor of " << domain;
  std::abort();
}

// The first finding of a code; one that says so where there is none.
inline Finding finding(const Discovery& found, const std::string& code) {
  for (const Finding& each : found.findings) {
    if (each.reason.code == code) return each;
  }
  return {Finding::Level::ok, "", {"no finding " + code, "", ""}};
}

inline std::vector<std::string> codes(const Discovery& found) {
  std::vector<std::string> all;
  for (const Finding& each : found.findings) all.push_back(each.reason.code);
  return all;
}

}  // namespace joulebook::probe_test
