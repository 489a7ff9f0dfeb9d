#include "report/top_frame.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/text.h"
#include "report/figure.h"
#include "report/ink.h"
#include "report/spark_line.h"
#include "report/text_grid.h"

namespace joulebook {
namespace {

using Align = TextGrid::Align;
using Lines = std::vector<std::string>;

constexpr std::size_t kLeastConsumers = 4;  // lines kept for those who took the joules

std::string figure(const Json& q) {
  const FigureText text = figure_text(q);
  return text.present() ? text.value : text.line();
}

// "1.39–1.42 bound"; empty where nothing is known of it.
std::string within(const Json& q) {
  if (q["hi"].is_null() && q["lo"].as_double() <= 0) return "";
  const FigureText text = figure_text(q);
  return text.present() ? text.interval + " " + text.level : "";
}

double newest(const Json& live, std::string_view column) {
  const auto& values = live["points"][column].items();
  for (std::size_t i = values.size(); i-- > 0 && values.size() - i <= 60;) {
    if (values[i].is_number()) return values[i].as_double();
  }
  return std::nan("");
}

std::string plain(double value) { return std::isfinite(value) ? fmt::format("{:.3g}", value) : "?"; }

// "11:16:40" of "2026-11-25T11:16:40.000Z".
std::string clock_of(std::string_view utc) { return utc.size() >= 19 ? std::string(utc.substr(11, 8)) : ""; }

class Frame {
 public:
  Frame(const Json& live, const TopView& view)
      : live_(live), view_(view), ink_(ScreenStyle{view.width, view.colour}) {}

  std::string text() {
    head();
    if (!live_.is_null()) body();
    std::size_t room = static_cast<std::size_t>(std::max(1, view_.height));
    if (view_.keys && room > 1) --room;
    if (lines_.size() > room) lines_.resize(room);
    if (view_.keys && view_.height > 1) {
      lines_.resize(room);
      lines_.push_back(ink_.dim(clip_text(
          "q quit · j joules p price r requests t tokens n name · m model e tenant o route", view_.width)));
    }
    return join(lines_, "\n");
  }

 private:
  void put(std::string line) {
    line.erase(line.find_last_not_of(' ') + 1);
    lines_.push_back(clip_text(line, view_.width));
  }

  void head() {
    const std::string link = view_.link == "live" ? ink_.good("live") : ink_.bad(view_.link);
    std::string line = ink_.bold("Joulebook") + "  " + link;
    if (live_.is_null()) return put(line);
    line += "  " + clock_of(live_["now_utc"].as_string()) + " UTC";
    const std::string boundary(live_["boundary"].as_string());
    put(line + "  " + (boundary.empty() ? "no meter" : boundary) + "  shares by " +
        std::string(live_["rule"].as_string("nothing yet")));
  }

  void body() {
    const double lost = newest(live_, "unattributed");
    const double watts = newest(live_, "watts");
    const double price = newest(live_, "joules_per_token");
    put(fmt::format("{}   {}   {} in the batch   {} tokens/s   {}",
                    std::isfinite(watts) ? ink_.bold(human(watts, "W")) : "no power",
                    std::isfinite(price) ? ink_.bold(human(price, "J")) + " a token" : "no J/token",
                    ink_.bold(plain(newest(live_, "batch"))), plain(newest(live_, "tokens_per_s")),
                    std::isfinite(lost) ? fmt::format("{:.1f} % unattributed", 100 * lost)
                                        : ""));
    absences();
    sparks();
    domains();
    Lines after = upstreams();
    const auto room = static_cast<std::size_t>(std::max(0, view_.height - (view_.keys ? 1 : 0)));
    const std::size_t used = lines_.size() + after.size() + 1;
    if (used + kLeastConsumers > room) after.clear();  // who took them matters more
    consumers(room > lines_.size() + after.size() ? room - lines_.size() - after.size() : 0);
    lines_.insert(lines_.end(), after.begin(), after.end());
  }

  void absences() {
    for (const auto& a : live_["absences"].items()) {
      std::string text = "No reading: " + std::string(a["message"].as_string()) + ".";
      if (const auto cure = a["cure"].as_string(); !cure.empty()) text += " Cure: " + std::string(cure) + ".";
      for (const auto& line : wrap_text(text, view_.width)) lines_.push_back(ink_.warn(line));
    }
  }

  void sparks() {
    const auto one = [&](std::string_view name, std::string_view column, std::string_view unit) {
      const auto& values = live_["points"][column].items();
      std::vector<double> numbers;
      for (const auto& v : values) numbers.push_back(v.as_double(std::nan("")));
      const SparkLine line = spark_line(numbers, view_.width - 30);
      if (!line.any) return;
      put(fmt::format("{:<8}{}  {} to {}", name, line.text, human(line.lo, unit), human(line.hi, unit)));
    };
    if (view_.height >= 18) {
      one("power", "watts", "W");
      one("J/token", "joules_per_token", "J");
    }
  }

  void domains() {
    if (live_["domains"].items().empty()) return;
    TextGrid grid({{"domain"}, {"meter", Align::right}, {"interval"}, {"tier"}, {"requests", Align::right},
                   {"idle", Align::right}, {"others", Align::right}, {"nobody", Align::right}});
    for (const auto& d : live_["domains"].items()) {
      const Json& accounts = d["accounts_uj"];
      const double meter = d["meter_uj"].as_double();
      const auto part = [&](std::initializer_list<const char*> names) {
        double uj = 0;
        for (const char* name : names) uj += accounts[name].as_double();
        return meter > 0 ? fmt::format("{:.1f} %", 100 * uj / meter) : std::string();
      };
      grid.add({std::string(d["domain"].as_string()), figure(d["energy"]), within(d["energy"]),
                std::string(d["energy"]["tier"].as_string()), part({"request"}),
                part({"idle.bare", "idle.resident", "load"}), part({"other", "self"}),
                part({"unattributed"})});
    }
    section(grid.text(view_.width), static_cast<std::size_t>(std::max(3, view_.height / 4)));
  }

  // A table with its head in bold, at most so many lines of it.
  void section(const std::string& table, std::size_t most) {
    if (static_cast<int>(lines_.size()) < view_.height && view_.height >= 20) lines_.emplace_back();
    bool first = true;
    for (const auto line : split(trim(table), '\n')) {
      if (most-- == 0) break;
      const std::string clipped = clip_text(line, view_.width);
      lines_.push_back(first ? ink_.dim(clipped) : clipped);
      first = false;
    }
  }

  [[nodiscard]] double weight(const Json& c) const {
    switch (view_.sort) {
      case TopSort::joules:
        return c["energy"]["value"].as_double(-1);
      case TopSort::price:
        return c["last_minute"]["value"].as_double(-1);
      case TopSort::requests:
        return c["requests"].as_double();
      case TopSort::tokens:
        return c["reasoning_tokens"].as_double() + c["answer_tokens"].as_double();
      case TopSort::name:
        return 0;
    }
    return 0;
  }

  [[nodiscard]] std::vector<const Json*> sorted() const {
    std::vector<const Json*> rows;
    for (const auto& c : live_["consumers"].items()) {
      if (c["kind"].as_string() == view_.kind) rows.push_back(&c);
    }
    std::ranges::stable_sort(rows, [&](const Json* a, const Json* b) {
      const bool a_other = (*a)["name"].as_string() == "(other)";
      const bool b_other = (*b)["name"].as_string() == "(other)";
      if (a_other != b_other) return b_other;
      if (view_.sort == TopSort::name) return (*a)["name"].as_string() < (*b)["name"].as_string();
      return weight(*a) > weight(*b);
    });
    return rows;
  }

  void consumers(std::size_t room) {
    const auto rows = sorted();
    if (rows.empty() || room < 2) return;
    // One tier holds for all shares; it heads their intervals.
    const std::string tier((*rows.front())["energy"]["tier"].as_string("interval"));
    const auto marked = [&](TopSort sort, std::string head) { return view_.sort == sort ? head + "*" : head; };
    TextGrid grid({{marked(TopSort::name, view_.kind)},
                   {marked(TopSort::joules, "joules"), Align::right},
                   {tier},
                   {marked(TopSort::price, "J/token"), Align::right},
                   {marked(TopSort::requests, "requests"), Align::right},
                   {"void", Align::right},
                   {marked(TopSort::tokens, "tokens"), Align::right}});
    const int names = std::clamp(view_.width - 64, 10, 60);
    for (const Json* c : rows) {
      const Json& price = (*c)["last_minute"];
      const bool metered = (*c)["energy"]["value"].is_number();
      grid.add({clip_text((*c)["name"].as_string(), names),
                metered ? figure((*c)["energy"]) : "no reading", within((*c)["energy"]),
                price["value"].is_number() ? figure(price) : "none",
                count_text((*c)["requests"].as_int()), count_text((*c)["voided"].as_int()),
                count_text((*c)["reasoning_tokens"].as_int() + (*c)["answer_tokens"].as_int())});
    }
    section(grid.text(view_.width), room - 1);
  }

  // Where machines have meters of their own.
  [[nodiscard]] std::string metered(const Json& upstream) const {
    if (!upstream["absences"].items().empty()) {
      return "  " + ink_.bad("no energy: " + std::string(upstream["absences"].at(0)["code"].as_string()));
    }
    std::string names;
    for (const auto& name : upstream["meters"].items()) {
      names += (names.empty() ? "  metered by " : ", ") + std::string(name.as_string());
    }
    return names;
  }

  [[nodiscard]] Lines upstreams() const {
    Lines out;
    for (const auto& u : live_["upstreams"].items()) {
      const bool up = u["reachable"].as_bool();
      std::string line = std::string(u["name"].as_string()) + "  " + (up ? ink_.good("answers") : ink_.bad("does not answer"));
      line += fmt::format("  {} running", plain(u["running"].as_double(std::nan(""))));
      if (u["waiting"].is_number()) line += fmt::format(", {} waiting", plain(u["waiting"].as_double()));
      line += fmt::format("  {} sent", count_text(u["requests"].as_int()));
      if (u["failures"].as_int() > 0) line += fmt::format(", {} failed", count_text(u["failures"].as_int()));
      line += metered(u);
      out.push_back(clip_text(line, view_.width));
    }
    const Json& r = live_["requests"];
    std::string line = fmt::format("{} open, {} pending, {} final, {} void", count_text(r["open"].as_int()),
                                   count_text(r["pending"].as_int()), count_text(r["final"].as_int()),
                                   count_text(r["void"].as_int()));
    if (const auto lost = live_["lost"]["ledger_rows"].as_int(); lost > 0) {
      line += "  " + ink_.bad(fmt::format("{} rows the ledger could not take", count_text(lost)));
    }
    out.push_back(clip_text(line, view_.width));
    const FigureText self = figure_text(live_["self"]["energy"]);
    out.push_back(clip_text(fmt::format("own work: {:.3g} s of CPU, {}", live_["self"]["cpu_s"].as_double(),
                                        self.present() ? self.full() : self.line()),
                            view_.width));
    if (view_.height >= 20) out.insert(out.begin(), "");
    return out;
  }

  const Json& live_;
  const TopView& view_;
  Ink ink_;
  Lines lines_;
};

}  // namespace

std::string top_frame(const Json& live, const TopView& view) { return Frame(live, view).text(); }

std::optional<TopView> after_key(const TopView& view, char key) {
  TopView next = view;
  switch (key) {
    case 'q':
    case '\x03':
      return std::nullopt;
    case 'j':
      next.sort = TopSort::joules;
      break;
    case 'p':
      next.sort = TopSort::price;
      break;
    case 'r':
      next.sort = TopSort::requests;
      break;
    case 't':
      next.sort = TopSort::tokens;
      break;
    case 'n':
      next.sort = TopSort::name;
      break;
    case 'm':
      next.kind = "model";
      break;
    case 'e':
      next.kind = "tenant";
      break;
    case 'o':
      next.kind = "route";
      break;
    case '\t':
      next.kind = view.kind == "model" ? "tenant" : view.kind == "tenant" ? "route" : "model";
      break;
    default:
      break;
  }
  return next;
}

}  // namespace joulebook
