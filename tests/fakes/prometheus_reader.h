#pragma once
// Reads a page in Prometheus's text format or OpenMetrics, for tests, and says what is wrong with
// it: names, escapes, a family's lines apart, a type after its samples, a series twice, a histogram
// that falls. From the formats' own descriptions; shares no code with the writer.
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/text.h"

namespace joulebook::fakes {

class PrometheusPage {
 public:
  using Labels = std::map<std::string, std::string>;
  struct Sample {
    std::string name;
    Labels labels;
    std::string text;
  };

  PrometheusPage(const std::string& page, bool openmetrics) : open_(openmetrics) {
    for (std::size_t at = 0, end = 0; at < page.size() && fault.empty(); at = end + 1) {
      end = page.find('\n', at);
      if (end == page.npos) {
        wrong("the last line has no end", page.substr(at));
        return;
      }
      line(page.substr(at, end - at));
    }
    if (open_ && fault.empty() && !ended_) wrong("no # EOF", "");
    if (fault.empty()) check_histograms();
  }

  std::string fault;
  std::vector<Sample> samples;

  [[nodiscard]] std::string type(const std::string& family) const {
    const auto it = types_.find(family);
    return it == types_.end() ? "" : it->second;
  }
  [[nodiscard]] int count(const std::string& name) const {
    int n = 0;
    for (const auto& s : samples) n += s.name == name ? 1 : 0;
    return n;
  }
  // The value as written of the one sample that has these labels among its own.
  [[nodiscard]] std::optional<std::string> text(const std::string& name, const Labels& some) const {
    std::optional<std::string> found;
    for (const auto& s : samples) {
      if (s.name != name || !has(s, some)) continue;
      if (found) return std::nullopt;
      found = s.text;
    }
    return found;
  }
  [[nodiscard]] double sum(const std::string& name, const Labels& some) const {
    double total = 0;
    for (const auto& s : samples) {
      if (s.name == name && has(s, some)) total += parse_double(s.text).value_or(0);
    }
    return total;
  }

 private:
  static bool has(const Sample& s, const Labels& some) {
    for (const auto& [name, value] : some) {
      const auto it = s.labels.find(name);
      if (it == s.labels.end() || it->second != value) return false;
    }
    return true;
  }
  void wrong(const std::string& what, const std::string& where) {
    if (fault.empty()) fault = what + ": " + where;
  }
  static bool good_name(const std::string& name) {
    return !name.empty() && (name[0] < '0' || name[0] > '9') &&
           name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") ==
               name.npos;
  }

  void line(const std::string& text) {
    if (ended_) return wrong("a line after # EOF", text);
    if (text == "# EOF" && open_) {
      ended_ = true;
    } else if (text.starts_with("# ")) {
      comment(text);
    } else {
      sample(text);
    }
  }

  void comment(const std::string& text) {
    const auto words = split(std::string_view(text).substr(2), ' ');
    if (words.size() < 3) return wrong("a short comment", text);
    const std::string what(words[0]);
    const std::string name(words[1]);
    if (what != "TYPE" && what != "HELP" && what != "UNIT") return wrong("an unknown comment", text);
    if (!good_name(name)) return wrong("a bad name", text);
    if (!said_.insert(what + " " + name).second) return wrong("said twice", text);
    if (name != family_ && !families_.insert(name).second) return wrong("a family in two places", text);
    if (name != family_) seen_ = false;
    family_ = name;
    if (seen_) return wrong("a comment after its samples", text);
    if (what == "UNIT" && !name.ends_with("_" + std::string(words[2]))) return wrong("unit not in the name", text);
    if (what == "TYPE") types_[name] = words[2];
  }

  // The family that a sample of this name belongs to, by the family's type.
  bool belongs(const std::string& name) const {
    const std::string kind = type(family_);
    std::vector<std::string> ends = {""};
    if (kind == "histogram") ends = {"_bucket", "_sum", "_count"};
    if (kind == "summary") ends = {"", "_sum", "_count"};
    if (open_ && kind == "counter") ends = {"_total"};
    if (open_ && kind == "info") ends = {"_info"};
    for (const auto& end : ends) {
      if (name == family_ + end) return true;
    }
    return false;
  }

  void sample(const std::string& text) {
    Sample s;
    std::size_t at = text.find_first_of("{ ");
    if (at == text.npos) return wrong("no value", text);
    s.name = text.substr(0, at);
    if (!good_name(s.name)) return wrong("a bad name", text);
    if (!belongs(s.name)) return wrong("a sample of another family", text);
    seen_ = true;
    if (text[at] == '{' && !labels(text, at, s.labels)) return wrong("bad labels", text);
    if (at >= text.size() || text[at] != ' ') return wrong("no blank before the value", text);
    s.text = text.substr(at + 1);
    const bool special = s.text == "+Inf" || s.text == "-Inf" || s.text == "NaN";
    if (!special && !parse_double(s.text)) return wrong("a bad value", text);
    if (!series_.insert(text.substr(0, at)).second) return wrong("a series twice", text);
    samples.push_back(std::move(s));
  }

  static bool labels(const std::string& text, std::size_t& at, Labels& out) {
    for (++at; at < text.size() && text[at] != '}';) {
      const auto equals = text.find("=\"", at);
      if (equals == text.npos) return false;
      const std::string name = text.substr(at, equals - at);
      std::string value;
      for (at = equals + 2; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] != '\\') {
          value += text[at];
          continue;
        }
        if (++at >= text.size()) return false;
        if (text[at] != 'n' && text[at] != '\\' && text[at] != '"') return false;
        value += text[at] == 'n' ? '\n' : text[at];
      }
      if (at >= text.size() || !good_name(name) || !out.emplace(name, value).second) return false;
      ++at;
      if (at < text.size() && text[at] == ',') ++at;
    }
    return at < text.size() && text[at++] == '}';
  }

  void check_histograms() {
    double last = 0;
    for (const auto& s : samples) {
      if (!s.name.ends_with("_bucket")) {
        last = 0;
        continue;
      }
      const double n = parse_double(s.text).value_or(-1);
      if (n < last) return wrong("a histogram falls", s.name);
      last = n;
    }
  }

  bool open_;
  bool ended_ = false;
  bool seen_ = false;
  std::string family_;
  std::map<std::string, std::string> types_;
  std::set<std::string> families_;
  std::set<std::string> said_;
  std::set<std::string> series_;
};

}  // namespace joulebook::fakes
