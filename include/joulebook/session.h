#pragma once
// Measure from C++: open a session, mark regions or run a command, ask for the report.
//
//   auto session = joulebook::Session::open({});
//   (*session)->begin("warm-up"); ...; (*session)->end("warm-up");
//   std::puts((*session)->report()->c_str());
//
// Threads: every member may be called from any thread; run() from one at a time. One process may
// hold several sessions, but only one run() at a time: it installs signal handlers.
#include <joulebook/result.h>
#include <joulebook/units.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace joulebook {

struct SessionOptions {
  std::string sysroot;               // reads DIR/sys, DIR/proc; empty: the machine's own
  std::vector<std::string> sensors;  // ids or prefixes; empty: all that can be read
  // Meters outside this machine's kernel, as --sensor names them (docs/sensors/remote.md).
  std::vector<std::string> meters;
  Nanos period = std::chrono::milliseconds(10);  // between two rounds of readings
  std::string record;                            // keep the raw samples there; empty: do not
  std::string replay;                // take everything from this trace; nothing is measured
  // Devices that the total covers ("cpu", "gpu:3", "gpu:GPU-<uuid>"); empty: of the GPUs those that
  // the measured processes use, and all of the rest.
  std::vector<std::string> devices;
  std::vector<int> pids;  // whose process trees are the measured one
  int port = 0;           // or: the trees of those who listen there, through containers, too
  bool all = false;       // or: the machine, no process tree
  bool vendor_libraries = true;
  bool machine_model = true;  // fall back to the model of the machine where no sensor is
  std::optional<bool> perf;   // perf_event; unset: on unless there is a sysroot
  // Where `joulebook calibrate` wrote down what it learnt; empty: JOULEBOOK_CALIBRATION, else below
  // $XDG_STATE_HOME. A calibration of this machine replaces nominal ticks and averaging windows.
  std::string calibration;
};

struct ChildOptions {
  bool stdout_to_stderr = false;  // so that standard output stays the report's
};

// How a measured command ended.
struct ChildOutcome {
  int exit_code = 0;  // its own; 126 or 127 where it could not be started; 128 + n by signal n
  bool started = false;
  std::string problem;  // why it could not be started
  double user_s = 0;    // CPU time of it and of all it waited for
  double system_s = 0;
  std::int64_t max_rss_bytes = 0;
};

class Session {
 public:
  // Finds the sensors, opens the trace and starts the meter. No sensor at all is no error: every
  // energy is then an absence. Errors: input (trace, unwritable record, "process.gone"), usage
  // (period, "device.unknown", "target.many"), no_reading (who listens on the port may not be seen).
  [[nodiscard]] static Result<std::unique_ptr<Session>> open(SessionOptions options);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // A region of that name from begin to end. Regions of different names may overlap; one name may
  // be used again once ended. Errors: usage "region.open", "region.not_open", "region.name".
  [[nodiscard]] Status begin(const std::string& name);
  [[nodiscard]] Status end(const std::string& name);
  // From here until the next mark, or the end, the window of that name.
  [[nodiscard]] Status mark(const std::string& name);
  // Ends the window that began with the lap before (the first: with the session) and names it.
  // Laps tile. From the first one on, the report's window ends with the last.
  [[nodiscard]] Status lap(const std::string& name);
  // The newest region or lap of that name that has ended, as an item of the report's "windows", and
  // "devices". Waits until its end is settled. Errors: usage "region.unknown".
  [[nodiscard]] Result<std::string> window(const std::string& name);
  // Whom the session attached to, as the report's "target", and "alive": how many still run.
  [[nodiscard]] std::string watched();
  // Runs a command inside a window of its own; its processes are the measured tree. Standard
  // streams are inherited; SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGUSR1 and SIGUSR2 sent to this
  // process are passed on (those that a terminal sends reach the command by themselves).
  // Its environment holds JOULEBOOK_MARK, where joulebook_mark_send finds this session.
  // Errors: usage "run.no_command", "run.replay"; resource "run.fork".
  [[nodiscard]] Result<ChildOutcome> run(const std::vector<std::string>& argv,
                                         const ChildOptions& options = {});
  // The run's JSON (docs/formats/run.md) from the session's start (of the first command, where
  // one was run) to now (the end of the last). May be asked for more than once.
  [[nodiscard]] Result<std::string> report();
  // What can be read here, and what is missing with its cure: {"sensors": [...], "findings":
  // [...]}.
  [[nodiscard]] std::string sensors() const;
  // The calling thread is Joulebook's own, and its energy the observer's.
  void register_self_thread();
  // Where joulebook_mark_send of other processes finds this session; empty in a replay.
  [[nodiscard]] std::string mark_address() const;

 private:
  class Impl;
  explicit Session(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// "0.1.0" and the commit it was built from ("unknown" outside a repository).
[[nodiscard]] std::string version();
[[nodiscard]] std::string commit();

}  // namespace joulebook
