#include "engine/http_calls.h"

#include <curl/curl.h>

#include <algorithm>
#include <memory>
#include <mutex>

#include "core/text.h"

namespace joulebook {
namespace {

constexpr long kConnectSeconds = 10;
constexpr long kSilentSeconds = 15 * 60;
constexpr int kPollMilliseconds = 50;  // how soon a cancel is seen
constexpr std::size_t kMaxErrorBody = 64 * 1024;

void start_curl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

struct FreeEasy {
  void operator()(CURL* c) const { curl_easy_cleanup(c); }
};
struct FreeMulti {
  void operator()(CURLM* m) const { curl_multi_cleanup(m); }
};
struct FreeList {
  void operator()(curl_slist* l) const { curl_slist_free_all(l); }
};

// One call on its way.
class Transfer {
 public:
  explicit Transfer(HttpCall& call) : call_(call), easy_(curl_easy_init()) {
    header("Content-Type: application/json");
    header("Accept: text/event-stream, application/json");
    header("Expect:");
    if (!call.bearer.empty()) header("Authorization: Bearer " + call.bearer);
    set(CURLOPT_URL, call.url.c_str());
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
  [[nodiscard]] bool wants_out() const {
    return !ended_ && call_.cancel != nullptr && call_.cancel->load();
  }
  [[nodiscard]] bool ended() const { return ended_; }

  void end(CURLcode code) {
    ended_ = true;
    call_.status = status();
    if (code != CURLE_OK) call_.failure = curl_easy_strerror(code);
  }
  void cancel() {
    ended_ = true;
    call_.cancelled = true;
  }

 private:
  template <class T>
  void set(CURLoption option, T value) {
    curl_easy_setopt(easy_.get(), option, value);
  }

  void header(const std::string& line) {
    headers_.reset(curl_slist_append(headers_.release(), line.c_str()));
  }

  [[nodiscard]] long status() const {
    long out = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &out);
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
    const auto colon = line.find(':');
    if (colon != line.npos && lower(line.substr(0, colon)) == "retry-after") {
      static_cast<Transfer*>(self)->call_.retry_after_s =
          parse_double(trim(line.substr(colon + 1)));
    }
    return n;
  }

  HttpCall& call_;
  std::unique_ptr<CURL, FreeEasy> easy_;
  std::unique_ptr<curl_slist, FreeList> headers_;
  bool ended_ = false;
};

void collect_ended(CURLM* multi) {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    char* transfer = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    reinterpret_cast<Transfer*>(transfer)->end(message->data.result);
  }
}

}  // namespace

void perform(std::span<HttpCall> calls) {
  start_curl();
  // Declared first: the transfers must leave it before it goes.
  const std::unique_ptr<CURLM, FreeMulti> multi(curl_multi_init());
  std::vector<std::unique_ptr<Transfer>> transfers;
  for (auto& call : calls) {
    transfers.push_back(std::make_unique<Transfer>(call));
    curl_multi_add_handle(multi.get(), transfers.back()->get());
  }
  int running = static_cast<int>(calls.size());
  while (running > 0) {
    if (curl_multi_perform(multi.get(), &running) != CURLM_OK) break;
    collect_ended(multi.get());
    for (auto& transfer : transfers) {
      if (!transfer->wants_out()) continue;
      curl_multi_remove_handle(multi.get(), transfer->get());
      transfer->cancel();
    }
    if (running > 0) curl_multi_poll(multi.get(), nullptr, 0, kPollMilliseconds, nullptr);
  }
  collect_ended(multi.get());
  for (auto& transfer : transfers) {
    if (!transfer->ended()) transfer->end(CURLE_RECV_ERROR);
    curl_multi_remove_handle(multi.get(), transfer->get());
  }
}

}  // namespace joulebook
