#include "sensor/remote/powermetrics.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <utility>

#include "core/text.h"
#include "sensor/remote/foreign_clock.h"
#include "sensor/remote/line_source.h"
#include "sensor/remote/times.h"

namespace joulebook {
namespace {

constexpr std::size_t kLongestLine = 4096;
constexpr std::size_t kMostAtOnce = std::size_t{1} << 20;
constexpr Nanos kLook = std::chrono::milliseconds(100);

struct Rail {
  std::string_view text;   // how its line begins
  std::string_view plist;  // its key
  double PowermetricsSample::*value;
  const char* domain;
  const char* name;
};
constexpr std::array kRails{
    Rail{"Combined Power (CPU + GPU + ANE):", "combined_power", &PowermetricsSample::combined_mw,
         "soc:0", "chip: CPU, GPU and neural engine"},
    Rail{"CPU Power:", "cpu_power", &PowermetricsSample::cpu_mw, "soc-cpu:0", "CPU"},
    Rail{"GPU Power:", "gpu_power", &PowermetricsSample::gpu_mw, "soc-gpu:0", "GPU"},
    Rail{"ANE Power:", "ane_power", &PowermetricsSample::ane_mw, "soc-ane:0", "neural engine"},
};
constexpr std::string_view kIntel = "Intel energy model derived package power (CPUs+GT+SA):";

// "1234 mW", "2.54W" in mW; -1 for anything else.
double milliwatts(std::string_view text) {
  text = trim(text);
  const auto end = text.find_first_not_of("0123456789.");
  const auto number = parse_double(text.substr(0, end));
  const std::string_view unit = end == text.npos ? "" : trim(text.substr(end));
  if (!number || !(*number >= 0 && *number < 1e9)) return -1;
  return unit == "mW" ? *number : unit == "W" ? *number * 1000 : -1;
}

// Text between two marks, or nothing.
std::optional<std::string_view> between(std::string_view text, std::string_view open,
                                        std::string_view close) {
  const auto begin = text.find(open);
  if (begin == text.npos) return std::nullopt;
  const auto from = begin + open.size();
  const auto end = text.find(close, from);
  if (end == text.npos) return std::nullopt;
  return text.substr(from, end - from);
}

Nanos elapsed_of(std::optional<double> value, double scale) {
  if (!value || !(*value > 0 && *value * scale < 86'400e9)) return Nanos{0};
  return Nanos(static_cast<std::int64_t>(*value * scale));
}

}  // namespace

void PowermetricsParser::close(const OnSample& on_sample) {
  const PowermetricsSample done = std::exchange(sample_, {});
  if (done.any() && done.elapsed.count() > 0) on_sample(done);
}

void PowermetricsParser::line(std::string_view text, const OnSample& on_sample) {
  text = trim(text);
  if (text.starts_with("*** Sampled system activity (")) {
    close(on_sample);
    sample_.wall_ns = parse_unix_date(between(text, "(", ")").value_or("")).value_or(0);
    if (const auto ms = between(text, ") (", "ms elapsed")) {
      sample_.elapsed = elapsed_of(parse_double(*ms), 1e6);
    }
    return;
  }
  if (text.starts_with('<')) return plist_line(text, on_sample);
  for (const Rail& rail : kRails) {
    if (text.starts_with(rail.text)) sample_.*rail.value = milliwatts(text.substr(rail.text.size()));
  }
  if (text.starts_with(kIntel)) sample_.combined_mw = milliwatts(text.substr(kIntel.size()));
  // The last line of the power section: what follows is other samplers' business.
  const bool last = text.starts_with(kRails[0].text) || text.starts_with(kIntel);
  if (last) close(on_sample);
}

// Only keys and the scalars after them matter, however deep they lie; the first of a name counts.
void PowermetricsParser::plist_line(std::string_view text, const OnSample& on_sample) {
  if (text.starts_with("</plist>")) return close(on_sample);
  if (const auto key = between(text, "<key>", "</key>")) {
    key_ = key->substr(0, 64);
    text.remove_prefix(text.find("</key>") + 6);
  }
  std::optional<std::string_view> value;
  for (const std::string_view kind : {"integer", "real", "date", "string"}) {
    const std::string open = fmt::format("<{}>", kind);
    if (!value) value = between(text, open, fmt::format("</{}>", kind));
  }
  if (!value) return;
  const std::string key = std::exchange(key_, {});
  if (key == "timestamp") sample_.wall_ns = parse_iso_time(*value).value_or(0);
  if (key == "elapsed_ns") sample_.elapsed = elapsed_of(parse_double(*value), 1);
  for (const Rail& rail : kRails) {
    if (key != rail.plist || sample_.*rail.value >= 0) continue;
    sample_.*rail.value = milliwatts(fmt::format("{} mW", *value));
  }
}

void PowermetricsParser::feed(std::string_view bytes, const OnSample& on_sample) {
  while (!bytes.empty()) {
    const auto end = bytes.find_first_of(std::string_view("\n\0", 2));  // plists are cut by NUL
    const std::string_view piece = bytes.substr(0, end);
    if (!dropping_) {
      const std::size_t room = kLongestLine - held_.size();
      held_ += piece.substr(0, room);
      dropping_ = piece.size() > room;
    }
    if (end == bytes.npos) return;
    if (!dropping_) line(held_, on_sample);
    held_.clear();
    dropping_ = false;
    bytes.remove_prefix(end + 1);
  }
}

void PowermetricsParser::finish(const OnSample& on_sample) {
  if (!dropping_) line(held_, on_sample);
  held_.clear();
  dropping_ = false;
  close(on_sample);
}

namespace {

class PowermetricsSource final : public RemoteSource {
 public:
  PowermetricsSource(SensorSpec spec, Clock& clock) : spec_(std::move(spec)), clock_(clock) {}
  ~PowermetricsSource() override {
    if (fd_ >= 0) ::close(fd_);
  }

  // Takes the log as it stands. Its samples are over; only the newest one may stand for now.
  [[nodiscard]] Status start() {
    fd_ = ::open(spec_.place.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd_ < 0) {
      return fail(ErrorKind::no_reading, errno == EACCES ? "sensor.permission" : "sensor.missing",
                  fmt::format("cannot read {}: {}", spec_.place, std::strerror(errno)),
                  "sudo powermetrics -i 1000 --samplers cpu_power,gpu_power -o FILE on the other "
                  "machine, FILE where this one can read it");
    }
    std::optional<PowermetricsSample> newest;
    while (take([&](const PowermetricsSample& sample) { newest = sample; })) {
    }
    if (!newest) {
      return fail(ErrorKind::no_reading, "sensor.malformed", spec_.place + " holds no sample of powermetrics",
                  "powermetrics -i 1000 --samplers cpu_power,gpu_power (text, or -f plist)");
    }
    describe(*newest);
    return {};
  }

  [[nodiscard]] const std::vector<SensorInfo>& infos() const override { return infos_; }
  [[nodiscard]] Nanos pace() const override { return kLook; }

  void exchange(ReadingSink& sink, const StopSignal&) override {
    std::vector<PowermetricsSample> samples;
    if (!take([&](const PowermetricsSample& sample) { samples.push_back(sample); })) return;
    if (samples.empty()) return;
    // Their own clock: the times elapsed, which are finer than the date. What came last was written
    // within a sample's length, an allowance of ours for the way here.
    const SteadyTime seen = clock_.now();
    std::vector<std::int64_t> ends;
    for (const auto& sample : samples) ends.push_back(theirs_ += sample.elapsed.count());
    foreign_.anchor(theirs_, seen - samples.back().elapsed - kHandover, seen);
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const auto span = foreign_.join(ends[i]);
      for (std::size_t c = 0; span && c < rails_.size(); ++c) put(sink, c, samples[i], *span, seen);
    }
  }

 private:
  void put(ReadingSink& sink, std::size_t channel, const PowermetricsSample& sample, SteadySpan span,
           SteadyTime seen) const {
    const double mw = sample.*rails_[channel]->value;
    if (mw < 0) {
      return sink.absence(channel, {ErrorKind::no_reading, "sensor.missing",
                                    infos_[channel].name + " is not in the newest sample", ""});
    }
    const SteadyTime end = std::min(span.end, seen);
    sink.reading(channel, {static_cast<std::uint64_t>(std::llround(mw)), std::min(span.begin, end), end});
  }

  // One look at the file; false where there is nothing more now. A file that shrank starts anew.
  bool take(const PowermetricsParser::OnSample& on_sample) {
    struct stat now{};
    if (::fstat(fd_, &now) == 0 && now.st_size < offset_) {
      offset_ = 0;
      parser_ = PowermetricsParser();
    }
    std::string bytes(kMostAtOnce, '\0');
    const ssize_t n = ::pread(fd_, bytes.data(), bytes.size(), offset_);
    if (n <= 0) return false;
    offset_ += n;
    parser_.feed(std::string_view(bytes).substr(0, static_cast<std::size_t>(n)), on_sample);
    return true;
  }

  void describe(const PowermetricsSample& sample) {
    for (const Rail& rail : kRails) {
      if (sample.*rail.value < 0) continue;
      SensorInfo info;
      info.id = fmt::format("{}:{}", spec_.id(), rail.plist);
      info.domain = rail.domain;
      info.name = fmt::format("{} of another machine", rail.name);
      info.device = spec_.id();
      info.kind = SensorKind::power_gauge;
      info.scale = 1e-3;
      info.tick = sample.elapsed;
      info.averaging = sample.elapsed;
      info.tier = Tier::modelled;
      info.method = "powermetrics log of another machine, an estimate of Apple's model, accuracy not stated";
      if (!infos_.empty() && infos_[0].domain == "soc:0") infos_[0].contains.push_back(info.domain);
      infos_.push_back(std::move(info));
      rails_.push_back(&rail);
    }
  }

  SensorSpec spec_;
  Clock& clock_;
  int fd_ = -1;
  off_t offset_ = 0;
  PowermetricsParser parser_;
  ForeignClock foreign_;
  std::int64_t theirs_ = 0;
  std::vector<SensorInfo> infos_;
  std::vector<const Rail*> rails_;
};

}  // namespace

Result<std::unique_ptr<RemoteSource>> open_powermetrics(const SensorSpec& spec, Clock& clock) {
  auto source = std::make_unique<PowermetricsSource>(spec, clock);
  if (auto ok = source->start(); !ok) return fail(ok.error());
  return std::unique_ptr<RemoteSource>(std::move(source));
}

}  // namespace joulebook
