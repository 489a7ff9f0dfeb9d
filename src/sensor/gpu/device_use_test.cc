// Which GPUs some processes use, with a fake libnvidia-ml.so.1 in front of the linker's search path
// and /proc and /sys rebuilt under a sysroot.
#include "sensor/gpu/device_use.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "fakes/power_plant.h"
#include "sensor/gpu/drm_client.h"
#include "sensor/gpu/open_cards.h"

namespace joulebook {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Answer = DeviceUse::Answer;

constexpr const char* kNoDriver = "init 9\n";

class Uses : public testing::Test {
 protected:
  Uses() : root_(testing::TempDir() + "device_use_" + std::to_string(::getpid())) {
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_ + "/proc");
    script(kNoDriver);
    ::setenv("JOULEBOOK_FAKE_NVML", (root_ + "/nvml.txt").c_str(), 1);
    put("/amd.txt", "init 34\n");
    ::setenv("JOULEBOOK_FAKE_AMD_SMI", (root_ + "/amd.txt").c_str(), 1);
  }
  ~Uses() override { std::filesystem::remove_all(root_); }

  void script(const std::string& text) { put("/nvml.txt", text); }
  void put(const std::string& path, const std::string& text) {
    fakes::put_file(root_ + path, text);
  }
  void link(const std::string& path, const std::string& target) {
    const std::filesystem::path whole = root_ + path;
    std::filesystem::create_directories(whole.parent_path());
    std::filesystem::create_symlink(target, whole);
  }
  // A process with open files, numbered from 3 on.
  void process(int pid, const std::vector<std::string>& opened) {
    const std::string folder = "/proc/" + std::to_string(pid);
    std::filesystem::create_directories(root_ + folder + "/fd");
    for (std::size_t i = 0; i < opened.size(); ++i) {
      link(folder + "/fd/" + std::to_string(i + 3), opened[i]);
    }
  }
  void fdinfo(int pid, int descriptor, const std::string& text) {
    put("/proc/" + std::to_string(pid) + "/fdinfo/" + std::to_string(descriptor), text);
  }
  void container() { link("/proc/self/ns/pid", "pid:[4026532837]"); }
  void eight_boards(int working) {
    std::string text;
    for (int i = 0; i < 8; ++i) {
      const std::string bus = "0" + std::to_string(i + 1);
      text += "device uuid=GPU-" + std::to_string(i) + " pci=00000000:" + bus + ":00.0" +
              (i == working ? " pids=77,4711" : "") + "\n";
      put("/proc/driver/nvidia/gpus/0000:" + bus + ":00.0/information",
          "Model: \t\t NVIDIA H100\nGPU UUID: \t GPU-" + std::to_string(i) + "\nDevice Minor: \t " +
              std::to_string(i) + "\n");
    }
    script(text);
  }
  void render_node(int minor, const std::string& address, const std::string& driver) {
    const std::string node = "/sys/class/drm/renderD" + std::to_string(minor);
    put("/sys/devices/" + address + "/vendor", "0x1002\n");
    link("/sys/devices/" + address + "/driver", "../../bus/pci/drivers/" + driver);
    std::filesystem::create_directories(root_ + node);
    link(node + "/device", "../../../devices/" + address);
  }
  std::vector<DeviceUse> ask(const std::vector<int>& pids) {
    return devices_used_by(*real_files(root_), pids);
  }
  static std::vector<std::string> with(Answer answer, const std::vector<DeviceUse>& uses) {
    std::vector<std::string> devices;
    for (const DeviceUse& use : uses) {
      if (use.answer == answer) devices.push_back(use.device);
    }
    return devices;
  }

  std::string root_;
};

TEST_F(Uses, OneOfEightBoardsWorks) {
  eight_boards(5);
  const auto uses = ask({4711});
  ASSERT_EQ(uses.size(), 8U);
  EXPECT_THAT(with(Answer::used, uses), ElementsAre("gpu:GPU-5"));
  EXPECT_THAT(with(Answer::unknown, uses), IsEmpty());
  EXPECT_THAT(uses[5].pids, ElementsAre(4711));
  EXPECT_EQ(uses[5].evidence, "NVML lists process 4711");
  EXPECT_EQ(to_string(uses[0].answer), "unused");
}

// NVML lists the host's numbers: inside a container "none of ours" says nothing.
TEST_F(Uses, ContainerIsUnknownAndNotNone) {
  eight_boards(5);
  container();
  const auto uses = ask({1});
  EXPECT_THAT(with(Answer::used, uses), IsEmpty());
  EXPECT_EQ(with(Answer::unused, uses).size(), 8U);  // it holds no device file: it cannot compute
  process(1, {"/dev/nvidiactl", "/dev/nvidia0", "/dev/nvidia1", "/dev/nvidia2", "/dev/nvidia3",
              "/dev/nvidia4", "/dev/nvidia5", "/dev/nvidia6", "/dev/nvidia7"});
  const auto opened_all = ask({1});
  EXPECT_EQ(with(Answer::unknown, opened_all).size(), 8U);
  EXPECT_EQ(opened_all[0].reason.code, "process.device_unknown");
  EXPECT_THAT(opened_all[0].reason.cure, HasSubstr("--pid=host"));
  EXPECT_THAT(opened_all[0].pids, ElementsAre(1));
}

TEST_F(Uses, ContainerThatOpensOneBoardUsesThatOne) {
  eight_boards(5);
  container();
  process(1, {"/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia5"});
  const auto uses = ask({1});
  EXPECT_THAT(with(Answer::used, uses), ElementsAre("gpu:GPU-5"));
  EXPECT_EQ(with(Answer::unused, uses).size(), 7U);
}

// A number that happens to be listed, too, is no proof inside a container.
TEST_F(Uses, NumbersOfTwoNamespacesAreNotMatched) {
  eight_boards(5);
  container();
  process(4711, {"/dev/nvidia2"});
  EXPECT_THAT(with(Answer::used, ask({4711})), ElementsAre("gpu:GPU-2"));
}

TEST_F(Uses, HostTreeMountedInAContainerSeesHostPids) {
  eight_boards(5);
  container();
  put("/proc/2/comm", "kthreadd\n");
  EXPECT_THAT(with(Answer::used, ask({4711})), ElementsAre("gpu:GPU-5"));
}

TEST_F(Uses, ForbiddenProcessListIsUnknown) {
  script("device uuid=GPU-a pids=7\nerror 0 processes 4 0 99999999\n");
  put("/proc/7/stat", "7 (python) S 1\n");  // alive, but its fd folder may not be seen
  const auto uses = ask({7});
  EXPECT_THAT(with(Answer::unknown, uses), ElementsAre("gpu:GPU-a"));
  EXPECT_THAT(uses[0].reason.cure, HasSubstr("CAP_SYS_PTRACE"));
}

TEST_F(Uses, WithoutNvmlTheDriversFilesName) {
  put("/proc/driver/nvidia/gpus/0000:17:00.0/information",
      "Model: \t\t NVIDIA L4\nGPU UUID: \t GPU-17\nDevice Minor: \t 0\n");
  put("/proc/driver/nvidia/gpus/0000:65:00.0/information",
      "Model: \t\t NVIDIA L4\nGPU UUID: \t GPU-\?\?\?\?\nDevice Minor: \t 1\n");
  process(9, {"/dev/nvidia1"});
  const auto uses = ask({9});
  EXPECT_THAT(with(Answer::used, uses), ElementsAre("gpu:PCI-0000:65:00.0"));
  EXPECT_THAT(with(Answer::unused, uses), ElementsAre("gpu:GPU-17"));
  EXPECT_EQ(uses[0].name, "NVIDIA L4");
}

constexpr const char* kBusy =
    "pos:\t0\nflags:\t02100002\ndrm-driver:\tamdgpu\ndrm-pdev:\t0000:03:00.0\n"
    "drm-client-id:\t12\ndrm-memory-vram:\t3355443 KiB\ndrm-engine-compute:\t5123456 ns\n";
constexpr const char* kLooking =
    "drm-driver:\tamdgpu\ndrm-pdev:\t0000:83:00.0\ndrm-client-id:\t13\n"
    "drm-memory-vram:\t16 KiB\ndrm-engine-capacity-gfx:\t1\ndrm-engine-gfx:\t0 ns\n";

// rocm opens every card; only fdinfo tells where it works.
TEST_F(Uses, FdinfoTellsWorkFromLooking) {
  render_node(128, "0000:03:00.0", "amdgpu");
  render_node(129, "0000:83:00.0", "amdgpu");
  process(5, {"/dev/kfd", "/dev/dri/renderD128", "/dev/dri/renderD129"});
  fdinfo(5, 4, kBusy);
  fdinfo(5, 5, kLooking);
  const auto uses = ask({5});
  EXPECT_THAT(with(Answer::used, uses), ElementsAre("gpu:PCI-0000:03:00.0"));
  EXPECT_THAT(with(Answer::unused, uses), ElementsAre("gpu:PCI-0000:83:00.0"));
  EXPECT_EQ(uses[0].evidence, "process 5 works on it (amdgpu, fdinfo)");
}

TEST_F(Uses, OldKernelThatDoesNotTellIsUnknown) {
  render_node(128, "0000:03:00.0", "amdgpu");
  process(5, {"/dev/kfd", "/dev/dri/renderD128"});
  fdinfo(5, 4, "pos:\t0\npdev:\t0000:03:00.0\n");
  EXPECT_THAT(with(Answer::unknown, ask({5})), ElementsAre("gpu:PCI-0000:03:00.0"));
}

TEST_F(Uses, AmdSmiNamesWhoComputes) {
  render_node(128, "0000:03:00.0", "amdgpu");
  render_node(129, "0000:83:00.0", "amdgpu");
  put("/amd.txt", "device pci=0000:03:00.0 pids=6\ndevice pci=0000:83:00.0 pids=5,9\n");
  process(5, {});
  const auto uses = ask({5});
  EXPECT_THAT(with(Answer::used, uses), ElementsAre("gpu:PCI-0000:83:00.0"));
  EXPECT_EQ(uses[1].evidence, "AMD SMI lists process 5");
  EXPECT_EQ(uses[1].name, "AMD Instinct MI300X");
}

// The second die of an MI250 is metered, and so counted, as the first one's device.
TEST_F(Uses, SecondDieCountsAsItsPackage) {
  render_node(128, "0000:29:00.0", "amdgpu");
  render_node(129, "0000:2c:00.0", "amdgpu");
  put("/amd.txt",
      "device pci=0000:29:00.0 name=MI250X\n"
      "device pci=0000:2c:00.0 name=MI250X second_die=1 start=0 pids=5\n");
  process(5, {});
  const auto uses = ask({5});
  ASSERT_EQ(uses.size(), 1U);
  EXPECT_THAT(with(Answer::used, uses), ElementsAre("gpu:PCI-0000:29:00.0"));
}

TEST_F(Uses, NoProcessAndNoGpuAreNoTrouble) {
  EXPECT_THAT(ask({}), IsEmpty());
  render_node(128, "0000:03:00.0", "xe");
  EXPECT_THAT(with(Answer::unused, ask({})), ElementsAre("gpu:PCI-0000:03:00.0"));
}

TEST(DrmClient, XeCountsCyclesAndI915LocalMemory) {
  const auto xe = parse_drm_client(
      "drm-driver:\txe\ndrm-client-id:\t3\ndrm-cycles-ccs:\t0\ndrm-total-cycles-ccs:\t918273645\n");
  ASSERT_TRUE(xe);
  EXPECT_FALSE(xe->works());  // the total runs whether it works or not
  EXPECT_TRUE(parse_drm_client("drm-driver:\txe\ndrm-cycles-ccs:\t7\n")->works());
  EXPECT_TRUE(parse_drm_client("drm-driver:\ti915\ndrm-total-local0:\t2 MiB\n")->works());
  EXPECT_FALSE(parse_drm_client("drm-driver:\ti915\ndrm-total-system0:\t2 MiB\n")->works());
  EXPECT_FALSE(parse_drm_client("pos:\t0\nflags:\t02\n"));
}

TEST(DrmClient, SumsSaturate) {
  const auto client = parse_drm_client(
      "drm-driver:\tx\ndrm-engine-a:\t18446744073709551615 ns\ndrm-engine-b:\t5 ns\n"
      "drm-memory-vram:\t18446744073709551615 KiB\ndrm-engine-c:\tnonsense\n");
  EXPECT_EQ(client->busy, ~std::uint64_t{0});
  EXPECT_EQ(client->device_bytes, ~std::uint64_t{0});
}

TEST(PciAddress, ReadsBothWaysOfWriting) {
  EXPECT_EQ(parse_pci("00000000:17:00.0")->text(), "0000:17:00.0");
  EXPECT_EQ(gpu_at(*parse_pci("0000:c3:1f.7")), "gpu:PCI-0000:c3:1f.7");
  for (const char* wrong : {"", "17:00.0", "0000:17:00", "0000:17:00.8", "0000:17:20.0",
                            "0000:17:00.0 ", "000g:17:00.0", "0000:1:00.0", "0000:17:00.00"}) {
    EXPECT_FALSE(parse_pci(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace joulebook
