#include "engine/engine_build.h"
#include "engine/expert_count.h"
#include "gguf/gguf_file.h"
#include "engine/llama_engine.h"

namespace joulebook {
namespace {

tl::unexpected<Error> not_built(const std::string& path) {
  return fail(ErrorKind::engine, "engine.not_built",
              "this build of joulebook has no embedded engine to run " + path,
              "build with -DJOULEBOOK_ENGINE=ON (./quickstart does), or serve the file and name "
              "the server's http address");
}

}  // namespace

Result<std::unique_ptr<Engine>> open_llama(const std::string& path, const EngineOptions&) {
  if (const auto file = read_gguf(path); !file) return fail(file.error());
  return not_built(path);
}

Result<ExpertCount> count_experts(const std::string& path, std::span<const std::string>,
                                  std::int64_t) {
  return not_built(path);
}

EngineBuild engine_build() { return {}; }

}  // namespace joulebook
