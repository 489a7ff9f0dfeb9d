#include "sensor/gpu/nvml_history.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "sensor/gpu/nvml_question.h"
#include "sensor/gpu/wall_join.h"

namespace joulebook {
namespace {

constexpr Nanos kFetchEvery = std::chrono::milliseconds(100);
constexpr Nanos kStampResolution = std::chrono::microseconds(1);
constexpr Nanos kReattachEvery = std::chrono::seconds(1);
// A driver that samples at all does so many times a second.
constexpr Nanos kStaleAfter = std::chrono::seconds(5);
constexpr unsigned kMostSamples = 4096;
// A stamp this far ahead of now is of another clock.
constexpr Nanos kAhead = std::chrono::milliseconds(50);

class NvmlHistory final : public Sensor {
 public:
  NvmlHistory(std::shared_ptr<const NvmlLibrary> library, NvmlDevice device, std::string uuid,
              SensorInfo info, unsigned room, Clock& clock)
      : library_(std::move(library)),
        device_(device),
        uuid_(std::move(uuid)),
        info_(std::move(info)),
        clock_(clock),
        samples_(room),
        before_(clock.anchor()) {
    queue_.reserve(room);
  }

  [[nodiscard]] const SensorInfo& info() const override { return info_; }

  [[nodiscard]] Result<RawReading> read() override {
    if (at_ == queue_.size()) {
      if (const int code = fetch_when_due(); code != kNvmlSuccess) {
        return nvml_refusal(*library_, who(), code);
      }
    }
    if (at_ < queue_.size()) newest_ = queue_[at_++];
    if (newest_.end.ns == 0 || clock_.now() - newest_.end > kStaleAfter) {
      return fail(ErrorKind::no_reading, "sensor.lost",
                  who() + ": the driver has written no power sample for seconds",
                  "readings go on by themselves once it does");
    }
    return newest_;
  }

 private:
  [[nodiscard]] std::string who() const { return info_.name + " (" + info_.id + ")"; }

  int fetch_when_due() {
    const SteadyTime now = clock_.now();
    if (fetched_once_ && now - last_fetch_ < kFetchEvery) return kNvmlSuccess;
    fetched_once_ = true;
    last_fetch_ = now;
    int code = fetch();
    if (code != kNvmlSuccess && find_again(code)) code = fetch();
    return code;
  }

  // Takes the samples newer than the newest stamp into the queue.
  int fetch() {
    queue_.clear();
    at_ = 0;
    auto count = static_cast<unsigned>(samples_.size());
    int type = 0;
    const int code = library_->api().samples(device_, kNvmlTotalPowerSamples, last_stamp_, &type,
                                             &count, samples_.data());
    const Anchor after = clock_.anchor();
    if (code == kNvmlNotFound) return follow(after);
    if (code != kNvmlSuccess) return code;
    count = std::min(count, static_cast<unsigned>(samples_.size()));
    for (unsigned i = 0; i < count; ++i) take(samples_[i], type, after);
    return follow(after);
  }

  // After a step of the wall clock stamps may lie below the newest one: begin anew.
  int follow(const Anchor& after) {
    if (!join_wall(after.wall_ns, Nanos(0), before_, after)) last_stamp_ = 0;
    before_ = after;
    return kNvmlSuccess;
  }

  void take(const NvmlSample& sample, int type, const Anchor& after) {
    const auto milliwatts = whole_number(type, sample.value);
    if (!milliwatts || *milliwatts == 0 || sample.wall_us == 0) return;
    if (sample.wall_us > static_cast<unsigned long long>(after.wall_ns) / 1000 + 1'000'000) return;
    last_stamp_ = std::max(last_stamp_, sample.wall_us);
    const auto wall_ns = static_cast<std::int64_t>(sample.wall_us) * 1000;
    const auto at = join_wall(wall_ns, kStampResolution, before_, after);
    if (!at || at->begin <= newest_.begin || at->begin > after.steady + kAhead) return;
    // In its place: they come in order but for a ring that has turned. The room is there.
    const auto later = std::upper_bound(
        queue_.begin(), queue_.end(), at->begin,
        [](SteadyTime t, const RawReading& other) { return t < other.begin; });
    queue_.insert(later, {*milliwatts, at->begin, at->end});
  }

  // As NvmlSensor: after a driver reload the old handle is dead.
  bool find_again(int code) {
    if (code == kNvmlNotSupported || code == kNvmlNoPermission) return false;
    const SteadyTime now = clock_.now();
    if (attached_once_ && now - last_attach_ < kReattachEvery) return false;
    attached_once_ = true;
    last_attach_ = now;
    const auto by_uuid = library_->api().by_uuid;
    if (by_uuid == nullptr) return false;
    if (by_uuid(uuid_.c_str(), &device_) == kNvmlSuccess) return true;
    return library_->restart() == kNvmlSuccess && by_uuid(uuid_.c_str(), &device_) == kNvmlSuccess;
  }

  std::shared_ptr<const NvmlLibrary> library_;
  NvmlDevice device_;
  std::string uuid_;
  SensorInfo info_;
  Clock& clock_;
  std::vector<NvmlSample> samples_;
  std::vector<RawReading> queue_;  // not handed over yet: from at_ on
  std::size_t at_ = 0;
  RawReading newest_;
  unsigned long long last_stamp_ = 0;
  Anchor before_;
  bool fetched_once_ = false, attached_once_ = false;
  SteadyTime last_fetch_, last_attach_;
};

tl::unexpected<Error> none(const std::string& who) {
  return fail(ErrorKind::no_reading, "sensor.unsupported", who + " keeps no history of power");
}

}  // namespace

Result<std::unique_ptr<Sensor>> make_nvml_history(std::shared_ptr<const NvmlLibrary> library,
                                                  NvmlDevice device, std::string uuid,
                                                  SensorInfo info, Clock& clock) {
  const auto samples = library->api().samples;
  unsigned room = 0;
  int type = 0;
  if (samples == nullptr ||
      samples(device, kNvmlTotalPowerSamples, 0, &type, &room, nullptr) != kNvmlSuccess ||
      room == 0) {
    return none(info.id);
  }
  const std::string who = info.id;
  auto history =
      std::make_unique<NvmlHistory>(std::move(library), device, std::move(uuid), std::move(info),
                                    std::min(room, kMostSamples), clock);
  const auto first = history->read();
  if (first) return history;
  if (first.error().code == "sensor.unsupported") return none(who);
  return fail(ErrorKind::no_reading, "sensor.malformed",
              "has a history of power whose stamps are not of this machine's clock, or none fresh",
              "");
}

}  // namespace joulebook
