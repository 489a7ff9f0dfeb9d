#include "report/audit_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/html.h"
#include "report/static_page.h"

namespace joulebook {
namespace {

std::string safe(const Json& json) { return escape_html(json.as_string()); }

std::string plural(std::int64_t n, std::string_view one, std::string_view many) { return fmt::format("{} {}", n, n == 1 ? one : many); }

std::string header(const Json& d) {
  const auto n = static_cast<std::int64_t>(d["audits"].items().size());
  const auto count = [&](const char* key) { return d[key].as_int(); };
  return fmt::format(
      "<header><p class=\"kicker\">Audit of claims</p>\n<h1>{}, computed again</h1>\n"
      "<p class=\"standfirst\">{} reproduced, {} consistent with what is known, {} inconsistent, {} not checkable.</p>\n"
      "<p class=\"byline\">Each is somebody’s arithmetic on somebody’s boundary. Here it is done in the open: what was said, what it comes to "
      "when it is computed from its own inputs, and what its author would have to publish before anybody could say more.</p></header>\n",
      plural(n, "claim", "claims"), count("reproduced"), count("consistent"), count("inconsistent"), count("not_checkable"));
}

// What the four words mean, for people who have not read the documentation.
std::string legend() {
  return "<section id=\"words\"><h2>What the verdicts mean</h2>\n<ul>"
         "<li><strong>Reproduced</strong>: computed from stated inputs alone, nothing assumed, the same number comes out.</li>"
         "<li><strong>Consistent</strong>: the number lies in the range that the inputs allow, some of which had to be assumed.</li>"
         "<li><strong>Inconsistent</strong>: it lies outside of that range, or contradicts itself or the hardware.</li>"
         "<li><strong>Not checkable</strong>: something is missing without which nearly any number would do. The range it must lie in all the same is given.</li>"
         "</ul></section>\n";
}

std::string summary(const Json& d) {
  HtmlTable table;
  table.caption = "All claims: verdict, stated, recomputed";
  table.heads = {"Claim", "Verdict", "Stated", "Recomputed"};
  table.groups.emplace_back();
  for (const Json& a : d["audits"].items()) {
    const Json& c = a["claim"];
    table.groups[0].rows.push_back({fmt::format("<a style=\"color:var(--arm-0)\" href=\"#{0}\">{0}</a> <span class=\"note\">{1}</span>", safe(c["id"]), safe(c["text"])), safe(a["verdict"]),
                                    safe(c["value"]), a["recomputed_text"].is_string() ? safe(a["recomputed_text"]) : "no range"});
  }
  return "<section id=\"all\"><h2>At a glance</h2>\n" + table_html(table) + "</section>\n";
}

// Where the stated value lies against the range, on a scale of powers of ten.
std::string strip(const Json& a) {
  const double lo = a["recomputed"]["lo"].as_double(), hi = a["recomputed"]["hi"].as_double(), x = a["stated"]["value"].as_double();
  if (!(lo > 0 && hi > 0 && x > 0) || !a["recomputed_text"].is_string()) return "";
  const double from = std::floor(std::log10(std::min(lo, x)) - 0.3), to = std::ceil(std::log10(std::max(hi, x)) + 0.3);
  constexpr double kWidth = 600;
  const auto at = [&](double v) { return kWidth * (std::log10(v) - from) / (to - from); };
  std::string ticks;
  for (double p = from; p <= to; ++p) ticks += fmt::format("<line x1=\"{0:.0f}\" x2=\"{0:.0f}\" y1=\"18\" y2=\"24\" stroke=\"var(--soft)\"/>", kWidth * (p - from) / (to - from));
  return fmt::format(
      "<svg viewBox=\"-6 0 612 26\" width=\"100%\" role=\"img\" aria-label=\"{} against {}\"><line x1=\"0\" x2=\"600\" y1=\"21\" y2=\"21\" stroke=\"var(--rule)\"/>{}"
      "<rect x=\"{:.1f}\" y=\"6\" width=\"{:.1f}\" height=\"10\" rx=\"2\" fill=\"var(--answer)\"/>"
      "<circle cx=\"{:.1f}\" cy=\"11\" r=\"6\" fill=\"var(--accent)\" stroke=\"var(--paper)\" stroke-width=\"2\"/></svg>\n"
      "<p class=\"src\">Dot: stated. Bar: recomputed. Each mark is ten times the one before it.</p>\n",
      safe(a["claim"]["value"]), safe(a["recomputed_text"]), ticks, at(lo), std::max(3.0, at(hi) - at(lo)), at(x));
}

std::string listed(std::string_view name, const Json& texts) {
  if (texts.items().empty()) return "";
  std::string all;
  for (const Json& t : texts.items()) all += (all.empty() ? "" : "; ") + safe(t);
  return fmt::format("<p><strong>{}</strong> {}.</p>\n", name, all);
}

// "output_tokens?" as a sentence has it.
std::string unstated(const Json& asked) {
  Json words{Json::Array{}};
  for (const Json& a : asked.items()) {
    std::string word(a.as_string());
    std::erase(word, '?');
    std::ranges::replace(word, '_', ' ');
    words.push(word == "gpu" ? "GPU" : word == "gpus" ? "how many GPUs" : word == "pue" ? "PUE" : word == "idle" ? "idle power" : std::move(word));
  }
  return listed("Not stated:", words);
}

std::string rules(const Json& a) {
  std::string items;
  for (const Json& r : a["rules"].items()) {
    const auto state = r["state"].as_string();
    if (state == "passes") continue;
    items += fmt::format("<li>{}{} <span class=\"note\">rule {}</span></li>\n", state == "unknown" ? "Open: " : state == "notes" ? "Note: " : "", safe(r["message"]), safe(r["rule"]));
  }
  return items.empty() ? "" : "<ul>\n" + items + "</ul>\n";
}

std::string sources(const Json& a) {
  std::string items;
  for (const Json& s : a["sources"].items()) items += fmt::format("<li>{} = {}: <span class=\"src\">{}</span></li>\n", safe(s["what"]), safe(s["value"]), safe(s["source"]));
  if (items.empty()) return "";
  return fmt::format("<details><summary>How it was computed, and from what</summary>\n<p><code>{}</code></p>\n<ul>\n{}</ul></details>\n", safe(a["recipe"]), items);
}

std::string tried(const Json& a) {
  std::string text;
  for (const Json& t : a["tried"].items()) {
    if (!t["within_range"].as_bool()) continue;
    text += fmt::format("<p>{} would be within the range, too.</p>\n", t["times"].as_double() > 1 ? "Ten times as much" : "A tenth of it");
  }
  return text;
}

std::string one(const Json& a) {
  const Json& c = a["claim"];
  std::string by;
  for (const char* key : {"who", "when", "source"}) {
    if (!c[key].as_string().empty()) by += (by.empty() ? "" : ", ") + safe(c[key]);
  }
  const bool not_checkable = a["verdict"].as_string() == "not checkable";
  std::string text = fmt::format("<section id=\"{}\"><h2>{}</h2>\n<p class=\"byline\">{}{}boundary as stated: {}</p>\n", safe(c["id"]), safe(c["text"]), by, by.empty() ? "" : "; ", safe(c["boundary"]));
  text += fmt::format("<p><strong>Stated:</strong> {}. <strong>Recomputed:</strong> {}.</p>\n", safe(c["value"]), a["recomputed_text"].is_string() ? safe(a["recomputed_text"]) : "no range");
  text += strip(a);
  text += fmt::format("<p class=\"flag\"><strong>{}</strong>{}{}</p>\n", safe(a["verdict"]), a["because"].as_string().empty() ? "" : not_checkable ? " because " : ": ", safe(a["because"]));
  if (!c["note"].as_string().empty()) text += fmt::format("<p>{}</p>\n", safe(c["note"]));
  text += tried(a) + listed("Probably:", a["probable_slips"]) + rules(a) + unstated(a["missing"]) + sources(a);
  return text + "</section>\n";
}

}  // namespace

std::string audit_page(const Json& audits) {
  std::string sections = header(audits);
  if (audits["audits"].items().size() > 1) sections += summary(audits);
  sections += legend();
  for (const Json& a : audits["audits"].items()) sections += one(a);
  sections += "<section id=\"working\"><h2>How to do it again</h2><p><code>joulebook audit claims/ --explain</code> prints the source of every number; "
              "docs/audit.md says how a verdict follows.</p></section>\n";
  return page::static_document({"Claims about the energy of AI, computed again", "Published figures, recomputed from their own inputs", sections, "audits", audits});
}

}  // namespace joulebook
