// The verbs of the tasks of text.
#include <array>

#include "core/file_tree.h"
#include "core/json.h"
#include "core/text.h"
#include "study/programs/task_program.h"
#include "study/programs/text_passage.h"
#include "study/programs/text_rules.h"
#include "study/programs/text_search.h"

namespace joulebook {

std::span<const TaskVerb> text_verbs();

namespace {

constexpr std::size_t kFound = 10;  // ids that an answer lists

Status rules_verb(const TaskCall& call) {
  return answer_items(call, [](const TaskItem& item) -> Result<std::string> {
    Json::Array found;
    for (const auto& span : find_spans(split_question(item.text).passage)) {
      found.emplace_back(span.text);
    }
    return Json(std::move(found)).dump();
  });
}

Status sentence_verb(const TaskCall& call) {
  return answer_items(call, [](const TaskItem& item) -> Result<std::string> {
    const auto asked = split_question(item.text);
    if (!asked.question.empty()) return best_sentence(asked.passage, asked.question);
    return fail(ErrorKind::input, "question.none", "the item asks nothing",
                "end it with a line 'Question: ...' (an item a line goes as --json)");
  });
}

// An answer of so many sentences as the first argument says, one without.
Status summary_verb(const TaskCall& call, std::string (*summary)(std::string_view, std::size_t)) {
  const auto count = parse_uint(call.argument(0, "1"));
  if (!count || *count == 0 || *count > kMostSentences) {
    return fail(ErrorKind::usage, "summary.sentences",
                "'" + call.argument(0) + "' is no number of sentences",
                "write a whole number from 1 to " + std::to_string(kMostSentences));
  }
  return answer_items(call, [&](const TaskItem& item) -> Result<std::string> {
    return summary(split_question(item.text).passage, static_cast<std::size_t>(*count));
  });
}

Status lead_verb(const TaskCall& call) { return summary_verb(call, lead); }
Status text_rank_verb(const TaskCall& call) { return summary_verb(call, text_rank); }

Status bm25_verb(const TaskCall& call) {
  const std::string path = call.argument(0);
  const auto jsonl = read_file(path);
  if (!jsonl) return fail(jsonl.error());
  auto index = DocumentIndex::build(*jsonl, path);
  if (!index) return fail(std::move(index.error()));
  return answer_items(call, [&](const TaskItem& item) -> Result<std::string> {
    const auto ids = index->nearest(item.text, kFound);
    if (!ids) return fail(ids.error());
    return Json(Json::Array(ids->begin(), ids->end())).dump();
  });
}

constexpr std::array<TaskVerb, 5> kVerbs = {{
    {"extraction", "rules", "", "finds dates, amounts and names by a grammar", rules_verb},
    {"question", "sentence", "", "answers with the passage's nearest sentence by TF-IDF",
     sentence_verb},
    {"summary", "textrank", "[SENTENCES]", "the passage's most central sentences", text_rank_verb},
    {"summary", "lead", "[SENTENCES]", "the passage's first sentences", lead_verb},
    {"retrieval", "bm25", "DOCUMENTS", "the ids of the ten nearest documents by BM25", bm25_verb},
}};

}  // namespace

std::span<const TaskVerb> text_verbs() { return kVerbs; }

}  // namespace joulebook
