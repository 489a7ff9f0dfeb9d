#include "sensor/gpu/gpu.h"

#include <algorithm>
#include <map>
#include <utility>

#include "sensor/containment.h"
#include "sensor/gpu/drm_cards.h"

namespace joulebook {
namespace {

// Findings that say no more than that the vendor's library is not in use.
bool about_absence(const Finding& finding) {
  return finding.reason.code == "sensor.library_missing" || finding.reason.code == "sensor.driver";
}

void reconcile(Discovery& found, bool card_seen, const std::string& what) {
  if (!card_seen) {
    std::erase_if(found.findings, about_absence);
    return;
  }
  for (Finding& finding : found.findings) {
    if (!about_absence(finding)) continue;
    finding.level = Finding::Level::problem;
    finding.reason.message = what + " is here, but " + finding.reason.message;
  }
}

bool driven_by(const std::vector<DrmCard>& cards, std::string_view driver) {
  return std::any_of(cards.begin(), cards.end(),
                     [&](const DrmCard& card) { return card.driver == driver; });
}

}  // namespace

void reconcile_amd(Discovery& amd, const FileTree& files) {
  const auto cards = drm_cards(files);
  const bool seen = files.exists("/dev/kfd") || driven_by(cards, "amdgpu") ||
                    std::any_of(cards.begin(), cards.end(),
                                [](const DrmCard& card) { return card.vendor == kVendorAmd; });
  reconcile(amd, seen, "an AMD GPU");
}

void reconcile_intel(Discovery& intel, const FileTree& files) {
  const auto cards = drm_cards(files);
  const bool seen = std::any_of(cards.begin(), cards.end(), [](const DrmCard& card) {
    return card.vendor == kVendorIntel && card.discrete();
  });
  reconcile(intel, seen, "an Intel GPU");
}

void mirror_twins(std::vector<std::unique_ptr<Sensor>>& sensors) {
  std::map<std::string, int> seen;
  for (auto& sensor : sensors) {
    SensorInfo info = sensor->info();
    if (domain_kind(info.domain) != "gpu") continue;
    const int before = seen[info.domain]++;
    if (before == 0) continue;
    const std::string twin = info.domain;
    info.domain += kHwmonSuffix;
    for (int i = 1; i < before; ++i) info.domain += kHwmonSuffix;
    ++seen[info.domain];
    info.mirrors.push_back(twin);
    sensor = with_info(std::move(sensor), std::move(info));
  }
}

}  // namespace joulebook
