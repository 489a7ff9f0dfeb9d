// whatif: what an answer would cost if something were otherwise.
#include "physics/explain/whatif.h"

#include "cli/calibrated_cpu.h"
#include "cli/command_line.h"
#include "cli/figure_spec.h"

namespace joulebook {
namespace {

struct WhatIfOptions {
  std::string what;
  std::vector<std::pair<std::string, std::string>> keys;  // of the deployment, by flags
  std::vector<std::string> changes;
};

Result<explain::WhatIf> answer(const Context& context, const WhatIfOptions& o) {
  auto figure = figure_of(o.what);
  if (!figure) return fail(figure.error());
  for (const auto& [key, value] : o.keys) {
    if (key == "gpu" && (value == serving::kHere || value == kCpu)) {
      auto here = calibrated_device(context, value == kCpu ? Here::cpu : Here::machine);
      if (!here) return fail(here.error());
      explain::set_device(figure->deployment, std::move(*here));
      continue;
    }
    if (auto ok = explain::set_key(figure->deployment, key, value); !ok) return fail(ok.error());
  }
  if (o.changes.empty()) return explain::ranked_changes(*figure, serving::built_in_fit());
  std::vector<explain::Change> changes;
  for (const auto& text : o.changes) {
    auto change = explain::parse_change(text);
    if (!change) return fail(change.error());
    changes.push_back(std::move(*change));
  }
  return explain::whatif(*figure, changes, serving::built_in_fit());
}

int run_whatif(const Context& context, const WhatIfOptions& o) {
  const auto what = answer(context, o);
  if (!what) return report_error(what.error());
  context.print(explain::to_text(*what));
  const auto ok = context.emit(explain::to_json(*what));
  return ok ? 0 : report_error(ok.error());
}

}  // namespace

void add_whatif(CommandLine& line) {
  const auto o = std::make_shared<WhatIfOptions>();
  CLI::App& k = line.add("whatif", "what an answer would cost if something were otherwise",
                         [o](const Context& context) { return run_whatif(context, *o); });
  k.add_option("what", o->what, "a model, MODEL,key=value,... or FILE.csv:LINE")
      ->type_name("MODEL")
      ->required();
  k.add_option("--change", o->changes,
               "KEY=VALUE (batch=64, weights=fp8, gpu=B200, output=0.5x, power-cap=70%) or 'experts->dense'; "
               "again for more; none: the standard changes, ranked")
      ->type_name("CHANGE")
      ->allow_extra_args(false);
  for (const char* key : {"gpu", "gpus", "dp", "pp", "ep", "batch", "prompt", "output", "weights", "kv", "engine"}) {
    k.add_option_function<std::string>(
         std::string("--") + key, [o, name = std::string(key)](const std::string& v) { o->keys.emplace_back(name, v); },
         std::string_view(key) == "gpu" ? "of the deployment as it is; here: this machine, calibrated" : "of the deployment as it is")
        ->type_name("VALUE");
  }
}

}  // namespace joulebook
