#include "study/sizing/add_sizing.h"

#include "study/sizing/ladder.h"
#include "study/sizing/sizing.h"

namespace joulebook {

Status add_sizing(StudyResult& study) {
  if (const auto steps = ladder_of(study); !steps.empty()) study.ladder = to_json(steps, study);
  if (!study.spec.require) return {};
  const auto requirement = parse_requirement(*study.spec.require);
  if (!requirement) return fail(requirement.error());
  const auto sizing = size_arms(study, {.requirement = *requirement});
  if (!sizing) return fail(sizing.error());
  study.sizing = to_json(*sizing, study);
  return {};
}

}  // namespace joulebook
