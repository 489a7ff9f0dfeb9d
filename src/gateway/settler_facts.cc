// What the settler is told, and what it tells those who ask.
#include <algorithm>
#include <utility>

#include "core/breath.h"
#include "gateway/settler.h"

namespace joulebook::gateway {
namespace {

constexpr std::size_t kMostTaken = 512 * 1024;  // bytes of facts at a time: some thousand requests

}  // namespace

// Settling gives way to traffic. Where it is so far behind that memory would fill, new requests wait a
// little, which is the time that it needs.
void Settler::opened(attribution::RequestId request, const RequestBegin& begin) {
  std::uint64_t told = 0;
  {
    const std::lock_guard lock(facts_mutex_);
    facts_.opened(request, begin);
    told = facts_.bytes();
  }
  if (told > options_.most_backlog + read_bytes_) options_.wait();
}

void Settler::answered(attribution::RequestId request, int http_status) {
  const std::lock_guard lock(facts_mutex_);
  facts_.answered(request, http_status);
}

void Settler::remark(const attribution::Remark& remark) {
  const std::lock_guard lock(facts_mutex_);
  facts_.remark(remark);
}

void Settler::reading(const attribution::EngineReading& reading) {
  const std::lock_guard lock(facts_mutex_);
  facts_.reading(reading);
}

void Settler::broken(attribution::RequestId request, const Reason& reason) {
  const std::lock_guard lock(facts_mutex_);
  facts_.broken(request, reason);
}

void Settler::engine(EngineIs is, SteadyTime at) {
  const std::lock_guard lock(facts_mutex_);
  facts_.engine(is, at);
}

SteadyTime Settler::take_facts(SteadyTime now) {
  {
    const std::lock_guard lock(facts_mutex_);
    facts_.take(taken_, std::move(spare_));
  }
  note_oldest();
  for (std::size_t bytes = 0; !taken_.empty() && bytes < kMostTaken;) {
    Facts& facts = taken_.front();
    facts.each([this](Fact&& fact) { take(std::move(fact)); });
    bytes += facts.bytes.size();
    read_opened_ += facts.opened;
    read_ended_ += facts.ended;
    read_bytes_ += facts.bytes.size();
    spare_ = std::move(facts.bytes);
    taken_.pop_front();
    note_oldest();
  }
  return taken_.empty() ? now : std::min(now, taken_.front().begun);
}

void Settler::note_oldest() { oldest_ns_ = taken_.empty() ? 0 : taken_.front().begun.ns; }

void Settler::take(Fact&& fact) {
  breathe();
  if (auto* opened = std::get_if<Opened>(&fact)) {
    batch_.begun.push_back(opened->begin);
    Entry& entry = entries_[opened->request];
    entry.end.id = opened->begin.id;
    entry.begin = std::move(opened->begin);
    by_id_[entry.begin.id] = opened->request;
    ++counts_.open;
  } else if (const auto* answered = std::get_if<Answered>(&fact)) {
    const auto it = entries_.find(answered->request);
    if (it != entries_.end()) it->second.end.http_status = answered->status;
  } else if (const auto* remark = std::get_if<attribution::Remark>(&fact)) {
    note(*remark);
  } else if (auto* broken = std::get_if<Broken>(&fact)) {
    const auto it = entries_.find(broken->request);
    if (it != entries_.end() && !it->second.lost) it->second.lost = std::move(broken->reason);
  } else if (const auto* engine = std::get_if<EngineNow>(&fact)) {
    engine_.push_back(*engine);
  } else {
    const auto& reading = std::get<attribution::EngineReading>(fact);
    const double running = engine_running_[reading.upstream] = reading.running.value_or(0);
    if (running > 0) windows_.busy(reading.begin, reading.end, reading.upstream);
    attributor_.reading(reading);
  }
}

void Settler::note(const attribution::Remark& remark) {
  attributor_.remark(remark);
  const auto it = entries_.find(remark.request);
  const auto* arrived = std::get_if<attribution::Arrived>(&remark.what);
  if (it != entries_.end() && arrived != nullptr) it->second.upstream = arrived->upstream;
  windows_.busy(remark.at, remark.at, it != entries_.end() ? it->second.upstream : 0);
  if (it == entries_.end()) return;
  Entry& entry = it->second;
  if (std::holds_alternative<attribution::Sent>(remark.what)) entry.end.sent = remark.at;
  if (const auto* tokens = std::get_if<attribution::Tokens>(&remark.what)) {
    if (!entry.end.first_token) {
      entry.end.first_token = remark.at;
      books_.first_token(Seconds(remark.at - entry.begin.arrived).count());
    }
    entry.end.last_token = remark.at;
    (tokens->reasoning ? entry.reasoning : entry.answer) += static_cast<double>(tokens->count);
    entry.reasoning += static_cast<double>(tokens->thought_before);
    entry.answer -= static_cast<double>(tokens->thought_before);
    tokens_[remark.at.ns / kTokenTick][entry.upstream] += static_cast<double>(tokens->count);
    if (tokens_.size() > kMostTicks) tokens_.erase(tokens_.begin());
  }
  if (const auto* usage = std::get_if<attribution::Usage>(&remark.what)) {
    RequestTokens& t = entry.end.tokens;
    if (usage->prompt) t.prompt = usage->prompt;
    if (usage->cached) t.cached = usage->cached;
    if (usage->reasoning) t.reasoning = usage->reasoning;
    if (usage->output) entry.output = usage->output;
    if (usage->drafted && usage->accepted) {
      t.wasted = std::max<std::int64_t>(0, *usage->drafted - *usage->accepted);
    }
  }
  if (const auto* ended = std::get_if<attribution::Ended>(&remark.what)) {
    if (!std::exchange(entry.over, true)) {
      --counts_.open;
      ++counts_.pending;
    }
    entry.end.ended = remark.at;
    entry.end.outcome = ended->outcome == attribution::Outcome::complete    ? "complete"
                        : ended->outcome == attribution::Outcome::cancelled ? "cancelled"
                                                                            : "failed";
    RequestTokens& t = entry.end.tokens;
    if (!t.reasoning && entry.reasoning > 0) t.reasoning = static_cast<std::int64_t>(entry.reasoning);
    if (!t.answer && entry.answer > 0) t.answer = static_cast<std::int64_t>(entry.answer);
    if (entry.output) {
      if (t.reasoning) t.reasoning = std::min(*t.reasoning, *entry.output);
      t.answer = *entry.output - t.reasoning.value_or(0);
    }
  }
}

// Of a request whose first fact waits for the next pump: a client may ask as soon as it has the id.
std::optional<RequestBegin> Settler::just_opened(const std::string& id) const {
  for (const auto& facts : taken_) {
    if (auto begin = facts.begin_of(id)) return begin;
  }
  const std::lock_guard lock(facts_mutex_);
  return facts_.begin_of(id);
}

std::optional<StoredRequest> Settler::find(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  return find_here(id);
}

Settler::Sought Settler::seek(const std::string& id) const {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (lock.owns_lock()) return {false, find_here(id)};
  sought_ = true;
  return {true, std::nullopt};
}

std::optional<StoredRequest> Settler::find_here(const std::string& id) const {
  if (const auto it = settled_by_id_.find(id); it != settled_by_id_.end()) {
    const Settled& settled = *it->second;
    const EndRow* end = settled.end.id.empty() ? unwritten_end(id) : nullptr;
    return stored(settled, end != nullptr ? *end : settled.end);
  }
  StoredRequest out;
  if (const auto it = by_id_.find(id); it != by_id_.end()) {
    const Entry& entry = entries_.at(it->second);
    out.begin = entry.begin;
    out.end = entry.end.told();
  } else {
    auto begin = just_opened(id);
    if (!begin) return std::nullopt;
    out.begin = std::move(*begin);
    out.end.id = id;
  }
  const Reason pending{"request.pending", "its windows are not settled yet", "ask again in a second"};
  out.end.fair = out.end.marginal = Quantity::absent("J", pending);
  return out;
}

// Called with the lock: what those see who do not take it. A request is always in one of the counts.
void Settler::publish() {
  const std::lock_guard lock(shown_mutex_);
  shown_.counts = counts_;
  shown_.boundary = boundary_;
  shown_.rule = rule_;
  shown_.absences = absences_;
  shown_.wall = wall_;
  shown_.joules_per_token.clear();
  for (const auto& [upstream, recent] : recent_) {
    if (recent.tokens > 0 && recent.joules > 0) shown_.joules_per_token[upstream] = recent.joules / recent.tokens;
  }
  shown_.read_opened = read_opened_;
  shown_.read_ended = read_ended_;
}

// Under the lock of what is shown; 0: not known.
double Settler::per_token(std::uint32_t upstream) const {
  const auto known = shown_.joules_per_token.find(upstream);
  return known != shown_.joules_per_token.end() ? known->second : 0;
}

Quantity Settler::provisional(double tokens, std::uint32_t upstream) const {
  const std::unique_lock lock(shown_mutex_, std::try_to_lock);
  const double known = lock.owns_lock() ? per_token(upstream) : 0;
  if (known <= 0) {
    return Quantity::absent("J", {"request.pending", "nothing was settled in the last minute",
                                  "ask for the request by its id"});
  }
  Quantity q = Quantity::exact(known * tokens, "J");
  // Another request's token may take a third or three times as much: prompts differ.
  q.own = {*q.value / 3, *q.value * 3};
  q.tier = Tier::modelled;
  q.per = "request";
  q.level = 0.8;
  q.boundary = shown_.boundary;
  q.method = "active energy per output token of the last minute";
  return q;
}

// Requests of which the first fact, or the last one, was not read yet are counted with the others.
SettlerCounts Settler::counts() const {
  const std::lock_guard lock(shown_mutex_);
  const std::lock_guard facts(facts_mutex_);
  SettlerCounts out = shown_.counts;
  const std::uint64_t over = facts_.ended() - shown_.read_ended;
  out.open += facts_.opened() - shown_.read_opened;
  out.open -= std::min(out.open, over);
  out.pending += over;
  return out;
}

Backlog Settler::backlog() const {
  const std::lock_guard lock(shown_mutex_);
  const std::lock_guard facts(facts_mutex_);
  Backlog out{facts_.opened() - shown_.read_opened, facts_.bytes() - read_bytes_, Nanos(0)};
  const std::int64_t taken = oldest_ns_;
  const auto oldest = taken != 0 ? std::optional(SteadyTime{taken}) : facts_.begun();
  if (oldest) out.age = std::max(Nanos(0), clock_.now() - *oldest);
  return out;
}

std::string Settler::boundary() const {
  const std::lock_guard lock(shown_mutex_);
  return shown_.boundary;
}

std::vector<HostNow> Settler::hosts() const {
  const std::lock_guard lock(shown_mutex_);
  std::vector<HostNow> out;
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    const MeteredHost& host = hosts_[i];
    auto absence = host.meter == nullptr ? std::optional(host.missing) : shown_.absences[i];
    out.push_back({host.name, host.meter != nullptr, host.upstreams, std::move(absence)});
  }
  return out;
}

WallTimes Settler::wall() const {
  const std::lock_guard lock(shown_mutex_);
  return shown_.wall;
}

std::string Settler::rule() const {
  const std::lock_guard lock(shown_mutex_);
  return shown_.rule;
}

}  // namespace joulebook::gateway
