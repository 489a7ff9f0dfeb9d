#pragma once
// What a recipe is evaluated in: the claim's inputs, the doubts about them, and a trace of every number
// that went in. One evaluation is at one point: each doubt ("dial") stands at a position from -1 (its
// lower end) over 0 (best) to 1 (upper end). range.h varies them.
#include <joulebook/result.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "account/claim/claim.h"
#include "account/claim/expression.h"

namespace joulebook::account {

struct Number {
  double value = 0;
  Dimension dimension;
};

// Named sources of doubt. What has one name moves together, so that it cancels in a ratio.
class Dials {
 public:
  // The value at this dial's position, between the ends by logarithm where all are positive.
  double at(const std::string& name, double lo, double value, double hi);
  // One of several, the middle one at rest; REQUIRES: best < count.
  std::size_t choice(const std::string& name, std::size_t count, std::size_t best);
  void set(const std::map<std::string, double>& positions) { positions_ = positions; }
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

 private:
  double position(const std::string& name);
  std::map<std::string, double> positions_;
  std::vector<std::string> names_;  // in the order of their first use
};

struct UsedSource {
  std::string what, value, source;
  bool operator==(const UsedSource&) const = default;
};

// What an evaluation stood on.
struct Trace {
  std::vector<UsedSource> sources;
  std::set<std::string> assumed;        // inputs that the claim's author assumed
  std::set<std::string> missing;        // inputs that nobody stated: Joulebook took a range
  bool modelled = false, published = false;  // a prediction went in; a published row or factor
  void add(std::string what, std::string value, std::string source);
};

class Scope;
// A call's arguments, by place or by name, evaluated as they are asked for.
class Call {
 public:
  Call(const Expression& expression, Scope& scope) : expression_(expression), scope_(scope) {}
  [[nodiscard]] Scope& scope() const { return scope_; }
  [[nodiscard]] std::string_view function() const { return expression_.word; }
  [[nodiscard]] bool has(std::string_view name) const { return named(name) != nullptr; }
  [[nodiscard]] std::size_t places() const;
  // Errors: input "recipe.argument", naming the function and what it wants.
  [[nodiscard]] Result<Number> number(std::size_t place) const;
  [[nodiscard]] Result<Number> number(std::string_view name) const;
  [[nodiscard]] Result<std::string> text(std::size_t place) const;
  [[nodiscard]] Result<std::string> text(std::string_view name) const;
  [[nodiscard]] std::span<const Argument> arguments() const { return expression_.arguments; }
  [[nodiscard]] Result<std::string> as_text(const Expression& value) const;

 private:
  [[nodiscard]] const Expression* named(std::string_view name) const;
  [[nodiscard]] const Expression* placed(std::size_t place) const;
  const Expression& expression_;
  Scope& scope_;
};

using Function = Result<Number> (*)(const Call&);
struct NamedFunction {
  std::string_view name, arguments, meaning;
  Function function;
  std::string_view named = {};  // arguments by name that it takes, '|' between; "*": any
};
[[nodiscard]] std::span<const NamedFunction> recipe_functions();

class Scope {
 public:
  // REQUIRES: they outlive it.
  Scope(const Claim& claim, Dials& dials, Trace& trace) : claim_(claim), dials_(dials), trace_(trace) {}

  // The recipe's `value`. Errors: input "recipe.unknown" (a name or function, with the nearest), "recipe.dimension"
  // (with the slip), "recipe.circle", "recipe.number" (not finite), "recipe.missing" (an input that a recipe names
  // and nobody gave), those of the functions. Each is placed by file and line.
  [[nodiscard]] Result<Number> value();
  // A line of the recipe or an input by its name.
  [[nodiscard]] Result<Number> name(const std::string& name);
  [[nodiscard]] Result<Number> evaluate(const Expression& expression);

  [[nodiscard]] const Claim& claim() const { return claim_; }
  [[nodiscard]] Dials& dials() const { return dials_; }
  [[nodiscard]] Trace& trace() const { return trace_; }
  // Where the claim has the input, at its dial; traced. Known inputs in the dimension of known_inputs().
  [[nodiscard]] std::optional<Number> input(std::string_view name);
  [[nodiscard]] std::string text(std::string_view name);
  // An input that nobody stated: the middle of a range, on a dial of that name.
  double missing(const std::string& name, double lo, double value, double hi, std::string_view why);
  int ranges = 0;  // calls of range() so far, which name its dials

 private:
  Result<Number> line(const RecipeLine& line);
  Result<Number> binary(const Expression& e);
  const Claim& claim_;
  Dials& dials_;
  Trace& trace_;
  std::map<std::string, Number> done_;
  std::set<std::string> open_;
};

[[nodiscard]] tl::unexpected<Error> recipe_error(std::string code, std::string message, std::string cure);
// The amount of a measure as a Number, on a dial where it has a range.
[[nodiscard]] Number on_dial(Dials& dials, const std::string& name, const Measure& measure);

}  // namespace joulebook::account
