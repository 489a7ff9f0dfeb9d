#pragma once
// The engine's own llama-server as a child of this process, on a free port of loopback: started with
// it, stopped with it, whatever ends it.
#include <joulebook/result.h>

#include <memory>
#include <string>
#include <vector>

namespace joulebook::gateway {

struct LocalServerOptions {
  std::string program;               // path of llama-server
  std::string libraries;             // folder put in front of LD_LIBRARY_PATH; empty: none
  std::string model;                 // path of the GGUF file
  int slots = 4;                     // requests that run side by side
  int context = 0;                   // tokens a slot; 0: 4096
  int threads = 0;                   // 0: the server's choice
  std::vector<std::string> more;     // more of its own arguments
  std::string log;                   // its output goes there; empty: nowhere
};

// One server; create, use and destroy it on one thread, which must outlive it (the kernel ends the
// child with the thread that made it).
class LocalServer {
 public:
  // Returns once it runs; its model is loaded later. Errors: engine "server.program" (not there, or
  // not executable); resource "server.fork".
  [[nodiscard]] static Result<std::unique_ptr<LocalServer>> start(const LocalServerOptions& options);
  ~LocalServer() { stop(); }
  LocalServer(const LocalServer&) = delete;
  LocalServer& operator=(const LocalServer&) = delete;

  [[nodiscard]] int pid() const { return pid_; }
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] bool alive();
  // SIGTERM, and SIGKILL where it has not ended in ten seconds. Idempotent.
  void stop();

 private:
  LocalServer(LocalServerOptions options, int pid, int port)
      : options_(std::move(options)), pid_(pid), port_(port) {}
  LocalServerOptions options_;
  int pid_ = 0;
  int port_ = 0;
};

}  // namespace joulebook::gateway
