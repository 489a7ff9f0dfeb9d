#include "physics/machine/hardware.h"

#include <gmock/gmock.h>

namespace joulebook {
std::string_view hardware_csv();
}  // namespace joulebook

namespace joulebook::physics {
namespace {

using testing::HasSubstr;

TEST(Hardware, EveryRowReads) {
  const auto devices = parse_hardware(hardware_csv());
  ASSERT_TRUE(devices) << devices.error().message;
  EXPECT_EQ(devices->size(), hardware_catalogue().size());
  EXPECT_GE(devices->size(), 60U);
  for (const auto& h : *devices) {
    EXPECT_FALSE(h.source.empty()) << h.name;
    EXPECT_TRUE(h.status == "stored copy" || h.status == "UNVERIFIED") << h.name;
    if (h.link_bytes_s) EXPECT_FALSE(h.link_source.empty()) << h.name;
    if (h.min_cap_w) EXPECT_LT(*h.min_cap_w, h.tdp_w.value_or(0)) << h.name;
    if (h.idle_w) EXPECT_LT(*h.idle_w, 0.3 * h.tdp_w.value_or(0)) << h.name;
    if (h.fp32 && h.rate16()) EXPECT_LT(*h.fp32, *h.rate16()) << h.name;
    // Dense rates: no sparse one among them.
    if (h.fp8 && h.bf16) EXPECT_LE(*h.fp8, 2.1 * *h.bf16) << h.name;
    EXPECT_EQ(find_hardware(h.name)->name, h.name);
    for (const auto& alias : h.aliases) EXPECT_EQ(find_hardware(alias)->name, h.name) << alias;
  }
}

TEST(Hardware, NamesOfDriversAndTablesFindTheirDevice) {
  const std::vector<std::pair<std::string, std::string>> names = {
      {"H100", "H100 SXM5 80GB"},
      {"NVIDIA H100 80GB HBM3", "H100 SXM5 80GB"},
      {"H100 80GB HBM3", "H100 SXM5 80GB"},
      {"NVIDIA H100 PCIe", "H100 PCIe 80GB"},
      {"NVIDIA H100 NVL", "H100 NVL 94GB"},
      {"NVIDIA H200", "H200 SXM 141GB"},
      {"B200", "B200 HGX 180GB"},
      {"NVIDIA B200", "B200 HGX 180GB"},
      {"A100-SXM4-40GB", "A100 SXM4 40GB"},
      {"NVIDIA A100-SXM4-80GB", "A100 SXM4 80GB"},
      {"A100", "A100 SXM4 80GB"},
      {"NVIDIA A100-PCIE-40GB", "A100 PCIe 40GB"},
      {"NVIDIA A100 80GB PCIe", "A100 PCIe 80GB"},
      {"A40", "A40"},
      {"V100", "V100 SXM2 16/32GB"},
      {"Tesla V100-SXM2-32GB", "V100 SXM2 16/32GB"},
      {"NVIDIA GeForce RTX 4090", "RTX 4090"},
      {"AMD Instinct MI300X", "MI300X"},
      {"rtx4090", "RTX 4090"},
      {"RTX4060Ti", "RTX 4060 Ti"},
      {"TPUv3", "TPU v3"},
      {"Apple M2 Max", "Apple M2 Max"}};
  for (const auto& [name, device] : names) {
    const auto found = find_hardware(name);
    ASSERT_TRUE(found) << name << ": " << found.error().message;
    EXPECT_EQ(found->name, device) << name;
  }
}

TEST(Hardware, AnUnknownNameSaysWhatIsNear) {
  const auto h1000 = find_hardware("H1000");
  ASSERT_FALSE(h1000);
  EXPECT_EQ(h1000.error().code, "hardware.unknown");
  EXPECT_THAT(h1000.error().message, HasSubstr("unknown GPU 'H1000': nearest H100 SXM5 80GB"));
  EXPECT_EQ(find_hardware("").error().code, "hardware.unknown");
  EXPECT_EQ(find_hardware("a teapot").error().message, "unknown GPU 'a teapot'");
}

TEST(Hardware, SeveralDevicesAreNotOne) {
  for (const char* name : {"8xH100", "8 x NVIDIA H100", "H100 x8"}) {
    const auto found = find_hardware(name);
    ASSERT_FALSE(found) << name;
    EXPECT_EQ(found.error().code, "hardware.several") << name;
    EXPECT_THAT(found.error().cure, HasSubstr("\"H100 SXM5 80GB\"")) << name;
    EXPECT_THAT(found.error().cure, HasSubstr("--gpus 8")) << name;
  }
  EXPECT_EQ(find_hardware("1x H100")->name, "H100 SXM5 80GB");
  EXPECT_EQ(find_hardware("8xH1000").error().code, "hardware.unknown");
}

TEST(Hardware, RatesFollowTheOperands) {
  const auto h100 = find_hardware("H100");
  EXPECT_DOUBLE_EQ(*h100->rate(16), 989.4e12);
  EXPECT_DOUBLE_EQ(*h100->rate(8), 1978.9e12);
  EXPECT_DOUBLE_EQ(*h100->rate(4.25), 989.4e12);  // no 4-bit path: weights are widened
  EXPECT_DOUBLE_EQ(*find_hardware("B200")->rate(4.25), 9000e12);
  EXPECT_DOUBLE_EQ(*find_hardware("A100")->rate(8), 624e12);
  EXPECT_FALSE(find_hardware("Apple M3")->rate(16));  // nobody published it: not zero
  EXPECT_DOUBLE_EQ(*find_hardware("A100 80GB")->idle_w, 58.5);
  EXPECT_FALSE(find_hardware("M2 Max")->idle_w);  // that of the whole laptop is not the device's
}

}  // namespace
}  // namespace joulebook::physics
