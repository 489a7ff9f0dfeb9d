// account --usage: a bill's tokens as a range of joules, grams and litres.
#include <fmt/format.h>

#include "account/usage/usage.h"
#include "cli/account_screen.h"
#include "cli/cmd_account.h"
#include "core/json_strings.h"
#include "core/text.h"
#include "report/text_grid.h"

namespace joulebook {
namespace {

using account::Usage;
using account::UsageFigures;
using Align = TextGrid::Align;

Json figures_json(const UsageFigures& f) {
  return Json::object({{"energy", to_json(f.energy)}, {"carbon_direct", to_json(f.direct)}, {"carbon_lifecycle", to_json(f.lifecycle)}, {"water", to_json(f.water)}});
}

Json usage_json(const Usage& u) {
  Json rows = Json::array(), sums = Json::array();
  for (const auto& r : u.rows) {
    const auto& b = r.bill;
    rows.push(Json::object({{"line", static_cast<std::int64_t>(b.line)}, {"month", b.month.text()}, {"provider", b.provider}, {"model", b.model}, {"region", b.region},
                            {"input_tokens", b.input}, {"output_tokens", b.output}, {"requests", b.requests ? Json(*b.requests) : Json()},
                            {"how", r.how}, {"scope", r.scope}, {"figures", figures_json(r.figures)}}));
  }
  for (const auto& s : u.sums) {
    sums.push(Json::object({{"by", s.by}, {"key", s.key}, {"input_tokens", s.input}, {"output_tokens", s.output}, {"figures", figures_json(s.figures)}}));
  }
  return Json::object({{"schema", "joulebook.usage/1"}, {"range", u.range.text()}, {"rows", std::move(rows)}, {"sums", std::move(sums)},
                       {"notes", strings(u.notes)}, {"constants", constants_json(u.constants)}});
}

// "17.8 kWh [5.1–62]", so that no figure stands alone.
std::string cell(const Quantity& q, Reasons& reasons) {
  const FigureText text = figure_text(on_screen_unit(q));
  if (!text.present()) note(text, reasons);
  return text.line();
}

std::string usage_text(const Usage& u, bool explain, int width) {
  Reasons reasons;
  TextGrid rows({{"month"}, {"model", Align::left, true}, {"how", Align::left, true}, {"energy", Align::right}, {"tier"}, {"carbon, direct", Align::right}, {"carbon, life cycle", Align::right}, {"water", Align::right}});
  for (const auto& r : u.rows) {
    rows.add({r.bill.month.text(), r.bill.model, r.how, cell(r.figures.energy, reasons), r.figures.energy.present() ? std::string(to_string(r.figures.energy.tier)) : "",
              cell(r.figures.direct, reasons), cell(r.figures.lifecycle, reasons), cell(r.figures.water, reasons)});
  }
  TextGrid sums({{"sum by"}, {""}, {"energy", Align::right}, {"carbon, direct", Align::right}, {"carbon, life cycle", Align::right}, {"water", Align::right}});
  for (const auto& s : u.sums) {
    sums.add({s.by, s.key, cell(s.figures.energy, reasons), cell(s.figures.direct, reasons), cell(s.figures.lifecycle, reasons), cell(s.figures.water, reasons)});
  }
  std::string text = rows.text(width) + "\n" + sums.text(width) + "\n" + reason_lines(reasons, width) + note_lines(u.notes, width);
  return explain ? text + "\n" + constants_text(u.constants, width) : text;
}

Status valid(const UsageOptions& o) {
  for (const double b : o.batches) {
    if (b >= 1 && b <= 1e6) continue;
    return fail(ErrorKind::usage, "usage.batch", fmt::format("a batch of {:g}", b), "give --batches 8,64,256: each from 1 to 1000000");
  }
  return {};
}

}  // namespace

void add_usage_flags(CLI::App& k, UsageOptions& o) {
  k.add_option("--usage", o.file, "a bill: CSV of month, provider, model, region, input_tokens, output_tokens")->type_name("FILE");
  k.add_option("--batches", o.batches, "with --usage: at which batches open models are predicted (default 8,64,256)")->delimiter(',')->type_name("LIST");
  k.add_option("--gpus", o.gpus, "with --usage: on which GPUs (default H100,B200)")->delimiter(',')->type_name("LIST");
  k.add_option("--csv", o.csv, "with --usage: writes rows and sums there")->type_name("FILE");
}

int account_usage(const Context& context, const AccountOptions& given, const UsageOptions& o) {
  if (auto ok = context.check_outputs({o.csv}); !ok) return report_error(ok.error());
  if (auto ok = valid(o); !ok) return report_error(ok.error());
  const auto text = read_file(o.file);
  if (!text) return report_error(text.error());
  const auto bill = account::parse_bill(*text, o.file);
  if (!bill) return report_error(bill.error());
  const auto terms = terms_of(given, {});
  if (!terms) return report_error(terms.error());
  account::ServingRange range;
  if (!o.batches.empty()) range.batches = o.batches;
  if (!o.gpus.empty()) range.gpus = o.gpus;
  const auto usage = account::account_usage(*bill, range, *terms);
  if (!usage) return report_error(usage.error());
  if (o.csv == "-") {
    context.print(account::usage_csv(*usage));
  } else {
    context.print(usage_text(*usage, given.explain, terminal_width()));
  }
  if (!o.csv.empty() && o.csv != "-") {
    if (auto ok = write_file(o.csv, account::usage_csv(*usage)); !ok) return report_error(ok.error());
  }
  const auto ok = context.emit(usage_json(*usage));
  return ok ? 0 : report_error(ok.error());
}

}  // namespace joulebook
