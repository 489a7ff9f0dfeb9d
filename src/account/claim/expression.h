#pragma once
// The language of recipes: numbers, names, + - * / ^, brackets, and functions whose arguments may be
// named and may be texts in single quotes. docs/formats/claim.md has its grammar. Pure; thread-safe.
#include <joulebook/result.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace joulebook::account {

struct Expression;

struct Argument {
  std::string name;  // empty: by its place
  std::unique_ptr<Expression> value;
};

struct Expression {
  enum class Kind { number, text, name, call, add, subtract, multiply, divide, power, negate };
  Kind kind = Kind::number;
  double number = 0;
  std::string word;                             // of a text, a name or a call
  std::vector<std::unique_ptr<Expression>> of;  // operands
  std::vector<Argument> arguments;              // of a call
};

// Errors: input "recipe.syntax" with the column and what was expected; "recipe.deep" beyond 40 levels.
[[nodiscard]] Result<std::unique_ptr<Expression>> parse_expression(std::string_view text);

}  // namespace joulebook::account
