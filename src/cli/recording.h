#pragma once
// The raw samples of a study or a question in a file (docs/formats/trace.md), as `run --record` keeps
// those of a run. Thread-safe: a meter publishes from its own thread.
#include <joulebook/result.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace joulebook {

class Recording {
 public:
  // An empty path: nothing is kept. Errors: input "file.unwritable".
  [[nodiscard]] static Result<Recording> create(const std::string& path);
  // For Context::open_meter; empty where nothing is kept.
  [[nodiscard]] std::function<void(std::string_view)> publish() const;
  // While the meter still runs: waits for what was read so far, which comes in blocks (a second at most),
  // and marks the end; what comes later is not kept. Errors: resource "file.full" (it is not whole).
  [[nodiscard]] Status finish();

 private:
  struct File;
  std::shared_ptr<File> file_;
};

}  // namespace joulebook
