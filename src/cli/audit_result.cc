#include "cli/audit_result.h"

#include <fmt/format.h>

#include <string_view>

#include "core/text.h"
#include "report/text_grid.h"

namespace joulebook {
namespace {

std::string text_of(const Json& json, std::string_view fallback) {
  return json.is_string() ? std::string(json.as_string()) : std::string(fallback);
}

std::string joined(const Json& texts) {
  std::vector<std::string> all;
  for (const Json& t : texts.items()) all.emplace_back(t.as_string());
  return join(all, ", ");
}

std::string said_by(const Json& claim) {
  std::vector<std::string> parts;
  for (const char* key : {"who", "when"}) {
    if (!claim[key].as_string().empty()) parts.emplace_back(claim[key].as_string());
  }
  return parts.empty() ? "" : " (" + join(parts, ", ") + ")";
}

std::string tried_text(const Json& audit) {
  std::vector<std::string> parts;
  for (const Json& t : audit["tried"].items()) {
    const std::string name = t["times"].as_double() > 1 ? "ten times as much" : "a tenth of it";
    parts.push_back(fmt::format("{}: {}{}", name, t["verdict"].as_string(), t["within_range"].as_bool() ? ", it is within the range, too" : ""));
  }
  return join(parts, "; ");
}

class Page {
 public:
  Page(const Json& audit, bool explain, int width) : audit_(audit), explain_(explain), width_(width) {}

  std::string text() {
    const Json& claim = audit_["claim"];
    out_ += paragraph(fmt::format("{}  ", claim["id"].as_string()), claim["text"].as_string(), width_);
    line("stated", fmt::format("{}{}, boundary: {}", claim["value"].as_string(), said_by(claim), claim["boundary"].as_string()));
    recomputed();
    const auto because = audit_["because"].as_string();
    line("verdict", fmt::format("{}{}{}", audit_["verdict"].as_string(), because.empty() ? "" : audit_["verdict"].as_string() == "not checkable" ? " because " : ": ", because));
    line("tried", tried_text(audit_));
    if (!audit_["probable_slips"].items().empty()) line("probably", joined(audit_["probable_slips"]));
    if (!audit_["missing"].items().empty()) line("missing", joined(audit_["missing"]));
    narrowing();
    rules();
    if (!claim["note"].as_string().empty()) line("note", claim["note"].as_string());
    if (explain_) sources();
    return out_;
  }

 private:
  void line(std::string_view name, std::string_view text) { out_ += paragraph(fmt::format("  {:<12}", name), text, width_); }

  void recomputed() {
    if (audit_["recomputed_text"].is_string()) {
      const auto range = audit_["recomputed_text"].as_string(), best = audit_["best_text"].as_string();
      line("recomputed", range == best ? std::string(range) : fmt::format("{}, best {}", range, best));
      line("", fmt::format("= {}{}", audit_["recipe"].as_string(), audit_["recipe_implied"].as_bool() ? "   (implied by unit and inputs)" : ""));
      return;
    }
    const Json& reason = audit_["recomputed"]["reason"];
    if (reason.is_object()) {
      line("recomputed", fmt::format("no range: {}; {}", reason["message"].as_string(), reason["cure"].as_string()));
    } else {
      line("recomputed", fmt::format("{:g} {}", audit_["recomputed"]["value"].as_double(), audit_["recomputed"]["unit"].as_string()));
    }
  }

  void narrowing() {
    std::vector<std::string> parts;
    for (const Json& c : audit_["contributions"].items()) {
      if (c["factor"].as_double(2) >= 1.05) parts.push_back(fmt::format("{} ({:.3g} times)", c["input"].as_string(), c["factor"].as_double()));
    }
    if (!parts.empty()) line("range from", join(parts, ", "));
  }

  void rules() {
    for (const Json& r : audit_["rules"].items()) {
      const std::string_view state = r["state"].as_string();
      if (state == "passes" && !explain_) continue;
      line("rule", fmt::format("{} {}: {}", r["rule"].as_string(), state == "unknown" ? "is open" : state, r["message"].as_string()));
      if (explain_ && r["source"].is_string() && !r["source"].as_string().empty()) line("", fmt::format("source: {}", r["source"].as_string()));
    }
  }

  void sources() {
    for (const Json& s : audit_["sources"].items()) {
      line("source", fmt::format("{} = {}: {}", s["what"].as_string(), s["value"].as_string(), s["source"].as_string()));
    }
  }

  const Json& audit_;
  bool explain_;
  int width_;
  std::string out_;
};

std::string table(const Json& audits, int width) {
  using Align = TextGrid::Align;
  TextGrid grid({{"claim"}, {"stated", Align::right, true}, {"recomputed", Align::right, true}, {"verdict", Align::left, true}, {"because", Align::left, true}});
  for (const Json& a : audits["audits"].items()) {
    grid.add({std::string(a["claim"]["id"].as_string()), std::string(a["claim"]["value"].as_string()), text_of(a["recomputed_text"], "no range"),
              std::string(a["verdict"].as_string()), std::string(a["because"].as_string())});
  }
  return grid.text(width);
}

}  // namespace

std::string audits_text(const Json& audits, bool explain, int width) {
  const auto& all = audits["audits"].items();
  std::string text;
  if (explain || all.size() == 1) {
    for (const Json& a : all) text += (text.empty() ? "" : "\n") + Page(a, explain, width).text();
  } else {
    text = table(audits, width);
  }
  if (all.size() > 1) {
    text += fmt::format("\n{} claims: {} reproduced, {} consistent, {} inconsistent, {} not checkable\n", all.size(), audits["reproduced"].as_int(),
                        audits["consistent"].as_int(), audits["inconsistent"].as_int(), audits["not_checkable"].as_int());
  }
  if (const auto refused = audits["refused"].items().size(); refused > 0) {
    text += fmt::format("{} could not be audited: see the errors\n", refused == 1 ? "1 file" : fmt::format("{} files", refused));
  }
  return text;
}

}  // namespace joulebook
