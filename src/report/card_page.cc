#include "report/card_page.h"

#include <fmt/format.h>

#include <array>

#include "core/json_strings.h"
#include "core/text.h"
#include "report/card_words.h"
#include "report/html.h"
#include "report/static_page.h"

namespace joulebook {
namespace {

struct Column {
  const char* name;
  const char* head;
};
constexpr std::array kColumns = {Column{"per_request", "a request"},
                                 Column{"per_1000_requests", "1,000 requests"},
                                 Column{"per_million_output_tokens", "1,000,000 output tokens"},
                                 Column{"per_million_tokens", "1,000,000 tokens, in and out"},
                                 Column{"total", "in all"}};

std::string text_of(const Json& value) {
  if (value.is_null()) return {};
  if (value.is_string()) return std::string(value.as_string());
  if (value.is_int()) return count_text(value.as_int());
  return value.is_number() ? number_text(value.as_double()) : value.dump();
}

void fact(std::string& html, std::string_view name, const std::string& value_html) {
  if (value_html.empty()) return;
  html += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", escape_html(name), value_html);
}

std::string list_text(const Json& list) { return join(strings(list), ", "); }

std::string spread_text(const Json& spread) {
  if (spread.is_null()) return {};
  return fmt::format("mean {}, median {}, 10 % below {}, 10 % above {}, at most {} tokens",
                     text_of(spread["mean"]), text_of(spread["median"]), text_of(spread["p10"]),
                     text_of(spread["p90"]), text_of(spread["most"]));
}

std::string batch_text(const Json& batch) {
  std::string text = batch["mean"].is_null() ? std::string("not known")
                                             : fmt::format("{:.3g} at once", batch["mean"].as_double());
  if (!batch["most"].is_null()) text += fmt::format(", at most {}", text_of(batch["most"]));
  return text + ": " + std::string(batch["how"].as_string());
}

std::string machine_text(const Json& machine) {
  std::string text(machine["cpu"].as_string());
  if (machine["threads"].is_int()) text += fmt::format(", {} threads", machine["threads"].as_int());
  if (machine["virtual"].as_bool()) text += ", virtual";
  return text;
}

std::string apart_text(const Json& apart) {
  std::string text;
  for (const auto& item : apart.items()) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", text_of(item["count"]), item["code"].as_string());
  }
  return text;
}

std::string energy_table(const Json& card, const std::string& path, const Json& subject) {
  HtmlTable table{"Energy of " + std::string(subject["name"].as_string()), {"basis"}, {{}}, "energy"};
  for (const auto& column : kColumns) table.heads.emplace_back(column.head);
  for (std::size_t i = 0; i < subject["energy"].items().size(); ++i) {
    const Json& basis = subject["energy"].at(i);
    std::vector<std::string> row = {fmt::format("{}<span class=\"note\">{}</span>",
                                                escape_html(basis["basis"].as_string()),
                                                escape_html(basis["what"].as_string()))};
    for (const auto& column : kColumns) {
      row.push_back(figure_html(card, fmt::format("{}.energy.{}.{}", path, i, column.name)));
    }
    table.groups[0].rows.push_back(std::move(row));
  }
  return table_html(table);
}

std::string phases_html(const Json& card, const std::string& path, const Json& subject) {
  if (subject["phases"].items().empty()) return {};
  std::vector<page::BarShare> shares;
  HtmlTable table{"By phase", {"phase", "tokens", "time", "energy", "a request"}, {{}}, "phases"};
  for (std::size_t i = 0; i < subject["phases"].items().size(); ++i) {
    const Json& phase = subject["phases"].at(i);
    const std::string name(phase["phase"].as_string());
    if (phase["share"].is_number()) {
      shares.push_back({name, phase["share"].as_double(), fmt::format("{:.1f} %", 100 * phase["share"].as_double())});
    }
    const std::string here = fmt::format("{}.phases.{}", path, i);
    table.groups[0].rows.push_back({escape_html(name), text_of(phase["tokens"]),
                                    escape_html(duration_text(phase["seconds"].as_double())),
                                    figure_html(card, here + ".energy"), figure_html(card, here + ".per_request")});
  }
  return "<h3>By phase</h3>\n" + (shares.empty() ? "" : page::share_bar(shares, "shares of the phases")) +
         table_html(table);
}

std::string class_html(const Json& rated) {
  const Json& scale = rated["scale"];
  if (scale.is_null()) return escape_html(rated["reason"]["message"].as_string());
  const std::string by = fmt::format("{} ({})", scale["title"].as_string(), scale["author"].as_string());
  if (!rated["class"].is_null()) return escape_html(fmt::format("{}, by {}", text_of(rated["class"]), by));
  if (rated["from"].is_null()) return escape_html(fmt::format("{}; {}", rated["reason"]["message"].as_string(), by));
  return escape_html(fmt::format("between {} and {}, by {}: {}", text_of(rated["from"]),
                                 rated["to"].is_null() ? "beyond its last class" : text_of(rated["to"]), by,
                                 rated["reason"]["message"].as_string()));
}

std::string form_html(const Json& card, const std::string& path, const Json& form) {
  HtmlTable table{std::string(form["title"].as_string()), {"field", "asked for by", "answer"}, {{}}, "settings"};
  for (std::size_t i = 0; i < form["fields"].items().size(); ++i) {
    const Json& field = form["fields"].at(i);
    std::string answer;
    if (field["status"].as_string() == "missing") {
      answer = "<span class=\"status-missing\">missing</span>";
    } else if (!field["energy"].is_null()) {
      answer = figure_html(card, fmt::format("{}.fields.{}.energy", path, i));
    } else {
      answer = escape_html(text_of(field["value"]));
    }
    if (!field["note"].is_null()) answer += "<span class=\"note\">" + escape_html(field["note"].as_string()) + "</span>";
    table.groups[0].rows.push_back({escape_html(field["field"].as_string()), escape_html(field["cites"].as_string()), answer});
  }
  return fmt::format("<details>\n<summary>{}: {} fields</summary>\n{}<p class=\"src\">Read on {} at {}.</p>\n</details>\n",
                     form_name(form["id"].as_string()), given_text(form), table_html(table), form["seen"].as_string(),
                     escape_html(form["source"].as_string()));
}

std::string subject_html(const Json& card, std::size_t index) {
  const std::string path = fmt::format("subjects.{}", index);
  const Json& s = card["subjects"].at(index);
  std::string html = fmt::format("<section class=\"card\">\n<h2>{}</h2>\n", escape_html(s["name"].as_string()));
  html += energy_table(card, path, s);
  html += "<dl class=\"facts\">\n";
  fact(html, "which", escape_html(key_text(s["key"])));
  fact(html, "answers", escape_html(text_of(s["answers"])));
  fact(html, "apart from them", escape_html(apart_text(s["apart"])));
  if (!s["apart"].items().empty()) fact(html, "energy apart", figure_html(card, path + ".apart_energy"));
  fact(html, "prompts", escape_html(spread_text(s["lengths"]["prompt_tokens"])));
  fact(html, "outputs", escape_html(spread_text(s["lengths"]["output_tokens"])));
  fact(html, "batch", escape_html(batch_text(s["batch"])));
  fact(html, "devices", escape_html(list_text(s["devices"])));
  fact(html, "machine", escape_html(machine_text(s["machine"])));
  fact(html, "engine", escape_html(text_of(s["engine"])));
  fact(html, "boundary", escape_html(s["energy"].at(0)["total"]["boundary"].as_string()));
  fact(html, "method", escape_html(s["energy"].at(0)["total"]["method"].as_string()));
  const std::string from = text_of(s["from"]), to = text_of(s["to"]);
  fact(html, "measured", escape_html(to.empty() ? from : fmt::format("{} to {}", from, to)));
  fact(html, "records", escape_html(list_text(s["records"])));
  fact(html, "class", class_html(s["class"]));
  fact(html, "carbon in all", figure_html(card, path + ".carbon.operational"));
  if (!card["statement"]["grid"].is_null()) {
    fact(html, "carbon of 1,000 requests", figure_html(card, path + ".carbon.operational_per_1000_requests"));
    fact(html, "grid", escape_html(fmt::format("{}, {}: {}", text_of(card["statement"]["grid"]["name"]),
                                               text_of(card["statement"]["grid"]["year"]),
                                               text_of(card["statement"]["grid"]["source"]))));
  }
  html += "</dl>\n" + phases_html(card, path, s) + "<h3>What others ask for</h3>\n";
  for (std::size_t i = 0; i < s["forms"].items().size(); ++i) {
    html += form_html(card, fmt::format("{}.forms.{}", path, i), s["forms"].at(i));
  }
  return html + "</section>\n";
}

std::string stated_html(const Json& card) {
  const Json& statement = card["statement"];
  const Json& training = statement["facts"]["training"];
  std::string html = "<section>\n<h2>Stated by the publisher</h2>\n<dl class=\"facts\">\n";
  fact(html, "publisher", escape_html(text_of(statement["facts"]["publisher"])));
  fact(html, "training energy", figure_html(card, "statement.facts.training.energy"));
  for (const char* name : {"source", "type", "hardware", "location", "method", "flops", "hours", "run"}) {
    fact(html, std::string("training ") + name, escape_html(text_of(training[name])));
  }
  html += "</dl>\n";
  for (const auto& warning : statement["warnings"].items()) {
    html += "<p class=\"flag\">" + escape_html(warning.as_string()) + "</p>\n";
  }
  return html + "</section>\n";
}

// Whose the joules were that gateways' meters showed while they served the card's requests.
std::string metered_html(const Json& card) {
  std::string html;
  for (std::size_t i = 0; i < card["metered"].items().size(); ++i) {
    const Json& run = card["metered"].at(i);
    const std::string path = fmt::format("metered.{}", i);
    HtmlTable table{fmt::format("{} to {}: {} settled windows", run["from"].as_string(), run["to"].as_string(),
                                count_text(run["windows"].as_int())),
                    {"account", "energy"}, {{}}, "metered"};
    table.groups[0].rows.push_back({"the meter", figure_html(card, path + ".meter")});
    for (std::size_t k = 0; k < run["accounts"].items().size(); ++k) {
      table.groups[0].rows.push_back({escape_html(run["accounts"].at(k)["account"].as_string()),
                                      figure_html(card, fmt::format("{}.accounts.{}.energy", path, k))});
    }
    html += fmt::format("<p class=\"byline\"><code>{}</code></p>\n{}", escape_html(run["run"].as_string()), table_html(table));
  }
  if (html.empty()) return {};
  return "<section>\n<h2>Where the meter's joules went</h2>\n<p>In the hours in which these requests were served; the "
         "accounts sum to the meter.</p>\n" +
         html + "</section>\n";
}

std::string evidence_html(const Json& card) {
  HtmlTable table{"What the figures were made from", {"part of the bundle", "size", "SHA-256"}, {{}}, "evidence"};
  for (const auto& e : card["evidence"].items()) {
    table.groups[0].rows.push_back({"<code>" + escape_html(e["part"].as_string()) + "</code>",
                                    escape_html(bytes_text(e["bytes"].as_int())),
                                    "<code>" + escape_html(e["sha256"].as_string()) + "</code>"});
  }
  return "<section>\n<h2>How to check it</h2>\n<p>Whoever has the card's bundle works out every figure anew, on any "
         "machine and without a network: <code>joulebook card verify BUNDLE</code>. Without it these figures are not "
         "checkable.</p>\n" +
         table_html(table) + "</section>\n";
}

}  // namespace

std::string card_page(const Json& card) {
  const Json& statement = card["statement"];
  const std::string title = statement["title"].as_string().empty()
                                ? std::string(card["subjects"].at(0)["name"].as_string())
                                : std::string(statement["title"].as_string());
  std::string sections = fmt::format(
      "<header>\n<p class=\"kicker\">Model energy card <time>{}</time></p>\n<h1>{}</h1>\n"
      "<p class=\"byline\">Made by Joulebook {} ({}).</p>\n</header>\n",
      escape_html(statement["made"].as_string()), escape_html(title),
      escape_html(statement["joulebook"]["version"].as_string()),
      escape_html(statement["joulebook"]["commit"].as_string()));
  for (std::size_t i = 0; i < card["subjects"].items().size(); ++i) sections += subject_html(card, i);
  sections += metered_html(card) + stated_html(card) + evidence_html(card);
  return page::static_document({title, "What answers of a model took, and how it is known", sections, "card", card});
}

}  // namespace joulebook
