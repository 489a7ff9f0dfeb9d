#include "ledger/serve_figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>

namespace joulebook {
namespace {

constexpr float kInfinite = std::numeric_limits<float>::infinity();

template <class Number>
std::string_view written(Number n, std::array<char, 32>& text) {
  const auto end = std::to_chars(text.data(), text.data() + text.size(), n).ptr;
  return {text.data(), static_cast<std::size_t>(end - text.data())};
}

template <class Number>
void append(Number n, std::string& out) {
  std::array<char, 32> text;
  out += written(n, text);
}

// The shortest text that reads back as the same number; null: without end.
template <class Number>
void add(Number x, std::string& out) {
  if (!std::isfinite(x)) {
    out += ",null";
    return;
  }
  out += ',';
  if (x == 0 && !std::signbit(x)) {  // most phases of most requests
    out += '0';
    return;
  }
  append(x, out);
}

// An end of an interval, to a float's digits and never inwards: the shortest text of the nearest
// float, or of its neighbour where that lies on the wrong side.
void add_end(double x, float outwards, std::string& out) {
  if (!std::isfinite(x) || x == 0) return add(x, out);
  auto f = static_cast<float>(x);
  if (!std::isfinite(f)) return add(outwards > 0 ? static_cast<double>(kInfinite) : x, out);
  std::array<char, 32> text;
  std::string_view word = written(f, text);
  double read = 0;
  std::from_chars(word.data(), word.data() + word.size(), read);
  if (outwards < 0 ? read > x : read < x) {
    word = written(std::nextafter(f, outwards), text);
  }
  (out += ',') += word;
}

void add_low(double x, std::string& out) { add_end(x, -kInfinite, out); }
void add_high(double x, std::string& out) { add_end(x, kInfinite, out); }

double kept_value(const Figure& f) {
  return f.words->unit == "J" ? std::round(*f.value * 1e6) / 1e6 : *f.value;
}

std::string form_of(const Words& w, bool inherits) {
  Json form = Json::object({{"unit", w.unit}});
  if (!w.per.empty()) form.set("per", w.per);
  if (w.reason) return form.set("reason", to_json(*w.reason)).dump();
  form.set("level", w.level).set("tier", to_string(w.tier)).set("boundary", w.boundary);
  form.set("method", w.method);
  if (inherits) return form.set("shared", "fair").dump();
  Json ids = Json::array();
  for (const auto& id : w.shared) ids.push(id);
  return form.set("shared", std::move(ids)).dump();
}

tl::unexpected<Error> damaged() {
  return fail(ErrorKind::input, "ledger.corrupt", "a figure in the ledger is damaged",
              "restore the ledger from a copy");
}

double end_of(const Json& json, double infinite) {
  return json.is_null() ? infinite : json.as_double();
}

// `fair`: whose shared parts a phase's mostly are; they are not written twice.
Status pack_one(const Figure& f, const Figure* fair, Dictionary& dictionary, std::string& out) {
  static const auto kNothing = std::make_shared<const Words>();
  const auto& words = f.words ? f.words : kNothing;
  const bool inherits = fair != nullptr && fair->factors && f.shares_with(*fair);
  const auto text = dictionary.form(words, inherits, [&] { return form_of(*words, inherits); });
  if (!text) return fail(text.error());
  out += '[';
  append(*text, out);
  if (!f.present()) {
    // Whole microjoules, but for the last bit of a sum of theirs.
    const bool joules = words->unit == "J";
    if (f.known_lo) add_low(joules ? std::floor(*f.known_lo * 1e6 + 1e-6) / 1e6 : *f.known_lo, out);
    out += ']';
    return {};
  }
  const double value = kept_value(f);
  add(value, out);
  add_low(std::min(f.own.lo, value), out);
  add_high(std::max(f.own.hi, value), out);
  if (f.factors && !inherits) {
    for (const auto& part : *f.factors) {
      const bool rises = part.lo <= part.hi;
      add_end(part.lo, rises ? -kInfinite : kInfinite, out);
      add_end(part.hi, rises ? kInfinite : -kInfinite, out);
    }
  }
  out += ']';
  return {};
}

}  // namespace

Status pack(const Figure& figure, Dictionary& dictionary, std::string& out) {
  return pack_one(figure, nullptr, dictionary, out);
}

Status pack(const std::vector<PhaseRow>& phases, const Figure& fair, Dictionary& dictionary, std::string& out) {
  out += '[';
  for (const auto& phase : phases) {
    out += out.back() == '[' ? "[" : ",[";
    const auto name = dictionary.text(phase.phase);
    if (!name) return fail(name.error());
    append(*name, out);
    out += ',';
    append(phase.tokens, out);
    add(static_cast<float>(std::isfinite(phase.seconds) ? phase.seconds : 0), out);
    out += ',';
    if (auto ok = pack_one(phase.energy, &fair, dictionary, out); !ok) return ok;
    out += ']';
  }
  out += ']';
  return {};
}

EndRow::EndRow(const RequestEnd& end)
    : EndFacts(end), fair(end.fair), served(end.served), marginal(end.marginal) {
  phases.reserve(end.phases.size());
  for (const auto& p : end.phases) phases.push_back({p.phase, p.tokens, p.seconds, p.energy});
}

RequestEnd EndRow::told() const {
  RequestEnd out{{*this}, fair.quantity(), {}, marginal.quantity(), {}};
  if (served) out.served = served->quantity();
  out.phases.reserve(phases.size());
  for (const auto& p : phases) out.phases.push_back({p.phase, p.tokens, p.seconds, p.energy.quantity()});
  return out;
}

Result<Quantity> unpack(const Json& packed, const Forms& forms, const Quantity* fair) {
  if (!packed.is_array() || packed.items().empty()) return damaged();
  const auto form = forms(packed.at(0).as_int());
  if (!form) return fail(form.error());
  const std::size_t size = packed.items().size();
  Quantity q;
  q.unit = (*form)["unit"].as_string();
  q.per = (*form)["per"].as_string();
  if (const Json& reason = (*form)["reason"]; reason.is_object()) {
    q.reason = Reason{std::string(reason["code"].as_string()),
                      std::string(reason["message"].as_string()),
                      std::string(reason["cure"].as_string())};
    if (size > 1) q.known_lo = end_of(packed.at(1), 0);
    return q;
  }
  const auto& ids = (*form)["shared"].items();
  const bool inherits = (*form)["shared"].is_string();
  if (inherits && fair == nullptr) return damaged();
  const auto tier = tier_from_string((*form)["tier"].as_string());
  if (!tier || size != 4 + 2 * ids.size() || !packed.at(1).is_number()) return damaged();
  q.value = packed.at(1).as_double();
  q.own = {end_of(packed.at(2), 0), end_of(packed.at(3), static_cast<double>(kInfinite))};
  q.level = (*form)["level"].as_double();
  q.tier = *tier;
  q.boundary = (*form)["boundary"].as_string();
  q.method = (*form)["method"].as_string();
  if (inherits) q.shared = fair->shared;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    q.shared.push_back({std::string(ids[i].as_string()), end_of(packed.at(4 + 2 * i), 0),
                        end_of(packed.at(5 + 2 * i), static_cast<double>(kInfinite))});
  }
  return q;
}

Result<std::vector<PhaseFigure>> unpack_phases(const Json& packed, const Forms& forms,
                                               const Quantity& fair) {
  std::vector<PhaseFigure> phases;
  for (const auto& item : packed.items()) {
    const auto name = forms(item.at(0).as_int());
    if (!name) return fail(name.error());
    auto energy = unpack(item.at(3), forms, &fair);
    if (!energy) return fail(energy.error());
    phases.push_back({std::string(name->as_string()), item.at(1).as_int(), item.at(2).as_double(),
                      std::move(*energy)});
  }
  return phases;
}

}  // namespace joulebook
