// top: what a gateway knows, on a terminal, from second to second.
#include <fmt/format.h>

#include <algorithm>

#include "cli/command_line.h"
#include "cli/live_listener.h"
#include "cli/terminal_screen.h"
#include "core/nanos.h"
#include "report/top_frame.h"

namespace joulebook {
namespace {

struct TopCommand {
  std::string url = "http://127.0.0.1:8900";
  std::string token_env;
  std::string ca_file;
  std::string by = "model";
  std::string sort = "joules";
  bool once = false;
  double wait_s = 10;
};

TopView view_of(const TopCommand& command) {
  TopView view;
  view.kind = command.by;
  constexpr std::pair<std::string_view, TopSort> kSorts[] = {{"joules", TopSort::joules},
                                                             {"price", TopSort::price},
                                                             {"requests", TopSort::requests},
                                                             {"tokens", TopSort::tokens},
                                                             {"name", TopSort::name}};
  for (const auto& [name, sort] : kSorts) {
    if (command.sort == name) view.sort = sort;
  }
  view.colour = wants_colour(1);
  return view;
}

// Waits for the first event; --once and --json - need no more.
int show_once(const Context& context, const TopCommand& command, const LiveListener& listener) {
  LiveListener::Heard heard = listener.heard();
  const SteadyTime until = system_clock().now() + nanos(command.wait_s);
  while (heard.events == 0 && !cancelled() && system_clock().now() < until) {
    system_clock().sleep_until(system_clock().now() + std::chrono::milliseconds(20));
    heard = listener.heard();
  }
  if (cancelled()) return 128 + cancelling_signal();
  if (heard.events == 0) {
    return report_error({ErrorKind::engine, "top.no_gateway",
                         fmt::format("nothing was heard from {}: {}", command.url, heard.link),
                         "start `joulebook serve`, or name where it listens with --url"});
  }
  TopView view = view_of(command);
  view.width = terminal_width();
  view.height = 200;
  view.keys = false;
  context.print(top_frame(heard.live, view) + "\n");
  const auto ok = context.emit(heard.live);
  return ok ? 0 : report_error(ok.error());
}

int watch(const TopCommand& command, const LiveListener& listener) {
  if (auto ok = TerminalScreen::take(); !ok) return report_error(ok.error());
  std::optional<TopView> view = view_of(command);
  while (view && TerminalScreen::ending() == 0) {
    const auto heard = listener.heard();
    const auto size = TerminalScreen::size();
    view->width = size.width;
    view->height = size.height;
    view->link = heard.link;
    TerminalScreen::draw(top_frame(heard.live, *view));
    if (const auto key = TerminalScreen::key(250)) view = after_key(*view, *key);
  }
  TerminalScreen::give_back();
  return TerminalScreen::ending() == 0 ? 0 : 128 + TerminalScreen::ending();
}

int top(const Context& context, const TopCommand& command) {
  if (auto ok = context.check_outputs(); !ok) return report_error(ok.error());
  std::string bearer;
  if (!command.token_env.empty()) {
    const char* token = std::getenv(command.token_env.c_str());
    if (token == nullptr || *token == '\0') {
      return report_error({ErrorKind::usage, "top.no_token",
                           "the environment has no " + command.token_env, "set it, or leave --token-env out"});
    }
    bearer = token;
  }
  if (!command.url.starts_with("http://") && !command.url.starts_with("https://")) {
    return report_error({ErrorKind::usage, "top.address", "'" + command.url + "' is no http(s) address",
                         "write it as http://HOST:PORT"});
  }
  const LiveListener listener(command.url, bearer, command.ca_file);
  if (command.once || !context.json.empty()) {
    catch_signals();
    return show_once(context, command, listener);
  }
  return watch(command, listener);
}

}  // namespace

void add_top(CommandLine& line) {
  auto command = std::make_shared<TopCommand>();
  CLI::App& app = line.add("top", "Watch a metering gateway: power, J/token, who takes the joules",
                           [command](const Context& context) { return top(context, *command); });
  app.add_option("--url", command->url, "Where `joulebook serve` listens")->capture_default_str();
  app.add_option("--by", command->by, "Who is listed")
      ->check(CLI::IsMember({"model", "tenant", "route"}))
      ->capture_default_str();
  app.add_option("--sort", command->sort, "By what")
      ->check(CLI::IsMember({"joules", "price", "requests", "tokens", "name"}))
      ->capture_default_str();
  app.add_flag("--once", command->once, "Print one frame and end");
  app.add_option("--wait", command->wait_s, "Seconds to wait for the gateway with --once")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str();
  app.add_option("--token-env", command->token_env, "Environment variable that holds a bearer token");
  app.add_option("--ca", command->ca_file, "PEM file of who may sign the gateway's certificate");
}

}  // namespace joulebook
