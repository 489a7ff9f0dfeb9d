#include "engine/engine.h"

#include "core/text.h"
#include "engine/command_engine.h"
#include "engine/http_engine.h"
#include "engine/llama_engine.h"

namespace joulebook {

Result<std::unique_ptr<Engine>> open_engine(const std::string& model,
                                            const EngineOptions& options) {
  if (options.command) return open_command(*options.command);
  const std::string scheme = lower(model.substr(0, 8));
  if (scheme.starts_with("http://") || scheme == "https://") return open_endpoint(model, options);
  return open_llama(model, options);
}

}  // namespace joulebook
