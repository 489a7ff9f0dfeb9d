#include "export/card/request_subjects.h"

#include <algorithm>
#include <array>
#include <set>

#include "core/text.h"

namespace joulebook::card {
namespace {

constexpr std::array<std::string_view, 4> kNames = {"tenant", "model", "route", "month"};

std::string_view name_of(GroupBy by) { return kNames[static_cast<std::size_t>(by)]; }

std::string key_of(GroupBy by, const Json& row) {
  if (by != GroupBy::month) return std::string(row[name_of(by)].as_string());
  return std::string(row["times"]["arrived"].as_string().substr(0, 7));
}

std::optional<double> known(const Json& n) {
  return n.is_number() ? std::optional(n.as_double()) : std::nullopt;
}

tl::unexpected<Error> bad_row(const Json& row, const std::string& what) {
  return fail(ErrorKind::input, "card.row",
              "request '" + std::string(row["id"].as_string()) + "': " + what,
              "compare the row with docs/schema/request.schema.json");
}

Result<Answer> answer_of(const Json& row) {
  Answer a;
  for (const char* basis : {"fair", "served"}) {
    auto q = quantity_from_json(row[basis]);
    if (!q) return bad_row(row, std::string(basis) + " is " + q.error().message);
    a.energies.push_back(std::move(*q));
  }
  const Json& tokens = row["tokens"];
  a.prompt_tokens = known(tokens["prompt"]);
  a.cached_tokens = known(tokens["cached"]);
  a.reasoning_tokens = known(tokens["reasoning"]);
  a.answer_tokens = known(tokens["answer"]);
  for (const auto& phase : row["phases"].items()) {
    auto energy = quantity_from_json(phase["energy"]);
    if (!energy) return bad_row(row, "the energy of a phase is " + energy.error().message);
    a.phases.push_back({std::string(phase["phase"].as_string()), phase["tokens"].as_int(),
                        phase["seconds"].as_double(), std::move(*energy)});
  }
  return a;
}

// Why a request is no answer with a figure; empty where it is one.
std::string why_apart(const Json& row) {
  const auto status = row["status"].as_string();
  if (status == "pending") return "pending";
  if (status == "void") return "void: " + std::string(row["reason"]["code"].as_string("unknown"));
  const auto outcome = row["outcome"].as_string();
  return outcome == "complete" ? std::string() : std::string(outcome);
}

}  // namespace

Result<std::vector<GroupBy>> parse_group_by(const std::string& text) {
  std::vector<GroupBy> by;
  std::set<std::string_view> seen;
  for (const auto word : split(text, ',')) {
    const auto it = std::find(kNames.begin(), kNames.end(), trim(word));
    if (it == kNames.end() || !seen.insert(*it).second) {
      return fail(ErrorKind::usage, "card.by",
                  "requests cannot be grouped by '" + std::string(word) + "'",
                  "--by takes tenant, model, route and month, each once, with commas between");
    }
    by.push_back(static_cast<GroupBy>(it - kNames.begin()));
  }
  return by;
}

std::size_t RequestGroups::group_of(const Json& row) {
  std::vector<std::string> key;
  for (const GroupBy by : by_) key.push_back(key_of(by, row));
  const auto [it, fresh] = index_.try_emplace(key, groups_.size());
  if (!fresh) return it->second;
  std::string name;
  Json names = Json::object();
  for (std::size_t i = 0; i < by_.size(); ++i) {
    names.set(std::string(name_of(by_[i])), key[i]);
    if (by_[i] == GroupBy::model) name = key[i];
  }
  Subject s("requests", name.empty() ? "all models" : name,
            {{"fair", "its fair share of the active energy of the windows it ran in"},
             {"served", "fair, and its part of the idle energy of those hours"}}, true);
  s.key = std::move(names);
  s.engine = "endpoint";
  groups_.push_back(std::move(s));
  apart_.emplace_back(true);
  return it->second;
}

void RequestGroups::set_apart(std::size_t group, const Json& row, const std::string& why) {
  ++groups_[group].apart[why];
  Quantity posted = Quantity::exact(static_cast<double>(row["posted_uj"].as_int()) * 1e-6, "J");
  posted.level = 1;
  posted.tier = Tier::apportioned;
  posted.method = "what was posted to requests that stand apart";
  apart_[group].add(posted);
}

Status RequestGroups::add(const Json& row) {
  if (row["schema"].as_string() != "joulebook.request/1") return bad_row(row, "it is no request");
  auto answer = answer_of(row);
  if (!answer) return fail(answer.error());
  const std::size_t group = group_of(row);
  Subject& subject = groups_[group];
  const std::string run(row["run"].as_string());
  const std::string upstream(row["upstream"].as_string());
  if (std::find(subject.records.begin(), subject.records.end(), run) == subject.records.end()) {
    subject.records.push_back(run);
  }
  if (subject.upstream.empty()) subject.upstream = upstream;
  if (subject.upstream != upstream) subject.upstream = "several";
  const std::string arrived(row["times"]["arrived"].as_string());
  if (subject.from.empty() || arrived < subject.from) subject.from = arrived;
  const std::string ended(row["times"]["ended"].as_string(arrived));
  subject.to = std::max(subject.to, ended);
  const std::string why = why_apart(row);
  if (why.empty()) {
    subject.add(*answer);
  } else {
    set_apart(group, row, why);
  }
  const Json& times = row["times"];
  if (!times["ended_ns"].is_int()) return {};
  const std::int64_t begin = times["sent_ns"].as_int(times["arrived_ns"].as_int());
  if (times["ended_ns"].as_int() <= begin) return {};
  spans_[run + " " + upstream].push_back(
      {begin, times["ended_ns"].as_int(), why.empty() ? group : kApart});
  return {};
}

// The mean number of requests beside which an answer ran: over its span, the integral of how many were
// in flight at the same upstream; over a group, weighted by the spans' lengths.
void RequestGroups::weigh_batches() {
  struct Edge {
    std::int64_t at;
    int step;
  };
  std::vector<double> weight(groups_.size()), length(groups_.size()), most(groups_.size());
  for (const auto& [place, spans] : spans_) {
    std::vector<Edge> edges;
    for (const Span& s : spans) edges.push_back({s.begin, 1}), edges.push_back({s.end, -1});
    std::sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) {
      return a.at != b.at ? a.at < b.at : a.step < b.step;
    });
    std::vector<std::int64_t> at;   // instants at which the number changes
    std::vector<double> flights;    // request seconds up to each
    std::vector<int> now;           // in flight from each on
    for (const Edge& e : edges) {
      if (at.empty() || at.back() != e.at) {
        const double before = at.empty() ? 0
                                         : flights.back() + now.back() *
                                                                static_cast<double>(e.at - at.back()) * 1e-9;
        flights.push_back(before);
        now.push_back(now.empty() ? 0 : now.back());
        at.push_back(e.at);
      }
      now.back() += e.step;
    }
    for (const Span& s : spans) {
      if (s.group == kApart) continue;
      const auto b = static_cast<std::size_t>(std::lower_bound(at.begin(), at.end(), s.begin) - at.begin());
      const auto e = static_cast<std::size_t>(std::lower_bound(at.begin(), at.end(), s.end) - at.begin());
      weight[s.group] += flights[e] - flights[b];
      length[s.group] += static_cast<double>(s.end - s.begin) * 1e-9;
      most[s.group] = std::max(most[s.group], static_cast<double>(now[b]));
    }
  }
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    if (length[g] <= 0) continue;
    groups_[g].batch = {weight[g] / length[g], most[g],
                        "requests of this selection in flight at the same upstream, weighted by time"};
  }
}

std::vector<Subject> RequestGroups::take() {
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    groups_[g].batch.how = "no request says when it ended";
    groups_[g].apart_energy = apart_[g].total({"card.none_apart", "no request stands apart", ""});
  }
  weigh_batches();
  std::vector<Subject> ordered;
  for (const auto& [key, g] : index_) ordered.push_back(std::move(groups_[g]));
  index_.clear();
  return ordered;
}

}  // namespace joulebook::card
