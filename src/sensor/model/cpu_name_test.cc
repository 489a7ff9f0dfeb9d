#include "sensor/model/cpu_name.h"

#include <gtest/gtest.h>
// rapidcheck after gtest
#include <rapidcheck/gtest.h>

#include <string>

namespace joulebook {
namespace {

struct Case {
  const char* name;
  const char* key;
  const char* generation;
  const char* platform;
};

class Names : public testing::TestWithParam<Case> {};

TEST_P(Names, TellTheirRelatives) {
  const CpuName cpu = parse_cpu_name(GetParam().name);
  EXPECT_EQ(cpu.key, GetParam().key);
  EXPECT_EQ(cpu.generation, GetParam().generation);
  EXPECT_EQ(cpu.platform, GetParam().platform);
  EXPECT_EQ(cpu.year > 0, !cpu.generation.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Amd, Names,
    testing::Values(Case{"AMD EPYC 7742 64-Core Processor", "EPYC7742", "zen2", "sp3"},
                    Case{"AMD EPYC 7601 Dell SKU [338-BNCG]", "EPYC7601", "zen1", "sp3"},
                    Case{"AMD EPYC 7F52 16-Core Processor", "EPYC7F52", "zen2", "sp3"},
                    Case{"AMD EPYC 7R13 Processor", "EPYC7R13", "zen3", "sp3"},
                    Case{"AMD EPYC 9R14", "EPYC9R14", "zen4", "sp5"},
                    Case{"AMD EPYC 9754 128-Core Processor", "EPYC9754", "zen4c", "sp5"},
                    Case{"AMD EPYC 9845 160-Core Processor", "EPYC9845", "zen5c", "sp5"},
                    Case{"AMD EPYC 9575F", "EPYC9575F", "zen5", "sp5"},
                    Case{"AMD EPYC 8534PN", "EPYC8534PN", "zen4c", "sp6"},
                    Case{"Third Gen AMD EPYC 7763", "EPYC7763", "zen3", "sp3"},
                    Case{"AMD EPYC 4584PX", "EPYC4584PX", "zen4", "am5"},
                    Case{"AMD EPYC", "EPYC", "", ""}, Case{"AMD EPYC Processor", "EPYC", "", ""},
                    Case{"AMD Opteron 6238", "OPTERON6238", "bulldozer", "opteron6"},
                    Case{"Six-Core AMD Opteron(r) Processor 8425 HE", "OPTERON8425HE", "k10",
                         "opteron8"},
                    Case{"AMD Ryzen 9 7950X 16-Core Processor", "RYZEN97950X", "zen4", "am5"},
                    Case{"AMD Ryzen Threadripper 1950X 16-Core Processor", "RYZENTHREADRIPPER1950X",
                         "zen1", "sp3"},
                    Case{"AMD Ryzen Threadripper PRO 7995WX 96-Cores",
                         "RYZENTHREADRIPPERPRO7995WX", "zen4", "sp5"},
                    Case{"AMD Ryzen 7 7735HS with Radeon Graphics", "RYZEN77735HS", "zen3", "am5"},
                    Case{"AMD Ryzen 7 7840U w/ Radeon 780M Graphics", "RYZEN77840U", "zen4",
                         "am5"},
                    Case{"AMD EPYC-Rome Processor", "EPYC-ROME", "zen2", "sp3"},
                    Case{"Advanced Micro Devices EPYC 7742", "EPYC7742", "zen2", "sp3"}));

INSTANTIATE_TEST_SUITE_P(
    Intel, Names,
    testing::Values(
        Case{"Intel(R) Xeon(R) Platinum 8592+", "8592+", "emerald-rapids", "sp"},
        Case{"Intel Xeon 8592+", "8592+", "emerald-rapids", "sp"},
        Case{"Intel(R) Xeon(R) Platinum 8375C CPU @ 2.90GHz", "8375C", "ice-lake", "sp"},
        Case{"Intel Xeon Platinum 8376HL", "8376HL", "cooper-lake", "sp"},
        Case{"Intel(R) Xeon(R) Gold 6780E", "6780E", "sierra-forest", "sp"},
        Case{"Intel Xeon 6787P Processor", "6787P", "granite-rapids", "sp"},
        Case{"Intel Xeon 6369P", "6369P", "raptor-lake", "e3"},
        Case{"Intel Xeon E5-2660V2", "E5-2660V2", "ivy-bridge", "ep"},
        Case{"Intel(R) Xeon(R) CPU E5-2660 v2 @ 2.20GHz", "E5-2660V2", "ivy-bridge", "ep"},
        Case{"Intel Xeon E3-1265LV2", "E3-1265LV2", "ivy-bridge", "e3"},
        Case{"Intel E3-1260L v5", "E3-1260LV5", "skylake", "e3"},
        Case{"Intel Xeon 8180", "8180", "skylake-sp", "sp"},
        Case{"Intel Xeon 6 6780E", "6780E", "sierra-forest", "sp"},
        Case{"Intel Atom Processor C3958", "ATOMC3958", "goldmont", "d"},
        Case{"Intel Core i3-540", "COREI3-540", "westmere", "desktop"},
        Case{"Intel Core 2 Duo E6750", "CORE2DUOE6750", "core2", "desktop"},
        Case{"Intel Xeon E7-4870", "E7-4870", "westmere", "ex"},
        Case{"Intel Xeon E5-4650L", "E5-4650L", "sandy-bridge", "ep4"},
        Case{"Intel Xeon E5-2470", "E5-2470", "sandy-bridge", "en"},
        Case{"Intel Xeon E E-2488", "E-2488", "raptor-lake", "e3"},
        Case{"Intel(R) Xeon(R) D-2775TE CPU", "D-2775TE", "ice-lake", "d"},
        Case{"Intel(R) Xeon(R) CPU X5570", "X5570", "nehalem", "ep"},
        Case{"Intel Xeon 5160", "5160", "core2", "ep"}, Case{"Intel Xeon Processor", "", "", ""},
        Case{"Intel(R) Xeon(R) CPU @ 2.20GHz", "", "", ""},
        Case{"12th Gen Intel(R) Core(TM) i7-1260P", "COREI7-1260P", "raptor-lake", "mobile"},
        Case{"Intel Core i5-4570", "COREI5-4570", "haswell", "desktop"},
        Case{"Intel Xeon Processor (Skylake, IBRS)", "SKYLAKEIBRS", "skylake-sp", "sp"},
        Case{"Intel Xeon Processor (Cascadelake)", "CASCADELAKE", "cascade-lake", "sp"},
        Case{"Intel(R) Xeon(R) W-1290 CPU @ 3.20GHz", "W-1290", "coffee-lake", "e3"},
        Case{"Intel(R) Xeon Phi(TM) CPU 7250 @ 1.40GHz", "PHI7250", "", ""},
        Case{"Intel(R) N100", "N100", "gracemont", "mobile"},
        Case{"Intel(R) Celeron(R) J4125 CPU @ 2.00GHz", "CELERONJ4125", "goldmont", "mobile"},
        Case{"Intel(R) Pentium(R) CPU G3220 @ 3.00GHz", "PENTIUMG3220", "haswell", "desktop"},
        Case{"Intel(R) Atom(TM) CPU D525 @ 1.80GHz", "ATOMD525", "bonnell", "mobile"},
        Case{"Intel Core Ultra 7 255H", "COREULTRA7255H", "arrow-lake", "mobile"}));

INSTANTIATE_TEST_SUITE_P(
    Arm, Names,
    testing::Values(Case{"Ampere® Altra® 64-Bit Multi-Core Processor Q64-30", "AMPEREALTRAQ64-30",
                         "neoverse-n1", "altra"},
                    Case{"AmpereOne A192-32X", "AMPEREONEA192-32X", "ampere-1", "altra"},
                    Case{"NVIDIA Grace CPU Superchip", "GRACESUPERCHIP", "neoverse-v2", "grace"},
                    Case{"Grace CPU Superchip", "GRACESUPERCHIP", "neoverse-v2", "grace"},
                    Case{"AWS Graviton3", "GRAVITON3", "neoverse-v1", "altra"},
                    Case{"Neoverse-V2", "NEOVERSE-V2", "neoverse-v2", "altra"},
                    Case{"HiSilicon Kunpeng-920", "HISILICONKUNPENG-920", "tsv110", "altra"},
                    Case{"Cortex-A72", "CORTEX-A72", "cortex-a72", "a53"},
                    Case{"", "", "", ""}));

TEST(CpuName, KnowsLowPowerAndClientParts) {
  EXPECT_EQ(parse_cpu_name("Intel Xeon L5640").low_power, 1);
  EXPECT_EQ(parse_cpu_name("Intel Xeon E5-2650L").low_power, 1);
  EXPECT_EQ(parse_cpu_name("AMD Opteron 2419 EE").low_power, 1);
  EXPECT_EQ(parse_cpu_name("Intel Xeon Platinum 8280L").low_power, 0);  // large memory
  EXPECT_EQ(parse_cpu_name("AMD EPYC 8534PN").low_power, 0.5);
  EXPECT_EQ(parse_cpu_name("AMD EPYC 7742").low_power, 0);
  EXPECT_TRUE(parse_cpu_name("AMD Ryzen 5 5600G with Radeon Graphics").client);
  EXPECT_FALSE(parse_cpu_name("Intel Xeon E-2388G").client);
}

TEST(Generation, OfFamilyAndModelAsProcCpuinfoPrintsThem) {
  EXPECT_EQ(generation_of("AuthenticAMD", 25, 17, 1), "zen4");
  EXPECT_EQ(generation_of("AuthenticAMD", 25, 1, 1), "zen3");
  EXPECT_EQ(generation_of("AuthenticAMD", 25, 160, 2), "zen4c");
  EXPECT_EQ(generation_of("AuthenticAMD", 26, 2, 1), "zen5");
  EXPECT_EQ(generation_of("AuthenticAMD", 23, 49, 0), "zen2");
  EXPECT_EQ(generation_of("GenuineIntel", 6, 85, 4), "skylake-sp");
  EXPECT_EQ(generation_of("GenuineIntel", 6, 85, 7), "cascade-lake");
  EXPECT_EQ(generation_of("GenuineIntel", 6, 85, 11), "cooper-lake");
  EXPECT_EQ(generation_of("GenuineIntel", 6, 143, 8), "sapphire-rapids");
  EXPECT_EQ(generation_of("GenuineIntel", 6, 207, 2), "emerald-rapids");
  EXPECT_EQ(generation_of("arm:0x41", -1, 0xd0c, -1), "neoverse-n1");
  EXPECT_EQ(generation_of("GenuineIntel", 6, 9999, 0), "");
  EXPECT_EQ(generation_of("", -1, -1, -1), "");
}

RC_GTEST_PROP(CpuName, NeverCrashesOnAnyName, (const std::string& name)) {
  static_cast<void>(parse_cpu_name(name));
}

// Names made of the words and SKUs that steer the parser, in any order.
RC_GTEST_PROP(CpuName, AGenerationAlwaysHasAYear, ()) {
  const auto words = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
      "Intel", "AMD", "Xeon", "EPYC", "Opteron", "Ryzen", "Core", "Ultra", "Pentium", "D", "Gold",
      "E5-2650", "v2", "E-2388G", "W-3365", "i7", "i7-", "i", "7", "6780E", "8592+", "X5570", "7F5",
      "9", "E3-", "V", "0000", "9999X", "D-2", "Threadripper", "255H", "-", "é"));
  std::string name;
  for (const std::string& word : words) name += word + " ";
  const CpuName cpu = parse_cpu_name(name);
  RC_ASSERT(cpu.generation.empty() == (cpu.year == 0));
}

}  // namespace
}  // namespace joulebook
