// sensors and doctor: what can be read here, what is missing, and the cure.
#include <fmt/format.h>
#include <joulebook/joulebook.h>

#include "cli/c_session.h"
#include "cli/commands.h"
#include "cli/serve_meters.h"
#include "engine/engine_build.h"
#include "meter/calibration/reuse.h"
#include "meter/calibration/store.h"
#include "meter/sensor_json.h"
#include "report/terminal_table.h"
#include "sensor/discover.h"
#include "sensor/doctor.h"

namespace joulebook {
namespace {

ScreenStyle screen() { return {terminal_width(), wants_colour(1)}; }

Result<std::vector<SensorInfo>> sensors_of(const Json& document) {
  std::vector<SensorInfo> infos;
  for (const auto& item : document["sensors"].items()) {
    auto info = sensor_from_json(item);
    if (!info) return fail(info.error());
    infos.push_back(std::move(*info));
  }
  return infos;
}

}  // namespace

int sensors(const Context& context) {
  auto session = CSession::open(session_options(context));
  if (!session) return report_error(session.error());
  auto document = session->sensors();
  if (!document) return report_error(document.error());
  auto infos = sensors_of(*document);
  if (!infos) return report_error(infos.error());
  context.print(sensors_table(*infos, screen()));
  context.print(fmt::format("Calibration: {}.\n", (*document)["calibration"]["message"].as_string()));
  const auto ok = context.emit(*document);
  return ok ? 0 : report_error(ok.error());
}

int doctor(const Context& context) {
  const auto files = context.files();
  Discovery found = discover(files, system_clock(), context.sensor_choice());
  const auto known = calibration_state(context.settings.get("calibration"), machine_key(*files),
                                       system_clock().anchor().wall_ns);
  reuse(found.sensors, known);
  found.findings.push_back(known.finding);
  for (auto& finding : meter_findings(context)) found.findings.push_back(std::move(finding));
  DoctorFacts facts = doctor_facts(*files);
  const EngineBuild engine = engine_build();
  facts.engine_embedded = engine.embedded;
  facts.engine_cuda = engine.cuda;
  facts.engine_vulkan = engine.vulkan;
  const std::vector<Finding> findings = diagnose(found, facts);
  context.print(doctor_table(findings, screen()));
  Json document = Json::array();
  for (const auto& finding : findings) document.push(to_json(finding));
  const auto ok = context.emit(Json::object({{"findings", std::move(document)}}));
  return ok ? 0 : report_error(ok.error());
}

}  // namespace joulebook
