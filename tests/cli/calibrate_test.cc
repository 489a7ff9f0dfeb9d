// `calibrate` from end to end: real threads, a stand-in GPU under a stand-in load, a plant for the
// package. One run, because it takes its time; nothing here depends on how fast the machine is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/process.h"
#include "core/clock.h"
#include "fakes/power_plant.h"

namespace joulebook::fakes {
namespace {

using testing::HasSubstr;

const nlohmann::json& item(const nlohmann::json& list, const std::string& key,
                           const std::string& value, const std::string& device = "") {
  static const nlohmann::json kNone;
  for (const auto& each : list) {
    if (each[key] == value && (device.empty() || each["device"] == device)) return each;
  }
  ADD_FAILURE() << value << " is not in " << list.dump(1).substr(0, 2000);
  return kNone;
}

TEST(Calibrate, LearnsCpuAndGpuAndIsReused) {
  const std::string folder = fresh_folder("calibrate");
  const std::string root = folder + "/root", json = folder + "/result.json";
  put_file(folder + "/load.txt", "");
  put_file(folder + "/nvml.txt",
           "device uuid=GPU-fake name=Stand-in cc=8.6 limit=350 tick=20 celsius=41 "
           "pci=00000000:01:00.0 power=load:60:90:300\n");
  PowerPlant plant(root, system_clock().now(),
                   {{.directory = "intel-rapl:0",
                     .name = "package-0",
                     .power = PowerFunction::constant(40)}});
  plant.run(system_clock());
  const std::map<std::string, std::string> environment = {
      {"LD_LIBRARY_PATH",
       std::string(JOULEBOOK_FAKE_NVML_DIR) + ":" + JOULEBOOK_FAKE_CUDA_DIR},
      {"JOULEBOOK_FAKE_NVML", folder + "/nvml.txt"},
      {"JOULEBOOK_FAKE_LOAD", folder + "/load.txt"},
      {"JOULEBOOK_FAKE_CUDA_OLD", "1"},
      {"JOULEBOOK_CALIBRATION", folder + "/state/calibration.json"}};

  const Outcome none = joulebook({"calibrate", "--show", "--sysroot", root}, environment);
  EXPECT_EQ(none.code, 4);
  EXPECT_THAT(none.err, HasSubstr("never calibrated"));

  const Outcome run =
      joulebook({"calibrate", "--quick", "--sysroot", root, "--json", json}, environment);
  ASSERT_EQ(run.code, 0) << run.err;
  const auto found = nlohmann::json::parse(std::ifstream(json))["calibration"];
  EXPECT_TRUE(found["gpu"].is_null()) << found["gpu"];
  const auto& gpu = item(found["sensors"], "domain", "gpu:0");
  EXPECT_NEAR(gpu["idle"]["value"].get<double>(), 60, 3);
  EXPECT_NEAR(gpu["idle_context"]["value"].get<double>(), 90, 5);
  EXPECT_EQ(gpu["temperature"]["value"], 41);
  EXPECT_EQ(gpu["idle_slope"]["reason"]["code"], "calibration.steady_temperature");
  ASSERT_EQ(gpu["response"].size(), 3U);
  EXPECT_EQ(gpu["response"][2]["busy_multiprocessors"], 108);
  EXPECT_GT(gpu["response"][2]["power"]["value"], 200);
  // The stand-in counts a round each nanosecond: 32 FLOP.
  const auto& fma = item(found["work"], "kind", "fma-f32", "gpu:GPU-fake");
  EXPECT_NEAR(fma["rate"]["value"].get<double>(), 32e9, 1);
  EXPECT_EQ(fma["rate"]["unit"], "FLOP/s");
  EXPECT_EQ(fma["power"][0]["power"]["tier"], "measured");
  EXPECT_GT(item(found["work"], "kind", "triad", "gpu:GPU-fake")["working_set_bytes"], 3 << 26 >> 1);
  EXPECT_EQ(item(found["work"], "kind", "mma-f16", "gpu:GPU-fake")["rate"]["reason"]["code"],
            "cuda.kernel");
  EXPECT_NEAR(item(found["work"], "kind", "triad", "cpu")["power"][0]["power"]["value"].get<double>(),
              40, 2);

  // Dated, reused, its age printed.
  const Outcome show = joulebook({"calibrate", "--show", "--sysroot", root}, environment);
  EXPECT_EQ(show.code, 0);
  EXPECT_THAT(show.out, HasSubstr("minutes ago"));
  const Outcome sensors = joulebook({"sensors", "--sysroot", root, "--json", "-"}, environment);
  EXPECT_THAT(sensors.out, HasSubstr("tick measured 20"));
  EXPECT_THAT(sensors.out, HasSubstr("\"age_days\""));

  put_file(root + "/proc/meminfo", "MemAvailable: 16000000 kB\n");
  // There is a GPU in it: `here` would be taken for that, and it isn't predicted from.
  for (const std::vector<std::string>& asked : {std::vector<std::string>{"predict", "SmolLM2-135M", "--gpu", "here"},
                                                {"predict", "SmolLM2-135M", "--sweep", "gpu=cpu,here"},
                                                {"whatif", "SmolLM2-135M", "--gpu", "here"}}) {
    auto arguments = asked;
    arguments.insert(arguments.end(), {"--sysroot", root});
    const Outcome refused = joulebook(arguments, environment);
    EXPECT_EQ(refused.code, 2) << refused.out;
    EXPECT_THAT(refused.err, testing::AllOf(HasSubstr("has a GPU (gpu:0)"), HasSubstr("--gpu cpu")));
  }
  // And its CPU is predicted for: 40 W, of the package that was seen.
  const Outcome predicted = joulebook(
      {"predict", "SmolLM2-135M", "--gpu", "cpu", "--sysroot", root, "--json", "-"}, environment);
  ASSERT_EQ(predicted.code, 0) << predicted.err;
  const auto here = nlohmann::json::parse(predicted.out)["prediction"];
  EXPECT_NEAR(here["power"]["value"].get<double>(), 40, 2);
  EXPECT_EQ(here["power"]["boundary"], "package");
  EXPECT_EQ(here["per_token"]["tier"], "modelled");
  EXPECT_EQ(joulebook({"whatif", "SmolLM2-135M", "--gpu", "cpu", "--sysroot", root}, environment).code, 0);
  EXPECT_EQ(joulebook({"predict", "SmolLM2-135M", "--sweep", "gpu=H100,cpu", "--sysroot", root}, environment).code, 0);
  plant.stop();
}

TEST(Calibrate, LeavesAGpuAloneThatAnotherProcessUses) {
  const std::string folder = fresh_folder("calibrate_taken");
  put_file(folder + "/nvml.txt", "device uuid=GPU-fake pci=00000000:01:00.0 pids=4711\n");
  const Outcome run = joulebook(
      {"calibrate", "--quick", "--for", "nvml:", "--json", "-", "--quiet"},
      {{"LD_LIBRARY_PATH",
        std::string(JOULEBOOK_FAKE_NVML_DIR) + ":" + JOULEBOOK_FAKE_CUDA_DIR},
       {"JOULEBOOK_FAKE_NVML", folder + "/nvml.txt"},
       {"JOULEBOOK_FAKE_LOAD", folder + "/load.txt"},
       {"JOULEBOOK_CALIBRATION", folder + "/calibration.json"}});
  ASSERT_EQ(run.code, 0) << run.err;
  const auto found = nlohmann::json::parse(run.out)["calibration"];
  EXPECT_EQ(found["gpu"]["code"], "calibration.gpu_taken");
  EXPECT_FALSE(std::ifstream(folder + "/load.txt").good()) << "a kernel or a context was made";
}

}  // namespace
}  // namespace joulebook::fakes
