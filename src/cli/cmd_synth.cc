// synth: a model file with random weights, or what a shape costs, measured on slices of it.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "cli/calibrated_cpu.h"
#include "cli/command_line.h"
#include "cli/synth_result.h"
#include "core/file_tree.h"
#include "gguf/gguf_types.h"
#include "gguf/random_blocks.h"
#include "physics/shape/shape_source.h"
#include "physics/synth/made_up.h"
#include "physics/synth/synth_file.h"
#include "study/settle.h"

namespace joulebook {
namespace {

struct SynthCommand {
  std::string shape;
  std::string out;
  bool measure = false;
  bool elsewhere = false;
  std::int64_t layers = 0;  // 0: all
  std::uint64_t seed = 1;
  std::string words;  // a text whose words an encoder knows
  bool weights_said = false;
  synth::SynthOptions model;
  synth::MeasureOptions run;
};

Result<physics::ModelShape> sliced(const SynthCommand& command) {
  auto shape = physics::read_shape(command.shape);
  if (!shape || command.layers == 0) return shape;
  const std::int64_t all = shape->layer_count();
  if (command.layers >= 1 && command.layers <= all)
    return synth::first_layers(*shape, command.layers);
  return fail(ErrorKind::usage, "synth.layers",
              fmt::format("{} layers of {}, which has {}", command.layers, shape->name, all),
              fmt::format("ask for 1 to {}", all));
}

std::function<bool(std::uint64_t)> told_each_gigabyte(const Context& context, std::uint64_t all) {
  return [&context, all, told = std::uint64_t{0}](std::uint64_t bytes) mutable {
    constexpr std::uint64_t kStep = 1'000'000'000;
    if (bytes / kStep > told / kStep) {
      context.say(fmt::format("synth: {} of {:.1f} GB", bytes / kStep,
                              static_cast<double>(all) * 1e-9));
    }
    told = bytes;
    return !cancelled().load();
  };
}

// A shape that is no language model. Its options are fewer.
int write_other(const Context& context, const SynthCommand& command,
                const synth::MadeUpShape& shape) {
  if (command.measure || command.layers != 0 || command.model.vocabulary != 0) {
    return report_error({ErrorKind::usage, "synth.what",
                         fmt::format("{} is {}: it is written whole", shape.name, shape.what),
                         "give --out FILE, and --weights, --words or --seed alone"});
  }
  synth::MadeUpOptions options;
  if (command.weights_said) options.weights = command.model.weights;
  if (!command.words.empty()) {
    auto words = read_file(command.words);
    if (!words) return report_error(words.error());
    options.words = std::move(*words);
  }
  const auto file = synth::make_up(shape, options);
  if (!file) return report_error(file.error());
  const auto bytes = synth::write_weights(*file, command.seed, command.out,
                                          told_each_gigabyte(context, file->bytes()));
  if (!bytes) return report_error(bytes.error());
  const SynthWritten written{command.out, *bytes, command.seed};
  context.print(made_up_text(shape, *file, written));
  const auto ok = context.emit(made_up_json(shape, *file, written));
  return ok ? 0 : report_error(ok.error());
}

int write(const Context& context, const SynthCommand& command, const physics::ModelShape& shape) {
  const auto model = synth::synth_model(shape, command.model);
  if (!model) return report_error(model.error());
  synth::Room room = synth::room_here(command.out);
  if (command.elsewhere) room.memory.reset();
  if (auto ok = synth::fits(*model, room); !ok) return report_error(ok.error());
  const auto bytes = synth::write_synth(*model, command.seed, command.out,
                                        told_each_gigabyte(context, model->data_bytes()));
  if (!bytes) return report_error(bytes.error());
  const SynthWritten written{command.out, *bytes, command.seed};
  context.print(synth_text(*model, written));
  const auto ok = context.emit(synth_json(*model, written));
  return ok ? 0 : report_error(ok.error());
}

// A folder of its own, gone at the end.
struct WorkFolder {
  std::string path;
  ~WorkFolder() {
    std::error_code ec;
    if (!path.empty()) std::filesystem::remove_all(path, ec);
  }
};

Result<std::string> make_folder(const std::string& under) {
  std::error_code ec;
  std::string place = under;
  if (place.empty()) place = std::filesystem::temp_directory_path(ec).string();
  std::string path = place + "/joulebook-synth-XXXXXX";
  if (mkdtemp(path.data()) != nullptr) return path;
  return fail(ErrorKind::input, "synth.path", fmt::format("no folder could be made in {}", place),
              "name a folder that can be written to with --work DIR");
}

synth::Roofline roofline_of(const Context& context) {
  const auto cpu = calibrated_cpu(context);
  return cpu ? synth::Roofline{cpu->bandwidth.value, cpu->arithmetic.value} : synth::Roofline{};
}

SynthRun with_prediction(const Context& context, const SynthCommand& command,
                         const synth::MeasureOptions& options, const physics::ModelShape& shape) {
  SynthRun run{options, command.model.weights, {}};
  const synth::Roofline roofline = roofline_of(context);
  if (!roofline.known()) {
    context.say(
        "synth: no prediction beside it: `joulebook calibrate` learns this machine's rates");
    return run;
  }
  const GgufType& type = *gguf_type(*random_block_type(command.model.weights));
  run.predicted = synth::roofline_time(shape, 8.0 * type.bytes / type.block, roofline,
                                       static_cast<double>(options.prompt),
                                       static_cast<double>(options.output), options.sequences);
  return run;
}

// Others' work delays a long run more often than a short one, and the extrapolation with it.
void warn_if_busy(const Context& context, const synth::Measurement& m) {
  constexpr double kBusy = 0.1;
  double spread = 0;
  for (const auto& t : m.timings) spread = std::max({spread, t.prompt_spread, t.step_spread});
  if (spread <= kBusy) return;
  context.warn(fmt::format(
      "rounds differ by {:.0f} %: this machine does other work, and the error may exceed 5 %; "
      "run it when nothing else does, or give more --rounds",
      100 * spread));
}

int measure(const Context& context, const SynthCommand& command, const physics::ModelShape& shape) {
  auto folder = make_folder(command.run.folder);
  if (!folder) return report_error(folder.error());
  const WorkFolder work{*folder};
  synth::MeasureOptions run = command.run;
  run.folder = work.path;
  run.seed = command.seed;
  run.threads = context.settings.get_int("threads");
  auto meter = context.open_meter();
  if (!meter) return report_error(meter.error());
  if (auto ok = (*meter)->start(); !ok) return report_error(ok.error());
  (*meter)->watch_processes({::getpid()});
  const auto energy = [&](SteadyTime begin, SteadyTime end) {
    (*meter)->settle(end);
    return settled_total((*meter)->energy({"synth", begin, end}));
  };
  const auto say = [&](const std::string& what) { context.say("synth: " + what); };
  const auto m = synth::measure_shape(shape, command.model, run, energy, &cancelled(), say);
  (*meter)->stop();
  if (!m) return report_error(m.error());
  warn_if_busy(context, *m);
  const SynthRun said = with_prediction(context, command, run, m->shape);
  context.print(measurement_text(*m, said, terminal_width()));
  const auto ok = context.emit(measurement_json(*m, said));
  return ok ? 0 : report_error(ok.error());
}

int synth_command(const Context& context, const SynthCommand& command) {
  if (command.measure == !command.out.empty()) {
    return report_error(
        {ErrorKind::usage, "synth.what", "nothing to do, or two things at once",
         "give --out FILE.gguf to write a model, or --measure to run slices of it"});
  }
  if (auto ok = context.check_outputs(); !ok) return report_error(ok.error());
  if (const auto* other = synth::find_made_up(command.shape)) {
    return write_other(context, command, *other);
  }
  const auto shape = sliced(command);
  if (!shape) return report_error(shape.error());
  if (shape->synthesised)
    context.warn("no such model is known: its shape is a guess from its size");
  return command.measure ? measure(context, command, *shape) : write(context, command, *shape);
}

}  // namespace

void add_synth(CommandLine& line) {
  const auto o = std::make_shared<SynthCommand>();
  CLI::App& k = line.add("synth", "a model with random weights: its file, or what it costs here",
                         [o](const Context& context) { return synth_command(context, *o); });
  k.add_option("shape", o->shape, "a GGUF file, a config.json, or a published model's name")
      ->type_name("SHAPE")
      ->required();
  k.add_option("--out", o->out, "write the model there")->type_name("FILE.gguf");
  k.add_flag("--measure", o->measure, "run slices of it and extrapolate to the whole");
  k.add_option("--layers", o->layers, "only its first N layers")->type_name("N");
  k.add_option("--weights", o->model.weights, "type of the matrices (default q8_0)")
      ->type_name("TYPE")
      ->each([o](const std::string&) { o->weights_said = true; });
  k.add_option("--words", o->words, "an encoder's: each word of this text is one token")
      ->type_name("FILE");
  k.add_option("--vocab", o->model.vocabulary, "another vocabulary than the shape's")
      ->type_name("N");
  k.add_option("--seed", o->seed, "of the weights and prompts (default 1)")->type_name("N");
  k.add_option("--trained-context", o->model.context, "context to state in the file")
      ->type_name("N");
  k.add_flag("--elsewhere", o->elsewhere,
             "with --out: don't ask whether it fits this machine's memory");
  k.add_option("--prompt", o->run.prompt, "prompt tokens (default 128)")->type_name("N");
  k.add_option("--output", o->run.output, "output tokens (default 32)")->type_name("N");
  k.add_option("--batch", o->run.sequences, "sequences side by side (default 1)")->type_name("N");
  k.add_option("--rounds", o->run.rounds, "timed runs of each slice (default 5)")->type_name("N");
  k.add_flag("--check", o->run.whole, "measure the whole model, too, and print the error");
  k.add_option("--slice", o->run.slice_layers, "layers by which slices differ (default: chosen)")
      ->type_name("N");
  k.add_option("--work", o->run.folder, "folder for the slices' files (default: the temporary one)")
      ->type_name("DIR");
  line.add_setting(k, "threads");
  line.add_devices(k);
}

}  // namespace joulebook
