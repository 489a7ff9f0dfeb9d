#include "export/study_json.h"

#include "export/study_fields.h"

namespace joulebook {
namespace {

using study_format::Reader;
using study_format::Writer;

template <class T>
Json written(const T& record) {
  Writer writer;
  fields(writer, record);
  return writer.take();
}

template <class T>
Result<T> read(const Json& json) {
  if (!json.is_object()) {
    return fail(ErrorKind::input, "study.malformed", "this is not a JSON object",
                "give a file that `joulebook study --json` wrote");
  }
  T record;
  Reader reader(json);
  fields(reader, record);
  if (reader.failure()) return fail(*reader.failure());
  return record;
}

Status check_version(const Json& json) {
  const auto schema = json["schema"].as_string();
  if (schema == kStudySchema) return {};
  return fail(ErrorKind::input, "study.version",
              schema.empty()
                  ? "this is not a study's result: it has no member `schema`"
                  : fmt::format("this file's format is `{}`, not `{}`", schema, kStudySchema),
              "read it with the version of Joulebook that wrote it, or a newer one");
}

// Indices of trials, loads and comparisons must point into the lists beside them.
Status check_indices(const StudyResult& study) {
  const auto wrong = [](std::string where) {
    return fail(ErrorKind::input, "study.malformed", where + " points at nothing",
                "compare the file with docs/formats/study-result.md");
  };
  for (const auto& t : study.trials) {
    if (t.arm >= study.spec.arms.size() || t.prompt >= study.spec.prompts.size()) {
      return wrong(fmt::format("trial {}", t.ordinal));
    }
  }
  for (const auto& c : study.comparisons) {
    if (c.a >= study.arms.size() || c.b >= study.arms.size()) return wrong("a comparison");
  }
  return {};
}

}  // namespace

Json to_json(const StudySpec& spec) { return written(spec); }
Json to_json(const TrialRecord& trial) { return written(trial); }

Json to_json(const StudyResult& study) {
  Json json = Json::object({{"schema", kStudySchema}});
  const Json body = written(study);
  for (const auto& [name, value] : body.members()) json.set(name, value);
  return json;
}

Result<StudySpec> study_spec_from_json(const Json& json) { return read<StudySpec>(json); }
Result<TrialRecord> trial_from_json(const Json& json) { return read<TrialRecord>(json); }

Result<StudyResult> study_from_json(const Json& json) {
  if (auto ok = check_version(json); !ok) return fail(ok.error());
  auto study = read<StudyResult>(json);
  if (!study) return study;
  if (auto ok = check_indices(*study); !ok) return fail(ok.error());
  return study;
}

}  // namespace joulebook
