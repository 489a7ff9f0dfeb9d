#include <optional>
#include <utility>

#include "sensor/containment.h"
#include "sensor/discover.h"
#include "sensor/gpu/nvml.h"
#include "sensor/gpu/nvml_history.h"
#include "sensor/gpu/nvml_question.h"

namespace joulebook {
namespace {

constexpr std::string_view kSubject = "nvml";
// Counters and gauges were seen to change every 20 to 100 ms (docs/sensors.md); the meter measures.
constexpr Nanos kTick = std::chrono::milliseconds(100);
constexpr Nanos kAverage = std::chrono::seconds(1);
// NVIDIA states +-5 % for the boards for which it states anything (nvmlDeviceGetPowerUsage).
constexpr double kAccuracy = 0.05;
// "Part-time Power Measurements" (arXiv 2312.02741): the gauges of GA100 and GH100 see a quarter.
constexpr double kPartTimeDuty = 0.25;
// The limit binds the mean, not the moment: an allowance of ours for transients above it.
constexpr double kTransient = 1.5;
constexpr Nanos kReattachEvery = std::chrono::seconds(1);

class NvmlSensor final : public Sensor {
 public:
  NvmlSensor(std::shared_ptr<const NvmlLibrary> library, NvmlDevice device, std::string uuid,
             NvmlQuestion question, SensorInfo info, Clock& clock)
      : library_(std::move(library)),
        device_(device),
        uuid_(std::move(uuid)),
        question_(question),
        info_(std::move(info)),
        clock_(clock) {}

  [[nodiscard]] const SensorInfo& info() const override { return info_; }

  [[nodiscard]] Result<RawReading> read() override {
    RawReading reading;
    int code = ask_timed(reading);
    if (reattach(code)) code = ask_timed(reading);
    if (code != kNvmlSuccess)
      return nvml_refusal(*library_, info_.name + " (" + info_.id + ")", code);
    // A board that answers draws power: 0 W is what some drivers say when asked too fast.
    if (info_.kind == SensorKind::power_gauge && reading.counts == 0) {
      return fail(ErrorKind::no_reading, "sensor.malformed", info_.name + " answered 0 W",
                  "ask less often");
    }
    return reading;
  }

 private:
  int ask_timed(RawReading& reading) {
    reading.begin = clock_.now();
    const int code = ask_nvml(library_->api(), device_, question_, reading.counts);
    reading.end = clock_.now();
    return code;
  }

  // After a driver reload the old handle is dead: find the board by its UUID, where need be after a
  // new start of the library, at most once a second. True where it is back.
  bool reattach(int code) {
    if (code == kNvmlSuccess || code == kNvmlNotSupported || code == kNvmlNoPermission) {
      return false;
    }
    const SteadyTime now = clock_.now();
    if (attached_once_ && now - last_attach_ < kReattachEvery) return false;
    attached_once_ = true;
    last_attach_ = now;
    return find_again() || (library_->restart() == kNvmlSuccess && find_again());
  }

  bool find_again() {
    const NvmlApi& api = library_->api();
    std::uint64_t counts = 0;
    return api.by_uuid != nullptr && api.by_uuid(uuid_.c_str(), &device_) == kNvmlSuccess &&
           ask_nvml(api, device_, question_, counts) == kNvmlSuccess;
  }

  std::shared_ptr<const NvmlLibrary> library_;
  NvmlDevice device_;
  std::string uuid_;
  NvmlQuestion question_;
  SensorInfo info_;
  Clock& clock_;
  bool attached_once_ = false;
  SteadyTime last_attach_;
};

// GA100 and GH100: A100, A30, H100, H200, and their kin.
bool part_time(const GpuBoard& board) {
  return board.capability_minor == 0 &&
         (board.capability_major == 8 || board.capability_major == 9);
}

// nvmlDeviceGetPowerUsage: mean of 1 s from Ampere on, GA100 apart; instant before. Where the
// capability is not known, the longer one, which widens.
Nanos usage_average(const GpuBoard& board) {
  const bool instant = (board.capability_major > 0 && board.capability_major < 8) ||
                       (board.capability_major == 8 && board.capability_minor == 0);
  return instant ? Nanos(0) : kAverage;
}

class BoardProbe {
 public:
  BoardProbe(std::shared_ptr<const NvmlLibrary> library, NvmlDevice device, const GpuBoard& board,
             Clock& clock, Discovery& found)
      : library_(std::move(library)),
        device_(device),
        board_(board),
        clock_(clock),
        found_(found) {}

  void run() {
    const bool counter = add_counter();
    const std::string domain = domain_of("gpu");
    const bool gauge = add_gauge(counter ? domain + std::string(kGaugeSuffix) : domain);
    if (!counter && gauge) {
      note("sensor.unsupported", "has no energy counter: its power gauge is integrated instead",
           "an NVIDIA driver and board from Volta on; a vGPU has none");
    }
    if (!counter && !gauge) explain_silence();
    add_history(counter || gauge);
    add_scope(kScopeMemory, "gpu-memory", "memory-power");
    add_scope(kScopeModule, "module", "module-power");
    if (board_.mig) {
      note("sensor.shared",
           "is split into MIG slices, which share one meter: no figure is a slice's", "");
    }
  }

 private:
  [[nodiscard]] std::string domain_of(const std::string& kind) const {
    return kind + ":" + std::to_string(board_.index);
  }
  void tell(Finding::Level level, std::string code, const std::string& what, std::string cure) {
    const std::string who = board_.name + " (" + board_.uuid + ") ";
    found_.findings.push_back(
        {level, std::string(kSubject), {std::move(code), who + what, std::move(cure)}});
  }
  void note(std::string code, const std::string& what, std::string cure) {
    tell(Finding::Level::note, std::move(code), what, std::move(cure));
  }

  void explain_silence() {
    std::uint64_t counts = 0;
    const int code = ask_nvml(library_->api(), device_, {}, counts);
    const bool lost = code == kNvmlGpuIsLost || code == kNvmlResetRequired;
    tell(Finding::Level::problem, lost ? "sensor.lost" : "sensor.unsupported",
         "reports neither energy nor power: " + library_->words(code),
         lost ? kNvmlLostCure : "a newer driver; inside a vGPU, measure on the host");
  }

  // Whether the board answers with a number that can be one: 0 is none.
  [[nodiscard]] bool answers(const NvmlQuestion& question) const {
    std::uint64_t counts = 0;
    return ask_nvml(library_->api(), device_, question, counts) == kNvmlSuccess && counts > 0;
  }

  void add(const NvmlQuestion& question, SensorInfo info, const std::string& what) {
    info.id = "nvml:" + board_.uuid + ":" + what;
    info.name = board_.name;
    info.device = board_.device();
    info.scale = 1e-3;
    info.tick = kTick;
    info.accuracy = kAccuracy;
    info.max_watts = kTransient * board_.max_watts;
    const bool counter = info.kind == SensorKind::energy_counter;
    info.sentinels = {counter ? ~std::uint64_t{0} : 0xffff'ffff};  // NVML_VALUE_NOT_AVAILABLE
    found_.sensors.push_back(std::make_unique<NvmlSensor>(library_, device_, board_.uuid, question,
                                                          std::move(info), clock_));
  }

  bool add_counter() {
    const NvmlQuestion question{.call = NvmlQuestion::Call::total_energy};
    if (!answers(question)) return false;
    SensorInfo info;
    info.domain = domain_of("gpu");
    info.kind = SensorKind::energy_counter;
    info.method = "NVML energy counter (whole board)";
    add(question, std::move(info), "energy");
    return true;
  }

  void gauge(const NvmlQuestion& question, std::string domain, Nanos averaging,
             const std::string& method, const std::string& what) {
    SensorInfo info;
    info.domain = std::move(domain);
    info.kind = SensorKind::power_gauge;
    info.averaging = averaging;
    info.duty = part_time(board_) ? kPartTimeDuty : 1;
    info.method = method;
    add(question, std::move(info), what);
  }

  bool add_gauge(const std::string& domain) {
    const NvmlQuestion instant{NvmlQuestion::Call::field, kFieldPowerInstant, kScopeGpu};
    const NvmlQuestion average{NvmlQuestion::Call::field, kFieldPowerAverage, kScopeGpu};
    const NvmlQuestion usage{.call = NvmlQuestion::Call::power_usage};
    if (answers(instant)) {
      gauge(instant, domain, Nanos(0), "NVML instant power (field 186)", "power");
    } else if (answers(average)) {
      gauge(average, domain, kAverage, "NVML average power (field 185)", "power");
    } else if (answers(usage)) {
      gauge(usage, domain, usage_average(board_), "NVML power usage", "power");
    } else {
      return false;
    }
    return true;
  }

  // The driver's own samples: they mirror the counter or the gauge, and only cross-check.
  void add_history(bool beside) {
    if (!beside) return;
    SensorInfo info;
    info.id = "nvml:" + board_.uuid + ":history";
    info.domain = domain_of("gpu") + std::string(kHistorySuffix);
    info.name = board_.name;
    info.device = board_.device();
    info.kind = SensorKind::power_gauge;
    info.scale = 1e-3;
    info.tick = kTick;
    info.duty = part_time(board_) ? kPartTimeDuty : 1;
    info.accuracy = kAccuracy;
    info.max_watts = kTransient * board_.max_watts;
    info.method = "NVML power sample history (stamped by the driver)";
    auto history = make_nvml_history(library_, device_, board_.uuid, std::move(info), clock_);
    if (history) {
      found_.sensors.push_back(std::move(*history));
    } else if (history.error().code != "sensor.unsupported") {
      note(history.error().code, history.error().message, history.error().cure);
    }
  }

  void add_scope(unsigned scope, const std::string& kind, const std::string& what) {
    const NvmlQuestion instant{NvmlQuestion::Call::field, kFieldPowerInstant, scope};
    const NvmlQuestion average{NvmlQuestion::Call::field, kFieldPowerAverage, scope};
    if (answers(instant)) {
      gauge(instant, domain_of(kind), Nanos(0), "NVML instant power (field 186) of " + kind, what);
    } else if (answers(average)) {
      gauge(average, domain_of(kind), kAverage, "NVML average power (field 185) of " + kind, what);
    }
  }

  std::shared_ptr<const NvmlLibrary> library_;
  NvmlDevice device_;
  const GpuBoard& board_;
  Clock& clock_;
  Discovery& found_;
};

void tell_lost(const NvmlLibrary& library, unsigned index, int code, Discovery& found) {
  found.findings.push_back(
      {Finding::Level::problem,
       std::string(kSubject),
       {"sensor.lost", "GPU " + std::to_string(index) + ": " + library.words(code),
        kNvmlLostCure}});
}

}  // namespace

Discovery probe_nvml_library(const std::string& name, Clock& clock) {
  Discovery found;
  auto library = open_nvml(name);
  if (!library) {
    found.findings.push_back(library_finding(std::string(kSubject), library.error()));
    return found;
  }
  const NvmlApi& api = (*library)->api();
  unsigned count = 0;
  api.count(&count);
  const NvmlGpus gpus(*library);
  for (unsigned index = 0, at = 0; index < count; ++index) {
    NvmlDevice device = nullptr;
    const int code = api.by_index(index, &device);
    const bool listed = at < gpus.boards().size() && gpus.boards()[at].index == index;
    if (code == kNvmlSuccess && listed) {
      BoardProbe(*library, device, gpus.boards()[at], clock, found).run();
    } else {
      tell_lost(**library, index, code, found);
    }
    at += listed ? 1 : 0;
  }
  relate(found.sensors);
  return found;
}

Discovery probe_nvml(Clock& clock) { return probe_nvml_library(kNvmlSoname, clock); }

}  // namespace joulebook
