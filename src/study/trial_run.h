#pragma once
// One trial: asks the engine, meters the phases, checks the answer.
#include <atomic>
#include <optional>

#include "engine/engine.h"
#include "meter/meter.h"
#include "study/records.h"
#include "study/schedule.h"
#include "study/timeline.h"

namespace joulebook {

// What an arm's engine is metered by.
struct ArmMeter {
  std::string engine;             // label of the engine, shared by arms that share it
  bool metered = true;            // false: it runs elsewhere, energy is an absence
  // W with everything loaded and nothing asked; empty: not measured, and what is above idle is what
  // is above the machine's rest, where the meter knows that (idle_floor.h).
  std::optional<Quantity> floor;
};

[[nodiscard]] GenerateRequest request_for(const StudySpec& spec, const Slot& slot,
                                          const std::atomic<bool>* cancel);

// Fills what the generation itself says; texts only where the study keeps them.
[[nodiscard]] TrialRecord record_of(const StudySpec& spec, const Slot& slot,
                                    const Generation& generation);

// The same of a trial without an answer: that is a wrong one, as far as it can be checked, and its
// time was spent for nothing.
[[nodiscard]] TrialRecord failed_record(const StudySpec& spec, const Slot& slot, const Window& time,
                                        const Error& error);

// Adds energies: closes the gap before the trial and the trial itself on the timeline, `account`
// taking what the trial used above idle, and meters each phase. Phases add up to the trial on best
// values; the shared part "instruction_mix" is told apart by engine and by prefill and decode,
// since it cancels only between work of one kind.
void meter_trial(TrialRecord& trial, const ArmMeter& arm, const Meter& meter, Timeline& timeline,
                 const std::string& account);

// Gross less the floor over the trial's time; tier apportioned at best.
[[nodiscard]] Quantity above_floor(const Quantity& gross, const std::optional<Quantity>& floor,
                                   Seconds duration);

}  // namespace joulebook
