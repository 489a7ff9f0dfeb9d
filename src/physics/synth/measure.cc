#include "physics/synth/measure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>

#include "core/quantile.h"
#include "core/text.h"
#include "engine/engine.h"
#include "engine/machine_limits.h"
#include "engine/timed_run.h"
#include "gguf/random_blocks.h"
#include "physics/shape/counts.h"
#include "physics/synth/synth_file.h"

namespace joulebook::synth {
namespace {

using physics::ModelShape;
using Say = std::function<void(const std::string&)>;

// All slices at once must leave room for the engine's own copies of their weights.
constexpr double kShareForAll = 0.4;

// A file that goes when it does.
struct TemporaryFile {
  std::string path;
  explicit TemporaryFile(std::string p) : path(std::move(p)) {}
  ~TemporaryFile() {
    std::error_code ec;
    std::filesystem::remove(path, ec);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
};

Quantity mean(const std::vector<Quantity>& parts, double each, std::string_view per) {
  return scaled(sum(parts), 1 / (static_cast<double>(parts.size()) * each), std::string(per));
}

// One slice: its file, its engine, its rounds.
class Runner {
 public:
  Runner(ModelShape shape, const SynthOptions& synth, const MeasureOptions& options,
         std::string path)
      : shape_(std::move(shape)), synth_(synth), options_(options), file_(std::move(path)) {
    synth_.vocabulary = shape_.vocabulary;
    for (int i = 0; i < options.sequences; ++i) {
      texts_.push_back(random_prompt(shape_.vocabulary, options.prompt,
                                     options.seed + static_cast<std::uint64_t>(i)));
    }
  }

  [[nodiscard]] std::int64_t layers() const { return shape_.layer_count(); }
  [[nodiscard]] const std::string& path() const { return file_.path; }
  [[nodiscard]] const std::vector<std::string>& texts() const { return texts_; }
  [[nodiscard]] EngineInfo info() const { return engine_->info(); }

  Status write(const std::atomic<bool>* stop) {
    const auto model = synth_model(shape_, synth_);
    if (!model) return fail(model.error());
    if (auto ok = fits(*model, room_here(path())); !ok) return ok;
    auto written = write_synth(*model, options_.seed, path(),
                               [stop](std::uint64_t) { return stop == nullptr || !stop->load(); });
    return written ? Status{} : fail(written.error());
  }

  Status open() {
    EngineOptions engine;
    engine.threads = options_.threads;
    engine.sequences = options_.sequences;
    auto opened = open_engine(path(), engine);
    if (!opened) return fail(opened.error());
    engine_ = std::move(*opened);
    auto warm = timed_run(*engine_, texts_, options_.output);
    return warm ? Status{} : fail(warm.error());
  }
  void close(bool remove) {
    engine_.reset();
    std::error_code ec;
    if (remove) std::filesystem::remove(path(), ec);
  }

  Status round(const EnergyOf& energy) {
    const auto run = timed_run(*engine_, texts_, options_.output);
    if (!run) return fail(run.error());
    prompt_.push_back(run->prompt_seconds());
    step_.push_back(run->decode_seconds() / static_cast<double>(run->steps));
    prompt_energy_.push_back(energy(run->begin, run->first));
    decode_energy_.push_back(energy(run->first, run->end));
    return {};
  }

  [[nodiscard]] Timing timing() const {
    Timing t;
    t.prompt_s = std::ranges::min(prompt_);
    t.prompt_spread = quantile(prompt_, 0.5) / t.prompt_s - 1;
    t.step_s = std::ranges::min(step_);
    t.step_spread = quantile(step_, 0.5) / t.step_s - 1;
    t.prompt_energy = mean(prompt_energy_, 1, "prompt");
    t.step_energy = mean(decode_energy_, static_cast<double>(options_.output - 1), "step");
    return t;
  }

 private:
  ModelShape shape_;
  SynthOptions synth_;
  const MeasureOptions& options_;
  TemporaryFile file_;
  std::vector<std::string> texts_;
  std::unique_ptr<Engine> engine_;
  std::vector<double> prompt_, step_;
  std::vector<Quantity> prompt_energy_, decode_energy_;
};

using Runners = std::vector<std::unique_ptr<Runner>>;

Status stopped(const std::atomic<bool>* stop) {
  if (stop == nullptr || !stop->load()) return {};
  return fail(ErrorKind::interrupted, "synth.stopped", "the measurement was stopped",
              "run it again");
}

// The runners' rounds, in turn.
Status take_turns(std::span<const std::unique_ptr<Runner>> runners, const MeasureOptions& options,
                  const EnergyOf& energy, const std::atomic<bool>* stop, const Say& say) {
  // Written just before it is opened, so that its pages are still in memory.
  for (const auto& runner : runners) {
    if (say) say(fmt::format("writing {} layers", runner->layers()));
    if (auto ok = runner->write(stop); !ok) return ok;
    if (auto ok = runner->open(); !ok) return ok;
  }
  for (int round = 0; round < options.rounds; ++round) {
    if (say) say(fmt::format("round {} of {}", round + 1, options.rounds));
    for (const auto& runner : runners) {
      if (auto ok = stopped(stop); !ok) return ok;
      if (auto ok = runner->round(energy); !ok) return ok;
    }
  }
  return {};
}

// The first group with experts; null where there is none.
const physics::Experts* experts_of(const ModelShape& shape) {
  const auto at =
      std::ranges::find_if(shape.layers, [](const auto& g) { return g.experts.routed != 0; });
  return at == shape.layers.end() ? nullptr : &at->experts;
}

Result<ExpertsSeen> see_experts(const Runner& base, const physics::Experts& experts,
                                const MeasureOptions& options) {
  auto counted = count_experts(base.path(), base.texts(), options.output - 1);
  if (!counted) return fail(counted.error());
  ExpertsSeen seen;
  seen.counted = *counted;
  seen.routed = experts.routed;
  seen.chosen = experts.chosen;
  seen.prompt_uniform = physics::experts_touched(experts, counted->prompt_tokens);
  seen.decode_uniform = physics::experts_touched(experts, options.sequences);
  return seen;
}

// whole = sum of weight x slice. Weights below 0 are taken off.
Quantity combined(const std::vector<Quantity>& slices, std::span<const double> weights) {
  std::vector<Quantity> plus, minus;
  for (std::size_t i = 0; i < slices.size(); ++i) {
    const std::string per = slices[i].per;
    if (weights[i] > 0) plus.push_back(scaled(slices[i], weights[i], per));
    if (weights[i] < 0) minus.push_back(scaled(slices[i], -weights[i], per));
  }
  Quantity out = minus.empty() ? sum(plus) : difference(sum(plus), sum(minus));
  if (!out.present()) return out;
  out.tier = weakest(out.tier, Tier::modelled);
  out.method = fmt::format("extrapolated from slices of the layers; {}", out.method);
  return out;
}

Status check(const MeasureOptions& o) {
  const bool lengths = o.prompt >= 1 && o.output >= 2 && o.prompt + o.output <= 1 << 20;
  if (lengths && o.sequences >= 1 && o.sequences <= 64 && o.rounds >= 1) return {};
  return fail(ErrorKind::usage, "synth.lengths",
              fmt::format("{} prompt tokens, {} output tokens, {} sequences, {} rounds", o.prompt,
                          o.output, o.sequences, o.rounds),
              "give at least 1 prompt token, 2 output tokens, 1 to 64 sequences and 1 round");
}

// What is to be measured.
Result<Measurement> plan(const ModelShape& shape, const SynthOptions& synth,
                         const SliceLimits& limits) {
  auto slices = plan_slices(shape, synth, limits);
  if (!slices) return fail(slices.error());
  Measurement m;
  m.slices = std::move(*slices);
  m.shape = shape;
  m.shape.vocabulary = m.slices[0].vocabulary;
  const auto whole = synth_model(m.shape, synth);
  if (!whole) return fail(whole.error());
  m.architecture = whole->architecture;
  m.bytes = whole->data_bytes();
  m.fallbacks = whole->fallbacks;
  return m;
}

// One for each slice, and one for the whole where it is asked for, as the last. Nothing is written
// yet.
Runners runners_of(const Measurement& m, const SynthOptions& synth, const MeasureOptions& options) {
  std::vector<ModelShape> shapes;
  for (const auto& slice : m.slices) shapes.push_back(shape_of(m.shape, slice));
  if (options.whole) shapes.push_back(m.shape);
  Runners runners;
  for (const auto& shape : shapes) {
    runners.push_back(std::make_unique<Runner>(
        shape, synth, options, fmt::format("{}/slice-{}.gguf", options.folder, runners.size())));
  }
  return runners;
}

// Weights of all of them.
double bytes_of(const Measurement& m, const SynthOptions& synth, const MeasureOptions& options) {
  const std::uint32_t type = *random_block_type(synth.weights);
  double sum = options.whole ? static_cast<double>(m.bytes) : 0;
  for (const auto& slice : m.slices) {
    for (const auto& t : synth_tensors(shape_of(m.shape, slice), m.architecture, type)) {
      sum += static_cast<double>(gguf_padded(t.spec.bytes()));
    }
  }
  return sum;
}

Status summarise(Measurement& m, const Runners& runners) {
  std::vector<double> prompt, step;
  std::vector<Quantity> prompt_energy, step_energy;
  for (std::size_t i = 0; i < m.slices.size(); ++i) {
    m.timings.push_back(runners[i]->timing());
    const Timing& t = m.timings.back();
    prompt.push_back(t.prompt_s);
    step.push_back(t.step_s);
    prompt_energy.push_back(t.prompt_energy);
    step_energy.push_back(t.step_energy);
  }
  m.prompt = extrapolate(m.shape, m.slices, prompt);
  m.step = extrapolate(m.shape, m.slices, step);
  if (auto ok = plausible(m.prompt, "the prompt"); !ok) return ok;
  if (auto ok = plausible(m.step, "a step"); !ok) return ok;
  const auto weights = weights_of_whole(m.shape, m.slices);
  m.prompt_energy = combined(prompt_energy, weights);
  m.step_energy = combined(step_energy, weights);
  if (runners.size() > m.slices.size()) m.whole = runners.back()->timing();
  return {};
}

}  // namespace

std::uint64_t last_level_cache(const FileTree& files) {
  std::uint64_t largest = 0;
  for (int i = 0; i < 8; ++i) {
    const auto text = files.read(fmt::format("/sys/devices/system/cpu/cpu0/cache/index{}/size", i));
    if (!text) break;
    std::string_view size = trim(*text);
    if (size.empty()) continue;
    const std::uint64_t unit = size.back() == 'M' ? 1 << 20 : size.back() == 'K' ? 1 << 10 : 1;
    if (unit != 1) size.remove_suffix(1);
    largest = std::max(largest, parse_uint(size).value_or(0) * unit);
  }
  return largest != 0 ? largest : SliceLimits{}.cache;
}

Result<Measurement> measure_shape(const ModelShape& shape, const SynthOptions& synth,
                                  const MeasureOptions& options, const EnergyOf& energy,
                                  const std::atomic<bool>* stop, const Say& say) {
  if (auto ok = check(options); !ok) return fail(ok.error());
  const auto files = real_files();
  const SliceLimits limits{last_level_cache(*files), available_memory(*files).value_or(UINT64_MAX),
                           options.slice_layers};
  SynthOptions wide = synth;
  wide.context = std::max(options.prompt + options.output, synth.context);
  auto planned = plan(shape, wide, limits);
  if (!planned) return fail(planned.error());
  Measurement m = std::move(*planned);

  const Runners runners = runners_of(m, wide, options);
  m.took_turns = bytes_of(m, wide, options) < kShareForAll * static_cast<double>(limits.memory);
  const std::size_t at_once = m.took_turns ? runners.size() : 1;
  for (std::size_t i = 0; i < runners.size(); i += at_once) {
    const std::span<const std::unique_ptr<Runner>> turn(runners.data() + i, at_once);
    if (auto ok = take_turns(turn, options, energy, stop, say); !ok) return fail(ok.error());
    m.threads = turn[0]->info().threads;
    m.engine = turn[0]->info().version;
    for (const auto& runner : turn)
      runner->close(runner != runners[0]);  // experts are counted in it
  }
  if (auto ok = summarise(m, runners); !ok) return fail(ok.error());
  if (const auto* experts = experts_of(m.shape)) {
    if (say) say("counting the experts that are chosen");
    m.experts = see_experts(*runners[0], *experts, options);
  }
  return m;
}

}  // namespace joulebook::synth
