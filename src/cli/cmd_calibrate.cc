// calibrate: learns this machine, writes it down, shows what is known.
#include <fmt/format.h>

#include "cli/command_line.h"
#include "core/reason.h"
#include "meter/calibration/calibrator.h"
#include "meter/calibration/cpu_load.h"
#include "meter/calibration/store.h"
#include "report/terminal_table.h"

namespace joulebook {
namespace {

struct CalibrateCommand {
  bool quick = false;
  bool show = false;                 // print what is known; measure nothing
  std::vector<std::string> sensors;  // ids or prefixes; empty: all
};

int show(const Context& context, const Calibration& calibration, const CalibrationState& state) {
  context.print(
      calibration_table(calibration, state.finding, {terminal_width(), wants_colour(1)}));
  Json document = Json::object({{"schema", "joulebook.calibration-result/1"}});
  document.set("calibration", to_json(calibration)).set("age_days", state.age_days);
  const auto ok = context.emit(document);
  return ok ? 0 : report_error(ok.error());
}

int show_known(const Context& context) {
  const auto state =
      calibration_state(context.settings.get("calibration"), machine_key(*context.files()),
                        system_clock().anchor().wall_ns);
  if (state.calibration) return show(context, *state.calibration, state);
  const Reason& why = state.finding.reason;
  return report_error({ErrorKind::no_reading, why.code, why.message, why.cure});
}

Result<std::unique_ptr<GpuLoad>> gpu_load(const Context& context,
                                          const std::vector<SensorInfo>& infos) {
  if (context.sensor_choice().vendor_libraries) return make_cuda_load(infos);
  return fail(ErrorKind::no_reading, "calibration.no_gpu_load", "vendors' libraries are not used",
              "leave the choice of sensors away");
}

int calibrate(const Context& context, const CalibrateCommand& command) {
  if (command.show) return show_known(context);
  if (auto ok = context.check_outputs(); !ok) return report_error(ok.error());
  const std::string path = context.settings.get("calibration");
  if (path.empty()) {
    return report_error({ErrorKind::usage, "calibration.place", "no place to keep the calibration",
                         "name one with --calibration FILE"});
  }
  // A store that cannot be added to is found out before the work.
  if (auto all = read_store(path); !all) return report_error(all.error());
  const auto files = context.files();
  Discovery found = discover(files, system_clock(), context.sensor_choice());
  const auto load = make_cpu_load(*files);
  std::vector<SensorInfo> infos;
  for (const auto& sensor : found.sensors) infos.push_back(sensor->info());
  const auto gpus = gpu_load(context, infos);
  const CalibrateOptions options{
      .quick = command.quick,
      .gpus = gpus ? gpus->get() : nullptr,
      .no_gpus = gpus ? Reason{} : reason_of(gpus.error()),
      .only = command.sensors,
      .stop = [] { return cancelled().load(); },
      .progress = [&](const std::string& what) { context.say("calibrate: " + what); }};
  auto calibration =
      joulebook::calibrate(std::move(found.sensors), files, *load, system_clock(), options);
  if (!calibration) return report_error(calibration.error());
  for (const auto& warning : calibration->warnings) context.warn(warning);
  if (auto saved = save_calibration(path, *calibration); !saved) return report_error(saved.error());
  context.say("calibrate: kept in " + path);
  return show(context, *calibration,
              calibration_state(path, calibration->machine, system_clock().anchor().wall_ns));
}

}  // namespace

void add_calibrate(CommandLine& line) {
  const auto options = std::make_shared<CalibrateCommand>();
  CLI::App& k = line.add("calibrate", "learn this machine: ticks, idle floors, response, bandwidth",
                         [options](const Context& context) { return calibrate(context, *options); });
  k.add_flag("--quick", options->quick, "at most 15 s instead of 60");
  k.add_flag("--show", options->show, "print what is known about this machine; measure nothing");
  k.add_option("--for", options->sensors, "sensor id or prefix; once for each")
      ->type_name("SENSOR");
}

}  // namespace joulebook
