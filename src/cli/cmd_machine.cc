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

struct Listed {
  std::vector<SensorInfo> infos;
  std::vector<ReadCost> costs;
};

Result<Listed> sensors_of(const Json& document) {
  Listed listed;
  for (const auto& item : document["sensors"].items()) {
    auto info = sensor_from_json(item);
    if (!info) return fail(info.error());
    listed.infos.push_back(std::move(*info));
    listed.costs.push_back(read_cost_from_json(item["read"]));
  }
  return listed;
}

// As a meter over them finds; nothing where none can be opened.
std::vector<ReadCost> costs_of(const Context& context, std::vector<std::unique_ptr<Sensor>> sensors) {
  auto meter = open_meter(std::move(sensors), {.period = context.period()}, system_clock(), context.files());
  if (!meter || !(*meter)->start()) return {};
  return (*meter)->read_costs();
}

}  // namespace

int sensors(const Context& context) {
  auto session = CSession::open(session_options(context));
  if (!session) return report_error(session.error());
  auto document = session->sensors();
  if (!document) return report_error(document.error());
  const auto listed = sensors_of(*document);
  if (!listed) return report_error(listed.error());
  context.print(sensors_table(listed->infos, listed->costs, screen()));
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
  std::vector<SensorInfo> infos;
  for (const auto& sensor : found.sensors) infos.push_back(sensor->info());
  facts.reads = costs_of(context, std::move(found.sensors));
  const std::vector<Finding> findings = diagnose(infos, found.findings, facts);
  context.print(doctor_table(findings, screen()));
  Json document = Json::array();
  for (const auto& finding : findings) document.push(to_json(finding));
  const auto ok = context.emit(Json::object({{"findings", std::move(document)}}));
  return ok ? 0 : report_error(ok.error());
}

}  // namespace joulebook
