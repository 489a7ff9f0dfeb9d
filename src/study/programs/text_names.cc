// Names of persons, by their surroundings.
//
// A name is one to three words with capital letters, initials, and small particles between them
// ("Piet van Oosten"), and one of these:
//   1. it follows a title ("Mr", "Dr", "Judge"), which is not part of it, or "Dear";
//   2. it follows a label and a colon ("Customer: Alma Roth"), or a mark that ends a field ("|");
//   3. it stands within a sentence, and no word before or after shows that it is a place, a firm or
//      the like ("in Kehl", "Rose Street");
//   4. it opens a sentence with two words or more, or with one that a verb or "and" follows.
#include <algorithm>
#include <array>
#include <string>

#include "core/text.h"
#include "study/programs/text_rules.h"

namespace joulebook {
namespace {

using Kind = TextToken::Kind;
using Tokens = std::span<const TextToken>;

constexpr std::size_t kMostWords = 4;
constexpr std::array<std::string_view, 12> kTitles = {
    "Mr", "Mrs", "Ms", "Miss", "Dr", "Professor", "Prof", "Judge", "Captain", "Lady", "Uncle",
    "Dear"};
constexpr std::array<std::string_view, 6> kParticles = {"van", "von", "de", "der", "den", "af"};
constexpr std::array<std::string_view, 33> kNoPerson = {
    "Street", "Lane",  "Road",   "Park",   "Company", "Hotel",   "Bank",    "School",   "Library",
    "Hall",   "House", "Garage", "Bridge", "Harbour", "Station", "Valley",  "Hill",     "River",
    "Ferry",  "Sir",   "Madam",  "Regards", "Yours",  "Tax",     "Total",   "Date",     "Sum",
    "Account", "Rate", "Grandfather", "Grandmother", "Mother", "Father"};
constexpr std::array<std::string_view, 4> kPlaces = {"in", "at", "near", "into"};
constexpr std::array<std::string_view, 21> kOpeners = {
    "A",     "An",    "At",  "For", "From", "If",    "In",     "Our",    "On",  "Please", "Since",
    "The",   "There", "This", "To", "We",   "Under", "Yours", "Following", "With", "Your"};
constexpr std::array<std::string_view, 13> kVerbs = {
    "and", "has", "had", "will", "would", "rang", "gave", "said", "met", "bet", "paid", "can",
    "can't"};
// Verbs that end in 's' as nouns do: only those that a person does.
constexpr std::array<std::string_view, 12> kDoes = {
    "owes", "wants", "picks", "says", "comes", "asks", "lives", "takes", "pays", "starts", "makes",
    "brings"};

template <std::size_t N>
bool among(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

// Whether a token can be a word of a name: "Roth", "R." (its full stop apart), not "EUR".
bool can_name(const TextToken& t) {
  if (!t.capital() || is_calendar_word(t.text)) return false;
  if (t.text.size() == 1) return t.text != "I" && t.text != "A";
  return std::ranges::any_of(t.text.substr(1), [](char c) { return c >= 'a' && c <= 'z'; });
}

struct Run {
  std::size_t count = 0;  // tokens
  std::size_t words = 0;  // of a letter and more
  bool barred = false;    // a word of it is no person's
};

Run run_at(Tokens tokens, std::size_t at) {
  Run out;
  for (std::size_t i = at; i < tokens.size() && out.words < kMostWords; ++i) {
    const auto& t = tokens[i];
    const bool particle = among(kParticles, t.text) && i + 1 < tokens.size() && out.count > 0 &&
                          can_name(tokens[i + 1]);
    if (!can_name(t) && !particle) break;
    if (t.glued && i > 0 && tokens[i - 1].text != ".") break;
    out.barred = out.barred || among(kNoPerson, t.text);
    out.words += 1;
    // An initial takes its full stop along where a name follows.
    const bool initial = t.text.size() == 1 && i + 2 < tokens.size() && tokens[i + 1].text == "." &&
                         can_name(tokens[i + 2]);
    if (initial) ++i;
    out.count = i + 1 - at;
  }
  return out;
}

bool ends_sentence(const TextToken& t) {
  return t.kind == Kind::line || (t.kind == Kind::mark && std::string_view(".!?").contains(t.text));
}
bool ends_field(const TextToken& t) {
  return t.kind == Kind::mark && std::string_view("|:;").contains(t.text);
}

bool is_title(const TextToken& t) { return t.kind == Kind::word && among(kTitles, t.text); }

// Whether the token before `at` is a title, with its full stop or without.
bool follows_title(Tokens tokens, std::size_t at) {
  if (at > 0 && is_title(tokens[at - 1])) return true;
  return at > 1 && tokens[at - 1].text == "." && is_title(tokens[at - 2]);
}

bool opens(Tokens tokens, std::size_t at, const Run& run) {
  if (among(kOpeners, tokens[at].text)) return false;
  const bool more = at + run.count < tokens.size();
  const auto next = more ? tokens[at + run.count].text : std::string_view();
  const bool acts = among(kVerbs, next) || among(kDoes, next);
  return acts || (run.words > 1 && (!more || next != ":"));
}

}  // namespace

TokenSpan name_at(Tokens tokens, std::size_t at) {
  if (!can_name(tokens[at]) || is_title(tokens[at])) return {};
  const Run run = run_at(tokens, at);
  if (run.count == 0) return {};
  const TokenSpan all{at, run.count};
  if (run.barred) return {};
  if (follows_title(tokens, at)) return all;
  if (at == 0 || ends_sentence(tokens[at - 1])) return opens(tokens, at, run) ? all : TokenSpan{};
  if (ends_field(tokens[at - 1])) {
    const bool label = at + run.count < tokens.size() && tokens[at + run.count].text == ":";
    const bool labelled = tokens[at - 1].text == ":";
    return !label && (labelled || run.words > 1) ? all : TokenSpan{};
  }
  return among(kPlaces, tokens[at - 1].text) ? TokenSpan{} : all;
}

}  // namespace joulebook
