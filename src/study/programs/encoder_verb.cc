// retrieval encoder GGUF DOCUMENTS: the documents' vectors are made once, before it is ready.
#include "core/file_tree.h"
#include "core/json.h"
#include "study/programs/encoder.h"
#include "study/programs/task_program.h"
#include "study/programs/text_search.h"

namespace joulebook {

Status encoder_verb(const TaskCall& call);

Status encoder_verb(const TaskCall& call) {
  constexpr std::size_t kFound = 10;  // ids that an answer lists
  const std::string path = call.argument(1);
  const auto jsonl = read_file(path);
  if (!jsonl) return fail(jsonl.error());
  const auto documents = parse_documents(*jsonl, path);
  if (!documents) return fail(documents.error());
  auto encoder = TextEncoder::open(call.argument(0));
  if (!encoder) return fail(std::move(encoder.error()));
  std::vector<std::vector<float>> vectors;
  for (const auto& document : *documents) {
    auto vector = encoder->vector(document.text);
    if (!vector) return fail(std::move(vector.error()));
    vectors.push_back(std::move(*vector));
  }
  return answer_items(call, [&](const TaskItem& item) -> Result<std::string> {
    const auto query = encoder->vector(item.text);
    if (!query) return fail(query.error());
    Json::Array ids;
    for (const auto i : nearest_vectors(vectors, *query, kFound)) {
      ids.emplace_back((*documents)[i].id);
    }
    return Json(std::move(ids)).dump();
  });
}

}  // namespace joulebook
