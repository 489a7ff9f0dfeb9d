#include "core/curl_api.h"

#include <dlfcn.h>

namespace joulebook {
namespace {

template <class Call>
void find(void* library, const char* name, Call& call, std::string& missing) {
  call = reinterpret_cast<Call>(::dlsym(library, name));
  if (call == nullptr) missing = std::string("libcurl lacks ") + name;
}

}  // namespace

CurlApi::CurlApi() {
  void* library = ::dlopen("libcurl.so.4", RTLD_NOW);
  if (library == nullptr) library = ::dlopen("libcurl-gnutls.so.4", RTLD_NOW);
  if (library == nullptr) {
    missing = "libcurl cannot be opened (libcurl.so.4)";
    return;
  }
  find(library, "curl_global_init", global_init, missing);
  find(library, "curl_easy_init", easy_init, missing);
  find(library, "curl_easy_setopt", easy_setopt, missing);
  find(library, "curl_easy_getinfo", easy_getinfo, missing);
  find(library, "curl_easy_strerror", easy_strerror, missing);
  find(library, "curl_easy_cleanup", easy_cleanup, missing);
  find(library, "curl_slist_append", slist_append, missing);
  find(library, "curl_slist_free_all", slist_free_all, missing);
  find(library, "curl_multi_init", multi_init, missing);
  find(library, "curl_multi_cleanup", multi_cleanup, missing);
  find(library, "curl_multi_add_handle", multi_add_handle, missing);
  find(library, "curl_multi_remove_handle", multi_remove_handle, missing);
  find(library, "curl_multi_perform", multi_perform, missing);
  find(library, "curl_multi_poll", multi_poll, missing);
  find(library, "curl_multi_info_read", multi_info_read, missing);
  find(library, "curl_multi_socket_action", multi_socket_action, missing);
  find(library, "curl_multi_setopt", multi_setopt, missing);
  if (missing.empty()) global_init(CURL_GLOBAL_DEFAULT);
}

const CurlApi& curl() {
  static const CurlApi api;
  return api;
}

bool refused_certificate(CURLcode code) {
  return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
         code == CURLE_SSL_ISSUER_ERROR;
}

}  // namespace joulebook
