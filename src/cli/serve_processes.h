#pragma once
// The processes behind the upstreams that this machine's own meter meters.
#include <cstdint>
#include <memory>
#include <vector>

#include "cli/serve_meters.h"
#include "core/file_tree.h"
#include "gateway/local_engine.h"
#include "gateway/settler.h"

namespace joulebook {

// The processes that listen where the upstreams are, and those that hang from them: whose CPU time
// and GPUs are metered. A server that was started anew is found again. Where none has ever been seen
// nobody knows of others: what is above idle is the upstream's. Not thread-safe.
class ServedProcesses {
 public:
  // `engine`: the llama-server that was started here, which has all upstreams; null: none. Whatever is
  // referred to is there whenever look() or follow() is called. Looks at once.
  ServedProcesses(std::shared_ptr<const FileTree> files, const std::vector<gateway::UpstreamPlace>& places,
                  const MetersHere& meters, const gateway::LocalEngine* engine, gateway::Settler& settler);

  void look();
  // Looks again every few seconds; sooner while one that was there is gone.
  void follow();

 private:
  [[nodiscard]] bool metered_here(std::uint32_t upstream) const;
  [[nodiscard]] bool runs(int pid) const;  // as far as can be seen

  std::shared_ptr<const FileTree> files_;
  const std::vector<gateway::UpstreamPlace>& places_;
  const MetersHere& meters_;
  const gateway::LocalEngine* engine_;
  gateway::Settler& settler_;
  std::vector<int> pids_;
  SteadyTime looked_{0};
};

}  // namespace joulebook
