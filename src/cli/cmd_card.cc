// card, card verify, card sign: what answers took, published so that others can check it.
#include <fmt/format.h>

#include "cli/card_selection.h"
#include "cli/command_line.h"
#include "cli/replays.h"
#include "cli/signature.h"
#include "core/clock.h"
#include "core/file_tree.h"
#include "core/version.h"
#include "export/card/carbon.h"
#include "export/card/card_csv.h"
#include "export/card/facts.h"
#include "export/card/make.h"
#include "export/card/verify.h"
#include "report/card_page.h"
#include "report/card_table.h"
#include "report/terminal_table.h"

namespace joulebook {
namespace {

struct CardOptions {
  CardSelection selection;
  std::string title;
  std::string facts;
  std::string training_run;
  std::string grid;
  std::string grid_kind = "direct";
  std::vector<std::string> samples;  // RUN=FILE
  std::string csv, html, bundle;
};

struct VerifyOptions {
  std::string file;
  std::string bundle;
  std::string signature, signers, identity;
};

struct SignOptions {
  std::string file, key;
};

// A measured training run in the place of a stated one.
Status add_training(const Ledger& ledger, const std::string& id, Json& facts) {
  const auto run = ledger.resolve(id);
  if (!run) return fail(run.error());
  const auto document = ledger.show(*run);
  if (!document) return fail(document.error());
  if (!facts["training"]["energy"]["value"].is_null()) {
    return fail(ErrorKind::usage, "card.training", "training is both stated in the facts file and measured",
                "leave [training] energy_kwh or --training-run away");
  }
  const Json& total = (*document)["total"];
  if (!quantity_from_json(total)) {
    return fail(ErrorKind::input, "card.training", *run + " has no total", "name a finished run");
  }
  Json training = facts["training"];
  training.set("energy", total).set("run", *run);
  facts.set("training", std::move(training));
  return {};
}

Result<Json> facts_of(const Ledger& ledger, const CardOptions& options) {
  Json facts = card::no_facts();
  if (!options.facts.empty()) {
    const auto text = read_file(options.facts);
    if (!text) return fail(text.error());
    auto read = card::parse_facts(*text, options.facts);
    if (!read) return fail(read.error());
    facts = std::move(*read);
  }
  if (options.training_run.empty()) return facts;
  if (auto ok = add_training(ledger, options.training_run, facts); !ok) return fail(ok.error());
  return facts;
}

Status add_samples(const Ledger& ledger, const std::string& spec, bool keep_text, card::CardMaker& maker) {
  const auto equals = spec.find('=');
  if (equals == spec.npos) {
    return fail(ErrorKind::usage, "card.samples", "'" + spec + "' is not RUN=FILE",
                "name the run and the file that `run --record` wrote: --samples last=run.trace");
  }
  const auto id = ledger.resolve(spec.substr(0, equals));
  if (!id) return fail(id.error());
  auto trace = read_file(spec.substr(equals + 1));
  if (trace && !keep_text) trace = trace_without_text(*trace);
  if (!trace) return fail(trace.error());
  return maker.add_samples(*id, std::move(*trace));
}

Result<card::CardMaker> maker_of(const Context& context, const Ledger& ledger, const CardOptions& options) {
  auto facts = facts_of(ledger, options);
  if (!facts) return fail(facts.error());
  const auto chosen = resolve_selection(ledger, options.selection);
  if (!chosen) return fail(chosen.error());
  card::Statement statement;
  statement.title = options.title;
  statement.made = iso8601(system_clock().anchor().wall_ns);
  statement.version = build_version();
  statement.commit = build_commit();
  statement.records = chosen->ids();
  statement.since = chosen->since;
  statement.until = chosen->until;
  statement.by = chosen->by;
  statement.facts = std::move(*facts);
  if (!options.grid.empty()) {
    const auto kind = options.grid_kind == "direct" ? account::GridKind::direct : account::GridKind::lifecycle;
    auto grid = card::stated_grid(options.grid, kind);
    if (!grid) return fail(grid.error());
    statement.grid = std::move(*grid);
  }
  auto maker = card::CardMaker::make(std::move(statement), !options.bundle.empty());
  if (!maker) return maker;
  for (const auto& record : chosen->records) {
    if (auto ok = maker->add(record); !ok) return fail(ok.error());
  }
  for (const auto& spec : options.samples) {
    if (auto ok = add_samples(ledger, spec, options.selection.keep_text, *maker); !ok) return fail(ok.error());
  }
  std::set<std::string> requests;
  const auto read = each_selected_request(context.settings.get("ledger"), *chosen, [&](const Json& row) {
    requests.emplace(row["id"].as_string());
    return maker->add_request(row);
  });
  if (!read) return fail(read.error());
  if (auto ok = each_selected_window(context.settings.get("ledger"), *chosen, requests,
                                     [&](const Json& window) { return maker->add_window(window); });
      !ok) {
    return fail(ok.error());
  }
  for (const auto& warning : *read) {
    context.warn(warning);
    maker->warn(warning);
  }
  return maker;
}

int make_card(const Context& context, const CardOptions& options) {
  if (auto ok = context.check_outputs({options.csv, options.html, options.bundle}); !ok) {
    return report_error(ok.error());
  }
  auto ledger = open_ledger(context.settings.get("ledger"));
  if (!ledger) return report_error(ledger.error());
  auto maker = maker_of(context, **ledger, options);
  if (!maker) return report_error(maker.error());
  const auto made = maker->finish();
  if (!made) return report_error(made.error());
  context.print(card_table(*made, {terminal_width(), wants_colour(1)}));
  const auto write = [](const std::string& file, const auto& bytes) -> Status {
    return file.empty() ? Status() : write_file(file, bytes());
  };
  for (const auto& ok : {write(options.csv, [&] { return card::card_csv(*made); }),
                         write(options.html, [&] { return card_page(*made); })}) {
    if (!ok) return report_error(ok.error());
  }
  if (!options.bundle.empty()) {
    const auto bytes = maker->bundle();
    if (!bytes) return report_error(bytes.error());
    if (auto ok = write_file(options.bundle, *bytes); !ok) return report_error(ok.error());
  }
  // The bytes that the bundle holds, so that their digests agree.
  if (context.json.empty()) return 0;
  if (context.json == "-") {
    fmt::print("{}", card::part_text(*made));
    return 0;
  }
  const auto ok = write_file(context.json, card::part_text(*made));
  return ok ? 0 : report_error(ok.error());
}

bool is_bundle(std::string_view bytes) { return bytes.starts_with(card::kSums); }

Result<card::Verification> checked(const VerifyOptions& options) {
  const auto file = read_file(options.file);
  if (!file) return fail(file.error());
  if (is_bundle(*file)) return card::verify_bundle(*file, {}, replays());
  if (options.bundle.empty()) return card::verify_alone(*file);
  const auto bundle = read_file(options.bundle);
  if (!bundle) return fail(bundle.error());
  return card::verify_bundle(*bundle, *file, replays());
}

std::string verdict_text(const card::Verification& v) {
  std::string text = fmt::format("{}: {} figures, {} rows, {} settled windows, {} records, {} of them worked out anew from raw samples\n",
                                 card::to_string(v.verdict), v.figures, v.rows, v.windows, v.records, v.replayed);
  for (const auto& f : v.faults) {
    text += fmt::format("fault: {}{}{}: {}\n", f.part, f.at.empty() ? "" : ", ", f.at, f.what);
  }
  for (const auto& note : v.notes) text += "note: " + note + "\n";
  return text;
}

int verify_card(const Context& context, const VerifyOptions& options) {
  const auto result = checked(options);
  if (!result) return report_error(result.error());
  Json document = result->json();
  context.print(verdict_text(*result));
  bool sound = result->verdict == card::Verdict::verified;
  if (!options.signature.empty()) {
    const auto signature = check_signature(
        {options.file, options.signature, options.signers, options.identity});
    if (!signature) return report_error(signature.error());
    context.print(signature->sentence + "\n");
    document.set("signature", Json::object({{"good", signature->good}, {"sentence", signature->sentence}}));
    sound = sound && signature->good;
  }
  const auto ok = context.emit(document);
  if (!ok) return report_error(ok.error());
  return sound ? 0 : exit_code(ErrorKind::negative);
}

int sign_card(const Context& context, const SignOptions& options) {
  const auto signature = sign_file(options.file, options.key);
  if (!signature) return report_error(signature.error());
  context.print("signature: " + *signature + "\n");
  const auto ok = context.emit(Json::object({{"schema", "joulebook.signature/1"},
                                             {"file", options.file},
                                             {"signature", *signature}}));
  return ok ? 0 : report_error(ok.error());
}

void add_verify(CommandLine& line, CLI::App& group, const std::shared_ptr<VerifyOptions>& options) {
  CLI::App& v = line.add("verify", "work out anew every figure of a card from its bundle",
                         [options](const Context& context) { return verify_card(context, *options); }, &group);
  v.add_option("file", options->file, "a bundle, or a card whose bundle --bundle names")->required();
  v.add_option("--bundle", options->bundle, "the bundle of that card")->type_name("FILE");
  v.add_option("--signature", options->signature, "a signature of FILE by ssh-keygen or minisign")
      ->type_name("FILE");
  v.add_option("--signers", options->signers,
               "who may have signed: an allowed_signers file (ssh), or a public key file (minisign)")
      ->type_name("FILE");
  v.add_option("--identity", options->identity, "as whom, of the allowed signers (ssh)")->type_name("NAME");
}

void add_sign(CommandLine& line, CLI::App& group, const std::shared_ptr<SignOptions>& options) {
  CLI::App& s = line.add("sign", "sign a card or a bundle with a key of your own (ssh-keygen or minisign)",
                         [options](const Context& context) { return sign_card(context, *options); }, &group);
  s.add_option("file", options->file, "card or bundle")->required();
  s.add_option("--key", options->key, "private key: of ssh-keygen, or of minisign")
      ->required()
      ->type_name("FILE");
}

}  // namespace

void add_card(CommandLine& line) {
  const auto options = std::make_shared<CardOptions>();
  const auto verify = std::make_shared<VerifyOptions>();
  const auto sign = std::make_shared<SignOptions>();
  const auto app = std::make_shared<CLI::App*>();
  CLI::App& c = line.add("card", "a model energy card: what answers took, for others to check",
                         [=](const Context& context) {
                           // The parent's callback comes last, whichever command was named.
                           if ((*app)->got_subcommand("verify")) return verify_card(context, *verify);
                           if ((*app)->got_subcommand("sign")) return sign_card(context, *sign);
                           return make_card(context, *options);
                         });
  *app = &c;
  add_selection(c, options->selection);
  c.add_option("--title", options->title, "a name for the card");
  c.add_option("--facts", options->facts, "what you state: publisher, training, place, scale (TOML)")
      ->type_name("FILE");
  c.add_option("--training-run", options->training_run, "the run of the ledger in which the model was trained")
      ->type_name("RUN");
  c.add_option("--grid", options->grid, "whose electricity it was, for carbon: a country (DE)")->type_name("PLACE");
  c.add_option("--grid-kind", options->grid_kind, "intensity of generation, or of its whole life cycle")
      ->capture_default_str()
      ->check(CLI::IsMember({"direct", "lifecycle"}));
  c.add_option("--samples", options->samples, "raw samples of a run, as `run --record` kept them")
      ->type_name("RUN=FILE")
      ->allow_extra_args(false);
  c.add_option("--csv", options->csv, "write the figures as CSV")->type_name("FILE");
  c.add_option("--html", options->html, "write a page that prints on paper")->type_name("FILE");
  c.add_option("--bundle", options->bundle, "write what the figures were made from, with digests")
      ->type_name("FILE");
  add_verify(line, c, verify);
  add_sign(line, c, sign);
}

}  // namespace joulebook
