#include <cmath>

#include "core/json.h"

namespace joulebook {

Json to_json(const Reason& reason) {
  return Json::object({{"code", reason.code}, {"message", reason.message}, {"cure", reason.cure}});
}

Json to_json(const Quantity& q) {
  Json json = Json::object();
  json.set("value", q.value ? Json(*q.value) : Json());
  if (!q.present()) {
    if (q.known_lo) json.set("lo", *q.known_lo);
    json.set("unit", q.unit);
    if (!q.per.empty()) json.set("per", q.per);
    json.set("reason", to_json(q.reason.value_or(Reason{"unknown", "no reason was given", ""})));
    return json;
  }
  const Interval i = q.interval();
  json.set("lo", i.lo).set("hi", i.hi).set("level", q.level).set("unit", q.unit);
  if (!q.per.empty()) json.set("per", q.per);
  json.set("tier", to_string(q.tier)).set("boundary", q.boundary);
  json.set("own", Json::array({q.own.lo, q.own.hi}));
  Json shared = Json::array();
  for (const auto& part : q.shared) {
    shared.push(Json::object({{"id", part.id}, {"lo", part.lo}, {"hi", part.hi}}));
  }
  json.set("shared", std::move(shared)).set("method", q.method);
  return json;
}

Result<Quantity> quantity_from_json(const Json& json) {
  const auto bad = [](std::string what) {
    return fail(ErrorKind::input, "quantity.malformed", "not a quantity: " + std::move(what),
                "write it as docs/formats/quantity.md says");
  };
  if (!json.is_object() || !json.has("value") || !json["unit"].is_string()) {
    return bad("it needs value and unit");
  }
  Quantity q;
  q.unit = json["unit"].as_string();
  q.per = json["per"].as_string();
  if (json["value"].is_null()) {
    const Json& reason = json["reason"];
    if (!reason["code"].is_string()) return bad("an absence needs a reason");
    q.reason =
        Reason{std::string(reason["code"].as_string()), std::string(reason["message"].as_string()),
               std::string(reason["cure"].as_string())};
    if (json["lo"].is_number()) q.known_lo = json["lo"].as_double();
    return q;
  }
  if (!json["value"].is_number()) return bad("value must be a number or null");
  const auto tier = tier_from_string(json["tier"].as_string());
  if (!tier) return bad("tier must be measured, apportioned, modelled or published");
  if (json["own"].items().size() != 2) return bad("own must be two numbers");
  q.value = json["value"].as_double();
  q.level = json["level"].as_double();
  q.tier = *tier;
  q.boundary = json["boundary"].as_string();
  q.method = json["method"].as_string();
  constexpr double kUnbounded = std::numeric_limits<double>::infinity();
  q.own = {json["own"].at(0).as_double(), json["own"].at(1).as_double(kUnbounded)};
  for (const auto& part : json["shared"].items()) {
    q.shared.push_back(
        {std::string(part["id"].as_string()), part["lo"].as_double(1), part["hi"].as_double(1)});
  }
  return q;
}

}  // namespace joulebook
