#pragma once
// Which arm is enough, and the rule by kind with what a day would take by it, for terminals. Pure.
#include "report/terminal_table.h"
#include "study/sizing/ladder.h"
#include "study/sizing/route.h"
#include "study/sizing/sizing.h"

namespace joulebook {

// "93.4 %", "> 99.9 %", "can't say": that an arm meets what is required, on prompts like these.
[[nodiscard]] std::string confidence_text(const std::optional<double>& confidence);

// Every arm with its grade, the confidence that it meets the requirement, and its joules; kind by
// kind the arm that is enough; the sentence.
[[nodiscard]] std::string sizing_table(const Sizing& sizing, const StudyResult& study,
                                       const ScreenStyle& style);

// What each step of effort or budget bought; empty where there is none.
[[nodiscard]] std::string ladder_table(const std::vector<LadderStep>& steps,
                                       const StudyResult& study, const ScreenStyle& style);

// The rule, the day's joules and grade by each way of sending it, the sentence, the notes.
[[nodiscard]] std::string route_table(const Route& route, const StudyResult& study,
                                      const ScreenStyle& style);

}  // namespace joulebook
