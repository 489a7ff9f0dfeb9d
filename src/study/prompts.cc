#include "study/prompts.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/file_tree.h"
#include "core/text.h"
#include "study/checker.h"

namespace joulebook {
namespace {

const std::vector<std::string> kKeys = {"id", "kind", "prompt", "check"};
const std::vector<std::string> kCheckKeys = {"kind", "expected", "tolerance"};
const std::vector<std::string> kKinds = {"exact", "number", "regex", "json"};

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

  [[nodiscard]] Status known(const Json& object, const std::vector<std::string>& keys) const {
    for (const auto& [key, value] : object.members()) {
      if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
      const auto close = nearest(key, keys);
      return bad(
          "prompts.unknown_key", fmt::format("unknown member '{}'", key),
          close ? fmt::format("did you mean '{}'?", *close) : "known members: " + join(keys, ", "));
    }
    return {};
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
    if (auto ok = known(*json, kKeys); !ok) return ok;
    Prompt prompt;
    for (const auto& [key, member] :
         {std::pair{"id", &Prompt::id}, std::pair{"kind", &Prompt::kind},
          std::pair{"prompt", &Prompt::text}}) {
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
    if (json->has("check")) {
      auto checker = check_of((*json)["check"]);
      if (!checker) return fail(std::move(checker.error()));
      prompt.checker = std::move(*checker);
    }
    prompts_.push_back(std::move(prompt));
    return {};
  }

  [[nodiscard]] Result<Checker> check_of(const Json& json) const {
    if (!json.is_object()) {
      return bad("prompts.bad_check", "'check' is no object",
                 R"(write "check": {"kind": "exact", "expected": "yes"})");
    }
    if (auto ok = known(json, kCheckKeys); !ok) return fail(std::move(ok.error()));
    const auto kind = checker_kind(json["kind"].as_string());
    if (!kind) {
      const auto close = nearest(json["kind"].as_string(), kKinds);
      return bad(
          "prompts.bad_check", fmt::format("unknown kind of check '{}'", json["kind"].as_string()),
          close ? fmt::format("did you mean '{}'?", *close) : "known kinds: " + join(kKinds, ", "));
    }
    const Json& expected = json["expected"];
    Checker checker{*kind, {}, json["tolerance"].as_double(0)};
    if (expected.is_string() && *kind != Checker::Kind::json) {
      checker.expected = expected.as_string();
    } else if (!expected.is_null()) {
      checker.expected = expected.dump();
    }
    if (json.has("tolerance") && (!json["tolerance"].is_number() || checker.tolerance < 0 ||
                                  *kind != Checker::Kind::number)) {
      return bad("prompts.bad_check", "'tolerance' must be a number >= 0 of a number check",
                 "leave it out, or give the greatest error accepted");
    }
    if (auto ok = validate(checker); !ok) {
      return bad("prompts.bad_check", ok.error().message, ok.error().cure);
    }
    return checker;
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
  return parse_prompts(*content, path);
}

const std::vector<Prompt>& forty_prompts() {
  static const std::vector<Prompt> prompts = *parse_prompts(forty_jsonl(), "forty.jsonl");
  return prompts;
}

std::string digest(const std::vector<Prompt>& prompts) {
  std::uint64_t hash = 0xcbf29ce484222325;
  const auto add = [&hash](std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    hash = (hash ^ 0xff) * 0x100000001b3;  // 0xff is in no UTF-8 text: a separator
  };
  for (const auto& p : prompts) {
    for (const auto* text : {&p.id, &p.kind, &p.text, &p.checker.expected}) add(*text);
    add(fmt::format("{} {}", to_string(p.checker.kind), p.checker.tolerance));
  }
  return fmt::format("{:016x}", hash);
}

}  // namespace joulebook
