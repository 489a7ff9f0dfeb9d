// Generations that a name tells by a word instead of a SKU: what hypervisors put in its place
// ("AMD EPYC-Rome Processor", "Intel Xeon Processor (Cascadelake)"; QEMU, target/i386/cpu.c), and
// parts that have no number ("AWS Graviton3").
#include <array>

#include "sensor/model/cpu_guess.h"

namespace joulebook {
namespace {

struct Codename {
  std::string_view word;
  Guess guess;
};
constexpr std::array kCodenames = {
    Codename{"EPYC-V1", {"zen1", "sp3"}},
    Codename{"EPYC-IBPB", {"zen1", "sp3"}},
    Codename{"EPYC-ROME", {"zen2", "sp3"}},
    Codename{"EPYC-MILAN", {"zen3", "sp3"}},
    Codename{"EPYC-GENOA", {"zen4", "sp5"}},
    Codename{"EPYC-TURIN", {"zen5", "sp5"}},
    Codename{"NEHALEM", {"nehalem", "ep"}},
    Codename{"WESTMERE", {"westmere", "ep"}},
    Codename{"SANDYBRIDGE", {"sandy-bridge", "ep"}},
    Codename{"IVYBRIDGE", {"ivy-bridge", "ep"}},
    Codename{"HASWELL", {"haswell", "ep"}},
    Codename{"BROADWELL", {"broadwell", "ep"}},
    Codename{"SKYLAKE", {"skylake-sp", "sp"}},
    Codename{"CASCADELAKE", {"cascade-lake", "sp"}},
    Codename{"COOPERLAKE", {"cooper-lake", "sp"}},
    Codename{"ICELAKE", {"ice-lake", "sp"}},
    Codename{"SAPPHIRERAPIDS", {"sapphire-rapids", "sp"}},
    Codename{"EMERALDRAPIDS", {"emerald-rapids", "sp"}},
    Codename{"GRANITERAPIDS", {"granite-rapids", "sp"}},
    Codename{"SIERRAFOREST", {"sierra-forest", "sp"}},
    Codename{"GRAVITON2", {"neoverse-n1", "altra"}},
    Codename{"GRAVITON3", {"neoverse-v1", "altra"}},
    Codename{"GRAVITON3E", {"neoverse-v1", "altra"}},
    Codename{"GRAVITON4", {"neoverse-v2", "altra"}},
    Codename{"AXION", {"neoverse-v2", "altra"}},
    Codename{"COBALT", {"neoverse-n2", "altra"}},
    Codename{"YITIAN", {"neoverse-n2", "altra"}},
    Codename{"KUNPENG", {"tsv110", "altra"}},
    Codename{"KUNPENG-920", {"tsv110", "altra"}},
    Codename{"THUNDERX2", {"vulcan", "altra"}},
};

}  // namespace

Guess guess_codename(const CpuWords& words) {
  for (const Codename& entry : kCodenames)
    if (has_word(words, entry.word)) return entry.guess;
  return {};
}

}  // namespace joulebook
