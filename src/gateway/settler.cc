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
constexpr auto kPause = std::chrono::microseconds(300);
constexpr auto kAskAgain = std::chrono::milliseconds(5);  // longer than who asks waits before it does

}  // namespace

Settler::Settler(std::vector<MeteredHost> hosts, ServeWriter* writer, LiveBooks& books, Clock& clock,
                 SettlerOptions options)
    : hosts_(std::move(hosts)),
      absences_(hosts_.size()),
      writer_(writer),
      books_(books),
      clock_(clock),
      options_(std::move(options)),
      facts_(clock),
      attributor_(options_.attribution),
      windows_(clock.now(), options_.lengths),
      wall_(clock.anchor()),
      started_(clock.now()),
      flushed_(clock.now()),
      busy_until_(clock.now()) {
  alone_ = options_.split.alone;
  shown_.absences = absences_;
  shown_.wall = wall_;
  if (!options_.wait) options_.wait = [] { std::this_thread::sleep_for(kPause); };
}

void Settler::alone(bool alone) { alone_ = alone; }

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

void Settler::flush(SteadyTime now, bool last, std::unique_lock<std::mutex>& lock) {
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
    write_waiting(last, lock);
  }
}

// What the ledger cannot take waits, up to a bound; beyond it rows are lost, and counted: traffic goes
// on whatever the disk does, and so does who asks: nothing is changed while the ledger is written.
void Settler::write_waiting(bool last, std::unique_lock<std::mutex>& lock) {
  while (!waiting_.empty()) {
    without_lost(waiting_.front());
    publish();
    lock.unlock();
    const auto ok = writer_->settle(waiting_.front());
    lock.lock();
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

bool Settler::pump(bool last) {
  bool more = pump_some(last);
  while (more && last) more = pump_some(last);
  return more;
}

// The meter may have to wait for a sensor's tick: meanwhile nobody who asks for a request waits. What is
// known reaches up to the facts that were not taken, however long ago that was.
bool Settler::pump_some(bool last) {
  const SteadyTime now = clock_.now();
  std::unique_lock lock(mutex_);
  wall_.note(clock_.anchor());
  const SteadyTime told = take_facts(now);
  const bool more = !taken_.empty();
  const bool end = last && !more;
  const SteadyTime known = end ? now : told - kFactsLag;
  if (!any_meter(hosts_)) {
    finish_without_meter();
  } else {
    keep_busy(known);
    change_engine(known);
    windows_.cut(known, end);
    lock.unlock();
    windows_.measure(hosts_, now, end);
    lock.lock();
    observe();
    attributor_.now(end ? now + options_.attribution.horizon : told);
    while (may_settle(now, end)) {
      const SteadyTime edge = windows_.front()->window.end;
      settle_front();
      windows_.pop();
      finish(edge);
    }
  }
  flush(now, end, lock);
  publish();
  lock.unlock();
  if (sought_.exchange(false)) std::this_thread::sleep_for(kAskAgain);
  return more;
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

}  // namespace joulebook::gateway
