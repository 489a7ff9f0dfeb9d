#pragma once
// Prompts of a study, from JSONL: one object a line with id, kind, prompt and, where the answer can
// be checked, check {kind, expected, tolerance}. Format: docs/formats/prompts.md.
#include <string>
#include <string_view>
#include <vector>

#include "study/records.h"

namespace joulebook {

// Reads prompts; blank lines are skipped. `origin` is the file's name, for messages.
// Errors, all of kind input and placed as origin:line, each with its cure:
//   prompts.empty         no prompt in the file, or a prompt without text
//   prompts.syntax        a line that is no JSON object, or a member that is missing or mistyped
//   prompts.duplicate_id  an id used twice
//   prompts.unknown_key   a member that no prompt has; the nearest known one is named
//   prompts.bad_check     a check that could never be applied (unknown kind, a bad pattern, ...)
[[nodiscard]] Result<std::vector<Prompt>> parse_prompts(std::string_view jsonl,
                                                        const std::string& origin);
// The same for a file. Errors also as read_file.
[[nodiscard]] Result<std::vector<Prompt>> load_prompts(const std::string& path);

// The forty prompts that come with the program, in eight kinds of five.
[[nodiscard]] const std::vector<Prompt>& forty_prompts();
// Their JSONL as it was embedded.
[[nodiscard]] std::string_view forty_jsonl();

// 16 hexadecimal digits over ids, kinds, texts and checkers (FNV-1a, 64 bit): two sets of prompts
// with one digest are the same, without either text being kept.
[[nodiscard]] std::string digest(const std::vector<Prompt>& prompts);

}  // namespace joulebook
