#include "study/prompts.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "core/file_tree.h"
#include "core/fnv1a.h"
#include "core/text.h"
#include "study/checker.h"
#include "study/checker_json.h"

namespace joulebook {
namespace {

const std::vector<std::string> kKeys = {"id", "kind", "prompt", "file", "check"};

// Reads the lines of one file, remembering where it is for messages.
class Reader {
 public:
  explicit Reader(std::string origin) : origin_(std::move(origin)) {}

  Result<std::vector<Prompt>> read(std::string_view jsonl) {
    for (const std::string_view line : split(jsonl, '\n')) {
      ++line_;
      if (trim(line).empty()) continue;
      if (auto done = add(trim(line)); !done) return fail(std::move(done.error()));
    }
    if (prompts_.empty()) {
      return fail(ErrorKind::input, "prompts.empty", origin_ + " holds no prompt",
                  "write one JSON object a line: {\"id\": \"a\", \"kind\": \"chat\", "
                  "\"prompt\": \"...\"}");
    }
    return std::move(prompts_);
  }

 private:
  [[nodiscard]] tl::unexpected<Error> bad(std::string code, const std::string& what,
                                          std::string cure) const {
    return fail(ErrorKind::input, std::move(code), fmt::format("{}:{}: {}", origin_, line_, what),
                std::move(cure));
  }

  [[nodiscard]] Result<std::string> text(const Json& object, const std::string& key) const {
    if (!object[key].is_string()) {
      return bad("prompts.syntax", fmt::format("'{}' is missing or no text", key),
                 fmt::format("add \"{}\": \"...\"", key));
    }
    std::string out(object[key].as_string());
    if (trim(out).empty()) {
      return bad("prompts.empty", fmt::format("'{}' is empty", key), "write a text there");
    }
    return out;
  }

  Status add(std::string_view line) {
    if (!is_valid_utf8(line)) {
      return bad("prompts.syntax", "the line is not UTF-8", "save the file as UTF-8");
    }
    const auto json = parse_json(line);
    if (!json || !json->is_object()) {
      return bad("prompts.syntax", json ? "the line is no JSON object" : json.error().message,
                 "write one JSON object on the line, without line breaks inside");
    }
    if (auto ok = known_members(*json, kKeys); !ok) {
      return bad(ok.error().code, ok.error().message, ok.error().cure);
    }
    Prompt prompt;
    for (const auto& [key, member] :
         {std::pair{"id", &Prompt::id}, std::pair{"kind", &Prompt::kind},
          std::pair{"prompt", &Prompt::text}}) {
      // A picture or a sound may be all of it.
      if (member == &Prompt::text && !json->has(key) && json->has("file")) continue;
      auto value = text(*json, key);
      if (!value) return fail(std::move(value.error()));
      prompt.*member = std::move(*value);
    }
    const auto [first, fresh] = ids_.emplace(prompt.id, line_);
    if (!fresh) {
      return bad("prompts.duplicate_id",
                 fmt::format("the id '{}' was used on line {}", prompt.id, first->second),
                 "give every prompt an id of its own");
    }
    if (json->has("file")) {
      auto file = text(*json, "file");
      if (!file) return fail(std::move(file.error()));
      prompt.file = beside(*file);
    }
    if (json->has("check")) {
      auto checker = read_checker((*json)["check"]);
      if (!checker) {
        const Error& e = checker.error();
        return bad(e.code, e.message, e.cure);
      }
      prompt.checker = std::move(*checker);
    }
    prompts_.push_back(std::move(prompt));
    return {};
  }

  // A path in the file is meant from the file's folder.
  [[nodiscard]] std::string beside(const std::string& file) const {
    const std::filesystem::path path(file);
    if (path.is_absolute()) return file;
    return (std::filesystem::path(origin_).parent_path() / path).lexically_normal().string();
  }

  std::string origin_;
  int line_ = 0;
  std::map<std::string, int> ids_;
  std::vector<Prompt> prompts_;
};

}  // namespace

Result<std::vector<Prompt>> parse_prompts(std::string_view jsonl, const std::string& origin) {
  if (jsonl.starts_with("\xEF\xBB\xBF")) jsonl.remove_prefix(3);
  return Reader(origin).read(jsonl);
}

Result<std::vector<Prompt>> load_prompts(const std::string& path) {
  const auto content = read_file(path);
  if (!content) return fail(content.error());
  auto prompts = parse_prompts(*content, path);
  if (!prompts) return prompts;
  for (const auto& prompt : *prompts) {
    std::error_code ignored;
    if (!prompt.file || std::filesystem::is_regular_file(*prompt.file, ignored)) continue;
    return fail(ErrorKind::input, "prompts.no_file",
                fmt::format("{}: item '{}' names {}, which is no file", path, prompt.id,
                            *prompt.file),
                "put the file there; paths are meant from the folder of " + path);
  }
  return prompts;
}

const std::vector<Prompt>& forty_prompts() {
  static const std::vector<Prompt> prompts = *parse_prompts(forty_jsonl(), "forty.jsonl");
  return prompts;
}

std::string digest(const std::vector<Prompt>& prompts) {
  std::uint64_t hash = kFnvBasis;
  const auto add = [&hash](std::string_view text) { hash = fnv1a_text(text, hash); };
  for (const auto& p : prompts) {
    const Checker& c = p.checker;
    for (const auto* text : {&p.id, &p.kind, &p.text, &c.expected}) add(*text);
    add(fmt::format("{} {}", to_string(c.kind), c.tolerance));
    // What older sets do not have leaves their digests as they were.
    if (p.file) add("file " + *p.file);
    if (c.relative) add(fmt::format("relative {}", *c.relative));
    if (c.limit) add(fmt::format("limit {}", *c.limit));
    if (c.labels) add("labels " + join(*c.labels, "\n"));
    if (c.within) add(fmt::format("within {}", *c.within));
    if (c.among) add("among " + *c.among);
  }
  return fmt::format("{:016x}", hash);
}

}  // namespace joulebook
