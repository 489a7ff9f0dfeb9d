// The commands that add themselves (command_line.h), in the order in which --help shows them. A new
// one is a declaration and a line in the table.
#include "cli/command_line.h"

namespace joulebook {

void add_serve(CommandLine& line);
void add_agent(CommandLine& line);
void add_calibrate(CommandLine& line);
void add_compare(CommandLine& line);
void add_route(CommandLine& line);
void add_predict(CommandLine& line);
void add_explain(CommandLine& line);
void add_whatif(CommandLine& line);
void add_synth(CommandLine& line);
void add_account(CommandLine& line);
void add_audit(CommandLine& line);
void add_scenario(CommandLine& line);
void add_load(CommandLine& line);
void add_top(CommandLine& line);
void add_card(CommandLine& line);
void add_report(CommandLine& line);
void add_ledger(CommandLine& line);

void add_listed_commands(CommandLine& line) {
  constexpr AddCommands kAll[] = {
      add_serve,
      add_agent,
      add_calibrate,
      add_compare,
      add_route,
      add_predict,
      add_explain,
      add_whatif,
      add_synth,
      add_account,
      add_audit,
      add_scenario,
      add_load,
      add_top,
      add_card,
      add_report,
      add_ledger,
  };
  for (const AddCommands add : kAll) add(line);
}

}  // namespace joulebook
