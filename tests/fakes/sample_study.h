#pragma once
// A full, coherent study result for tests of everything that shows one: two arms, eight prompts in
// eight kinds, two rounds, every phase that a local engine sees, modelled quantities with shared
// parts, absences of two sorts (a sensor that may not be read, nothing bought), answers cut at the
// token limit, one failed trial, both baselines, loading, looks, a trace.
//
// The figures are made by formula from token counts, so they are the same on every machine, and
// they hang together: phases sum to their trial, per-arm figures follow from the trials, the
// ratios from the arms. Nobody measured them.
#include "study/records.h"

namespace joulebook::fakes {

[[nodiscard]] StudyResult sample_study();

}  // namespace joulebook::fakes
