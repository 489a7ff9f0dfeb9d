#include <fmt/format.h>

#include "cli/commands.h"

namespace joulebook {

int config(const Context& context) {
  Json document = Json::object();
  for (const auto& setting : context.settings.all()) {
    context.print(fmt::format("{:<11} {:<40} {}\n", setting.key,
                              setting.value.empty() ? "(none)" : setting.value, setting.origin));
    document.set(setting.key, Json::object({{"value", setting.value}, {"origin", setting.origin}}));
  }
  const auto ok = context.emit(document);
  return ok ? 0 : report_error(ok.error());
}

}  // namespace joulebook
