#pragma once
// The calls that are made of libcurl, found when first needed; for this room's own sources only.
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include <string>

namespace joulebook {

struct CurlApi {
  decltype(&::curl_global_init) global_init = nullptr;
  decltype(&::curl_easy_init) easy_init = nullptr;
  CURLcode (*easy_setopt)(CURL*, CURLoption, ...) = nullptr;
  CURLcode (*easy_getinfo)(CURL*, CURLINFO, ...) = nullptr;
  decltype(&::curl_easy_strerror) easy_strerror = nullptr;
  decltype(&::curl_easy_cleanup) easy_cleanup = nullptr;
  decltype(&::curl_slist_append) slist_append = nullptr;
  decltype(&::curl_slist_free_all) slist_free_all = nullptr;
  decltype(&::curl_multi_init) multi_init = nullptr;
  decltype(&::curl_multi_cleanup) multi_cleanup = nullptr;
  decltype(&::curl_multi_add_handle) multi_add_handle = nullptr;
  decltype(&::curl_multi_remove_handle) multi_remove_handle = nullptr;
  decltype(&::curl_multi_perform) multi_perform = nullptr;
  decltype(&::curl_multi_poll) multi_poll = nullptr;
  decltype(&::curl_multi_info_read) multi_info_read = nullptr;
  decltype(&::curl_multi_socket_action) multi_socket_action = nullptr;
  CURLMcode (*multi_setopt)(CURLM*, CURLMoption, ...) = nullptr;
  std::string missing;  // why it cannot be used; empty: it can

  CurlApi();
};

// Opened once, and open for ever. Thread-safe.
[[nodiscard]] const CurlApi& curl();

struct FreeEasy {
  void operator()(CURL* c) const { curl().easy_cleanup(c); }
};
struct FreeMulti {
  void operator()(CURLM* m) const { curl().multi_cleanup(m); }
};
struct FreeList {
  void operator()(curl_slist* l) const { curl().slist_free_all(l); }
};

// The peer's certificate was the reason.
[[nodiscard]] bool refused_certificate(CURLcode code);

}  // namespace joulebook
