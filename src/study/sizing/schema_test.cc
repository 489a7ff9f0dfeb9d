// What a route writes obeys its closed schema.
#include <gtest/gtest.h>

#include "fakes/closed_schema.h"
#include "study/sizing/route.h"
#include "study/sizing/sizing_test_study.h"

namespace joulebook {
namespace {

using fakes::Doc;

Doc document_of(const StudyResult& study, const char* require) {
  const SizingOptions o{*parse_requirement(require), 0, {}};
  Json out = to_json(*route_study(study, {o, std::nullopt, ""}), study);
  out.set("sizing", to_json(*size_arms(study, o), study));
  return Doc::parse(out.dump());
}

StudyResult two_kinds() {
  test::PlantedWorld w;
  w.arms = {{"large", {1, 0.9}, {100, 100}}, {"small", {0.9, 0.1}, {1, 1.2}}};
  w.prompts = 4;
  StudyResult study = test::planted(w, 1);
  for (auto& t : study.trials) t.energy.shared = {{"gain", 0.9, 1.1}};
  return study;
}

TEST(Schema, RouteIsClosedAndEveryRequiredMemberCounts) {
  const fakes::Schema schema("route.schema.json");
  fakes::expect_no_open_object(schema.raw(), "");
  Doc doc = document_of(two_kinds(), "correct>=0.8");
  const Json none = to_json(Quantity::absent("J", {"sensor.none", "no sensor", "attach one"}));
  doc["to_single"] = Doc::parse(none.dump());
  fakes::expect_closed(schema, doc);
}

TEST(Schema, ARouteOfFewPromptsObeys) {
  const fakes::Schema schema("route.schema.json");
  StudyResult study = two_kinds();
  study.spec.prompts.resize(1);
  EXPECT_EQ(schema.explain(document_of(study, "correct>=1")), "");
}

}  // namespace
}  // namespace joulebook
