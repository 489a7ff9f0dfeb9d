// A fact is one byte of kind, the difference of its request to the fact before, and what it says:
// whole numbers in groups of seven bits (signed ones folded), times as differences, texts by their
// number where the part has had them before.
#include "gateway/fact_log.h"

#include <cstring>
#include <type_traits>
#include <utility>

namespace joulebook::gateway {
namespace {

namespace at = attribution;

enum Kind : int { kOpened, kAnswered, kBroken, kEngine, kReading, kArrived, kSent, kTokens, kUsage, kTimings, kEnded };

constexpr std::size_t kNames = 64;       // of a part; later ones are written out each time
constexpr std::size_t kPackedId = 16;    // bytes of the 32 hex digits behind "jb-"
constexpr std::string_view kIdMark = "jb-";

static_assert(std::is_trivially_copyable_v<at::EngineReading>);

void put(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

void put_signed(std::string& out, std::int64_t value) {
  put(out, (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
}

void put_text(std::string& out, std::string_view text) {
  put(out, text.size());
  out += text;
}

template <class T>
void put_raw(std::string& out, const T& value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof bytes);
}

// A mask of those that are there, then each of them.
template <class T, std::size_t N>
void put_present(std::string& out, const std::optional<T> (&values)[N]) {
  static_assert(N <= 7);
  unsigned mask = 0;
  for (std::size_t i = 0; i < N; ++i) mask |= values[i] ? 1U << i : 0U;
  out.push_back(static_cast<char>(mask));
  for (const auto& value : values) {
    if (!value) continue;
    if constexpr (std::is_same_v<T, double>) {
      put_raw(out, *value);
    } else {
      put_signed(out, *value);
    }
  }
}

int digit(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

// Whether the id was one that packs.
bool put_packed(std::string& out, std::string_view id) {
  if (id.size() != kIdMark.size() + 2 * kPackedId || !id.starts_with(kIdMark)) return false;
  char bytes[kPackedId];
  for (std::size_t i = 0; i < kPackedId; ++i) {
    const int high = digit(id[kIdMark.size() + 2 * i]);
    const int low = digit(id[kIdMark.size() + 2 * i + 1]);
    if (high < 0 || low < 0) return false;
    bytes[i] = static_cast<char>(high << 4 | low);
  }
  out.append(bytes, kPackedId);
  return true;
}

// Reads what a log wrote, and nothing else: it is never handed bytes of others.
class Reader {
 public:
  Reader(std::string_view bytes, SteadyTime begun) : rest_(bytes), last_time_(begun.ns) {}

  [[nodiscard]] bool more() const { return !rest_.empty(); }
  Fact next();

 private:
  unsigned char byte() {
    const auto value = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      const unsigned char b = byte();
      value |= static_cast<std::uint64_t>(b & 0x7F) << shift;
      if (b < 0x80) return value;
    }
  }
  std::int64_t whole() {
    const std::uint64_t folded = number();
    return static_cast<std::int64_t>(folded >> 1) ^ -static_cast<std::int64_t>(folded & 1);
  }
  SteadyTime time() {
    last_time_ += whole();
    return {last_time_};
  }
  std::string_view bytes(std::size_t count) {
    const std::string_view out = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return out;
  }
  std::string_view text() { return bytes(number()); }
  std::string_view name() {
    const std::uint64_t index = number();
    if (index > 0) return names_[index - 1];
    const std::string_view given = text();
    if (names_.size() < kNames) names_.push_back(given);
    return given;
  }
  template <class T>
  T raw() {
    T value;
    std::memcpy(&value, bytes(sizeof value).data(), sizeof value);
    return value;
  }
  template <class T, std::size_t N>
  void present(std::optional<T>* const (&values)[N]) {
    const unsigned mask = byte();
    for (std::size_t i = 0; i < N; ++i) {
      if ((mask >> i & 1) == 0) continue;
      if constexpr (std::is_same_v<T, double>) {
        *values[i] = raw<double>();
      } else {
        *values[i] = whole();
      }
    }
  }
  Opened opened();
  at::Arrived arrived();
  at::Tokens tokens();
  at::Remark remark(int kind);

  std::string_view rest_;
  std::vector<std::string_view> names_;
  at::RequestId request_ = 0;
  std::int64_t last_time_;
};

Opened Reader::opened() {
  constexpr std::string_view kDigits = "0123456789abcdef";
  Opened out;
  out.request = request_;
  RequestBegin& begin = out.begin;
  const unsigned flags = byte();
  begin.stream = (flags & 1) != 0;
  if ((flags & 2) != 0) {
    begin.id = kIdMark;
    for (const char c : bytes(kPackedId)) {
      begin.id += kDigits[static_cast<unsigned char>(c) >> 4];
      begin.id += kDigits[static_cast<unsigned char>(c) & 15];
    }
  } else {
    begin.id = text();
  }
  begin.arrived = time();
  for (std::string* field : {&begin.tenant, &begin.model, &begin.route, &begin.upstream}) *field = name();
  begin.trace_id = text();
  begin.parent_span = text();
  return out;
}

at::Arrived Reader::arrived() {
  at::Arrived out;
  const unsigned flags = byte();
  out.streamed = (flags & 1) != 0;
  out.embedding = (flags & 2) != 0;
  out.upstream = static_cast<std::uint32_t>(number());
  out.model = name();
  out.choices = static_cast<std::uint32_t>(number());
  present<std::int64_t>({&out.prompt_bytes, &out.most_tokens});
  return out;
}

at::Tokens Reader::tokens() {
  at::Tokens out;
  const unsigned flags = byte();
  out.reasoning = (flags & 1) != 0;
  out.counted = (flags & 2) != 0;
  out.count = whole();
  out.choice = static_cast<std::uint32_t>(number());
  out.events = whole();
  if ((flags & 4) != 0) out.thought_before = whole();
  return out;
}

at::Remark Reader::remark(int kind) {
  at::Remark out{request_, time(), at::Sent{}};
  if (kind == kArrived) out.what = arrived();
  if (kind == kTokens) out.what = tokens();
  if (kind == kEnded) out.what = at::Ended{static_cast<at::Outcome>(byte())};
  if (kind == kUsage) {
    at::Usage u;
    present<std::int64_t>({&u.prompt, &u.cached, &u.output, &u.reasoning, &u.drafted, &u.accepted});
    out.what = u;
  }
  if (kind == kTimings) {
    at::Timings t;
    present<double>({&t.queue_s, &t.load_s, &t.prefill_s, &t.decode_s});
    out.what = t;
  }
  return out;
}

Fact Reader::next() {
  const int kind = byte();
  if (kind == kReading) return raw<at::EngineReading>();
  if (kind == kEngine) {
    const auto is = static_cast<EngineIs>(byte());
    return EngineNow{is, time()};
  }
  request_ += static_cast<at::RequestId>(whole());
  switch (kind) {
    case kOpened: return opened();
    case kAnswered: return Answered{request_, static_cast<int>(whole())};
    case kBroken: return Broken{request_, {std::string(name()), std::string(name()), std::string(name())}};
    default: return remark(kind);
  }
}

}  // namespace

void Facts::each(const std::function<void(Fact&&)>& visit) const {
  Reader reader(bytes, begun);
  while (reader.more()) visit(reader.next());
}

std::optional<RequestBegin> Facts::begin_of(std::string_view id) const {
  Reader reader(bytes, begun);
  while (reader.more()) {
    Fact fact = reader.next();
    auto* found = std::get_if<Opened>(&fact);
    if (found != nullptr && found->begin.id == id) return std::move(found->begin);
  }
  return std::nullopt;
}

std::string& FactLog::part() {
  if (!parts_.empty() && parts_.back().bytes.size() < kPart) return parts_.back().bytes;
  if (!parts_.empty()) bytes_ += parts_.back().bytes.size();
  Facts& made = parts_.emplace_back();
  made.begun = clock_.now();
  made.bytes = std::exchange(spare_, {});
  made.bytes.clear();
  if (made.bytes.capacity() < kPart) made.bytes.reserve(kPart + 512);
  names_.clear();
  last_request_ = 0;
  last_time_ = made.begun.ns;
  return made.bytes;
}

std::string& FactLog::fact(int kind, at::RequestId request) {
  put_tokens();
  std::string& out = part();
  out.push_back(static_cast<char>(kind));
  put_signed(out, static_cast<std::int64_t>(request - std::exchange(last_request_, request)));
  return out;
}

void FactLog::time(std::string& out, SteadyTime at) {
  put_signed(out, at.ns - std::exchange(last_time_, at.ns));
}

void FactLog::name(std::string& out, std::string_view text) {
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (names_[i] == text) return put(out, i + 1);
  }
  put(out, 0);
  put_text(out, text);
  if (names_.size() < kNames) names_.emplace_back(text);
}

void FactLog::opened(at::RequestId request, const RequestBegin& begin) {
  std::string& out = fact(kOpened, request);
  const std::size_t flags = out.size();
  out.push_back(begin.stream ? 1 : 0);
  if (put_packed(out, begin.id)) {
    out[flags] = static_cast<char>(out[flags] | 2);
  } else {
    put_text(out, begin.id);
  }
  time(out, begin.arrived);
  for (const std::string* field : {&begin.tenant, &begin.model, &begin.route, &begin.upstream}) name(out, *field);
  put_text(out, begin.trace_id);
  put_text(out, begin.parent_span);
  ++parts_.back().opened;
  ++opened_;
}

void FactLog::answered(at::RequestId request, int status) {
  put_signed(fact(kAnswered, request), status);
}

void FactLog::broken(at::RequestId request, const Reason& reason) {
  std::string& out = fact(kBroken, request);
  name(out, reason.code);
  name(out, reason.message);
  name(out, reason.cure);
}

void FactLog::engine(EngineIs is, SteadyTime at) {
  put_tokens();
  std::string& out = part();
  out.push_back(static_cast<char>(kEngine));
  out.push_back(static_cast<char>(is));
  time(out, at);
}

void FactLog::reading(const at::EngineReading& reading) {
  put_tokens();
  std::string& out = part();
  out.push_back(static_cast<char>(kReading));
  put_raw(out, reading);
}

bool FactLog::joins(const at::Remark& remark) const {
  const auto* more = std::get_if<at::Tokens>(&remark.what);
  if (!tokens_ || more == nullptr || more->thought_before != 0) return false;
  const auto& tokens = std::get<at::Tokens>(tokens_->what);
  return tokens_->request == remark.request && tokens_->at == remark.at && tokens.choice == more->choice &&
         tokens.reasoning == more->reasoning && tokens.counted == more->counted;
}

void FactLog::put_tokens() {
  if (!tokens_) return;
  const at::Remark remark = *std::exchange(tokens_, std::nullopt);
  const auto& tokens = std::get<at::Tokens>(remark.what);
  std::string& out = fact(kTokens, remark.request);
  time(out, remark.at);
  const bool before = tokens.thought_before != 0;
  out.push_back(static_cast<char>((tokens.reasoning ? 1 : 0) | (tokens.counted ? 2 : 0) | (before ? 4 : 0)));
  put_signed(out, tokens.count);
  put(out, tokens.choice);
  put_signed(out, tokens.events);
  if (before) put_signed(out, tokens.thought_before);
}

void FactLog::remark(const at::Remark& remark) {
  if (const auto* more = std::get_if<at::Tokens>(&remark.what)) {
    if (joins(remark)) {
      auto& tokens = std::get<at::Tokens>(tokens_->what);
      tokens.count += more->count;
      tokens.events += more->events;
      return;
    }
    put_tokens();
    part();  // it is of this part, whenever it is written
    tokens_ = remark;
    return;
  }
  constexpr Kind kKinds[] = {kArrived, kSent, kTokens, kUsage, kTimings, kEnded};
  std::string& out = fact(kKinds[remark.what.index()], remark.request);
  time(out, remark.at);
  if (const auto* arrived = std::get_if<at::Arrived>(&remark.what)) {
    out.push_back(static_cast<char>((arrived->streamed ? 1 : 0) | (arrived->embedding ? 2 : 0)));
    put(out, arrived->upstream);
    name(out, arrived->model);
    put(out, arrived->choices);
    put_present<std::int64_t>(out, {arrived->prompt_bytes, arrived->most_tokens});
  } else if (const auto* u = std::get_if<at::Usage>(&remark.what)) {
    put_present<std::int64_t>(out, {u->prompt, u->cached, u->output, u->reasoning, u->drafted, u->accepted});
  } else if (const auto* t = std::get_if<at::Timings>(&remark.what)) {
    put_present<double>(out, {t->queue_s, t->load_s, t->prefill_s, t->decode_s});
  } else if (const auto* ended = std::get_if<at::Ended>(&remark.what)) {
    out.push_back(static_cast<char>(ended->outcome));
    ++parts_.back().ended;
    ++ended_;
  }
}

void FactLog::take(std::deque<Facts>& into, std::string spare) {
  put_tokens();
  if (!parts_.empty()) bytes_ += parts_.back().bytes.size();
  for (auto& part : parts_) into.push_back(std::move(part));
  parts_.clear();
  if (spare.capacity() > spare_.capacity()) spare_ = std::move(spare);
}

std::optional<RequestBegin> FactLog::begin_of(std::string_view id) const {
  for (const auto& part : parts_) {
    if (auto begin = part.begin_of(id)) return begin;
  }
  return std::nullopt;
}

}  // namespace joulebook::gateway
