#include "sensor/doctor.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "sensor/containment.h"
#include "sensor/host_facts.h"

namespace joulebook {
namespace {

Finding finding(Finding::Level level, std::string subject, std::string code, std::string message,
                std::string cure = {}) {
  return {level, std::move(subject), {std::move(code), std::move(message), std::move(cure)}};
}

std::string traits(const SensorInfo& info, const ReadCost& cost) {
  std::string text =
      fmt::format("{} ({}): {}, {}", info.domain, info.name, to_string(info.kind), info.method);
  if (info.tick.count() > 0) {
    text += fmt::format(", updates about every {:.3g} ms", Seconds(info.tick).count() * 1e3);
  }
  if (info.averaging.count() > 0) {
    text += fmt::format(", averages {:.3g} s", Seconds(info.averaging).count());
  }
  if (info.duty < 1) text += fmt::format(", sees {:.0f} % of the time", info.duty * 100);
  if (info.accuracy > 0) text += fmt::format(", gain within {:.3g} %", info.accuracy * 100);
  if (cost.elsewhere) return text + ", read by a poller of its own";
  if (cost.each <= Nanos{0}) return text;
  const double share = Seconds(cost.each) / Seconds(cost.interval);
  text += fmt::format(", a reading takes {} of CPU time: read every {} ({:.2g} % of a core)", short_time(cost.each),
                      short_time(cost.interval), 100 * share);
  return text;
}

void say_total(std::vector<Finding>& all, const std::vector<SensorInfo>& infos) {
  const TopLevel plan = plan_total(infos);
  if (plan.ids.empty()) return;  // discovery says why
  all.push_back(finding(
      Finding::Level::ok, "total", "sensor.total",
      "a total covers " + join(plan.boundary, "+") + " (" + join(plan.domains, ", ") + ")"));
  for (const std::string& warning : plan.warnings) {
    all.push_back(finding(Finding::Level::note, "total", "sensor.overlap", warning));
  }
}

// A GPU that could compute, or that draws power unseen.
void say_gpus(std::vector<Finding>& all, const std::vector<SensorInfo>& infos,
              const DoctorFacts& facts) {
  const bool metered = std::any_of(infos.begin(), infos.end(), [](const SensorInfo& info) {
    return domain_kind(info.domain) == "gpu";
  });
  const bool gpu = facts.nvidia_gpu || facts.amd_gpu || metered;
  if (gpu && facts.engine_embedded && !facts.engine_cuda && !facts.engine_vulkan) {
    const bool nvidia = facts.nvidia_gpu ||
                        std::any_of(infos.begin(), infos.end(), [](const SensorInfo& info) {
                          return info.id.starts_with("nvml:");
                        });
    all.push_back(finding(Finding::Level::problem, "engine", "engine.no_gpu",
                          "a GPU is here, but the embedded engine was built for the CPU only",
                          nvidia
                              ? "sudo apt install nvidia-cuda-toolkit, then ./quickstart again; or "
                                "sudo apt install libvulkan-dev glslc, then ./quickstart again"
                              : "sudo apt install libvulkan-dev glslc, then ./quickstart again"));
  }
  if (facts.amd_gpu && !metered) {
    all.push_back(finding(Finding::Level::problem, "gpu", "sensor.unsupported",
                          "an AMD GPU is here, and nothing reads its power",
                          "cure what is said about amdsmi; else measure at the wall"));
  }
}

}  // namespace

DoctorFacts doctor_facts(const FileTree& files) {
  DoctorFacts facts;
  facts.nvidia_gpu = host_facts(files).nvidia_gpu;
  facts.amd_gpu = files.exists("/dev/kfd");
  return facts;
}

std::vector<Finding> diagnose(const std::vector<SensorInfo>& infos, const std::vector<Finding>& found, const DoctorFacts& facts) {
  std::vector<Finding> all;
  say_total(all, infos);
  for (std::size_t i = 0; i < infos.size(); ++i) {
    const ReadCost cost = i < facts.reads.size() ? facts.reads[i] : ReadCost{};
    all.push_back(finding(Finding::Level::ok, infos[i].id, "sensor.ok", traits(infos[i], cost)));
  }
  all.insert(all.end(), found.begin(), found.end());
  say_gpus(all, infos, facts);
  std::stable_sort(all.begin(), all.end(),
                   [](const Finding& a, const Finding& b) { return a.level > b.level; });
  return all;
}

Json to_json(const Finding& finding) {
  const auto word = [&]() -> std::string_view {
    switch (finding.level) {
      case Finding::Level::ok:
        return "ok";
      case Finding::Level::note:
        return "note";
      case Finding::Level::problem:
        break;
    }
    return "problem";
  };
  return Json::object(
      {{"level", word()}, {"subject", finding.subject}, {"reason", to_json(finding.reason)}});
}

}  // namespace joulebook
