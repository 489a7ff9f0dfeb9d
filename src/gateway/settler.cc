#include "gateway/settler.h"


#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

namespace joulebook::gateway {
namespace {

constexpr Nanos kFactsLag = std::chrono::milliseconds(200);  // facts of an instant are here by then
constexpr Nanos kFlush = std::chrono::milliseconds(500);
constexpr std::size_t kMostRows = 2000;  // of a batch
constexpr std::size_t kMostFacts = 250'000;   // that wait to be taken: about 100 MB
constexpr auto kPause = std::chrono::microseconds(300);
constexpr std::size_t kMostRoom = 16'384;  // facts that are kept room for

}  // namespace

Settler::Settler(std::vector<MeteredHost> hosts, ServeWriter* writer, LiveBooks& books, Clock& clock,
                 SettlerOptions options)
    : hosts_(std::move(hosts)),
      absences_(hosts_.size()),
      writer_(writer),
      books_(books),
      clock_(clock),
      options_(std::move(options)),
      attributor_(options_.attribution),
      windows_(clock.now(), options_.lengths),
      started_(clock.now()),
      flushed_(clock.now()),
      busy_until_(clock.now()) {}

// Settling gives way to traffic. Where it is so far behind that memory would fill, new requests wait a
// little, which is the time that it needs.
void Settler::opened(attribution::RequestId request, RequestBegin begin) {
  bool behind = false;
  {
    const std::lock_guard lock(facts_mutex_);
    facts_.emplace_back(Opened{request, std::move(begin)});
    behind = facts_.size() > kMostFacts;
  }
  if (behind) std::this_thread::sleep_for(kPause);
}

void Settler::answered(attribution::RequestId request, int http_status) {
  const std::lock_guard lock(facts_mutex_);
  facts_.emplace_back(Answered{request, http_status});
}

// Tokens that one read brought came together, whatever events they were cut into: one fact.
bool Settler::joins(const attribution::Remark& remark) {
  const auto* more = std::get_if<attribution::Tokens>(&remark.what);
  if (more == nullptr || more->thought_before != 0 || facts_.empty()) return false;
  auto* last = std::get_if<attribution::Remark>(&facts_.back());
  if (last == nullptr || last->request != remark.request || last->at != remark.at) return false;
  auto* tokens = std::get_if<attribution::Tokens>(&last->what);
  if (tokens == nullptr || tokens->choice != more->choice || tokens->reasoning != more->reasoning ||
      tokens->counted != more->counted) {
    return false;
  }
  tokens->count += more->count;
  tokens->events += more->events;
  return true;
}

void Settler::remark(const attribution::Remark& remark) {
  const std::lock_guard lock(facts_mutex_);
  if (!joins(remark)) facts_.emplace_back(remark);
}

void Settler::reading(const attribution::EngineReading& reading) {
  const std::lock_guard lock(facts_mutex_);
  facts_.emplace_back(reading);
}

void Settler::broken(attribution::RequestId request, const Reason& reason) {
  const std::lock_guard lock(facts_mutex_);
  facts_.emplace_back(Broken{request, reason});
}

void Settler::engine(EngineIs is, SteadyTime at) {
  const std::lock_guard lock(facts_mutex_);
  facts_.emplace_back(EngineNow{is, at});
}

void Settler::alone(bool alone) {
  const std::lock_guard lock(mutex_);
  options_.split.alone = alone;
}

void Settler::take_facts() {
  {
    const std::lock_guard lock(facts_mutex_);
    taken_.swap(facts_);
  }
  for (auto& fact : taken_) {
    if (auto* opened = std::get_if<Opened>(&fact)) {
      batch_.begun.push_back(opened->begin);
      Entry& entry = entries_[opened->request];
      entry.end.id = opened->begin.id;
      entry.begin = std::move(opened->begin);
      by_id_[entry.begin.id] = opened->request;
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
  taken_.clear();
  if (taken_.capacity() > kMostRoom) taken_.shrink_to_fit();
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
    tokens_in_window_[entry.upstream] += static_cast<double>(tokens->count);
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
    entry.over = true;
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

// What still runs makes the time until now no silence.
void Settler::keep_busy(SteadyTime now) {
  std::set<std::uint32_t> running;
  for (const auto& [upstream, count] : engine_running_) {
    if (count > 0) running.insert(upstream);
  }
  for (const auto& [request, entry] : entries_) {
    if (!entry.over) running.insert(entry.upstream);
  }
  for (const auto upstream : running) windows_.busy(std::min(busy_until_, now), now, upstream);
  busy_until_ = now;
}

// Facts of before are known by now.
void Settler::change_engine(SteadyTime now) {
  while (!engine_.empty() && engine_.front().at <= now) {
    windows_.engine(engine_.front().at, engine_.front().is);
    engine_.pop_front();
  }
}

void Settler::flush(SteadyTime now, bool last) {
  const std::size_t rows = batch_.begun.size() + batch_.windows.size() + batch_.ended.size();
  if (rows == 0 && waiting_.empty()) return;
  if (!last && rows < kMostRows && now - flushed_ < kFlush) return;
  flushed_ = now;
  if (rows > 0) {
    batch_.now = clock_.anchor();
    waiting_.push_back(std::exchange(batch_, {}));
  }
  if (writer_ == nullptr) {
    waiting_.clear();
  } else {
    write_waiting(last);
  }
}

// What the ledger cannot take waits, up to a bound; beyond it rows are lost, and counted: traffic goes
// on whatever the disk does.
void Settler::write_waiting(bool last) {
  while (!waiting_.empty()) {
    without_lost(waiting_.front());
    const auto ok = writer_->settle(waiting_.front());
    counts_.ledger_fault = ok ? std::string() : ok.error().message;
    if (!ok) {
      const bool later = ok.error().kind == ErrorKind::resource;
      if (later && waiting_.size() <= options_.most_batches && !last) return;
      give_up(waiting_.front());
    }
    take_back(waiting_.front().ended);
    waiting_.pop_front();
  }
}

void Settler::take_back(std::vector<EndRow>& ends) {
  for (auto& end : ends) {
    const auto it = settled_by_id_.find(end.id);
    if (it != settled_by_id_.end()) it->second->end = std::move(end);
  }
}

const EndRow* Settler::unwritten_end(const std::string& id) const {
  const auto in = [&](const ServeBatch& batch) -> const EndRow* {
    for (const auto& end : batch.ended) {
      if (end.id == id) return &end;
    }
    return nullptr;
  };
  for (const auto& batch : waiting_) {
    if (const EndRow* end = in(batch)) return end;
  }
  return in(batch_);
}

void Settler::give_up(const ServeBatch& batch) {
  counts_.lost_rows += batch.begun.size() + batch.windows.size() + batch.ended.size();
  for (const auto& begin : batch.begun) lost_.insert(begin.id);
  for (const auto& end : batch.ended) lost_.erase(end.id);
}

// Joules of a request that the ledger does not know are the meter's all the same.
void Settler::without_lost(ServeBatch& batch) {
  if (lost_.empty()) return;
  for (auto& window : batch.windows) {
    std::map<std::string, MicroJoules> amounts;
    for (const auto& posting : window.postings) {
      const bool lost = posting.account.starts_with("request:") &&
                        lost_.contains(posting.account.substr(8));
      amounts[lost ? "unattributed" : posting.account] += posting.amount;
    }
    window.postings.clear();
    for (const auto& [account, amount] : amounts) window.postings.push_back({account, amount});
  }
  std::vector<EndRow> kept;
  std::vector<EndRow> gone;
  for (auto& end : batch.ended) (lost_.erase(end.id) == 0 ? kept : gone).push_back(std::move(end));
  counts_.lost_rows += gone.size();
  take_back(gone);
  batch.ended = std::move(kept);
}

// The meter may have to wait for a sensor's tick: meanwhile nobody who asks for a request waits.
void Settler::pump(bool last) {
  const SteadyTime now = clock_.now();
  const SteadyTime known = last ? now : now - kFactsLag;
  std::unique_lock lock(mutex_);
  take_facts();
  if (!any_meter(hosts_)) {
    finish_without_meter();
  } else {
    keep_busy(known);
    change_engine(known);
    windows_.cut(known, last);
    lock.unlock();
    windows_.measure(hosts_, now, last);
    lock.lock();
    observe();
    attributor_.now(last ? now + options_.attribution.horizon : now);
    while (may_settle(now, last)) {
      const SteadyTime edge = windows_.front()->window.end;
      settle_front();
      windows_.pop();
      finish(edge);
    }
  }
  flush(now, last);
}

// Whether the oldest window that was measured is to be settled now. Right after the start nothing is
// known of the power at rest: the first silence tells, if it comes soon.
bool Settler::may_settle(SteadyTime now, bool last) const {
  const MeteredWindow* front = windows_.front();
  if (front == nullptr || !attributor_.ready(front->window.end)) return false;
  if (last || front->silent() || now - started_ >= options_.attribution.horizon) return true;
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    if (front->silent(hosts_[i])) continue;
    for (const DomainEnergy& d : front->energies[i].domains) {
      if (metered(d) && d.settled && !floors_.floor_known(d.domain)) return false;
    }
  }
  return true;
}

// Of a request whose first fact waits for the next pump: a client may ask as soon as it has the id.
std::optional<RequestBegin> Settler::just_opened(const std::string& id) const {
  const std::lock_guard lock(facts_mutex_);
  for (const auto& fact : facts_) {
    const auto* opened = std::get_if<Opened>(&fact);
    if (opened != nullptr && opened->begin.id == id) return opened->begin;
  }
  return std::nullopt;
}

std::optional<StoredRequest> Settler::find(const std::string& id) const {
  const std::lock_guard lock(mutex_);
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

Quantity Settler::provisional(double tokens, std::uint32_t upstream) const {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  const auto recent = lock.owns_lock() ? recent_.find(upstream) : recent_.end();
  if (!lock.owns_lock() || recent == recent_.end() || recent->second.tokens <= 0 || recent->second.joules <= 0) {
    return Quantity::absent("J", {"request.pending", "nothing was settled in the last minute",
                                  "ask for the request by its id"});
  }
  Quantity q = Quantity::exact(recent->second.joules / recent->second.tokens * tokens, "J");
  // Another request's token may take a third or three times as much: prompts differ.
  q.own = {*q.value / 3, *q.value * 3};
  q.tier = Tier::modelled;
  q.per = "request";
  q.level = 0.8;
  q.boundary = boundary_;
  q.method = "active energy per output token of the last minute";
  return q;
}

SettlerCounts Settler::counts() const {
  const std::lock_guard lock(mutex_);
  SettlerCounts out = counts_;
  for (const auto& [request, entry] : entries_) ++(entry.over ? out.pending : out.open);
  return out;
}

std::string Settler::boundary() const {
  const std::lock_guard lock(mutex_);
  return boundary_;
}

std::vector<HostNow> Settler::hosts() const {
  const std::lock_guard lock(mutex_);
  std::vector<HostNow> out;
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    const MeteredHost& host = hosts_[i];
    auto absence = host.meter == nullptr ? std::optional(host.missing) : absences_[i];
    out.push_back({host.name, host.meter != nullptr, host.upstreams, std::move(absence)});
  }
  return out;
}

std::string Settler::rule() const {
  const std::lock_guard lock(mutex_);
  const auto weighed = [](const Settled& settled) { return !settled.end.rule.empty(); };
  const auto newest = std::find_if(settled_.rbegin(), settled_.rend(), weighed);
  return newest != settled_.rend() ? newest->end.rule : std::string();
}

}  // namespace joulebook::gateway
