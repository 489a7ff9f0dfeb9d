#pragma once
// What a metering gateway may know, for tests of everything that shows it: three domains, two of
// them measured and one modelled, tenants, models and routes whose joules sum to the accounts, an
// upstream that does not answer, ten minutes of seconds in which the batch rises and falls. The
// figures are made by formula and hang together; nobody measured them.
#include "export/live_state.h"

namespace joulebook::fakes {

[[nodiscard]] gateway::LiveState sample_live();
// The same traffic where nothing can be read.
[[nodiscard]] gateway::LiveState sample_live_unmetered();

}  // namespace joulebook::fakes
