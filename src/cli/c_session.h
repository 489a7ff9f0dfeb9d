#pragma once
// The C ABI held as C++ would: what `run`, `sensors` and `mark` use, as any other program would.
#include <joulebook/joulebook.h>
#include <joulebook/result.h>

#include <memory>
#include <string>
#include <vector>

#include "cli/context.h"
#include "core/json.h"

namespace joulebook {

class CSession {
 public:
  // `options` as joulebook_open takes them.
  [[nodiscard]] static Result<CSession> open(const Json& options);
  // The outcome of joulebook_run as JSON.
  [[nodiscard]] Result<Json> run(const std::vector<std::string>& argv, bool stdout_to_stderr);
  [[nodiscard]] Result<Json> report();
  [[nodiscard]] Status lap(const std::string& name);
  [[nodiscard]] Result<Json> window(const std::string& name);
  [[nodiscard]] Result<Json> watched();
  [[nodiscard]] Result<Json> sensors();

 private:
  struct Close {
    void operator()(joulebook_session* session) const { joulebook_close(session); }
  };
  explicit CSession(joulebook_session* session) : session_(session) {}
  std::unique_ptr<joulebook_session, Close> session_;
};

// The session that the settings in force ask for.
[[nodiscard]] Json session_options(const Context& context);

// The calling thread's last failure of the C ABI, with the kind that `code` stands for.
[[nodiscard]] Error last_c_error(int code);

}  // namespace joulebook
