// The verbs of the tasks of pictures and sound: files of random weights, and an encoder's answers.
#include <array>
#include <filesystem>
#include <fstream>

#include "core/file_tree.h"
#include "core/text.h"
#include "physics/synth/made_up.h"
#include "study/programs/learning.h"
#include "study/programs/task_program.h"

namespace joulebook {

std::span<const TaskVerb> media_verbs();

namespace {

constexpr std::uint64_t kSeed = 1;

// Whether the file is there, of the same head and length: then so are its weights.
bool is_made(const synth::WeightFile& file, const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string head(file.header.size(), '\0');
  if (!in.read(head.data(), std::ssize(head)) || head != file.header) return false;
  in.seekg(0, std::ios::end);
  return static_cast<std::uint64_t>(in.tellg()) == file.bytes();
}

// made-up SHAPE FILE [WORDS]
Status made_up_verb(const TaskCall& call) {
  const auto* shape = synth::find_made_up(call.argument(0));
  if (shape == nullptr) {
    std::vector<std::string> known;
    for (const auto& each : synth::made_up_shapes()) known.emplace_back(each.name);
    return fail(ErrorKind::usage, "made_up.shape",
                "'" + call.argument(0) + "' is no shape that can be made up",
                "one of: " + join(known, ", "));
  }
  synth::MadeUpOptions options;
  if (call.arguments.size() > 2) {
    auto words = read_file(call.argument(2));
    if (!words) return fail(std::move(words.error()));
    options.words = std::move(*words);
  }
  const auto file = synth::make_up(*shape, options);
  if (!file) return fail(file.error());
  const std::string path = call.argument(1);
  if (is_made(*file, path)) return {};
  std::error_code ignored;  // the writer says what is wrong with the folder
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  const auto bytes = synth::write_weights(*file, kSeed, path);
  return bytes ? Status() : Status(fail(bytes.error()));
}

constexpr std::string_view kMakes = "a file of random weights, unless it is there";
constexpr std::string_view kMakesOf = "SHAPE FILE [WORDS]";

constexpr std::array<TaskVerb, 6> kVerbs = {{
    {"retrieval", "made-up", kMakesOf, kMakes, made_up_verb},
    {"retrieval", "encoder", "GGUF DOCUMENTS", "the ids of the ten nearest documents by vectors",
     model_verb},
    {"picture-text", "made-up", kMakesOf, kMakes, made_up_verb},
    {"speech", "made-up", kMakesOf, kMakes, made_up_verb},
    {"voice", "made-up", kMakesOf, kMakes, made_up_verb},
    {"image", "made-up", kMakesOf, kMakes, made_up_verb},
}};

}  // namespace

std::span<const TaskVerb> media_verbs() { return kVerbs; }

}  // namespace joulebook
