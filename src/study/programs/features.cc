// The spaces of examples.h.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <span>

#include "core/text.h"
#include "core/fnv1a.h"
#include "study/programs/examples.h"
#include "study/programs/table_words.h"
#include "study/programs/text_passage.h"

namespace joulebook {
namespace {

tl::unexpected<Error> wrong_form(std::string what, std::string cure) {
  return fail(ErrorKind::input, "item.form", std::move(what), std::move(cure));
}

std::string_view behind_colon(std::string_view text) {
  const auto colon = text.find(':');
  return colon == std::string_view::npos ? std::string_view() : trim(text.substr(colon + 1));
}

// What an item asks about its text is left out by all of them.

// Named figures, "Wine: alcohol 14.23, malic acid 1.71, ...", each in its place.
class TableSpace final : public FeatureSpace {
 public:
  explicit TableSpace(const TableWords& words) : words_(words) {}
  [[nodiscard]] std::string name() const override { return std::string(words_.kind); }
  [[nodiscard]] std::size_t width() const override { return words_.columns.size(); }
  [[nodiscard]] bool wants_scaling() const override { return true; }
  [[nodiscard]] bool takes(std::string_view text) const override {
    return text.starts_with(words_.lead);
  }
  [[nodiscard]] Result<SparseRow> row(std::string_view text) const override {
    std::vector<double> values;
    const std::string_view figures = split_question(text).passage;
    if (auto ok = values_in_words(words_, figures, values); !ok) return fail(std::move(ok.error()));
    SparseRow out;
    for (std::size_t i = 0; i < values.size(); ++i) {
      out.emplace_back(static_cast<std::uint32_t>(i), static_cast<float>(values[i]));
    }
    return out;
  }

 private:
  const TableWords& words_;
};

// "8 x 8 pixels: 0 0 5 13 ... / 0 0 13 ...": 64 values of ink from 0 to 16, as shares of 16.
class DigitSpace final : public FeatureSpace {
 public:
  [[nodiscard]] std::string name() const override { return "digits"; }
  [[nodiscard]] std::size_t width() const override { return 64; }
  [[nodiscard]] bool wants_scaling() const override { return false; }
  [[nodiscard]] bool takes(std::string_view) const override { return true; }
  [[nodiscard]] Result<SparseRow> row(std::string_view text) const override {
    SparseRow out;
    std::uint32_t place = 0;
    const auto words = split(behind_colon(split_question(text).passage), ' ');
    for (const std::string_view word : words) {
      if (word.empty() || word == "/") continue;
      const auto ink = parse_uint(word);
      if (!ink || *ink > 16 || place == 64) return no_image();
      if (*ink > 0) out.emplace_back(place, static_cast<float>(*ink) / 16.0F);
      ++place;
    }
    if (place != 64) return no_image();
    return out;
  }

 private:
  static tl::unexpected<Error> no_image() {
    return wrong_form("the item is no image of 64 pixels",
                      "write a colon and behind it 64 whole numbers from 0 to 16, rows apart by /");
  }
};

// Which words and pairs of neighbouring words stand in a sentence (not how often: S. Wang and C.
// Manning, "Baselines and Bigrams", ACL 2012, found that better for short texts), each hashed to
// one of 2^bits places. Words are lower-case runs of letters, digits and bytes above 0x7f; "n't"
// and its like stay whole.
class WordSpace final : public FeatureSpace {
 public:
  explicit WordSpace(unsigned bits) : bits_(bits) {}
  [[nodiscard]] std::string name() const override { return fmt::format("words-{}", bits_); }
  [[nodiscard]] std::size_t width() const override { return std::size_t{1} << bits_; }
  [[nodiscard]] bool wants_scaling() const override { return false; }
  [[nodiscard]] bool takes(std::string_view) const override { return true; }
  [[nodiscard]] Result<SparseRow> row(std::string_view text) const override {
    std::vector<std::uint32_t> places;
    std::string before = "^";
    std::string word;
    const auto end_word = [&] {
      if (word.empty()) return;
      places.push_back(place(word));
      places.push_back(place(before + " " + word));
      before = std::exchange(word, {});
    };
    for (const char c : split_question(text).passage) {
      const auto byte = static_cast<unsigned char>(c);
      if (std::isalnum(byte) != 0 || byte > 0x7f || (c == '\'' && !word.empty())) {
        word.push_back(static_cast<char>(byte < 0x80 ? std::tolower(byte) : byte));
      } else {
        end_word();
      }
    }
    end_word();
    std::ranges::sort(places);
    const auto [first, last] = std::ranges::unique(places);
    places.erase(first, last);
    SparseRow out;
    for (const std::uint32_t at : places) out.emplace_back(at, 1.0F);
    return out;
  }

 private:
  // FNV-1a, folded.
  [[nodiscard]] std::uint32_t place(std::string_view gram) const {
    const std::uint64_t hash = fnv1a(gram);
    return static_cast<std::uint32_t>((hash ^ (hash >> 32)) & (width() - 1));
  }

  unsigned bits_;
};

std::span<const FeatureSpace* const> spaces() {
  static const DigitSpace digits;
  static const TableSpace mass(breast_mass_words());
  static const TableSpace wine(wine_words());
  static const WordSpace words(14);
  static const WordSpace few_words(12);
  static const std::array<const FeatureSpace*, 5> all = {&digits, &mass, &wine, &words, &few_words};
  return all;
}

}  // namespace

const FeatureSpace* feature_space(std::string_view name) {
  for (const FeatureSpace* space : spaces()) {
    if (space->name() == name) return space;
  }
  return nullptr;
}

std::vector<const FeatureSpace*> spaces_of_task(std::string_view task, bool dense) {
  if (task == "digits") return {feature_space("digits")};
  if (task == "diagnosis") return {feature_space("breast mass"), feature_space("wine")};
  return {feature_space(dense ? "words-12" : "words-14")};
}

}  // namespace joulebook
