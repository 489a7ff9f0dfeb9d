#include "cli/study_format.h"

#include "export/study_json.h"
#include "meter/run_report.h"

namespace joulebook {

Json document_of(const StudyResult& result) {
  Json out = to_json(result);
  Json whole = out["whole"];
  set_devices(whole, result.whole);
  out.set("whole", std::move(whole));
  return out;
}

StudyFormat study_format() {
  return {.spec = [](const StudySpec& spec) { return to_json(spec); },
          .read_spec = study_spec_from_json,
          .trial = [](const TrialRecord& trial) { return to_json(trial); },
          .read_trial = trial_from_json,
          .result = [](const StudyResult& result) { return document_of(result); }};
}

}  // namespace joulebook
