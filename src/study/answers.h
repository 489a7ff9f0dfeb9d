#pragma once
// One item asked of an arm: once, or for as many answers as the arm gives, of which one is taken.
//
// Several answers are written one after the other, each with a seed of its own, and are one trial:
// all of their tokens, seconds and joules count. `majority` takes the answer that comes most often
// (as the item's checker reads it: the number, the label, else the text normalised), the first of
// equals, never one that can't be read while another can. `best` takes the first that the checker
// calls right, else the one of best score, else the first: an upper bound, because nobody who asks
// in earnest has the checker. Pure besides the engine.
#include <atomic>

#include "engine/engine.h"
#include "study/records.h"
#include "study/schedule.h"

namespace joulebook {

struct Asked {
  Generation generation;           // the answer taken; phases, tokens and times of all
  std::optional<int> well_formed;  // of several: those that the checker could read
  std::optional<int> right;        // those that were correct; nothing without a checker
};

// Errors: as Engine::generate; one answer that fails fails the trial.
[[nodiscard]] Result<Asked> ask_arm(Engine& engine, const StudySpec& spec, const Slot& slot,
                                    const std::atomic<bool>* cancel);

// Which of the answers is taken, and how many were readable and right. REQUIRES: not empty.
struct ChosenAnswer {
  std::size_t index = 0;
  int well_formed = 0;
  std::optional<int> right;
};
[[nodiscard]] ChosenAnswer choose_answer(const Checker& checker, bool by_checker,
                                   std::span<const std::string> answers);

// What the answer says as its checker reads it, so that equal ones can be counted: a number, a
// label, JSON, else the likeliest candidate normalised. Nothing where it can't be read so.
[[nodiscard]] std::optional<std::string> answer_key(const Checker& checker,
                                                    std::string_view answer);

// The length that "pp512" or "tg128" names. Errors, kind input: "study.fixed".
[[nodiscard]] Result<FixedWork> parse_fixed(std::string_view text);

}  // namespace joulebook
