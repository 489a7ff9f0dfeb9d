#include "report/card_table.h"

#include <fmt/format.h>

#include "report/card_words.h"
#include "report/figure.h"
#include "report/text_grid.h"

namespace joulebook {
namespace {

using Align = TextGrid::Align;

std::string label(const Json& subject) {
  std::string text(subject["name"].as_string());
  for (const auto& [name, value] : subject["key"].members()) {
    if (value.as_string() != text) text += fmt::format(", {} {}", name, value.as_string());
  }
  return text;
}

std::string line_of(const Json& quantity, Reasons& reasons) {
  const FigureText figure = figure_text(quantity);
  if (figure.present()) return figure.line();
  note(figure, reasons);
  return "none (" + figure.code + ")";
}

std::string forms_line(const Json& forms) {
  std::string line;
  for (const auto& form : forms.items()) {
    line += fmt::format("{}{} {}", line.empty() ? "" : ", ", form_name(form["id"].as_string()), given_text(form));
  }
  return line;
}

std::string subject_text(const Json& subject, const ScreenStyle& style, Reasons& reasons) {
  TextGrid grid({{"basis", Align::left},
                 {"a request", Align::right, true},
                 {"1,000 requests", Align::right, true},
                 {"1e6 output tokens", Align::right, true},
                 {"tier", Align::left}});
  for (const auto& basis : subject["energy"].items()) {
    grid.add({std::string(basis["basis"].as_string()), line_of(basis["per_request"], reasons),
              line_of(basis["per_1000_requests"], reasons), line_of(basis["per_million_output_tokens"], reasons),
              figure_text(basis["total"]).sure()});
  }
  const Json& batch = subject["batch"];
  std::string about = subject["answers"].is_null() ? "answers not counted"
                                                   : fmt::format("{} answers", number_text(subject["answers"].as_double()));
  if (!batch["mean"].is_null()) about += fmt::format(", {:.3g} at once", batch["mean"].as_double());
  const Json& output = subject["lengths"]["output_tokens"];
  if (!output.is_null()) about += fmt::format(", {} output tokens in the mean", number_text(output["mean"].as_double()));
  const auto boundary = subject["energy"].at(0)["total"]["boundary"].as_string();
  if (!boundary.empty()) about += fmt::format(", boundary {}", boundary);
  return paragraph("", label(subject), style.width) + grid.text(style.width) + paragraph("", about, style.width) +
         paragraph("", "fields given: " + forms_line(subject["forms"]), style.width);
}

}  // namespace

std::string card_table(const Json& card, const ScreenStyle& style) {
  Reasons reasons;
  std::string out;
  for (const auto& subject : card["subjects"].items()) {
    if (!out.empty()) out += "\n";
    out += subject_text(subject, style, reasons);
  }
  for (const auto& run : card["metered"].items()) {
    TextGrid grid({{"account", Align::left}, {"energy of the hours they ran in", Align::right, true}, {"tier", Align::left}});
    const auto add = [&](std::string name, const Json& figure) {
      grid.add({std::move(name), line_of(figure, reasons), figure_text(figure).sure()});
    };
    add("the meter", run["meter"]);
    for (const auto& account : run["accounts"].items()) add(std::string(account["account"].as_string()), account["energy"]);
    out += "\n" + paragraph("", run["run"].as_string(), style.width) + grid.text(style.width);
  }
  if (!reasons.empty()) out += "\n";
  for (const auto& [code, why] : reasons) out += paragraph(code + ": ", why, style.width);
  return out;
}

}  // namespace joulebook
