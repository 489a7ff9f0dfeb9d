#include "core/http.h"

#include <algorithm>
#include <memory>

#include "core/clock.h"
#include "core/curl_api.h"
#include "core/text.h"

namespace joulebook {
namespace {

constexpr long kConnectSeconds = 10;
constexpr long kSilentSeconds = 15 * 60;
constexpr int kPollMilliseconds = 50;  // how soon a cancel is seen
constexpr std::size_t kMaxErrorBody = 64 * 1024;
constexpr std::size_t kMostHeaders = 64;
constexpr std::size_t kLongestHeader = 1024;

// One call on its way.
class Transfer {
 public:
  explicit Transfer(HttpCall& call) : call_(call), easy_(curl().easy_init()) {
    header("Content-Type: application/json");
    const bool says_what = std::any_of(call.headers.begin(), call.headers.end(), [](const auto& line) {
      return lower(line).starts_with("accept:");
    });
    if (!says_what) header("Accept: text/event-stream, application/json");
    header("Expect:");
    if (!call.bearer.empty()) header("Authorization: Bearer " + call.bearer);
    for (const auto& line : call.headers) header(line);
    set(CURLOPT_URL, call.url.c_str());
    secure();
    set(CURLOPT_HTTPHEADER, headers_.get());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
    set(CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(CURLOPT_LOW_SPEED_TIME, kSilentSeconds);
    set(CURLOPT_USERAGENT, "joulebook");
    set(CURLOPT_PRIVATE, static_cast<void*>(this));
    set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    set(CURLOPT_WRITEDATA, static_cast<void*>(this));
    set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
    set(CURLOPT_HEADERDATA, static_cast<void*>(this));
    if (!call.body.empty()) {
      set(CURLOPT_POSTFIELDS, call.body.c_str());
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
    }
  }

  [[nodiscard]] CURL* get() const { return easy_.get(); }
  void begin() { begun_ns_ = system_clock().now().ns; }
  [[nodiscard]] bool wants_out() const {
    return !ended_ && call_.cancel != nullptr && call_.cancel->load();
  }
  [[nodiscard]] bool ended() const { return ended_; }

  void end(CURLcode code) {
    ended_ = true;
    call_.status = status();
    if (code != CURLE_OK) call_.failure = curl().easy_strerror(code);
    call_.untrusted = refused_certificate(code);
  }
  void cancel() {
    ended_ = true;
    call_.cancelled = true;
  }

 private:
  template <class T>
  void set(CURLoption option, T value) {
    curl().easy_setopt(easy_.get(), option, value);
  }

  void secure() {
    if (!call_.user.empty()) {
      set(CURLOPT_HTTPAUTH, static_cast<long>(call_.digest ? CURLAUTH_DIGEST : CURLAUTH_BASIC));
      set(CURLOPT_USERNAME, call_.user.c_str());
      set(CURLOPT_PASSWORD, call_.password.c_str());
    }
    if (!call_.ca_file.empty()) set(CURLOPT_CAINFO, call_.ca_file.c_str());
    if (call_.insecure) {
      set(CURLOPT_SSL_VERIFYPEER, 0L);
      set(CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (call_.total_s > 0) set(CURLOPT_TIMEOUT, call_.total_s);
  }

  void header(const std::string& line) {
    headers_.reset(curl().slist_append(headers_.release(), line.c_str()));
  }

  // libcurl counts from when it took the call, which is not before begin().
  void answer_began() {
    curl_off_t until_sent_us = 0;
    curl().easy_getinfo(easy_.get(), CURLINFO_PRETRANSFER_TIME_T, &until_sent_us);
    call_.answered_ns = system_clock().now().ns;
    call_.sent_ns = std::min(begun_ns_ + until_sent_us * 1000, call_.answered_ns);
  }

  [[nodiscard]] long status() const {
    long out = 0;
    curl().easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &out);
    return out;
  }

  static std::size_t on_body(char* bytes, std::size_t, std::size_t n, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    HttpCall& call = transfer.call_;
    const long status = transfer.status();
    if (status >= 200 && status < 300) {
      return !call.on_body || call.on_body({bytes, n}) ? n : CURL_WRITEFUNC_ERROR;
    }
    call.error_body.append(bytes, std::min(n, kMaxErrorBody - call.error_body.size()));
    return n;
  }

  static std::size_t on_header(char* bytes, std::size_t, std::size_t n, void* self) {
    const std::string_view line(bytes, n);
    HttpCall& call = static_cast<Transfer*>(self)->call_;
    if (line.starts_with("HTTP/")) {
      call.answer_headers.clear();  // what went before was a challenge
      static_cast<Transfer*>(self)->answer_began();
    }
    const auto colon = line.find(':');
    if (colon == line.npos || n > kLongestHeader) return n;
    const std::string name = lower(line.substr(0, colon));
    const std::string_view value = trim(line.substr(colon + 1));
    if (name == "retry-after") call.retry_after_s = parse_double(value);
    if (call.answer_headers.size() < kMostHeaders) call.answer_headers.emplace_back(name, value);
    return n;
  }

  HttpCall& call_;
  std::unique_ptr<CURL, FreeEasy> easy_;
  std::unique_ptr<curl_slist, FreeList> headers_;
  std::int64_t begun_ns_ = 0;
  bool ended_ = false;
};

void collect_ended(CURLM* multi) {
  int left = 0;
  while (const CURLMsg* message = curl().multi_info_read(multi, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    char* transfer = nullptr;
    curl().easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    reinterpret_cast<Transfer*>(transfer)->end(message->data.result);
  }
}

}  // namespace

std::string_view HttpCall::answer_header(std::string_view name) const {
  const auto it = std::find_if(answer_headers.begin(), answer_headers.end(),
                               [&](const auto& header) { return header.first == name; });
  return it == answer_headers.end() ? std::string_view() : std::string_view(it->second);
}

std::string http_missing() { return curl().missing; }

void perform(std::span<HttpCall> calls) {
  if (!curl().missing.empty()) {
    for (auto& call : calls) call.failure = curl().missing;
    return;
  }
  // Declared first: the transfers must leave it before it goes.
  const std::unique_ptr<CURLM, FreeMulti> multi(curl().multi_init());
  std::vector<std::unique_ptr<Transfer>> transfers;
  for (auto& call : calls) {
    transfers.push_back(std::make_unique<Transfer>(call));
    transfers.back()->begin();
    curl().multi_add_handle(multi.get(), transfers.back()->get());
  }
  int running = static_cast<int>(calls.size());
  while (running > 0) {
    if (curl().multi_perform(multi.get(), &running) != CURLM_OK) break;
    collect_ended(multi.get());
    for (auto& transfer : transfers) {
      if (!transfer->wants_out()) continue;
      curl().multi_remove_handle(multi.get(), transfer->get());
      transfer->cancel();
    }
    if (running > 0) curl().multi_poll(multi.get(), nullptr, 0, kPollMilliseconds, nullptr);
  }
  collect_ended(multi.get());
  for (auto& transfer : transfers) {
    if (!transfer->ended()) transfer->end(CURLE_RECV_ERROR);
    curl().multi_remove_handle(multi.get(), transfer->get());
  }
}

}  // namespace joulebook
