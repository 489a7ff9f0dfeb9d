// audit: is a published figure true? `audit new` writes a claim.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>

#include "account/audit/audit.h"
#include "cli/audit_result.h"
#include "cli/command_line.h"
#include "core/file_tree.h"
#include "core/text.h"
#include "report/audit_page.h"

namespace joulebook {
namespace {

using account::Audit;
using account::Claim;

struct AuditOptions {
  std::vector<std::string> paths;
  std::string value, id, text, who, when, source, boundary, basis, note, recipe;
  std::string model, gpu, gpus, batch, tokens, prompt, weights;
  std::vector<std::string> inputs;  // NAME=VALUE
  std::string html, out;
  bool explain = false;
};

// Flags that are inputs by another name.
std::vector<std::pair<std::string, std::string>> named_inputs(const AuditOptions& o) {
  std::vector<std::pair<std::string, std::string>> all;
  const std::pair<const char*, const std::string*> kFlags[] = {{"model", &o.model}, {"gpu", &o.gpu}, {"gpus", &o.gpus}, {"batch", &o.batch},
                                                               {"output_tokens", &o.tokens}, {"input_tokens", &o.prompt}, {"weights", &o.weights}};
  for (const auto& [name, value] : kFlags) {
    if (!value->empty()) all.emplace_back(name, *value);
  }
  return all;
}

Status add_inputs(const AuditOptions& o, Claim& claim) {
  auto named = named_inputs(o);
  for (const std::string& pair : o.inputs) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(ErrorKind::usage, "audit.input", "'" + pair + "' is no NAME=VALUE", "--input pue=1.2 --input 'duration=20 s'");
    }
    named.emplace_back(trim(std::string_view(pair).substr(0, equals)), trim(std::string_view(pair).substr(equals + 1)));
  }
  for (const auto& [name, value] : named) {
    if (account::known_input(name) == nullptr && o.recipe.find(name) == std::string::npos) {
      const auto near = account::input_like(name);
      return fail(ErrorKind::usage, "audit.input", "no rule knows the input '" + name + "'", near ? "did you mean " + *near + "?" : "docs/formats/claim.md lists them");
    }
    auto input = account::claim_input(name, value);
    if (!input) return fail(input.error());
    claim.inputs.push_back(std::move(*input));
  }
  return {};
}

// The claim of the flags, through the file format: one way to read it, one set of errors.
Result<Claim> claim_of_flags(const AuditOptions& o) {
  Claim claim;
  const auto value = account::Measure::parse(o.value);
  if (!value) return fail(value.error());
  claim.value = *value;
  claim.id = !o.id.empty() ? o.id : !o.out.empty() ? std::filesystem::path(o.out).stem().string() : "claim";
  claim.text = o.text.empty() ? o.value : o.text;
  claim.who = o.who, claim.when = o.when, claim.source = o.source, claim.note = o.note;
  if (!o.boundary.empty()) claim.boundary = o.boundary;
  if (!o.basis.empty()) claim.basis = o.basis;
  if (auto ok = add_inputs(o, claim); !ok) return fail(ok.error());
  if (!o.recipe.empty()) claim.recipe.push_back({"value", o.recipe, 0});
  return account::parse_claim(account::to_toml(claim), claim.id + ".toml");
}

Result<std::vector<std::string>> files_of(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (!fs::is_directory(path, error)) return std::vector{path};
  std::vector<std::string> files;
  for (fs::recursive_directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() == ".toml" && it->is_regular_file(error)) files.push_back(it->path().string());
  }
  if (files.empty()) return fail(ErrorKind::input, "audit.empty", "no claim in " + path, "a claim is a .toml file; joulebook audit new writes one");
  std::ranges::sort(files);
  return files;
}

// A file of which no claim was made, or none that can be computed, and why.
struct Refused {
  std::string file;
  Error error;
};

struct Judgement {
  std::vector<Audit> audits;
  std::vector<Refused> refused;

  void take(const Result<Claim>& claim, const std::string& file) {
    auto audit = claim ? account::audit(*claim) : fail(claim.error());
    if (audit) {
      audits.push_back(std::move(*audit));
    } else {
      refused.push_back({file, audit.error()});
    }
  }
};

Result<Claim> claim_of_file(const std::string& file) {
  const auto text = read_file(file);
  if (!text) return fail(text.error());
  return account::parse_claim(*text, file);
}

// One that is wrong keeps no other from its verdict.
Result<Judgement> judged(const AuditOptions& o) {
  Judgement all;
  if (!o.value.empty()) all.take(claim_of_flags(o), "--value");
  for (const std::string& path : o.paths) {
    const auto files = files_of(path);
    if (!files) return fail(files.error());
    for (const std::string& file : *files) all.take(claim_of_file(file), file);
  }
  if (all.audits.empty() && all.refused.empty()) {
    return fail(ErrorKind::usage, "audit.nothing", "nothing to audit", "name a claim or a folder of them, or give --value '17800 J/response' --model NAME --gpu NAME --tokens N");
  }
  return all;
}

int report_refused(const std::vector<Refused>& refused) {
  int code = 0;
  for (const auto& [file, error] : refused) {
    Error placed = error;
    const bool said = file == "--value" || error.message.find(file) != std::string::npos;
    if (!said) placed.message = file + ": " + error.message;
    const int one = report_error(placed);
    if (code == 0) code = one;
  }
  return code;
}

Json refused_json(const std::vector<Refused>& refused) {
  Json all = Json::array();
  for (const auto& [file, error] : refused) {
    all.push(Json::object({{"file", file}, {"code", error.code}, {"message", error.message}, {"cure", error.cure}}));
  }
  return all;
}

int run_audit(const Context& context, const AuditOptions& o) {
  const auto all = judged(o);
  if (!all) return report_error(all.error());
  if (auto ok = context.check_outputs({o.html}); !ok) return report_error(ok.error());
  const int refused = report_refused(all->refused);
  if (all->audits.empty()) return refused;
  Json document = account::audits_json(all->audits);
  document.set("refused", refused_json(all->refused));
  context.print(audits_text(document, o.explain, terminal_width()));
  if (!o.html.empty()) {
    if (auto ok = write_file(o.html, audit_page(document)); !ok) return report_error(ok.error());
  }
  if (auto ok = context.emit(document); !ok) return report_error(ok.error());
  if (refused != 0) return refused;
  return document["inconsistent"].as_int() > 0 ? exit_code(ErrorKind::negative) : 0;
}

// Asks on standard error, so that standard output stays the claim's.
std::string ask_line(std::string_view question, std::string_view example) {
  std::cerr << question << " (" << example << "): " << std::flush;
  std::string line;
  std::getline(std::cin, line);
  return std::string(trim(line));
}

Status ask_inputs(AuditOptions& o) {
  std::cerr << "Inputs, NAME=VALUE, an empty line ends: model, gpu, gpus, batch, input_tokens, output_tokens, duration, mean_power, pue, "
               "energy, carbon, grid, gpu_hours, training_tokens, ... (docs/formats/claim.md)\n";
  while (std::cin) {
    const std::string line = ask_line("  input", "output_tokens=1333 tokens");
    if (line.empty()) break;
    o.inputs.push_back(line);
    Claim probe;
    AuditOptions one;
    one.inputs = {line};
    if (auto ok = add_inputs(one, probe); !ok) {
      std::cerr << "  " << ok.error().message << ": " << ok.error().cure << '\n';
      o.inputs.pop_back();
    }
  }
  return {};
}

// Asks until the answer is one that the claim's reader takes, or nobody answers.
std::string ask_for(AuditOptions o, std::string AuditOptions::*into, std::string_view question, std::string_view example) {
  while (std::cin) {
    o.*into = ask_line(question, example);
    if (!std::cin && (o.*into).empty()) break;
    const auto claim = claim_of_flags(o);
    if (claim) return o.*into;
    std::cerr << "  " << claim.error().message << ": " << claim.error().cure << '\n';
  }
  if (!std::cin) std::cerr << '\n';
  return {};
}

Status ask_all(AuditOptions& o) {
  o.value = ask_for(o, &AuditOptions::value, "What was said, number and unit", "17800 J/response");
  if (o.value.empty()) return fail(ErrorKind::usage, "audit.nothing", "no value was given, and nobody answered", "joulebook audit new --value '17800 J/response' --model NAME --out FILE");
  if (o.text.empty()) o.text = ask_line("Of what", "DeepSeek 70B, one answer of 1,000 words");
  if (o.who.empty()) o.who = ask_line("Who said it", "MIT Technology Review");
  if (o.when.empty()) o.when = ask_for(o, &AuditOptions::when, "When", "2025-01-31");
  if (o.source.empty()) o.source = ask_line("Where", "an address, a page");
  if (o.boundary.empty()) o.boundary = ask_for(o, &AuditOptions::boundary, "Boundary as stated: gpu, node, server, facility, full stack, life cycle, not stated", "gpu");
  return ask_inputs(o);
}

int run_new(const Context& context, AuditOptions& o) {
  if (o.value.empty()) {
    if (auto ok = ask_all(o); !ok) return report_error(ok.error());
  }
  const auto claim = claim_of_flags(o);
  if (!claim) return report_error(claim.error());
  const std::string toml = account::to_toml(*claim);
  if (o.out.empty()) {
    context.print(toml);
  } else if (auto ok = write_file(o.out, toml); !ok) {
    return report_error(ok.error());
  }
  if (!o.out.empty()) context.say("wrote " + o.out + "; joulebook audit " + o.out);
  const auto ok = context.emit(Json::object({{"schema", "joulebook.claim/1"}, {"id", claim->id}, {"file", o.out}, {"toml", toml}}));
  return ok ? 0 : report_error(ok.error());
}

void add_claim_flags(CLI::App& c, AuditOptions& o) {
  const auto text = [&c](const char* flag, std::string& into, const char* doc, const char* type) { c.add_option(flag, into, doc)->type_name(type); };
  text("--value", o.value, "what was said: '17800 J/response'", "AMOUNT");
  text("--model", o.model, "the model", "NAME");
  text("--gpu", o.gpu, "the device", "NAME");
  text("--gpus", o.gpus, "devices that did the work", "N");
  text("--batch", o.batch, "sequences at a time", "N");
  text("--tokens,--output", o.tokens, "tokens of a response", "N");
  text("--prompt", o.prompt, "tokens of its prompt", "N");
  text("--weights", o.weights, "bfloat16, fp8, mxfp4, ...", "TYPE");
  text("--boundary", o.boundary, "gpu, node, server, facility, 'full stack', 'life cycle', 'not stated'", "WORD");
  text("--basis", o.basis, "measured, estimated, provisioned", "WORD");
  c.add_option("--input", o.inputs, "any other input of docs/formats/claim.md, once for each: pue=1.2")->type_name("NAME=VALUE")->allow_extra_args(false);
  text("--recipe", o.recipe, "how it is computed (default: what unit and inputs imply)", "EXPRESSION");
  text("--text", o.text, "what the figure is of", "TEXT");
  text("--who", o.who, "who said it", "TEXT");
  text("--when", o.when, "when", "DATE");
  text("--source", o.source, "where", "TEXT");
  text("--id", o.id, "its name", "WORD");
}

}  // namespace

void add_audit(CommandLine& line) {
  const auto options = std::make_shared<AuditOptions>();
  const auto fresh = std::make_shared<AuditOptions>();
  // The command line calls back for `audit new` and for `audit` after it: what was written decides.
  const auto writes = std::make_shared<CLI::App*>(nullptr);
  CLI::App& c = line.add("audit", "is a published figure true? recomputes claims and says what is missing",
                         [options, fresh, writes](const Context& context) {
                           return (*writes)->parsed() ? run_new(context, *fresh) : run_audit(context, *options);
                         });
  c.add_option("claims", options->paths, "claims (TOML), or folders of them")->type_name("PATH");
  add_claim_flags(c, *options);
  c.add_option("--html", options->html, "a page for readers")->type_name("FILE");
  c.add_flag("--explain", options->explain, "each claim in full, with the source of every number");
  CLI::App& n = line.add("new", "write a claim: from flags, or from answers to questions", [fresh](const Context& context) { return run_new(context, *fresh); }, &c);
  *writes = &n;
  add_claim_flags(n, *fresh);
  n.add_option("--note", fresh->note, "what else should be known")->type_name("TEXT");
  n.add_option("--out", fresh->out, "where it goes (default: standard output)")->type_name("FILE");
}

}  // namespace joulebook
