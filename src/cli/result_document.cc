#include "cli/result_document.h"

#include <filesystem>

#include "core/file_tree.h"
#include "ledger/ledger.h"

namespace joulebook {

Result<Json> result_document(const Context& context, const std::string& what) {
  std::error_code ignored;
  if (std::filesystem::exists(what, ignored)) {
    const auto text = read_file(what);
    if (!text) return fail(text.error());
    auto json = parse_json(*text);
    if (json) return json;
    return fail(ErrorKind::input, json.error().code, what + ": " + json.error().message,
                "name a file that --json wrote");
  }
  if (what.ends_with(".json") || what.find('/') != std::string::npos) {
    return fail(ErrorKind::input, "file.missing", "there is no file " + what,
                "name a file that --json wrote, or a run's id: joulebook list");
  }
  auto ledger = open_ledger(context.settings.get("ledger"));
  if (!ledger) return fail(ledger.error());
  auto id = (*ledger)->resolve(what);
  if (!id) return fail(id.error());
  return (*ledger)->show(*id);
}

}  // namespace joulebook
