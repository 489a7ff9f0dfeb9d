// account --life, --training, --against: a model's life, and after how many answers it repays another.
#include <fmt/format.h>

#include <algorithm>

#include "account/footprint/footprint.h"
#include "account/life/life.h"
#include "cli/account_screen.h"
#include "cli/cmd_account.h"
#include "core/json_strings.h"
#include "core/text.h"
#include "report/text_grid.h"

namespace joulebook {
namespace {

using account::Distribution;
using account::Life;
using account::LifeModel;
using account::Service;
using Align = TextGrid::Align;

Status take(const std::string& text, const char* unit, std::optional<Distribution>& into) {
  if (text.empty()) return {};
  auto d = Distribution::parse(text, unit);
  if (!d) return fail(d.error());
  into = std::move(*d);
  return {};
}

// "training=0 J,answer=5 J/response": commas inside brackets belong to a distribution.
Result<LifeModel> model_in_words(const std::string& text) {
  std::string toml;
  int depth = 0;
  for (const char c : text) {
    depth += c == '(' ? 1 : c == ')' ? -1 : 0;
    toml += c == ',' && depth == 0 ? '\n' : c;
  }
  LifeModel model;
  model.name = text;
  bool answered = false;
  for (const auto line : split(toml, '\n')) {
    const auto equals = line.find('=');
    const std::string key(trim(line.substr(0, equals)));
    std::optional<Distribution> value;
    if (equals == std::string_view::npos) {
      return fail(ErrorKind::usage, "life.against", fmt::format("'{}' is no model", text), "give a TOML file, or --against 'training=0 J,answer=5 J/response'");
    }
    if (auto ok = take(std::string(trim(line.substr(equals + 1))), key == "answer" ? "J/response" : "J", value); !ok) return fail(ok.error());
    if (!value) return fail(ErrorKind::usage, "life.against", fmt::format("{} has no value", key), "give --against 'answer=5 J/response'");
    if (key == "answer") {
      model.answer = std::move(*value), answered = true;
    } else {
      model.once.push_back({key, std::move(*value)});
    }
  }
  if (answered) return model;
  return fail(ErrorKind::usage, "life.against", "what an answer of the other model takes is missing", "give --against 'answer=5 J/response'");
}

Result<account::LifeFile> file_of(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return fail(text.error());
  return account::parse_life(*text, path);
}

Result<account::LifeFile> life_in(const LifeOptions& o) {
  account::LifeFile file;
  if (!o.file.empty()) {
    auto read = file_of(o.file);
    if (!read) return read;
    file = std::move(*read);
  }
  std::optional<Distribution> training, answer, length;
  Service service = file.service.value_or(Service{});
  if (auto ok = take(o.training, "J", training); !ok) return fail(ok.error());
  if (auto ok = take(o.answer, "J/response", answer); !ok) return fail(ok.error());
  if (auto ok = take(o.answers, "response/year", service.answers); !ok) return fail(ok.error());
  if (auto ok = take(o.service, "s", length); !ok) return fail(ok.error());
  if (auto ok = take(o.per_user, "response/year", service.answers_per_user); !ok) return fail(ok.error());
  if (training) file.model.once.push_back({"training", std::move(*training)});
  if (answer) file.model.answer = std::move(*answer);
  if (o.file.empty() && !answer) return fail(ErrorKind::usage, "life.answer", "what an answer takes is missing", "give --answer '2 J/response', or --life FILE.toml");
  if (length) service.length = std::move(*length);
  if (!o.amortisation.empty()) {
    const auto rule = account::amortisation_of(o.amortisation);
    if (!rule) return fail(rule.error());
    service.amortisation = *rule;
  }
  file.service = std::move(service);
  return file;
}

Result<std::optional<LifeModel>> against_of(const LifeOptions& o) {
  if (o.against.empty()) return std::nullopt;
  if (!o.against.ends_with(".toml")) {
    auto model = model_in_words(o.against);
    if (!model) return fail(model.error());
    return std::optional<LifeModel>(std::move(*model));
  }
  auto file = file_of(o.against);
  if (!file) return fail(file.error());
  return std::optional<LifeModel>(std::move(file->model));
}

Json inputs_json(const LifeModel& model, const Service& service, const std::optional<LifeModel>& against) {
  Json list = Json::array();
  const auto add = [&](const char* of, std::string name, const Distribution& d) { list.push(Json::object({{"of", of}, {"name", std::move(name)}, {"stated", d.stated}})); };
  const auto add_model = [&](const char* of, const LifeModel& m) {
    for (const auto& once : m.once) add(of, once.name, once.joules);
    add(of, "answer", m.answer);
  };
  add_model("model", model);
  if (against) add_model("against", *against);
  if (service.answers) add("service", "answers", *service.answers);
  add("service", "length", service.length);
  if (service.answers_per_user) add("service", "answers_per_user", *service.answers_per_user);
  return list;
}

// A figure of the life in grams, litres and money.
struct Part {
  std::string of;  // a phase's name, "whole", "per_answer", "user_year"
  account::Footprint footprint;
};

// Of every energy of the life, at the same terms. Empty where none were given.
Result<std::vector<Part>> footprints_of(const Life& life, const AccountOptions& o) {
  std::vector<Part> parts;
  const bool asked = !(o.grid + o.market + o.pue + o.provider + o.wue + o.wue_off + o.price + o.boundary).empty();
  if (!asked) return parts;
  if (!o.hardware.empty()) {
    return fail(ErrorKind::usage, "life.hardware", "what a life takes is stated; how long its hardware is taken up is not",
                "account --energy ... --hardware reckons what making it took");
  }
  Accounted what;
  const auto terms = terms_of(o, what);
  if (!terms) return fail(terms.error());
  const auto at = account::preset_of(o.at.empty() ? "it" : o.at);
  if (!at) return fail(at.error());
  const auto to = o.boundary.empty() ? Result<account::Preset>(terms->overheads.pue && !account::includes_building(*at) ? account::Preset::facility : *at)
                                     : account::preset_of(o.boundary);
  if (!to) return fail(to.error());
  std::vector<std::pair<std::string, const Quantity*>> energies;
  for (const auto& p : life.phases) energies.emplace_back(p.phase, &p.energy);
  for (const auto& [name, q] : {std::pair{"whole", &life.whole}, std::pair{"per_answer", &life.per_answer}, std::pair{"user_year", &life.user_year}}) energies.emplace_back(name, q);
  for (const auto& [name, energy] : energies) {
    auto f = account::footprint(*energy, *at, *to, *terms);
    if (!f) return fail(f.error());
    parts.push_back({name, std::move(*f)});
  }
  return parts;
}

Json footprints_json(const std::vector<Part>& parts) {
  Json list = Json::array();
  for (const auto& part : parts) {
    Json figures = Json::array();
    for (const auto& n : part.footprint.figures) figures.push(Json::object({{"id", n.id}, {"name", n.name}, {"figure", to_json(n.figure)}}));
    list.push(Json::object({{"of", part.of}, {"at", to_string(part.footprint.from)}, {"boundary", to_string(part.footprint.preset)}, {"figures", std::move(figures)}}));
  }
  return list;
}

Json life_json(const account::LifeFile& file, const std::optional<LifeModel>& against, const Life& life, const std::vector<Part>& parts, const LifeOptions& o) {
  std::vector<std::string> notes = life.notes;
  if (!parts.empty()) notes.insert(notes.end(), parts.front().footprint.notes.begin(), parts.front().footprint.notes.end());
  Json phases = Json::array();
  for (const auto& p : life.phases) phases.push(Json::object({{"phase", p.phase}, {"energy", to_json(p.energy)}, {"share", to_json(p.share)}}));
  return Json::object({{"schema", "joulebook.life/1"}, {"model", file.model.name}, {"against", against ? Json(against->name) : Json()},
                       {"amortisation", to_string(file.service->amortisation)}, {"seed", static_cast<std::int64_t>(o.seed)}, {"draws", static_cast<std::int64_t>(o.draws)},
                       {"inputs", inputs_json(file.model, *file.service, against)}, {"phases", std::move(phases)}, {"whole", to_json(life.whole)},
                       {"answers", to_json(life.answers)}, {"per_answer", to_json(life.per_answer)}, {"user_year", to_json(life.user_year)},
                       {"parity", to_json(life.parity)}, {"break_even", to_json(life.break_even)}, {"never", life.never}, {"at_once", life.at_once},
                       {"footprints", footprints_json(parts)},
                       {"constants", parts.empty() ? Json::array() : constants_json(parts.front().footprint.constants)},
                       {"notes", strings(notes)}});
}

// A count of answers is no ratio: "517 M".
std::vector<std::string> count_cells(const Quantity& q, Reasons& reasons) {
  if (!q.present()) return figure_cells(q, reasons);
  const auto counted = [](double n) { return std::string(trim(human(n, ""))); };
  const Interval i = q.interval();
  return {counted(*q.value), i.lo == i.hi ? "" : counted(i.lo) + "–" + counted(i.hi), i.lo == i.hi ? std::string(to_string(q.tier)) : fmt::format("{:.3g} % {}", 100 * q.level, to_string(q.tier))};
}

std::string life_text(const account::LifeFile& file, const Life& life, int width) {
  Reasons reasons;
  TextGrid grid({{file.model.name, Align::left, true}, {"value", Align::right}, {"interval"}, {"how sure"}});
  const auto add = [&](std::string name, std::vector<std::string> cells) {
    cells.insert(cells.begin(), std::move(name));
    grid.add(std::move(cells));
  };
  for (const auto& p : life.phases) {
    add(p.phase, figure_cells(p.energy, reasons));
    const FigureText share = figure_text(p.share, RatioStyle::percent);
    if (share.present()) add("  of the whole", {share.value, share.interval, share.sure()});
  }
  add("whole life", figure_cells(life.whole, reasons));
  add("answers", count_cells(life.answers, reasons));
  add("an answer, with its part of what was spent once", figure_cells(life.per_answer, reasons));
  add("a user's year", figure_cells(life.user_year, reasons));
  add("answers that take as much as was spent once", count_cells(life.parity, reasons));
  add("answers until it is repaid", count_cells(life.break_even, reasons));
  std::string text = grid.text(width) + "\n" + reason_lines(reasons, width) + note_lines(life.notes, width);
  if (life.never > 0) text += fmt::format("  never repaid in {:.3g} % of the draws\n", 100 * life.never);
  if (life.at_once > 0) text += fmt::format("  nothing to repay in {:.3g} % of the draws\n", 100 * life.at_once);
  return text;
}

// One row a figure that has a value for anything; what has none is named below.
std::string footprints_text(const std::vector<Part>& parts, int width) {
  if (parts.empty()) return "";
  const auto& whole = std::ranges::find(parts, "whole", &Part::of)->footprint;
  std::string out = fmt::format("\nstated at {}, reckoned to {}\n", to_string(whole.from), to_string(whole.preset));
  Reasons reasons;
  TextGrid grid({{"", Align::left, true}, {"value", Align::right}, {"interval"}, {"how sure"}});
  for (const auto& part : parts) {
    const std::string of = part.of == "per_answer" ? "an answer" : part.of == "user_year" ? "a user's year" : part.of == "whole" ? "whole life" : part.of;
    for (const auto& n : part.footprint.figures) {
      auto cells = figure_cells(n.figure, reasons);
      if (!n.figure.present()) continue;
      cells.insert(cells.begin(), of + ": " + n.name);
      grid.add(std::move(cells));
    }
  }
  return out + grid.text(width) + "\n" + reason_lines(reasons, width) + note_lines(whole.notes, width);
}

}  // namespace

void add_life_flags(CLI::App& k, LifeOptions& o) {
  const auto text = [&k](const char* flag, std::string& into, const char* doc, const char* type) { k.add_option(flag, into, doc)->type_name(type); };
  text("--life", o.file, "a model's life: TOML of what is spent once, by the answer, and how long it serves", "FILE");
  text("--training", o.training, "spent once: '51,686 kWh', 'normal(50, 5) MWh', 'triangular(1, 2, 4) GJ', ...", "AMOUNT");
  text("--answer", o.answer, "what an answer takes: '1e-4 kWh/response', or a distribution", "AMOUNT");
  text("--answers", o.answers, "how many: '1e9 response/year'", "AMOUNT");
  text("--service", o.service, "how long it serves: '2 years' (default: a year)", "SPAN");
  text("--per-user", o.per_user, "answers of a user: '1000 response/year'", "AMOUNT");
  text("--amortise", o.amortisation, "how what was spent once is borne: by-answer, by-year or none", "RULE");
  text("--against", o.against, "after how many answers it repays what this one did not cost: FILE.toml, or 'training=0 J,answer=5 J/response'", "MODEL");
  k.add_option("--seed", o.seed, "of the draws")->type_name("N")->capture_default_str();
  k.add_option("--draws", o.draws, "how many")->type_name("N")->capture_default_str();
}

int account_life(const Context& context, const AccountOptions& terms, const LifeOptions& o) {
  if (auto ok = context.check_outputs(); !ok) return report_error(ok.error());
  const auto file = life_in(o);
  if (!file) return report_error(file.error());
  const auto against = against_of(o);
  if (!against) return report_error(against.error());
  const auto life = account::life_of(file->model, *file->service, *against, {o.seed, o.draws});
  if (!life) return report_error(life.error());
  const auto parts = footprints_of(*life, terms);
  if (!parts) return report_error(parts.error());
  context.print(life_text(*file, *life, terminal_width()) + footprints_text(*parts, terminal_width()));
  if (terms.explain && !parts->empty()) context.print("\n" + constants_text(parts->front().footprint.constants, terminal_width()));
  const auto ok = context.emit(life_json(*file, *against, *life, *parts, o));
  return ok ? 0 : report_error(ok.error());
}

}  // namespace joulebook
