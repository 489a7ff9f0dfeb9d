#include "cli/replays.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <cstdio>

#include "cli/c_session.h"
#include "core/version.h"
#include "export/card/record_subjects.h"
#include "export/study_json.h"
#include "meter/replay.h"
#include "study/ask.h"
#include "study/comparison.h"
#include "study/settle.h"

namespace joulebook {
namespace {

// From a file in memory: a session replays what has a path.
Result<Json> report_again(std::string_view trace) {
  const int fd = memfd_create("trace", MFD_CLOEXEC);
  std::FILE* file = fd < 0 ? nullptr : fdopen(fd, "wb");
  if (file == nullptr || std::fwrite(trace.data(), 1, trace.size(), file) != trace.size() || std::fflush(file) != 0) {
    if (file != nullptr) std::fclose(file);
    return fail(ErrorKind::resource, "card.memory", "the samples do not fit in memory", "free some memory");
  }
  auto session = CSession::open(Json::object({{"replay", fmt::format("/proc/self/fd/{}", fd)}}));
  std::fclose(file);
  if (!session) return fail(session.error());
  return session->report();
}

Result<std::vector<Quantity>> energies_again(std::string_view bytes, const std::vector<card::Replay::Window>& windows) {
  const auto trace = parse_trace(bytes);
  if (!trace) return fail(trace.error());
  const auto meter = replay_meter(*trace);
  if (!meter) return fail(meter.error());
  std::vector<Quantity> energies;
  for (const auto& w : windows) {
    energies.push_back(settled_total((*meter)->energy({"phase", SteadyTime{w.begin_ns}, SteadyTime{w.end_ns}})));
  }
  return energies;
}

// With the sentences that were stated: they name files, which a bundle leaves out.
Json with_sentences(const Json& comparisons, const Json& stated) {
  Json out = Json::array();
  std::size_t i = 0;
  for (Json comparison : comparisons.items()) {
    comparison.set("sentence", stated.at(i++)["sentence"]);
    out.push(std::move(comparison));
  }
  return out;
}

Result<Json> of_question(const Json& document) {
  std::vector<TrialRecord> trials;
  for (const auto& item : document["trials"].items()) {
    auto trial = trial_from_json(item);
    if (!trial) return fail(trial.error());
    trials.push_back(std::move(*trial));
  }
  if (trials.empty()) return Json::object();
  const TrialRecord mean = mean_of(trials);
  return Json::object({{"total", to_json(mean.energy)}, {"mean", to_json(mean)}});
}

Result<Json> of_study(const Json& document) {
  auto study = study_from_json(document);
  if (!study) return fail(study.error());
  analyse(*study);
  const Json again = to_json(*study);
  return Json::object({{"arms", again["arms"]}, {"comparisons", with_sentences(again["comparisons"], document["comparisons"])}, {"drift", again["drift"]}});
}

Result<Json> summary_again(const Json& document) {
  const bool study = document["schema"].as_string() == kStudySchema;
  const Json& made_by = document["joulebook"];
  if (made_by["version"].as_string() != build_version() || made_by["commit"].as_string() != build_commit()) return Json();
  return study ? of_study(document) : of_question(document);
}

}  // namespace

card::Replay replays() { return {report_again, energies_again, summary_again}; }

Result<std::string> trace_without_text(std::string_view bytes) {
  auto trace = parse_trace(bytes);
  if (!trace) return fail(trace.error());
  if (!trace->damage.empty()) {
    return fail(ErrorKind::input, "trace.malformed", "the samples are damaged: " + trace->damage,
                "name the file as it was recorded");
  }
  constexpr std::size_t kBlock = std::size_t{64} << 10;  // as the recording is cut
  TraceEncoder encoder;
  std::string out = TraceEncoder::header(trace->header);
  for (TraceEvent& event : trace->events) {
    if (auto* remark = std::get_if<NoteEvent>(&event)) remark->note = card::without_text(std::move(remark->note));
    encoder.add(event);
    if (encoder.pending() >= kBlock) out += encoder.take();
  }
  out += encoder.take();
  return trace->complete ? out + TraceEncoder::end() : out;
}

}  // namespace joulebook
