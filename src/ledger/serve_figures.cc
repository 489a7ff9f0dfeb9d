#include "ledger/serve_figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace joulebook {
namespace {

constexpr float kInfinite = std::numeric_limits<float>::infinity();

float down(double x) {
  const auto f = static_cast<float>(x);
  return static_cast<double>(f) <= x ? f : std::nextafter(f, -kInfinite);
}

float up(double x) {
  const auto f = static_cast<float>(x);
  return static_cast<double>(f) >= x ? f : std::nextafter(f, kInfinite);
}

// The shortest text that reads back as the same float; null: without end.
void add(float x, std::string& out) {
  if (std::isfinite(x)) {
    fmt::format_to(std::back_inserter(out), ",{}", x);
  } else {
    out += ",null";
  }
}

double kept_value(const Quantity& q) {
  return q.unit == "J" ? std::round(*q.value * 1e6) / 1e6 : *q.value;
}

// What tells one form from another, without the cost of JSON.
void key_of(const Quantity& q, std::string& key) {
  constexpr char kNext = '\x1f';
  key.clear();
  ((key += q.unit) += kNext) += q.per;
  if (q.reason) {
    key += "\x1f!";
    (((key += q.reason->code) += kNext) += q.reason->message) += kNext;
    key += q.reason->cure;
    return;
  }
  fmt::format_to(std::back_inserter(key), "\x1f{}\x1f{}\x1f", static_cast<int>(q.tier), q.level);
  (((key += q.boundary) += kNext) += q.method) += kNext;
  for (const auto& part : q.shared) (key += part.id) += kNext;
}

Json form_of(const Quantity& q) {
  Json form = Json::object({{"unit", q.unit}});
  if (!q.per.empty()) form.set("per", q.per);
  if (q.reason) return form.set("reason", to_json(*q.reason));
  form.set("level", q.level).set("tier", to_string(q.tier)).set("boundary", q.boundary);
  form.set("method", q.method);
  Json ids = Json::array();
  for (const auto& part : q.shared) ids.push(part.id);
  return form.set("shared", std::move(ids));
}

tl::unexpected<Error> damaged() {
  return fail(ErrorKind::input, "ledger.corrupt", "a figure in the ledger is damaged",
              "restore the ledger from a copy");
}

double end_of(const Json& json, double infinite) {
  return json.is_null() ? infinite : static_cast<double>(static_cast<float>(json.as_double()));
}

}  // namespace

Status pack(const Quantity& q, Dictionary& dictionary, std::string& out) {
  thread_local std::string key;
  key_of(q, key);
  const auto text = dictionary.form(key, [&] { return form_of(q).dump(); });
  if (!text) return fail(text.error());
  fmt::format_to(std::back_inserter(out), "[{}", *text);
  if (!q.present()) {
    if (q.known_lo) add(down(*q.known_lo), out);
    out += ']';
    return {};
  }
  const double value = kept_value(q);
  fmt::format_to(std::back_inserter(out), ",{}", value);
  add(down(std::min(q.own.lo, value)), out);
  add(up(std::max(q.own.hi, value)), out);
  for (const auto& part : q.shared) {
    add(part.lo <= part.hi ? down(part.lo) : up(part.lo), out);
    add(part.lo <= part.hi ? up(part.hi) : down(part.hi), out);
  }
  out += ']';
  return {};
}

Status pack(const std::vector<PhaseFigure>& phases, Dictionary& dictionary, std::string& out) {
  out += '[';
  for (const auto& phase : phases) {
    if (out.back() != '[') out += ',';
    const auto name = dictionary.text(phase.phase);
    if (!name) return fail(name.error());
    fmt::format_to(std::back_inserter(out), "[{},{},{}", *name, phase.tokens,
                   static_cast<float>(std::isfinite(phase.seconds) ? phase.seconds : 0));
    out += ',';
    if (auto ok = pack(phase.energy, dictionary, out); !ok) return ok;
    out += ']';
  }
  out += ']';
  return {};
}

Result<Quantity> unpack(const Json& packed, const Forms& forms) {
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
  const auto tier = tier_from_string((*form)["tier"].as_string());
  if (!tier || size != 4 + 2 * ids.size() || !packed.at(1).is_number()) return damaged();
  q.value = packed.at(1).as_double();
  q.own = {end_of(packed.at(2), 0), end_of(packed.at(3), static_cast<double>(kInfinite))};
  q.level = (*form)["level"].as_double();
  q.tier = *tier;
  q.boundary = (*form)["boundary"].as_string();
  q.method = (*form)["method"].as_string();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    q.shared.push_back({std::string(ids[i].as_string()), end_of(packed.at(4 + 2 * i), 0),
                        end_of(packed.at(5 + 2 * i), static_cast<double>(kInfinite))});
  }
  return q;
}

Result<std::vector<PhaseFigure>> unpack_phases(const Json& packed, const Forms& forms) {
  std::vector<PhaseFigure> phases;
  for (const auto& item : packed.items()) {
    const auto name = forms(item.at(0).as_int());
    if (!name) return fail(name.error());
    auto energy = unpack(item.at(3), forms);
    if (!energy) return fail(energy.error());
    phases.push_back({std::string(name->as_string()), item.at(1).as_int(), item.at(2).as_double(),
                      std::move(*energy)});
  }
  return phases;
}

}  // namespace joulebook
