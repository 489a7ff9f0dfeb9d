#pragma once
// A study's result as the file format `joulebook.study/1` and back, without loss: every figure,
// trial, look, baseline and trace point reads back equal to the last bit. The format is described
// in docs/formats/study-result.md; its closed schema is docs/schema/study.schema.json.
//
// Absent optionals are absent members; quantities are quantity objects (an absence keeps unit,
// denominator, reason and lower bound, which is all it has); a bound at infinity is null.
#include "core/json.h"
#include "study/records.h"

namespace joulebook {

constexpr std::string_view kStudySchema = "joulebook.study/1";

[[nodiscard]] Json to_json(const StudyResult& study);
[[nodiscard]] Json to_json(const StudySpec& spec);
[[nodiscard]] Json to_json(const TrialRecord& trial);

// Errors: input "study.malformed" naming the member ("/arms/0/trials"), "study.version" for a file
// of another format or a newer version. Unknown members are passed over.
[[nodiscard]] Result<StudyResult> study_from_json(const Json& json);
[[nodiscard]] Result<StudySpec> study_spec_from_json(const Json& json);
[[nodiscard]] Result<TrialRecord> trial_from_json(const Json& json);

}  // namespace joulebook
