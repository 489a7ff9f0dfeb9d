#pragma once
// What the tests of this floor ask of a sample machine.
#include <gtest/gtest.h>

#include "fakes/sysfs_tree.h"
#include "sensor/containment.h"
#include "sensor/discover.h"

namespace joulebook {

class BoardMachine {
 public:
  BoardMachine() = default;
  explicit BoardMachine(std::string_view name) : tree(name) {}

  // Looks again.
  void probe(const ChipNames& named = {}) { found = probe_board(tree.files(), clock, named); }

  [[nodiscard]] std::vector<std::string> domains() const {
    std::vector<std::string> all;
    for (const auto& sensor : found.sensors) all.push_back(sensor->info().domain);
    return all;
  }
  [[nodiscard]] std::vector<std::string> codes() const {
    std::vector<std::string> all;
    for (const Finding& finding : found.findings) all.push_back(finding.reason.code);
    return all;
  }
  [[nodiscard]] Reason reason(const std::string& code) const {
    for (const Finding& finding : found.findings) {
      if (finding.reason.code == code) return finding.reason;
    }
    return {"no finding " + code, "", ""};
  }
  [[nodiscard]] Sensor& sensor(const std::string& domain) const {
    for (const auto& each : found.sensors) {
      if (each->info().domain == domain) return *each;
    }
    throw std::runtime_error("no sensor of " + domain);
  }
  [[nodiscard]] const SensorInfo& info(const std::string& domain) const {
    return sensor(domain).info();
  }
  // W, or J of a counter; -1 where it does not read.
  [[nodiscard]] double reads(const std::string& domain) const {
    Sensor& each = sensor(domain);
    const auto reading = each.read();
    return reading ? static_cast<double>(reading->counts) * each.info().scale : -1;
  }
  // The code of the failure; empty where it reads.
  [[nodiscard]] std::string fault(const std::string& domain) const {
    const auto reading = sensor(domain).read();
    return reading ? "" : reading.error().code;
  }
  [[nodiscard]] TopLevel total() {
    relate(found.sensors);
    std::vector<SensorInfo> infos;
    for (const auto& each : found.sensors) infos.push_back(each->info());
    return plan_total(infos);
  }

  fakes::SysfsTree tree;
  FakeClock clock;
  Discovery found;
};

}  // namespace joulebook
