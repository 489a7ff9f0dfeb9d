#include "account/claim/expression.h"

#include <fmt/format.h>

#include <cctype>
#include <cmath>

#include "core/text.h"

namespace joulebook::account {
namespace {

using Node = std::unique_ptr<Expression>;
using Kind = Expression::Kind;

constexpr int kDeepest = 40;
constexpr std::size_t kLongest = 4000;

bool letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Node> all() {
    if (text_.size() > kLongest) return wrong("at most 4000 characters");
    auto node = sum();
    if (!node) return node;
    blanks();
    if (at_ < text_.size()) return wrong("an operator (+ - * / ^) or the end");
    return node;
  }

 private:
  [[nodiscard]] tl::unexpected<Error> wrong(std::string_view expected) const {
    const std::string found = at_ < text_.size() ? fmt::format("'{}'", valid_utf8(text_.substr(at_, 12))) : std::string("the end");
    return fail(ErrorKind::input, "recipe.syntax", fmt::format("recipe, column {}: expected {}, found {}", at_ + 1, expected, found),
                "names, numbers, + - * / ^ ( ), function(argument, name = argument); texts in single quotes; an amount with a unit is an input");
  }

  void blanks() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
  }

  bool take(char c) {
    blanks();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  static Node made(Kind kind, Node a, Node b = nullptr) {
    auto node = std::make_unique<Expression>();
    node->kind = kind;
    node->of.push_back(std::move(a));
    if (b) node->of.push_back(std::move(b));
    return node;
  }

  // Left to right over operands of a higher rank; a long chain is as deep as it is long.
  Result<Node> chain(Result<Node> (Parser::*operand)(), char plus, Kind on_plus, char minus, Kind on_minus) {
    auto left = (this->*operand)();
    for (int n = 0; left; ++n) {
      const bool first = take(plus);
      if (!first && !take(minus)) return left;
      if (n > 60) return deep();
      auto right = (this->*operand)();
      if (!right) return right;
      left = made(first ? on_plus : on_minus, std::move(*left), std::move(*right));
    }
    return left;
  }

  Result<Node> sum() { return chain(&Parser::product, '+', Kind::add, '-', Kind::subtract); }
  Result<Node> product() { return chain(&Parser::factor, '*', Kind::multiply, '/', Kind::divide); }

  static tl::unexpected<Error> deep() {
    return fail(ErrorKind::input, "recipe.deep", "the recipe is nested too deeply", "name its parts on lines of their own");
  }

  Result<Node> factor() {
    if (++depth_ > kDeepest) return deep();
    auto node = signed_factor();
    --depth_;
    return node;
  }

  Result<Node> signed_factor() {
    if (take('-')) {
      auto inner = factor();
      if (!inner) return inner;
      return made(Kind::negate, std::move(*inner));
    }
    auto base = atom();
    if (!base || !take('^')) return base;
    auto exponent = factor();
    if (!exponent) return exponent;
    return made(Kind::power, std::move(*base), std::move(*exponent));
  }

  Result<Node> atom() {
    blanks();
    if (at_ >= text_.size()) return wrong("a number, a name or '('");
    const char c = text_[at_];
    if (c == '(') return bracket();
    if (c == '\'') return quoted();
    if (digit(c) || c == '.') return number();
    if (letter(c)) return name();
    return wrong("a number, a name or '('");
  }

  Result<Node> bracket() {
    take('(');
    auto inner = sum();
    if (!inner) return inner;
    if (!take(')')) return wrong("')'");
    return inner;
  }

  Result<Node> quoted() {
    const std::size_t end = text_.find('\'', ++at_);
    if (end == std::string_view::npos) return wrong("a closing '");
    auto node = std::make_unique<Expression>();
    node->kind = Kind::text;
    node->word = std::string(text_.substr(at_, end - at_));
    at_ = end + 1;
    return node;
  }

  Result<Node> number() {
    const std::size_t from = at_;
    while (at_ < text_.size() && (digit(text_[at_]) || text_[at_] == '.')) ++at_;
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
      std::size_t end = at_ + 1;
      if (end < text_.size() && (text_[end] == '+' || text_[end] == '-')) ++end;
      if (end < text_.size() && digit(text_[end])) {
        while (end < text_.size() && digit(text_[end])) ++end;
        at_ = end;
      }
    }
    const auto value = parse_double(text_.substr(from, at_ - from));
    if (!value || !std::isfinite(*value)) {
      at_ = from;
      return wrong("a number");
    }
    auto node = std::make_unique<Expression>();
    node->number = *value;
    return node;
  }

  std::string word() {
    const std::size_t from = at_;
    while (at_ < text_.size() && (letter(text_[at_]) || digit(text_[at_]))) ++at_;
    return std::string(text_.substr(from, at_ - from));
  }

  Result<Node> name() {
    auto node = std::make_unique<Expression>();
    node->kind = Kind::name;
    node->word = word();
    if (!take('(')) return node;
    node->kind = Kind::call;
    if (take(')')) return node;
    do {
      auto argument = one_argument();
      if (!argument) return fail(argument.error());
      node->arguments.push_back(std::move(*argument));
      if (node->arguments.size() > 40) return wrong("at most 40 arguments");
    } while (take(','));
    if (!take(')')) return wrong("',' or ')'");
    return node;
  }

  Result<Argument> one_argument() {
    blanks();
    Argument argument;
    const std::size_t from = at_;
    if (at_ < text_.size() && letter(text_[at_])) {
      argument.name = word();
      if (!take('=')) {
        argument.name.clear();
        at_ = from;
      }
    }
    auto value = sum();
    if (!value) return fail(value.error());
    argument.value = std::move(*value);
    return argument;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

Result<std::unique_ptr<Expression>> parse_expression(std::string_view text) { return Parser(text).all(); }

}  // namespace joulebook::account
