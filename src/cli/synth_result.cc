#include "cli/synth_result.h"

#include <fmt/format.h>

#include "core/json_strings.h"
#include "core/reason.h"
#include "core/text.h"
#include "core/version.h"
#include "physics/shape/counts.h"
#include "report/text_grid.h"

namespace joulebook {
namespace {

using synth::Measurement;
using synth::Parts;
using synth::Timing;

double gigabytes(std::uint64_t bytes) { return static_cast<double>(bytes) * 1e-9; }

std::string billions(double parameters) { return fmt::format("{:.3g} B", parameters * 1e-9); }

Json program() { return Json::object({{"version", build_version()}, {"commit", build_commit()}}); }

Json parts_json(const Parts& parts) {
  Json layer = Json::array();
  for (const double each : parts.layer) layer.push(each);
  return Json::object({{"layer_s", std::move(layer)},
                       {"layers_s", parts.layers},
                       {"head_s", parts.head},
                       {"rest_s", parts.rest},
                       {"whole_s", parts.whole}});
}

Json timing_json(const Timing& t) {
  return Json::object({{"prompt_s", t.prompt_s},
                       {"prompt_spread", t.prompt_spread},
                       {"step_s", t.step_s},
                       {"step_spread", t.step_spread},
                       {"prompt_energy", to_json(t.prompt_energy)},
                       {"step_energy", to_json(t.step_energy)}});
}

Json counts_json(const synth::Slice& slice) {
  Json counts = Json::array();
  for (const auto n : slice.counts) counts.push(n);
  return counts;
}

Json experts_json(const Result<synth::ExpertsSeen>& seen) {
  if (!seen) {
    const Error& e = seen.error();
    return Json::object(
        {{"value", nullptr}, {"reason", to_json(reason_of(e))}});
  }
  return Json::object({{"routed", seen->routed},
                       {"chosen", seen->chosen},
                       {"layers", seen->counted.layers},
                       {"prompt_tokens", seen->counted.prompt_tokens},
                       {"prompt_touched", seen->counted.prompt_touched},
                       {"prompt_uniform", seen->prompt_uniform},
                       {"decode_touched", seen->counted.decode_touched},
                       {"decode_uniform", seen->decode_uniform}});
}

double error_of(double predicted, double measured) { return predicted / measured - 1; }

std::string time_of(double seconds) { return human(seconds, "s", 4); }

// "1 + 4 layers": of each group.
std::string name_of(const synth::Slice& slice, std::int64_t vocabulary) {
  std::vector<std::string> counts;
  for (const auto n : slice.counts) counts.push_back(fmt::format("{}", n));
  std::string name =
      fmt::format("slice of {} layer{}", join(counts, " + "), slice.layers() == 1 ? "" : "s");
  if (slice.vocabulary != vocabulary) name += fmt::format(", {} tokens known", slice.vocabulary);
  return name;
}

TextGrid times_grid() {
  using Align = TextGrid::Align;
  return TextGrid({{""},
                   {"the prompt", Align::right},
                   {"", Align::right},
                   {"one step", Align::right},
                   {"", Align::right}});
}

void add_timing(TextGrid& grid, const std::string& name, const Timing& t) {
  const auto spread = [](double s) { return fmt::format("+{:.1f} %", 100 * s); };
  grid.add({name, time_of(t.prompt_s), spread(t.prompt_spread), time_of(t.step_s),
            spread(t.step_spread)});
}

void add_parts(TextGrid& grid, const Measurement& m) {
  const auto& groups = m.shape.layers;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const std::string kind = groups[g].experts.routed != 0     ? "a layer with experts"
                             : groups[g].attention.window != 0 ? "a windowed layer"
                                                               : "a layer";
    grid.add({fmt::format("{} (of {})", kind, groups[g].count), time_of(m.prompt.layer[g]), "",
              time_of(m.step.layer[g])});
  }
  grid.add({fmt::format("all {} layers", m.shape.layer_count()), time_of(m.prompt.layers), "",
            time_of(m.step.layers)});
  grid.add({fmt::format("head of {} tokens", m.shape.vocabulary), time_of(m.prompt.head), "",
            time_of(m.step.head)});
  grid.add({"embedding and the rest", time_of(m.prompt.rest), "", time_of(m.step.rest)});
  grid.add({"the whole, extrapolated", time_of(m.prompt.whole), "", time_of(m.step.whole)});
}

void add_whole(TextGrid& grid, const Measurement& m) {
  if (!m.whole) return;
  add_timing(grid, "the whole, measured", *m.whole);
  grid.add({"error of the extrapolation",
            fmt::format("{:+.1f} %", 100 * error_of(m.prompt.whole, m.whole->prompt_s)), "",
            fmt::format("{:+.1f} %", 100 * error_of(m.step.whole, m.whole->step_s))});
}

std::string experts_text(const Measurement& m, int width) {
  if (!m.experts) return {};
  if (!*m.experts) {
    return "\n" +
           paragraph("", fmt::format("Experts were not counted: {}.", m.experts->error().message),
                     width);
  }
  const auto& e = **m.experts;
  using Align = TextGrid::Align;
  TextGrid grid({{fmt::format("experts touched, of {}", e.routed)},
                 {"tokens", Align::right},
                 {"counted", Align::right},
                 {"uniform routing", Align::right}});
  grid.add({"a step of the prompt", fmt::format("{:.0f}", e.counted.prompt_tokens),
            fmt::format("{:.1f}", e.counted.prompt_touched),
            fmt::format("{:.1f}", e.prompt_uniform)});
  grid.add({"a step of decoding", "", fmt::format("{:.1f}", e.counted.decode_touched),
            fmt::format("{:.1f}", e.decode_uniform)});
  return "\n" + grid.text(width);
}

}  // namespace

Json synth_json(const synth::SynthModel& model, const SynthWritten& written) {
  Json out = Json::object({{"schema", "joulebook.synth/1"}, {"joulebook", program()}});
  out.set("file", written.path).set("bytes", written.bytes).set("seed", written.seed);
  out.set("shape", model.shape.name).set("architecture", to_string(model.architecture));
  out.set("layers", model.shape.layer_count()).set("vocabulary", model.shape.vocabulary);
  out.set("parameters", physics::total_parameters(model.shape));
  out.set("active_parameters", physics::active_parameters(model.shape));
  return out.set("fallbacks", strings(model.fallbacks));
}

std::string synth_text(const synth::SynthModel& model, const SynthWritten& written) {
  const auto n = static_cast<double>(physics::total_parameters(model.shape));
  std::string out =
      fmt::format("{}: {} with random weights as {}, {} layers, {} parameters, {:.3f} GB\n",
                  written.path, model.shape.name, to_string(model.architecture),
                  model.shape.layer_count(), billions(n), gigabytes(written.bytes));
  if (!model.fallbacks.empty()) {
    out += fmt::format("Rows that the type doesn't divide: {}\n", join(model.fallbacks, ", "));
  }
  return out;
}

Json made_up_json(const synth::MadeUpShape& shape, const synth::WeightFile& file,
                  const SynthWritten& written) {
  Json out = Json::object({{"schema", "joulebook.synth-file/1"}, {"joulebook", program()}});
  out.set("file", written.path).set("bytes", written.bytes).set("seed", written.seed);
  out.set("shape", shape.name).set("what", shape.what);
  return out.set("parameters", file.parameters());
}

std::string made_up_text(const synth::MadeUpShape& shape, const synth::WeightFile& file,
                         const SynthWritten& written) {
  return fmt::format("{}: {} with random weights ({}), {:.4g} M parameters, {:.1f} MB\n",
                     written.path, shape.name, shape.what,
                     static_cast<double>(file.parameters()) * 1e-6,
                     static_cast<double>(written.bytes) * 1e-6);
}

Json measurement_json(const Measurement& m, const SynthRun& run) {
  const synth::MeasureOptions& options = run.options;
  Json slices = Json::array();
  for (std::size_t i = 0; i < m.slices.size(); ++i) {
    Json slice = timing_json(m.timings[i]);
    slices.push(
        slice.set("layers", counts_json(m.slices[i])).set("vocabulary", m.slices[i].vocabulary));
  }
  Json out = Json::object({{"schema", "joulebook.synth-measure/1"}, {"joulebook", program()}});
  out.set("shape", m.shape.name).set("architecture", to_string(m.architecture));
  out.set("weights", run.weights).set("bytes", m.bytes).set("layers", m.shape.layer_count());
  out.set("vocabulary", m.shape.vocabulary).set("fallbacks", strings(m.fallbacks));
  out.set("prompt_tokens", options.prompt).set("output_tokens", options.output);
  out.set("sequences", options.sequences).set("rounds", options.rounds);
  out.set("threads", m.threads).set("engine", m.engine).set("took_turns", m.took_turns);
  out.set("slices", std::move(slices));
  out.set("prompt", parts_json(m.prompt)).set("step", parts_json(m.step));
  out.set("prompt_energy", to_json(m.prompt_energy)).set("step_energy", to_json(m.step_energy));
  if (m.whole) {
    Json whole = timing_json(*m.whole);
    whole.set("prompt_error", error_of(m.prompt.whole, m.whole->prompt_s));
    out.set("whole", whole.set("step_error", error_of(m.step.whole, m.whole->step_s)));
  }
  if (run.predicted) {
    out.set("predicted", Json::object({{"prompt_s", run.predicted->prompt_s},
                                       {"step_s", run.predicted->step_s}}));
  }
  if (m.experts) out.set("experts", experts_json(*m.experts));
  return out;
}

std::string measurement_text(const Measurement& m, const SynthRun& run, int width) {
  const synth::MeasureOptions& options = run.options;
  std::string out = fmt::format(
      "{} made up as {}, {}: {} layers, {:.3g} GB, from slices\n{} prompt and {} output tokens, {} "
      "sequence{}, {} threads, {} rounds {}; times are the fastest round's, beside the median's "
      "excess\n\n",
      m.shape.name, to_string(m.architecture), run.weights, m.shape.layer_count(),
      gigabytes(m.bytes), options.prompt, options.output, options.sequences,
      options.sequences == 1 ? "" : "s", m.threads, options.rounds,
      m.took_turns ? "in turn" : "one slice after the other");
  TextGrid grid = times_grid();
  for (std::size_t i = 0; i < m.slices.size(); ++i) {
    add_timing(grid, name_of(m.slices[i], m.shape.vocabulary), m.timings[i]);
  }
  add_parts(grid, m);
  add_whole(grid, m);
  if (run.predicted) {
    grid.add({"roofline of this machine", time_of(run.predicted->prompt_s), "",
              time_of(run.predicted->step_s)});
  }
  out += grid.text(width) + experts_text(m, width);
  out += fmt::format("\nenergy of the whole, the prompt  {}\nenergy of the whole, one step    {}\n",
                     human(m.prompt_energy), human(m.step_energy));
  if (m.prompt_energy.present()) {
    out += paragraph(
        "", fmt::format("Boundary {}; {}.", m.prompt_energy.boundary, m.prompt_energy.method),
        width);
  }
  for (const auto* energy : {&m.prompt_energy, &m.step_energy}) {
    if (energy->present() || !energy->reason) continue;
    out +=
        paragraph("", fmt::format("{}: {}", energy->reason->message, energy->reason->cure), width);
    break;
  }
  return out;
}

}  // namespace joulebook
