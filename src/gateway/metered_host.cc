#include "gateway/metered_host.h"

#include <algorithm>
#include <map>
#include <utility>

namespace joulebook::gateway {
namespace {

void name_by(Quantity& q, const std::string& label) {
  for (auto& part : q.shared) part.id += "@" + label;
}

}  // namespace

bool MeteredHost::holds(std::uint32_t upstream) const {
  return upstreams.empty() || std::find(upstreams.begin(), upstreams.end(), upstream) != upstreams.end();
}

bool any_meter(const std::vector<MeteredHost>& hosts) {
  return std::any_of(hosts.begin(), hosts.end(), [](const auto& h) { return h.meter != nullptr; });
}

std::string domain_at(const std::string& domain, const std::string& label) {
  if (label.empty()) return domain;
  return domain + (domain.find(':') == std::string::npos ? ":0@" : "@") + label;
}

void name_by(WindowEnergy& energy, const std::string& label) {
  if (label.empty()) return;
  for (auto& domain : energy.domains) {
    domain.domain = domain_at(domain.domain, label);
    for (auto* names : {&domain.contains, &domain.mirrors, &domain.may_contain}) {
      for (auto& name : *names) name = domain_at(name, label);
    }
    for (auto* q : {&domain.energy, &domain.mean_power, &domain.peak_power, &domain.above_idle}) {
      name_by(*q, label);
    }
  }
  for (auto* q : {&energy.total, &energy.above_idle, &energy.self, &energy.tree}) name_by(*q, label);
  std::map<std::string, Quantity> idle;
  for (auto& [domain, joules] : energy.idle) {
    name_by(joules, label);
    idle.emplace(domain_at(domain, label), std::move(joules));
  }
  energy.idle = std::move(idle);
}

std::string without_host(const std::string& domain) { return domain.substr(0, domain.find('@')); }

}  // namespace joulebook::gateway
