#pragma once
// The fields of laws, codes and formats that concern energy, filled from a card as far as it goes. Each
// field cites its article or section; what the card does not support is `missing`, with what would
// supply it, and never made up. Pure.
#include "core/json.h"

namespace joulebook::card {

// `subject`: Subject::json(); `facts`: parse_facts(); `carbon`: the subject's carbon. Gives
// [{"id", "title", "source", "seen", "fields": [{"field", "cites", "status", "value", "energy", "note"}]}],
// `status` "given" or "missing"; the schema also has "partly", which no form gives yet.
[[nodiscard]] Json forms_of(const Json& subject, const Json& facts, const Json& carbon);

}  // namespace joulebook::card
