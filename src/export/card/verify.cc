#include "export/card/verify.h"

#include <fmt/format.h>

#include <cmath>
#include <map>

#include "core/json_strings.h"
#include "core/text.h"
#include "export/card/make.h"
#include "export/card/verify_rows.h"
#include "export/card/verify_samples.h"
#include "export/card/windows.h"

namespace joulebook::card {
namespace {

using Differences = std::vector<std::pair<std::string, std::string>>;

bool same_number(const Json& a, const Json& b) {
  if (a.is_int() && b.is_int()) return a == b;
  const double x = a.as_double();
  const double y = b.as_double();
  return x == y || std::abs(x - y) <= kSameFigure * std::max(std::abs(x), std::abs(y));
}

void compare(const Json& a, const Json& b, const std::string& at, std::size_t most, Differences& out) {
  if (out.size() >= most) return;
  if (a.is_number() && b.is_number()) {
    if (!same_number(a, b)) out.emplace_back(at, fmt::format("says {}, but {} came out", a.dump(), b.dump()));
    return;
  }
  const std::string before = at.empty() ? "" : at + ".";
  if (a.is_array() && b.is_array() && a.items().size() == b.items().size()) {
    for (std::size_t i = 0; i < a.items().size(); ++i) {
      compare(a.at(i), b.at(i), before + std::to_string(i), most, out);
    }
    return;
  }
  if (a.is_object() && b.is_object()) {
    for (const auto& [name, member] : a.members()) compare(member, b[name], before + name, most, out);
    for (const auto& [name, member] : b.members()) {
      if (!a.has(name)) compare(Json(), member, before + name, most, out);
    }
    return;
  }
  if (a == b) return;
  const auto shown = [](const Json& j) {
    const std::string text = j.dump();
    return text.size() > 60 ? text.substr(0, 60) + "..." : text;
  };
  out.emplace_back(at, fmt::format("says {}, but {} came out", shown(a), shown(b)));
}

// A fault quotes what it found, which may be anything: kept short, and nothing that a terminal would obey.
std::string quotable(std::string text) {
  constexpr std::size_t kMost = 400;
  if (text.size() > kMost) text = text.substr(0, kMost) + "...";
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return valid_utf8(text);
}

class Checker {
 public:
  Checker(std::string_view bundle, std::string_view published, const Replay& replay)
      : bundle_(bundle), published_(published), replay_(replay) {}

  Verification run() {
    if (open() && read_card()) {
      check_evidence();
      rebuild();
      check_samples();
    }
    if (!out_.faults.empty()) out_.verdict = Verdict::failed;
    return std::move(out_);
  }

 private:
  void fault(std::string part, std::string at, std::string what) {
    if (out_.faults.size() < kMostFaults) out_.faults.push_back({quotable(std::move(part)), quotable(std::move(at)), quotable(std::move(what))});
  }
  Tell tell(const std::string& part) {
    return [this, part](const std::string& at, const std::string& what) { fault(part, at, what); };
  }

  bool open() {
    auto parts = unpack(bundle_);
    if (!parts) {
      fault("bundle", "", parts.error().message);
      return false;
    }
    parts_ = std::move(*parts);
    std::string sums;
    for (const auto& part : parts_) {
      const std::string& digest = digests_[part.name] = sha256_hex(part.bytes);
      if (part.name == kSums) continue;
      const std::string line = digest + "  " + std::string(part.name) + "\n";
      if (parts_.front().bytes.find(line) == std::string_view::npos) {
        fault(std::string(part.name), "", "its digest is not the one in SHA256SUMS");
      }
      sums += line;
    }
    if (sums != parts_.front().bytes) {
      fault(std::string(kSums), "", "it does not list the parts that are there as a bundle does");
    }
    return true;
  }

  // A part that is one JSON document; null, and a fault, where it is none.
  Json document(std::string_view name) {
    if (const PartView* part = find_part(parts_, name)) return document(*part);
    fault(std::string(name), "", "is missing");
    return {};
  }
  Json document(const PartView& part) {
    auto json = parse_json(part.bytes);
    if (!json) {
      fault(std::string(part.name), "", json.error().message);
      return {};
    }
    if (part_text(*json) != part.bytes) fault(std::string(part.name), "", "is not written as a bundle writes it");
    return std::move(*json);
  }

  bool read_card() {
    card_ = document(kCardPart);
    if (const auto digest = digests_.find(kCardPart); digest != digests_.end()) out_.card_sha256 = digest->second;
    if (card_.is_null()) return false;
    if (card_["schema"].as_string() != kCardSchema) {
      fault(std::string(kCardPart), "schema", "is not " + std::string(kCardSchema));
      return false;
    }
    if (published_.empty()) return true;
    out_.card_sha256 = sha256_hex(published_);
    const auto published = parse_json(published_);
    if (!published) {
      fault("the card", "", published.error().message);
      return true;
    }
    for (const auto& [at, what] : differences(*published, card_, kMostFaults)) {
      fault("the card", at, what + " (the card in the bundle)");
    }
    return true;
  }

  void check_evidence() {
    std::size_t listed = 0;
    for (const auto& e : card_["evidence"].items()) {
      const std::string name(e["part"].as_string());
      const auto digest = digests_.find(name);
      ++listed;
      if (digest == digests_.end()) {
        fault(name, "", "the card names it, and it is missing");
      } else if (e["sha256"].as_string() != digest->second) {
        fault(name, "", "its digest is not the one that the card states");
      }
    }
    if (listed + 2 != parts_.size()) fault("bundle", "", "it holds parts that the card does not name");
  }

  // Records and rows in the bundle's own order, added as the maker added them.
  void add_parts(CardMaker& maker) {
    for (const auto& part : parts_) {
      const std::string name(part.name);
      if (part.name.starts_with(kRecordsFolder)) {
        const Json json = document(part);
        if (json.is_null()) continue;
        check_quantities(json, "", tell(name));
        out_.rows += check_trials(json["document"], tell(name));
        check_summary(json["document"], name);
        ++out_.records;
        const auto record = Record::from_json(json);
        const Status ok = record ? maker.add(*record) : fail(record.error());
        if (!ok) fault(name, "", ok.error().message);
      } else if (part.name.starts_with(kSamplesFolder)) {
        const std::string id = name.substr(kSamplesFolder.size(), name.rfind('.') - kSamplesFolder.size());
        if (const auto ok = maker.add_samples(id, std::string(part.bytes)); !ok) fault(name, "", ok.error().message);
      } else if (part.name == kWindowsPart) {
        each_line(part, [&](const Json& window, const std::string& at) { add_window(maker, window, at); });
      } else if (part.name == kRequestsPart) {
        each_line(part, [&](const Json& row, const std::string& at) { add_row(maker, row, at); });
      }
    }
    if (shares_.any()) shares_.finish(tell(std::string(kWindowsPart)));
  }

  // What a record says of its own trials: means, arms, comparisons.
  void check_summary(const Json& document, const std::string& name) {
    if (!replay_.summary || !document.has("trials")) return;
    const auto again = replay_.summary(document);
    if (!again) return fault(name, "document", again.error().message);
    if (again->is_null()) {
      out_.notes.push_back(name + ": another version of joulebook made it; its summary is not worked out anew");
      return;
    }
    Json stated = Json::object();
    for (const auto& [key, value] : again->members()) stated.set(key, document[key]);
    for (const auto& [at, what] : differences(stated, *again, kMostFaults)) fault(name, "document." + at, what + " of its trials");
  }

  // Each line of a part that is a document written as a bundle writes it.
  void each_line(const PartView& part, const std::function<void(const Json&, const std::string& at)>& visit) {
    const std::string name(part.name);
    std::string_view bytes = part.bytes;
    std::size_t line = 0;
    while (!bytes.empty()) {
      const std::size_t end = std::min(bytes.find('\n'), bytes.size() - 1) + 1;
      const std::string at = fmt::format("line {}", ++line);
      const auto document = parse_json(bytes.substr(0, end));
      if (!document) {
        fault(name, at, document.error().message);
      } else {
        if (document->dump() + "\n" != bytes.substr(0, end)) fault(name, at, "is not written as a bundle writes it");
        visit(*document, at);
      }
      bytes.remove_prefix(end);
    }
  }

  void add_window(CardMaker& maker, const Json& window, const std::string& at) {
    ++out_.windows;
    if (const auto ok = maker.add_window(window); !ok) return fault(std::string(kWindowsPart), at, ok.error().message);
    clocks_.check(window, at, tell(std::string(kWindowsPart)), [this](std::string note) { out_.notes.push_back(std::move(note)); });
    shares_.add(window);
  }

  void add_row(CardMaker& maker, const Json& row, const std::string& at) {
    const std::string name(kRequestsPart);
    ++out_.rows;
    check_quantities(row, at, tell(name));
    check_request(row, at, tell(name));
    if (shares_.any()) shares_.check(row, at, tell(name));
    if (const auto ok = maker.add_request(row); !ok) fault(name, at, ok.error().message);
  }

  void rebuild() {
    const auto statement = Statement::from_json(document(kStatementPart));
    if (!statement) return fault(std::string(kStatementPart), "", statement.error().message);
    auto maker = CardMaker::make(*statement, false);
    if (!maker) return fault(std::string(kStatementPart), "", maker.error().message);
    add_parts(*maker);
    const auto again = maker->finish();
    if (!again) return fault(std::string(kCardPart), "", again.error().message);
    for (const auto& [at, what] : differences(card_, *again, kMostFaults)) {
      fault(std::string(kCardPart), at, what);
    }
    out_.figures = check_quantities(card_["subjects"], "subjects", tell(std::string(kCardPart))) +
                   check_quantities(card_["metered"], "metered", tell(std::string(kCardPart)));
    out_.notes.push_back("what the publisher states (facts) is stated, not worked out");
    if (find_part(parts_, kRequestsPart) == nullptr) return;
    if (!shares_.any()) {
      out_.notes.push_back("the bundle has no settled windows: metered requests stand on their rows");
    } else {
      out_.notes.push_back("of a metered request the joules follow from windows; intervals and phases stand on its row, windows on the meter");
    }
    if (shares_.rolled() > 0) {
      out_.notes.push_back(fmt::format("{} requests stand on their rows: hours of theirs are rolled up", shares_.rolled()));
    }
  }

  // Records' figures worked out anew from their samples.
  void check_samples() {
    for (const auto& part : parts_) {
      if (!part.name.starts_with(kRecordsFolder)) continue;
      const std::string id(part.name.substr(kRecordsFolder.size(), part.name.rfind('.') - kRecordsFolder.size()));
      const PartView* samples = find_part(parts_, std::string(kSamplesFolder) + id + ".trace");
      if (samples == nullptr) {
        out_.notes.push_back(id + ": the bundle has no raw samples of it; its figures stand on its rows");
        continue;
      }
      const auto record = parse_json(part.bytes);
      if (!record) continue;
      const Json& document = (*record)["document"];
      const auto fault_of = tell(std::string(part.name));
      const Status ok = document.has("trials") ? replay_trials(document, samples->bytes, replay_, fault_of)
                                               : replay_run(document, samples->bytes, replay_, fault_of);
      if (!ok) {
        fault(std::string(samples->name), "", ok.error().message);
        continue;
      }
      ++out_.replayed;
    }
  }

  std::string_view bundle_, published_;
  const Replay& replay_;
  Verification out_;
  WindowClocks clocks_;
  WindowShares shares_;
  std::vector<PartView> parts_;
  std::map<std::string_view, std::string> digests_;  // by part
  Json card_;
};

}  // namespace

std::string_view to_string(Verdict verdict) {
  return verdict == Verdict::verified ? "verified"
         : verdict == Verdict::failed ? "failed"
                                      : "not checkable";
}

Json Verification::json() const {
  Json list = Json::array();
  for (const auto& f : faults) {
    list.push(Json::object({{"part", f.part}, {"at", f.at}, {"what", f.what}}));
  }
  return Json::object({{"schema", "joulebook.card-check/1"},
                       {"verdict", to_string(verdict)},
                       {"faults", std::move(list)},
                       {"notes", strings(notes)},
                       {"figures", figures},
                       {"rows", rows},
                       {"windows", windows},
                       {"records", records},
                       {"replayed", replayed},
                       {"card_sha256", card_sha256},
                       {"signature", Json()}});
}

std::vector<std::pair<std::string, std::string>> differences(const Json& stated, const Json& again,
                                                             std::size_t most) {
  Differences out;
  compare(stated, again, "", most, out);
  return out;
}

Verification verify_bundle(std::string_view bundle, std::string_view published, const Replay& replay) {
  return Checker(bundle, published, replay).run();
}

Verification verify_alone(std::string_view bytes) {
  Verification out;
  out.card_sha256 = sha256_hex(bytes);
  const auto tell = [&out](const std::string& at, const std::string& what) {
    if (out.faults.size() < kMostFaults) out.faults.push_back({"the card", quotable(at), quotable(what)});
  };
  const auto card = parse_json(bytes);
  if (!card) {
    tell("", card.error().message);
  } else if ((*card)["schema"].as_string() != kCardSchema) {
    tell("schema", "is not " + std::string(kCardSchema));
  } else {
    out.figures = check_quantities((*card)["subjects"], "subjects", tell);
  }
  out.verdict = out.faults.empty() ? Verdict::not_checkable : Verdict::failed;
  out.notes.push_back("there is no bundle beside it: its figures cannot be worked out anew");
  return out;
}

}  // namespace joulebook::card
