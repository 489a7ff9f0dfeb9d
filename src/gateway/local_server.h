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
  int port = 0;                      // on loopback; 0: any that is free
};

// A port of loopback that was free a moment ago; 0: none.
[[nodiscard]] int free_port();

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
  // "signal 11 (Segmentation fault)", "exit code 1"; once it is no longer alive.
  [[nodiscard]] std::string how_it_ended() const;
  // SIGTERM, and SIGKILL where it has not ended in ten seconds. Idempotent.
  void stop();

 private:
  LocalServer(LocalServerOptions options, int pid, int port)
      : options_(std::move(options)), pid_(pid), port_(port) {}
  LocalServerOptions options_;
  int pid_ = 0;
  int port_ = 0;
  int status_ = 0;  // of wait()
};

}  // namespace joulebook::gateway
