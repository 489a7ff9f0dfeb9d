#pragma once
// Sentences and words of English prose, for the special programs of text. Pure functions; views
// point into their argument. Time grows with the text's length; no text is refused.
#include <string>
#include <string_view>
#include <vector>

namespace joulebook {

// Cut after '.', '!' or '?' (and quotes or brackets that close there) where a blank and no small
// letter follow, and at line breaks. Not after a title or an initial ("Dr Pell", "R. Osk").
[[nodiscard]] std::vector<std::string_view> sentences_of(std::string_view text);

// All words in small letters: runs of letters, digits and bytes above 0x7f, apostrophes within them
// taken out.
[[nodiscard]] std::vector<std::string> plain_words(std::string_view text);

// The words that carry the content: without those that stand in nearly every text, and without the
// ending of a plural: the S stemmer of D. Harman, "How effective is suffixing?", JASIS 42(1), 1991.
[[nodiscard]] std::vector<std::string> content_words(std::string_view text);

}  // namespace joulebook
