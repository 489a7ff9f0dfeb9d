#include "report/tasks_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "report/figure.h"
#include "report/ink.h"
#include "report/sizing_table.h"
#include "report/text_grid.h"

namespace joulebook {
namespace {

using Align = TextGrid::Align;

constexpr double kJoulesPerKwh = 3.6e6;
constexpr double kGramsPerKg = 1000;
constexpr double kOptimism = 0.05;  // from which it is said

// Three significant digits however small: rows of a task differ by factors of a thousand.
std::string small(double value) {
  return value != 0 && std::abs(value) < 1e-4 ? fmt::format("{:.2e}", value) : number_text(value);
}

// An end of an interval: two digits of a small one say enough.
std::string end(double value) {
  return std::abs(value) < 1 ? fmt::format("{:.2g}", value) : small(value);
}

std::string absent(const Json& quantity, Reasons& reasons) {
  const FigureText figure = figure_text(quantity);
  note(figure, reasons);
  if (figure.code == "task.cost_only") return "cost only";
  return figure.code == "task.untrained" ? "–" : figure.code;
}

// A figure times a factor, with its interval.
std::string cell(const Json& quantity, double factor, Reasons& reasons) {
  if (!quantity["value"].is_number()) return absent(quantity, reasons);
  const std::string value = small(quantity["value"].as_double() * factor);
  const Json& hi = quantity["hi"];
  const double lo = quantity["lo"].as_double() * factor;
  if (!hi.is_number()) return fmt::format("{} [≥ {}]", value, end(lo));
  return fmt::format("{} [{}–{}]", value, end(lo), end(hi.as_double() * factor));
}

std::string share_cell(const Json& quantity, Reasons& reasons) {
  if (!quantity["value"].is_number()) return absent(quantity, reasons);
  return fmt::format("{:.0f} % [{:.0f}–{:.0f}]", 100 * quantity["value"].as_double(),
                     100 * quantity["lo"].as_double(), 100 * quantity["hi"].as_double());
}

std::string figure_cell(const Json& quantity, Reasons& reasons) {
  return quantity["value"].is_number() ? figure_text(quantity).line() : absent(quantity, reasons);
}

std::string memory_cell(const Json& quantity, Reasons& reasons) {
  if (!quantity["value"].is_number()) return absent(quantity, reasons);
  return bytes_text(static_cast<std::int64_t>(quantity["value"].as_double()));
}

void add_arm(TextGrid& grid, const Json& arm, Reasons& reasons) {
  const std::string role(arm["role"].as_string());
  const std::string name(arm["name"].as_string());
  if (arm["absent"].is_object()) {
    grid.add({role, name, "not run"});
    return;
  }
  const Json& seconds = arm["seconds"];
  const Json& carbon = arm["carbon"]["value"];
  grid.add({role, name, count_text(arm["items"].as_int()),
            cell(arm["energy"], 1 / kJoulesPerKwh, reasons),
            carbon.is_number() ? small(carbon.as_double() * kGramsPerKg)
                               : absent(arm["carbon"], reasons),
            seconds.is_number() ? number_text(seconds.as_double()) : "unknown",
            share_cell(arm["correct"], reasons), figure_cell(arm["j_per_correct"], reasons),
            memory_cell(arm["memory"], reasons)});
}

// "modelled"; of several arms' all.
std::string tiers_of(const Json& task) {
  std::vector<std::string> tiers;
  for (const Json& arm : task["arms"].items()) {
    const std::string tier(arm["energy"]["tier"].as_string());
    if (!tier.empty() && std::ranges::find(tiers, tier) == tiers.end()) tiers.push_back(tier);
  }
  return tiers.empty() ? "not read" : join(tiers, ", ");
}

std::string why(const Json& absent) {
  std::string text(absent["message"].as_string());
  const auto cure = absent["cure"].as_string();
  if (!cure.empty()) text += fmt::format(" → {}", cure);
  return text;
}

std::string training_text(const Json& arm, Reasons& reasons) {
  const Json& training = arm["training"];
  return fmt::format("{}: training took {} and {}, {} {}", arm["name"].as_string(),
                     figure_cell(training["energy"], reasons),
                     duration_text(training["seconds"].as_double()),
                     training["stored"].as_bool() ? "as stored from" : "measured",
                     training["at"].as_string());
}

std::string ratio_text(const Json& ratio, Reasons& reasons) {
  const Json& times = ratio["times"];
  const auto special = ratio["special"].as_string();
  const auto general = ratio["general"].as_string();
  if (!times["value"].is_number()) {
    return fmt::format("{} against {}: {}", general, special, absent(times, reasons));
  }
  const std::int64_t items = ratio["items"].as_int();
  std::string text = fmt::format("{} takes {} the energy of {} on {} item{} of both", general,
                                 figure_text(times).line(), special, count_text(items),
                                 items == 1 ? "" : "s");
  const Json& even = ratio["break_even"];
  const auto code = even["reason"]["code"].as_string();
  if (even["value"].is_number() && even["value"].as_double() < 1) {
    text += "; its training has paid for itself within one answer";
  } else if (even["value"].is_number()) {
    text += fmt::format("; its training has paid for itself after {} answers",
                        cell(even, 1, reasons));
  } else if (code == "life.never") {
    text += "; its training is never repaid: an answer of it takes no less";
  }
  return text;
}

std::string published_text(const Json& published, Reasons& reasons) {
  if (published["kind"].is_null()) {
    return fmt::format("2023 study: nothing of this kind ({})",
                       published["as_published"]["reason"]["message"].as_string());
  }
  std::string kind(published["kind"].as_string());
  for (char& c : kind) c = c == '_' ? ' ' : c;
  return fmt::format(
      "2023 study, {}, {} published rows: {} kWh per 1,000 as published; {} with its two errors taken "
      "off (eight GPUs read for one, constants for RAM and CPU)",
      kind, published["rows"].as_int(),
      cell(published["as_published"], 1 / kJoulesPerKwh, reasons),
      cell(published["corrected"], 1 / kJoulesPerKwh, reasons));
}

std::string scaled_text(const Json& arm, Reasons& reasons) {
  const Json& scaled = arm["scaled"];
  std::string text = fmt::format("{}: ", arm["name"].as_string());
  if (scaled["here"]["value"].is_number()) {
    text += fmt::format("{}: {} kWh per 1,000 here, modelled; ", stands_for_text(arm),
                        cell(scaled["here"], 1 / kJoulesPerKwh, reasons));
  } else {
    text += drawn_text(scaled["full"]) + ": ";
  }
  return text + fmt::format("{} kWh on one {}, as `joulebook predict --image {}` says",
                            cell(scaled["there"], 1 / kJoulesPerKwh, reasons), scaled["gpu"].as_string(),
                            scaled["image"].as_string());
}

class Page {
 public:
  Page(const Json& document, const ScreenStyle& style)
      : document_(document), style_(style), ink_(style) {}

  std::string text() {
    for (const Json& task : document_["tasks"].items()) add_task(task);
    add_day();
    add_foot();
    return std::move(out_);
  }

 private:
  void line(std::string_view first, const std::string& text) {
    out_ += paragraph(first, text, style_.width);
  }

  void add_task(const Json& task) {
    out_ += ink_.bold(task["title"].as_string());
    if (task["absent"].is_object()) {
      out_ += "\n";
      line("  ", "not run: " + why(task["absent"]));
      out_ += "\n";
      return;
    }
    out_ += fmt::format("  of {} items, {}; per 1,000 items, joules {}\n",
                        count_text(task["items_there"].as_int()),
                        task["rounds"].as_int() == 1
                            ? std::string("once each")
                            : fmt::format("{} times each", task["rounds"].as_int()),
                        tiers_of(task));
    TextGrid grid({{"arm", Align::left},
                   {"", Align::left, true},
                   {"items", Align::right},
                   {"kWh", Align::right, true},
                   {"g CO2e", Align::right},
                   {"seconds", Align::right},
                   {"correct", Align::right, true},
                   {"J per correct", Align::right, true},
                   {"memory", Align::right, true}});
    for (const Json& arm : task["arms"].items()) add_arm(grid, arm, reasons_);
    out_ += grid.text(style_.width);
    for (const Json& arm : task["arms"].items()) add_notes(arm);
    for (const Json& ratio : task["ratios"].items()) line("  ", ratio_text(ratio, reasons_));
    add_enough(task["enough"]);
    line("  ", published_text(task["published"], reasons_));
    out_ += "\n";
  }

  void add_notes(const Json& arm) {
    const std::string name(arm["name"].as_string());
    if (arm["absent"].is_object()) line("  ", name + " did not run: " + why(arm["absent"]));
    if (!arm["cost_only"].is_null()) {
      line("  ", fmt::format("{}: cost only, {}", name, arm["cost_only"].as_string()));
    }
    if (arm["failed"].as_int() > 0) {
      line("  ", fmt::format("{} failed {} of {} times; that is wrong, and its joules count", name,
                             arm["failed"].as_int(),
                             arm["failed"].as_int() + arm["answered"].as_int()));
    }
    if (arm["training"].is_object()) line("  ", training_text(arm, reasons_));
    if (arm["scaled"].is_object()) line("  ", scaled_text(arm, reasons_));
  }

  void add_enough(const Json& enough) {
    if (!enough.is_object()) return;
    if (enough["absent"].is_object()) {
      line("  ", fmt::format("Enough ({}) can't be said: {}", enough["require"].as_string(),
                             why(enough["absent"])));
    } else {
      line("  ", std::string(enough["sentence"].as_string()));
    }
  }

  void add_day() {
    const Json& day = document_["day"];
    if (!day.is_object()) return;
    out_ += ink_.bold("A day by the route over tasks") + "\n";
    TextGrid grid({{"task", Align::left},
                   {"items", Align::right},
                   {"goes to", Align::left, true},
                   {"enough", Align::left},
                   {"chosen by", Align::right},
                   {"of the energy of", Align::right, true}});
    for (const Json& row : day["lines"].items()) add_rule(grid, row);
    out_ += grid.text(style_.width);
    line("  ", std::string(day["sentence"].as_string()));
    line("  ", fmt::format("By the rule {} a day, by the general model {}.", figure_cell(day["route"], reasons_),
                           figure_cell(day["general"], reasons_)));
    if (const double optimism = day["optimism"].as_double(); std::abs(optimism) >= kOptimism) {
      line("  ", fmt::format("The rule was chosen on these items; chosen on others it takes {:.0f} % {}.",
                             100 * std::abs(1 / (1 + optimism) - 1), optimism < 0 ? "more" : "less"));
    }
    for (const Json& left : day["left_out"].items()) {
      line("  ", fmt::format("without {}: {}", left["task"].as_string(), why(left["why"])));
    }
    out_ += "\n";
  }

  void add_rule(TextGrid& grid, const Json& row) {
    const auto name = row["task"].as_string();
    for (const Json& task : document_["tasks"].items()) {
      if (task["name"].as_string() != name) continue;
      const Json& enough = task["enough"];
      grid.add({std::string(name), number_text(row["count"].as_double()),
                std::string(enough["rule"].as_string()), enough_text(task),
                fmt::format("{:.0f} %", 100 * enough["stable"].as_double()),
                fmt::format("{} of {}", cell(enough["to_general"], 1, reasons_),
                            enough["general"].as_string())});
    }
  }

  void add_foot() {
    const Json& grid = document_["grid"];
    line("", fmt::format("Carbon: {} g CO2e/kWh, {}. Seed {}; {} of {} s planned.",
                         number_text(grid["intensity"]["value"].as_double() * kGramsPerKg *
                                     kJoulesPerKwh),
                         grid["name"].as_string(), document_["seed"].as_int(),
                         number_text(std::round(document_["duration_s"].as_double())),
                         number_text(document_["budget_s"].as_double())));
    line("",
         "Brackets: 95 % for items like these; of the 2023 study, its least and most rows. Grams are as "
         "sure as the kWh that they are made from, and as the grid's intensity.");
    reasons_.erase("task.cost_only");
    reasons_.erase("task.untrained");
    for (const auto& [code, text] : reasons_) line(code + ": ", text);
    if (!document_["complete"].as_bool()) line("", "Interrupted: the rest was not run.");
  }

  const Json& document_;
  const ScreenStyle& style_;
  Ink ink_;
  Reasons reasons_;
  std::string out_;
};

}  // namespace

std::string enough_text(const Json& task) {
  const Json& enough = task["enough"];
  const auto rule = enough["rule"].as_string();
  bool meets = false;
  for (const Json& arm : task["arms"].items()) {
    if (arm["name"].as_string() == rule) meets = arm["meets"].as_bool();
  }
  const Json& confidence = enough["confidence"];
  const std::optional<double> sure =
      confidence.is_number() ? std::optional(confidence.as_double()) : std::nullopt;
  const std::string_view word = enough["sufficient"].as_bool() ? "surely" : meets ? "perhaps" : "no";
  return fmt::format("{}, {}", word, confidence_text(sure));
}

std::string drawn_text(const Json& p) {
  return fmt::format("{0} x {1} in {2} step{3}", number_text(p["width"].as_double()),
                     number_text(p["height"].as_double()), number_text(p["steps"].as_double()),
                     p["steps"].as_double() == 1 ? "" : "s");
}

std::string stands_for_text(const Json& arm) {
  const Json& scaled = arm["scaled"];
  return fmt::format("it drew {}; {} is {}× the work", drawn_text(scaled["ran"]), drawn_text(scaled["full"]),
                     number_text(scaled["work"].as_double()));
}

std::string tasks_table(const Json& document, const ScreenStyle& style) {
  return Page(document, style).text();
}

}  // namespace joulebook
