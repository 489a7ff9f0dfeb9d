// joulebook-task-model: the verbs that ask a model through the embedded engine.
#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "core/text.h"
#include "engine/engine.h"
#include "study/programs/examples.h"
#include "study/programs/task_helper.h"

namespace joulebook {

Status encoder_verb(const TaskCall& call);  // encoder_verb.cc

namespace {

constexpr std::int64_t kMostTokens = 6;  // of an answer that should be one word

// The labels of the examples, sorted.
std::vector<std::string> labels_of(const std::vector<LabelledText>& examples) {
  std::vector<std::string> out;
  for (const auto& example : examples) out.push_back(example.label);
  std::ranges::sort(out);
  const auto [first, last] = std::ranges::unique(out);
  out.erase(first, last);
  return out;
}

// The only label that an answer names; empty where it names none or several.
std::string named(std::string_view answer, const std::vector<std::string>& labels) {
  const std::string said = lower(answer);
  std::string out;
  for (const std::string& label : labels) {
    if (said.find(lower(label)) == std::string::npos) continue;
    if (!out.empty()) return {};
    out = label;
  }
  return out;
}

// Each so many'th of them, from the first on.
Result<std::vector<LabelledText>> load_some(const std::string& path, const std::string& every) {
  const auto step = parse_uint(every);
  if (!step || *step == 0) {
    return fail(ErrorKind::usage, "task.arguments",
                fmt::format("'{}' does not say each how many'th example is asked", every),
                "write a whole number, 1 for all of them");
  }
  const auto all = load_examples(path);
  if (!all) return fail(all.error());
  std::vector<LabelledText> out;
  for (std::size_t i = 0; i < all->size(); i += *step) out.push_back((*all)[i]);
  return out;
}

// teach: GGUF SYSTEM TRAIN EVERY OUT. The teacher never sees the examples' own labels.
Status teach(const TaskCall& call) {
  const auto examples = load_some(call.argument(2), call.argument(3));
  if (!examples) return fail(examples.error());
  const auto engine = open_engine(call.argument(0), {});
  if (!engine) return fail(engine.error());
  const auto labels = labels_of(*examples);
  std::vector<LabelledText> taught;
  std::size_t agreed = 0;
  for (const auto& [text, label] : *examples) {
    GenerateRequest request;
    request.system = call.argument(1);
    request.user = text;
    request.max_tokens = kMostTokens;
    request.keep_cache = true;  // what all share is computed once
    const auto answer = (*engine)->generate_one(request);
    if (!answer) return fail(answer.error());
    std::string said = named(answer->answer, labels);
    if (said.empty()) continue;
    if (said == label) ++agreed;
    taught.push_back({text, std::move(said)});
  }
  call.err << fmt::format("{} of {} got a label, {} of these the true one\n", taught.size(),
                          examples->size(), agreed);
  if (labels_of(taught).size() < 2) {
    return fail(ErrorKind::input, "teach.labels",
                "the model gave fewer than two labels, from which nothing can be learnt",
                "say in the system prompt which words it may answer, with an example of each");
  }
  return write_made_file(call.argument(4), examples_jsonl(taught));
}

}  // namespace
}  // namespace joulebook

int main(int argc, char** argv) {
  using namespace joulebook;
  const std::vector<HelperRun> runs = {{"sentiment", "teach", teach},
                                       {"retrieval", "encoder", encoder_verb}};
  return run_helper_program(argc, argv, runs);
}
