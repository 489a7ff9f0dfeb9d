#include <cmath>
#include <utility>

#include "core/json.h"
#include "core/json_text.h"

namespace joulebook {

namespace {

// Members of an object in their order: to nodes,
class Nodes {
 public:
  explicit Nodes(Json& object) : object_(object) {}
  void none(const char* name) { object_.set(name, Json()); }
  void number(const char* name, double x) { object_.set(name, x); }
  void text(const char* name, std::string_view text) { object_.set(name, text); }
  void numbers(const char* name, double a, double b) { object_.set(name, Json::array({a, b})); }
  template <class Tell>
  void object(const char* name, Tell tell) {
    object_.set(name, made(tell));
  }
  template <class Items, class Tell>
  void objects(const char* name, const Items& items, Tell tell) {
    Json list = Json::array();
    for (const auto& item : items) list.push(made([&](Nodes& out) { tell(item, out); }));
    object_.set(name, std::move(list));
  }
  template <class Tell>
  static Json made(Tell tell) {
    Json json = Json::object();
    Nodes nodes(json);
    tell(nodes);
    return json;
  }

 private:
  Json& object_;
};

// or to text.
class Text {
 public:
  explicit Text(std::string& out) : out_(out) {}
  void none(const char* name) {
    begin(name);
    out_ += "null";
  }
  void number(const char* name, double x) {
    begin(name);
    append_json_number(out_, x);
  }
  void text(const char* name, std::string_view text) {
    begin(name);
    append_json_text(out_, text);
  }
  void numbers(const char* name, double a, double b) {
    begin(name);
    out_ += '[';
    append_json_number(out_, a);
    out_ += ',';
    append_json_number(out_, b);
    out_ += ']';
  }
  template <class Tell>
  void object(const char* name, Tell tell) {
    begin(name);
    write(out_, tell);
  }
  template <class Items, class Tell>
  void objects(const char* name, const Items& items, Tell tell) {
    begin(name);
    out_ += '[';
    bool more = false;
    for (const auto& item : items) {
      if (std::exchange(more, true)) out_ += ',';
      write(out_, [&](Text& out) { tell(item, out); });
    }
    out_ += ']';
  }
  template <class Tell>
  static void write(std::string& out, Tell tell) {
    out += '{';
    Text text(out);
    tell(text);
    out += '}';
  }

 private:
  void begin(const char* name) {
    if (std::exchange(more_, true)) out_ += ',';
    out_ += '"';
    out_ += name;
    out_ += "\":";
  }
  std::string& out_;
  bool more_ = false;
};

template <class Out>
void tell(const Reason& reason, Out& out) {
  out.text("code", reason.code);
  out.text("message", reason.message);
  out.text("cure", reason.cure);
}

template <class Out>
void tell(const Quantity& q, Out& out) {
  q.value ? out.number("value", *q.value) : out.none("value");
  if (!q.present()) {
    if (q.known_lo) out.number("lo", *q.known_lo);
    out.text("unit", q.unit);
    if (!q.per.empty()) out.text("per", q.per);
    static const Reason unknown{"unknown", "no reason was given", ""};
    out.object("reason", [&](Out& inner) { tell(q.reason ? *q.reason : unknown, inner); });
    return;
  }
  const Interval i = q.interval();
  out.number("lo", i.lo);
  out.number("hi", i.hi);
  out.number("level", q.level);
  out.text("unit", q.unit);
  if (!q.per.empty()) out.text("per", q.per);
  out.text("tier", to_string(q.tier));
  out.text("boundary", q.boundary);
  out.numbers("own", q.own.lo, q.own.hi);
  out.objects("shared", q.shared, [](const auto& part, Out& inner) {
    inner.text("id", part.id);
    inner.number("lo", part.lo);
    inner.number("hi", part.hi);
  });
  out.text("method", q.method);
}

}  // namespace

Json to_json(const Reason& reason) {
  return Nodes::made([&](Nodes& out) { tell(reason, out); });
}

Json to_json(const Quantity& q) {
  return Nodes::made([&](Nodes& out) { tell(q, out); });
}

void append_json(std::string& out, const Quantity& q) {
  Text::write(out, [&](Text& text) { tell(q, text); });
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
