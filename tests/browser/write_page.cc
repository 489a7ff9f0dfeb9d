// Writes report pages, each beside its JSON, for the browser tests.
//   write_report_page DIR
// report: the sample study; bare: the same with every reading missing and nothing else but trials;
// crowded: six arms with names that do not break; sized: with a ladder, and a requirement, so that a route stands there.
#include <cstdio>
#include <string>

#include "core/file_tree.h"
#include "export/study_json.h"
#include "fakes/sample_study.h"
#include "report/html_page.h"
#include "study/sizing/ladder.h"

namespace {

using joulebook::Json;
using joulebook::StudyResult;

// The document with each quantity replaced by an absence.
Json without_readings(const Json& json) {
  if (json.has("value") && json.has("unit")) {
    const joulebook::Reason reason{"endpoint.elsewhere", "the endpoint is not on this machine", ""};
    return joulebook::to_json(
        joulebook::Quantity::absent(std::string(json["unit"].as_string()), reason));
  }
  Json out = json;
  if (json.is_array()) {
    out = Json::array();
    for (const auto& item : json.items()) out.push(without_readings(item));
  }
  for (const auto& [name, value] : json.members()) out.set(name, without_readings(value));
  return out;
}

Json bare() {
  StudyResult study = joulebook::fakes::sample_study();
  study.comparisons.clear();
  study.baselines.clear();
  study.looks.clear();
  study.sensors.clear();
  study.trace.clear();
  study.warnings.clear();
  study.whole.domains.clear();
  study.sentence.clear();
  study.complete = false;
  return without_readings(joulebook::to_json(study));
}

Json crowded() {
  StudyResult study = joulebook::fakes::sample_study();
  for (int i = 0; i < 4; ++i) {
    auto arm = study.arms[1];
    arm.spec.name = "an-arm-with-a-name-that-has-no-blank-to-break-at-" + std::to_string(i);
    study.spec.arms.push_back(arm.spec);
    study.arms.push_back(arm);
    study.comparisons.push_back(study.comparisons[0]);
    study.comparisons.back().b = study.arms.size() - 1;
  }
  study.warnings.push_back("https://example.invalid/" + std::string(300, 'x'));
  return joulebook::to_json(study);
}

Json sized() {
  StudyResult study = joulebook::fakes::sample_study();
  study.spec.require = "correct>=0.6";
  for (std::size_t a = 0; a < study.spec.arms.size(); ++a) {
    study.spec.arms[a].effort = a == 0 ? "low" : "high";
    study.spec.arms[a].mode = study.spec.arms[0].mode;
    study.spec.arms[a].model = study.spec.arms[0].model;
    study.spec.arms[a].system = study.spec.arms[0].system;
    study.spec.arms[a].reasoning = study.spec.arms[0].reasoning;
  }
  study.ladder = joulebook::to_json(joulebook::ladder_of(study), study);
  return joulebook::to_json(study);
}

bool write_page(const std::string& path, const Json& study) {
  const auto page = joulebook::html_page(study);
  if (!page) std::fprintf(stderr, "%s\n", page.error().message.c_str());
  return page && joulebook::write_file(path + ".html", *page).has_value() &&
         joulebook::write_file(path + ".json", study.dump(2)).has_value();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::string dir = argv[1];
  const Json sample = joulebook::to_json(joulebook::fakes::sample_study());
  const bool written = write_page(dir + "/report", sample) && write_page(dir + "/bare", bare()) &&
                       write_page(dir + "/crowded", crowded()) &&
                       write_page(dir + "/sized", sized());
  return written ? 0 : 1;
}
