// compare: two runs or two studies that are written down, and what a limit says of them.
#include "cli/command_line.h"
#include "cli/gate.h"
#include "cli/result_document.h"
#include "study/versus.h"

namespace joulebook {
namespace {

struct CompareOptions {
  std::string a;
  std::string b;
  std::string arm;
  std::string arm_b;
  std::string per = "response";
  GateOptions gate;
};

Result<Versus> compared(const Context& context, const CompareOptions& o) {
  auto options = versus_options(o.gate);
  if (!options) return fail(options.error());
  options->per = o.per;
  options->arm_a = o.arm;
  options->arm_b = o.arm_b.empty() ? o.arm : o.arm_b;
  auto a = result_document(context, o.a);
  if (!a) return fail(a.error());
  auto b = result_document(context, o.b);
  if (!b) return fail(b.error());
  return versus_documents(*a, *b, *options);
}

int compare(const Context& context, const CompareOptions& o) {
  if (auto ok = context.check_outputs(); !ok) return report_error(ok.error());
  const auto versus = compared(context, o);
  if (!versus) return report_error(versus.error());
  context.print(to_text(*versus));
  if (auto ok = context.emit(to_json(*versus)); !ok) return report_error(ok.error());
  return gate(*versus, o.gate);
}

}  // namespace

void add_compare(CommandLine& line) {
  const auto o = std::make_shared<CompareOptions>();
  CLI::App& c = line.add("compare", "two runs or studies; exits 1 where B takes too much more",
                         [o](const Context& context) { return compare(context, *o); });
  c.add_option("a", o->a, "a JSON file of run or study, or its id in the ledger")
      ->type_name("A")
      ->required();
  c.add_option("b", o->b, "likewise, what is held against it")->type_name("B")->required();
  c.add_option("--arm", o->arm, "of studies: which arm; else the first")->type_name("NAME");
  c.add_option("--arm-b", o->arm_b, "of B, where it is another one")->type_name("NAME");
  c.add_option("--per", o->per, "of studies: which figure")
      ->capture_default_str()
      ->check(CLI::IsMember(
          {"response", "correct answer", "output token", "total token", "word"}));
  add_gate(c, o->gate);
}

}  // namespace joulebook
