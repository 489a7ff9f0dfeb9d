#include "account/claim/scope.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/text.h"

namespace joulebook::account {
namespace {

using Kind = Expression::Kind;

// What a slip between two dimensions probably is, as converted() names it.
std::string slip(const Dimension& a, const Dimension& b) {
  const auto error = converted(Measure::exact(1, {1, a, a.text()}), {1, b, b.text()});
  return error ? std::string() : error.error().cure;
}

Result<Number> finite(Number n) {
  if (std::isfinite(n.value)) return n;
  return recipe_error("recipe.number", "the recipe divides by zero or leaves all numbers", "check its divisors");
}

Result<Number> raised(const Number& base, const Number& exponent) {
  const double e = exponent.value;
  if (!exponent.dimension.none()) return recipe_error("recipe.dimension", "an exponent has a unit", "raise to a plain number");
  if (base.dimension.none()) return finite({std::pow(base.value, e), {}});
  if (e != std::round(e) || std::abs(e) > 6) {
    return recipe_error("recipe.dimension", fmt::format("{} cannot be raised to {:g}", base.dimension.text(), e), "raise to a whole number up to 6");
  }
  Number result{std::pow(base.value, e), {}};
  for (int i = 0; i < std::abs(static_cast<int>(e)); ++i) {
    result.dimension = e > 0 ? result.dimension * base.dimension : result.dimension / base.dimension;
  }
  return finite(std::move(result));
}

}  // namespace

tl::unexpected<Error> recipe_error(std::string code, std::string message, std::string cure) {
  return fail(ErrorKind::input, std::move(code), std::move(message), std::move(cure));
}

double Dials::position(const std::string& name) {
  if (std::ranges::find(names_, name) == names_.end()) names_.push_back(name);
  const auto found = positions_.find(name);
  return found == positions_.end() ? 0 : std::clamp(found->second, -1.0, 1.0);
}

double Dials::at(const std::string& name, double lo, double value, double hi) {
  if (lo == hi) return value;
  const double t = position(name);
  if (t == 0) return value;
  const double end = t < 0 ? lo : hi;
  if (std::abs(t) == 1) return end;
  if (lo > 0 && value > 0) return value * std::pow(end / value, std::abs(t));
  return value + std::abs(t) * (end - value);
}

std::size_t Dials::choice(const std::string& name, std::size_t count, std::size_t best) {
  if (count <= 1) return 0;
  const double t = position(name);
  const auto span = static_cast<double>(t < 0 ? best : count - 1 - best);
  const auto moved = static_cast<std::size_t>(std::lround(std::abs(t) * span));
  return t < 0 ? best - moved : best + moved;
}

void Trace::add(std::string what, std::string value, std::string source) {
  UsedSource used{std::move(what), std::move(value), std::move(source)};
  if (std::ranges::find(sources, used) == sources.end()) sources.push_back(std::move(used));
}

Number on_dial(Dials& dials, const std::string& name, const Measure& m) {
  return {dials.at(name, m.lo, m.value, m.hi), m.unit.dimension};
}

std::optional<Number> Scope::input(std::string_view name) {
  const ClaimInput* in = claim_.input(name);
  if (in == nullptr || !in->measure) return std::nullopt;
  if (!in->assumed.empty()) trace_.assumed.insert(in->name);
  trace_.add(in->name, in->measure->stated,
             !in->assumed.empty() ? "assumed: " + in->assumed : !in->source.empty() ? in->source : claim_.source.empty() ? std::string("the claim") : claim_.source);
  Number n = on_dial(dials_, in->name, *in->measure);
  const KnownInput* known = known_input(name);
  // Some keep what they are of: power, of all devices or of each; an energy or carbon, of a token or of a response.
  constexpr std::string_view kOwn[] = {"mean_power", "peak_power", "ram_power", "energy", "carbon"};
  if (known != nullptr && std::ranges::find(kOwn, name) == std::end(kOwn)) n.dimension = Unit::parse(known->unit)->dimension;
  if (known != nullptr && known->unit == "parameter") n.dimension = {};
  return n;
}

std::string Scope::text(std::string_view name) {
  const ClaimInput* in = claim_.input(name);
  if (in == nullptr || in->text.empty()) return {};
  if (!in->assumed.empty()) trace_.assumed.insert(in->name);
  trace_.add(in->name, in->text, !in->assumed.empty() ? "assumed: " + in->assumed : in->source.empty() ? std::string("the claim") : in->source);
  return in->text;
}

double Scope::missing(const std::string& name, double lo, double value, double hi, std::string_view why) {
  trace_.missing.insert(name);
  trace_.add(name, fmt::format("{:.4g} to {:.4g}", lo, hi), fmt::format("nobody stated it: {}", why));
  return dials_.at(name, lo, value, hi);
}

Result<Number> Scope::value() { return name("value"); }

Result<Number> Scope::name(const std::string& name) {
  if (const auto found = done_.find(name); found != done_.end()) return found->second;
  const auto found = std::ranges::find(claim_.recipe, name, &RecipeLine::name);
  if (found != claim_.recipe.end()) {
    if (!open_.insert(name).second) return recipe_error("recipe.circle", fmt::format("'{}' needs itself", name), "let no line of the recipe name itself");
    auto result = line(*found);
    open_.erase(name);
    if (result) done_[name] = *result;
    return result;
  }
  if (auto n = input(name)) return *n;
  if (known_input(name) != nullptr) {
    return recipe_error("recipe.missing", fmt::format("{} is not among the inputs", name), fmt::format("add {} = \"...\" under [inputs]: {}", name, known_input(name)->meaning));
  }
  std::vector<std::string> names;
  for (const ClaimInput& in : claim_.inputs) names.push_back(in.name);
  for (const RecipeLine& l : claim_.recipe) names.push_back(l.name);
  const auto near = nearest(name, names);
  return recipe_error("recipe.unknown", fmt::format("no input and no line of the recipe is called '{}'", name),
                      near ? fmt::format("did you mean {}?", *near) : fmt::format("add {} = \"...\" under [inputs]", name));
}

Result<Number> Scope::line(const RecipeLine& line) {
  const auto placed = [&](const Error& e) {
    if (e.message.starts_with(claim_.file + ":")) return fail(e);
    return fail(e.kind, e.code, line.line > 0 ? fmt::format("{}:{}: {}", claim_.file, line.line, e.message) : e.message, e.cure);
  };
  const auto expression = parse_expression(line.expression);
  if (!expression) return placed(expression.error());
  auto result = evaluate(**expression);
  if (!result) return placed(result.error());
  return result;
}

Result<Number> Scope::binary(const Expression& e) {
  auto a = evaluate(*e.of[0]);
  if (!a) return a;
  auto b = evaluate(*e.of[1]);
  if (!b) return b;
  if (e.kind == Kind::multiply) return finite({a->value * b->value, a->dimension * b->dimension});
  if (e.kind == Kind::divide) return finite({a->value / b->value, a->dimension / b->dimension});
  if (e.kind == Kind::power) return raised(*a, *b);
  if (a->dimension != b->dimension) {
    return recipe_error("recipe.dimension", fmt::format("{} is {} {}", a->dimension.text(), e.kind == Kind::add ? "added to" : "lessened by", b->dimension.text()),
                        slip(a->dimension, b->dimension));
  }
  return finite({e.kind == Kind::add ? a->value + b->value : a->value - b->value, a->dimension});
}

Result<Number> Scope::evaluate(const Expression& e) {
  switch (e.kind) {
    case Kind::number:
      return Number{e.number, {}};
    case Kind::text:
      return recipe_error("recipe.dimension", fmt::format("the text '{}' is no amount", e.word), "texts are for functions; amounts with units are inputs");
    case Kind::name:
      return name(e.word);
    case Kind::negate: {
      auto inner = evaluate(*e.of[0]);
      if (inner) inner->value = -inner->value;
      return inner;
    }
    case Kind::call: {
      const auto all = recipe_functions();
      const auto found = std::ranges::find(all, std::string_view(e.word), &NamedFunction::name);
      if (found == all.end()) {
        std::vector<std::string> names;
        for (const NamedFunction& f : all) names.emplace_back(f.name);
        const auto near = nearest(e.word, names);
        return recipe_error("recipe.unknown", fmt::format("no function '{}'", e.word), near ? fmt::format("did you mean {}?", *near) : "they are " + join(names, ", "));
      }
      for (const Argument& a : e.arguments) {
        const auto takes = split(found->named, '|');
        if (a.name.empty() || found->named == "*" || std::ranges::find(takes, std::string_view(a.name)) != takes.end()) continue;
        return recipe_error("recipe.argument", fmt::format("{} takes no argument '{}'", e.word, a.name), fmt::format("it is {}{}", found->name, found->arguments));
      }
      auto result = found->function(Call(e, *this));
      return result ? finite(std::move(*result)) : result;
    }
    default:
      return binary(e);
  }
}

const Expression* Call::named(std::string_view name) const {
  for (const Argument& a : expression_.arguments) {
    if (a.name == name) return a.value.get();
  }
  return nullptr;
}

const Expression* Call::placed(std::size_t place) const {
  for (const Argument& a : expression_.arguments) {
    if (a.name.empty() && place-- == 0) return a.value.get();
  }
  return nullptr;
}

std::size_t Call::places() const {
  return static_cast<std::size_t>(std::ranges::count_if(expression_.arguments, [](const Argument& a) { return a.name.empty(); }));
}

namespace {
tl::unexpected<Error> wants(std::string_view function) {
  for (const NamedFunction& f : recipe_functions()) {
    if (f.name == function) return recipe_error("recipe.argument", fmt::format("{}: an argument is missing or of the wrong kind", function), fmt::format("it is {}{}: {}", f.name, f.arguments, f.meaning));
  }
  return recipe_error("recipe.argument", std::string(function), "");
}
}  // namespace

Result<Number> Call::number(std::size_t place) const {
  const Expression* e = placed(place);
  if (e == nullptr || e->kind == Kind::text) return wants(function());
  return scope_.evaluate(*e);
}

Result<Number> Call::number(std::string_view name) const {
  const Expression* e = named(name);
  if (e == nullptr || e->kind == Kind::text) return wants(function());
  return scope_.evaluate(*e);
}

Result<std::string> Call::as_text(const Expression& e) const {
  if (e.kind == Kind::text) return e.word;
  // A bare name may be that of a text among the inputs.
  if (e.kind == Kind::name) {
    if (std::string text = scope_.text(e.word); !text.empty()) return text;
  }
  if (e.kind == Kind::number) return fmt::format("{:g}", e.number);
  return wants(function());
}

Result<std::string> Call::text(std::size_t place) const {
  const Expression* e = placed(place);
  if (e == nullptr) return wants(function());
  return as_text(*e);
}

Result<std::string> Call::text(std::string_view name) const {
  const Expression* e = named(name);
  if (e == nullptr) return wants(function());
  return as_text(*e);
}

}  // namespace joulebook::account
