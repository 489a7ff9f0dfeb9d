// agent: this machine's meter, read over the network by a gateway elsewhere. Read-only.
#include <fmt/format.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <thread>

#include "cli/command_line.h"
#include "cli/lasting_meter.h"
#include "cli/sensor_news.h"
#include "core/text.h"
#include "gateway/agent.h"
#include "gateway/edge.h"
#include "gateway/serve_options.h"
#include "meter/feed.h"
#include "sensor/process_finder.h"

namespace joulebook {
namespace {

std::atomic<bool> g_look_again{false};

void look_again(int) { g_look_again = true; }

struct AgentCommand {
  std::string listen = "127.0.0.1:8901";
  bool open_to_network = false;
  std::string tls_cert;
  std::string tls_key;
  std::vector<int> pids;
  int port = 0;
  double for_s = 0;
};

constexpr std::size_t kShortest = 16;  // characters of a token

Result<std::string> token() {
  const char* text = std::getenv("JOULEBOOK_METER_TOKEN");
  if (text != nullptr && std::string_view(text).size() >= kShortest) return std::string(text);
  return fail(ErrorKind::usage, "agent.no_token",
              "an agent needs a token of at least 16 characters in JOULEBOOK_METER_TOKEN",
              "JOULEBOOK_METER_TOKEN=$(openssl rand -hex 16) joulebook agent, and the same for `serve --meter`");
}

Status check(const AgentCommand& command) {
  if (auto ok = gateway::check_tls(command.tls_cert, command.tls_key); !ok) return ok;
  if (command.open_to_network && command.tls_cert.empty()) {
    return fail(ErrorKind::usage, "agent.tls", "without TLS the token could be read on the network",
                "give --tls-cert and --tls-key, or listen on loopback behind a tunnel");
  }
  return {};
}

// The processes whose CPU time and GPUs are metered; a server that is started anew is found again.
void watch(const Context& context, const AgentCommand& command, Meter& meter, std::vector<int>& watched) {
  std::vector<int> pids = command.pids;
  if (command.port != 0) {
    const auto found = pids_listening_on(*context.files(), static_cast<std::uint16_t>(command.port));
    if (found) pids = *found;
  }
  if (pids.empty() || pids == watched) return;
  watched = pids;
  meter.watch_processes(std::move(pids));
}

int agent(const Context& context, const AgentCommand& command) {
  if (auto ok = check(command); !ok) return report_error(ok.error());
  auto secret = token();
  if (!secret) return report_error(secret.error());
  TraceFeed feed;
  auto meter = open_lasting_meter(context, Nanos(0), [&feed](std::string_view bytes) { feed.publish(bytes); });
  if (!meter) return report_error(meter.error());
  if ((*meter)->sensors().empty()) {
    return report_error({ErrorKind::no_reading, "sensor.none", "no sensor can be read on this machine",
                         "see `joulebook doctor` for what is missing"});
  }
  const std::string boot(trim(context.files()->read("/proc/sys/kernel/random/boot_id").value_or("")));
  gateway::Agent answers(feed, system_clock(), *secret, boot);
  gateway::EdgeOptions options;
  options.listen = command.listen;
  options.open_to_network = command.open_to_network;
  options.tls_cert = command.tls_cert;
  options.tls_key = command.tls_key;
  options.connections = 64;
  auto edge = gateway::Edge::open(std::move(options), &answers);
  if (!edge) return report_error(edge.error());
  if (auto ok = (*meter)->start(); !ok) return report_error(ok.error());
  (*meter)->register_self_thread();
  context.say(fmt::format("joulebook: agent on port {}; {} sensors", (*edge)->port(), (*meter)->sensors().size()));
  std::thread serving([&] {
    (*meter)->register_self_thread();
    (*edge)->run();
  });
  std::vector<int> watched;
  std::signal(SIGHUP, look_again);
  std::vector<gateway::MeteredHost> here(1);
  here.front().meter = meter->get();
  here.front().name = "this machine";
  SensorNews news(std::move(here));
  const SteadyTime start = system_clock().now();
  while (!cancelled() &&
         (command.for_s <= 0 || Seconds(system_clock().now() - start).count() < command.for_s)) {
    watch(context, command, **meter, watched);
    if (g_look_again.exchange(false)) (*meter)->renew();
    for (const auto& line : news.follow(system_clock().now())) context.say(line);
    for (int i = 0; i < 20 && !cancelled(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  (*edge)->drain(Nanos(0));
  serving.join();
  (*meter)->stop();
  return 0;
}

}  // namespace

void add_agent(CommandLine& line) {
  auto command = std::make_shared<AgentCommand>();
  CLI::App& app = line.add("agent", "let a gateway elsewhere read this machine's meter",
                           [command](const Context& context) { return agent(context, *command); });
  app.add_option("--listen", command->listen, "where the gateway connects")->type_name("HOST:PORT");
  app.add_flag("--open-to-network", command->open_to_network, "allow an address other than loopback; needs TLS");
  app.add_option("--tls-cert", command->tls_cert, "PEM certificate")->type_name("FILE");
  app.add_option("--tls-key", command->tls_key, "its PEM key")->type_name("FILE");
  app.add_option("--pid", command->pids, "the server's processes")->delimiter(',')->type_name("PID");
  app.add_option("--port", command->port, "the port that the server listens on")->type_name("PORT");
  app.add_option("--for", command->for_s, "for so many seconds; else until Ctrl-C")->type_name("S");
  line.add_devices(app);
}

}  // namespace joulebook
