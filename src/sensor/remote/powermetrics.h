#pragma once
// A log that macOS's powermetrics writes (text or plist), read as it grows: the power of another
// machine's chip. Apple calls these figures estimates of a model and states no accuracy, so the tier
// is modelled. Each sample is the mean over the time that its own line says has elapsed.
#include <functional>

#include "core/clock.h"
#include "sensor/remote/poller.h"
#include "sensor/remote/spec.h"

namespace joulebook {

struct PowermetricsSample {
  std::int64_t wall_ns = 0;  // the other machine's clock at its end, to a second; 0: not said
  Nanos elapsed{0};
  double cpu_mw = -1;  // -1: not said
  double gpu_mw = -1;
  double ane_mw = -1;
  double combined_mw = -1;  // CPU, GPU and ANE; an Intel machine's package

  [[nodiscard]] bool any() const {
    return cpu_mw >= 0 || gpu_mw >= 0 || ane_mw >= 0 || combined_mw >= 0;
  }
};

// Turns the bytes of a log into samples, cut anywhere. A sample is complete when the next one
// begins, or (text) at the blank line after its combined power. Bounded memory.
class PowermetricsParser {
 public:
  using OnSample = std::function<void(const PowermetricsSample&)>;
  void feed(std::string_view bytes, const OnSample& on_sample);
  // The log ends here: what is held is a sample if it is whole.
  void finish(const OnSample& on_sample);

 private:
  void line(std::string_view text, const OnSample& on_sample);
  void plist_line(std::string_view text, const OnSample& on_sample);
  void close(const OnSample& on_sample);

  std::string held_;
  bool dropping_ = false;
  PowermetricsSample sample_;
  std::string key_;  // plist: the key whose value comes next
};

// Reads what is there for the rails that it states; further samples as they come.
// Errors: those of reading a file; no_reading "sensor.malformed" (no sample in it).
[[nodiscard]] Result<std::unique_ptr<RemoteSource>> open_powermetrics(const SensorSpec& spec,
                                                                      Clock& clock);

}  // namespace joulebook
