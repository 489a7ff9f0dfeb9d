// serve: a metering gateway in front of any LLM server; agent: this machine's meter for one elsewhere.
#include <fmt/format.h>
#include <unistd.h>

#include <iostream>

#include "cli/command_line.h"
#include "cli/serve_run.h"
#include "cli/serve_settings.h"
#include "core/text.h"
#include "gateway/wire/identity.h"

namespace joulebook {
namespace {

using gateway::ServeKey;
using gateway::ServeOptions;

struct ServeCommand {
  // What flags said, over what the file says.
  std::vector<std::function<void(ServeOptions&)>> flags;
  double for_s = 0;
  bool hash_key = false;
};

// Prints what [tenants] calls a key that is read from standard input; the key goes nowhere else.
int hash_key(const Context& context) {
  std::string key;
  std::getline(std::cin, key);
  const auto salt = salt_of(context.settings);
  if (!salt) return report_error(salt.error());
  context.print(gateway::Tenants::hash(*salt, trim(key)) + "\n");
  return 0;
}

int serve(const Context& context, const ServeCommand& command) {
  if (command.hash_key) return hash_key(context);
  if (auto ok = context.check_outputs(); !ok) return report_error(ok.error());
  auto options = gateway::serve_options(context.settings.file());
  if (!options) return report_error(options.error());
  for (const auto& flag : command.flags) flag(*options);
  if (auto ok = gateway::check(*options); !ok) return report_error(ok.error());
  const auto code = serve_until_stopped(context, *options, command.for_s);
  return code ? *code : report_error(code.error());
}

std::string flag_of(const ServeKey& key) {
  std::string flag = "--" + std::string(key.key);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

void add_flag(CLI::App& app, const std::shared_ptr<ServeCommand>& command, const ServeKey& key) {
  const std::string flag = flag_of(key);
  if (const auto* toggle = std::get_if<bool ServeOptions::*>(&key.member)) {
    app.add_flag_function(
        flag + ",!--no-" + flag.substr(2),
        [command, member = *toggle](std::int64_t count) {
          command->flags.push_back([=](ServeOptions& o) { o.*member = count > 0; });
        },
        key.doc);
  } else if (const auto* texts = std::get_if<std::vector<std::string> ServeOptions::*>(&key.member)) {
    app.add_option_function<std::vector<std::string>>(
           flag,
           [command, member = *texts](const std::vector<std::string>& values) {
             command->flags.push_back([=](ServeOptions& o) { o.*member = values; });
           },
           key.doc)
        ->delimiter(',')
        ->type_name(key.metavar)
        ->allow_extra_args(false);
  } else {
    std::visit(
        [&]<class T>(T ServeOptions::*member) {
          if constexpr (!std::is_same_v<T, bool> && !std::is_same_v<T, std::vector<std::string>>) {
            app.add_option_function<T>(
                   flag,
                   [command, member](const T& value) {
                     command->flags.push_back([=](ServeOptions& o) { o.*member = value; });
                   },
                   key.doc)
                ->type_name(key.metavar);
          }
        },
        key.member);
  }
}

}  // namespace

void add_serve(CommandLine& line) {
  auto command = std::make_shared<ServeCommand>();
  CLI::App& app = line.add("serve", "meter every request that passes to an LLM server",
                           [command](const Context& context) { return serve(context, *command); });
  for (const ServeKey& key : gateway::serve_keys()) add_flag(app, command, key);
  app.add_option("--for", command->for_s, "serve for so many seconds; else until Ctrl-C")->type_name("S");
  app.add_flag("--hash-key", command->hash_key,
               "print what [tenants] calls the key that is read from standard input");
  line.add_devices(app);
}

}  // namespace joulebook
