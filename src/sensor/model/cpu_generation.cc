// Tables: which generation a family and model number, and which year a generation.
#include <array>

#include "sensor/model/cpu_name.h"

namespace joulebook {
namespace {

struct GenerationYear {
  std::string_view name;
  double year;
};
constexpr std::array kYears = {
    GenerationYear{"k8", 2006},
    GenerationYear{"netburst", 2006},
    GenerationYear{"core2", 2007},
    GenerationYear{"penryn", 2008},
    GenerationYear{"k10", 2009},
    GenerationYear{"nehalem", 2009},
    GenerationYear{"westmere", 2010},
    GenerationYear{"bulldozer", 2011},
    GenerationYear{"sandy-bridge", 2012},
    GenerationYear{"piledriver", 2012},
    GenerationYear{"ivy-bridge", 2013},
    GenerationYear{"haswell", 2014},
    GenerationYear{"skylake", 2015},
    GenerationYear{"broadwell", 2016},
    GenerationYear{"kaby-lake", 2017},
    GenerationYear{"skylake-sp", 2017},
    GenerationYear{"zen1", 2017},
    GenerationYear{"cortex-a53", 2018},
    GenerationYear{"coffee-lake", 2018},
    GenerationYear{"cascade-lake", 2019},
    GenerationYear{"zen2", 2019},
    GenerationYear{"neoverse-n1", 2020},
    GenerationYear{"cooper-lake", 2020},
    GenerationYear{"ice-lake", 2021},
    GenerationYear{"zen3", 2021},
    GenerationYear{"rocket-lake", 2021},
    GenerationYear{"neoverse-v1", 2021},
    GenerationYear{"zen4", 2022},
    GenerationYear{"zen4c", 2023},
    GenerationYear{"sapphire-rapids", 2023},
    GenerationYear{"emerald-rapids", 2023},
    GenerationYear{"raptor-lake", 2023},
    GenerationYear{"neoverse-v2", 2023},
    GenerationYear{"neoverse-n2", 2022},
    GenerationYear{"meteor-lake", 2023},
    GenerationYear{"zen5", 2024},
    GenerationYear{"zen5c", 2024},
    GenerationYear{"sierra-forest", 2024},
    GenerationYear{"granite-rapids", 2024},
    GenerationYear{"arrow-lake", 2025},
    GenerationYear{"silvermont", 2013},
    GenerationYear{"goldmont", 2017},
    GenerationYear{"ampere-1", 2024},
    GenerationYear{"bonnell", 2009},
    GenerationYear{"gracemont", 2023},
    GenerationYear{"cortex-a72", 2018},
    GenerationYear{"vulcan", 2018},
    GenerationYear{"tsv110", 2019},
    GenerationYear{"apple-m", 2021},
};

// Inclusive range of models of one family.
struct ModelRange {
  int family;
  int first;
  int last;
  std::string_view generation;
};
// wikichip.org/wiki/amd/cpuid, ranges of models per design.
constexpr std::array kAmd = {
    ModelRange{15, 0x00, 0xff, "k8"},        ModelRange{16, 0x00, 0xff, "k10"},
    ModelRange{21, 0x00, 0x01, "bulldozer"}, ModelRange{21, 0x02, 0x7f, "piledriver"},
    ModelRange{23, 0x00, 0x2f, "zen1"},      ModelRange{23, 0x30, 0xff, "zen2"},
    ModelRange{25, 0x00, 0x0f, "zen3"},      ModelRange{25, 0x10, 0x1f, "zen4"},
    ModelRange{25, 0x20, 0x5f, "zen3"},      ModelRange{25, 0x60, 0x9f, "zen4"},
    ModelRange{25, 0xa0, 0xaf, "zen4c"},     ModelRange{26, 0x00, 0x0f, "zen5"},
    ModelRange{26, 0x10, 0x1f, "zen5c"},     ModelRange{26, 0x20, 0x7f, "zen5"},
};
// Linux arch/x86/include/asm/intel-family.h.
constexpr std::array kIntel = {
    ModelRange{6, 0x0f, 0x0f, "core2"},           ModelRange{6, 0x16, 0x16, "core2"},
    ModelRange{6, 0x17, 0x17, "penryn"},          ModelRange{6, 0x1d, 0x1d, "penryn"},
    ModelRange{6, 0x1a, 0x1a, "nehalem"},         ModelRange{6, 0x1e, 0x1f, "nehalem"},
    ModelRange{6, 0x2e, 0x2e, "nehalem"},         ModelRange{6, 0x25, 0x25, "westmere"},
    ModelRange{6, 0x2c, 0x2c, "westmere"},        ModelRange{6, 0x2f, 0x2f, "westmere"},
    ModelRange{6, 0x2a, 0x2a, "sandy-bridge"},    ModelRange{6, 0x2d, 0x2d, "sandy-bridge"},
    ModelRange{6, 0x3a, 0x3a, "ivy-bridge"},      ModelRange{6, 0x3e, 0x3e, "ivy-bridge"},
    ModelRange{6, 0x3c, 0x3c, "haswell"},         ModelRange{6, 0x3f, 0x3f, "haswell"},
    ModelRange{6, 0x45, 0x46, "haswell"},         ModelRange{6, 0x3d, 0x3d, "broadwell"},
    ModelRange{6, 0x47, 0x47, "broadwell"},       ModelRange{6, 0x4f, 0x4f, "broadwell"},
    ModelRange{6, 0x56, 0x56, "broadwell"},       ModelRange{6, 0x4e, 0x4e, "skylake"},
    ModelRange{6, 0x5e, 0x5e, "skylake"},         ModelRange{6, 0x55, 0x55, "skylake-sp"},
    ModelRange{6, 0x8e, 0x8e, "kaby-lake"},       ModelRange{6, 0x9e, 0x9e, "coffee-lake"},
    ModelRange{6, 0x6a, 0x6a, "ice-lake"},        ModelRange{6, 0x6c, 0x6c, "ice-lake"},
    ModelRange{6, 0xa7, 0xa7, "rocket-lake"},     ModelRange{6, 0x97, 0x97, "raptor-lake"},
    ModelRange{6, 0x9a, 0x9a, "raptor-lake"},     ModelRange{6, 0xb7, 0xb7, "raptor-lake"},
    ModelRange{6, 0xba, 0xba, "raptor-lake"},     ModelRange{6, 0xbf, 0xbf, "raptor-lake"},
    ModelRange{6, 0x8f, 0x8f, "sapphire-rapids"}, ModelRange{6, 0xcf, 0xcf, "emerald-rapids"},
    ModelRange{6, 0xad, 0xae, "granite-rapids"},  ModelRange{6, 0xaf, 0xaf, "sierra-forest"},
    ModelRange{6, 0xaa, 0xaa, "meteor-lake"},     ModelRange{6, 0xac, 0xac, "meteor-lake"},
    ModelRange{6, 0xb5, 0xb5, "arrow-lake"},      ModelRange{6, 0xc5, 0xc6, "arrow-lake"},
};
// Linux arch/arm64/include/asm/cputype.h, implementer 0x41.
constexpr std::array kArm = {
    ModelRange{0, 0xd03, 0xd03, "cortex-a53"},  ModelRange{0, 0xd0c, 0xd0c, "neoverse-n1"},
    ModelRange{0, 0xd40, 0xd40, "neoverse-v1"}, ModelRange{0, 0xd49, 0xd49, "neoverse-n2"},
    ModelRange{0, 0xd4f, 0xd4f, "neoverse-v2"},
};

template <std::size_t N>
std::string look_up(const std::array<ModelRange, N>& table, int family, int model) {
  for (const ModelRange& range : table)
    if (range.family == family && range.first <= model && model <= range.last)
      return std::string(range.generation);
  return {};
}

// Model 0x55 is three generations; Linux tells them apart by stepping (0-4, 5-9, 10 and above).
std::string skylake_server(int stepping) {
  if (stepping >= 10) return "cooper-lake";
  return stepping >= 5 ? "cascade-lake" : "skylake-sp";
}

}  // namespace

double generation_year(std::string_view generation) {
  for (const GenerationYear& entry : kYears)
    if (entry.name == generation) return entry.year;
  return 0;
}

std::string generation_of(std::string_view vendor, int family, int model, int stepping) {
  if (vendor == "AuthenticAMD") return look_up(kAmd, family, model);
  if (vendor == "arm:0x41") return look_up(kArm, 0, model);
  if (vendor != "GenuineIntel") return {};
  if (family == 6 && model == 0x55) return skylake_server(stepping);
  if (family == 15) return "netburst";
  return look_up(kIntel, family, model);
}

}  // namespace joulebook
