#pragma once
// Certificates made on the spot, and peers that speak TLS byte by byte.
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <string>

#include "gateway/edge_fixture.h"

namespace joulebook::gateway {

template <auto kFree>
struct Frees {
  template <class T>
  void operator()(T* p) const {
    kFree(p);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Frees<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Frees<X509_free>>;
using TlsContext = std::unique_ptr<SSL_CTX, Frees<SSL_CTX_free>>;

// Who signs, and what was signed; PEM files in `folder`.
class Authority {
 public:
  Authority(std::string folder, const std::string& name)
      : folder_(std::move(folder)), name_(name), key_(EVP_EC_gen("P-256")), own_(make(key_.get(), name, "", true)) {
    write(ca(), [&](FILE* f) { return PEM_write_X509(f, own_.get()); });
  }
  [[nodiscard]] std::string ca() const { return folder_ + "/" + name_ + "-ca.pem"; }
  // Writes NAME.pem and NAME.key for what `alternative` says ("DNS:localhost", "IP:127.0.0.1").
  void issue(const std::string& name, const std::string& alternative) {
    const Key key(EVP_EC_gen("P-256"));
    const Certificate certificate = make(key.get(), name, alternative, false);
    write(folder_ + "/" + name + ".pem", [&](FILE* f) { return PEM_write_X509(f, certificate.get()); });
    write(folder_ + "/" + name + ".key",
          [&](FILE* f) { return PEM_write_PrivateKey(f, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
  }

 private:
  template <class Write>
  static void write(const std::string& path, Write put) {
    FILE* file = std::fopen(path.c_str(), "w");
    ASSERT_NE(file, nullptr) << path;
    EXPECT_EQ(put(file), 1);
    std::fclose(file);
  }
  static void extend(X509* certificate, X509* issuer, int what, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str());
    ASSERT_NE(extension, nullptr);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
  Certificate make(EVP_PKEY* key, const std::string& name, const std::string& alternative, bool authority) {
    Certificate out(X509_new());
    X509_set_version(out.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(out.get()), ++serial_);
    X509_gmtime_adj(X509_getm_notBefore(out.get()), -60);
    X509_gmtime_adj(X509_getm_notAfter(out.get()), 3600);
    X509_set_pubkey(out.get(), key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(out.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509* issuer = authority ? out.get() : own_.get();
    X509_set_issuer_name(out.get(), X509_get_subject_name(issuer));
    extend(out.get(), issuer, NID_basic_constraints, authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (!alternative.empty()) extend(out.get(), issuer, NID_subject_alt_name, alternative);
    EXPECT_GT(X509_sign(out.get(), key_.get(), EVP_sha256()), 0);
    return out;
  }

  std::string folder_;
  std::string name_;
  long serial_ = 0;
  Key key_;
  Certificate own_;
};

// TLS on a socket that somebody else owns.
class TlsPeer {
 public:
  // As server, with NAME.pem and NAME.key.
  TlsPeer(int socket, const std::string& certificate)
      : context_(SSL_CTX_new(TLS_server_method())), ssl_(nullptr, SSL_free) {
    EXPECT_EQ(SSL_CTX_use_certificate_chain_file(context_.get(), (certificate + ".pem").c_str()), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey_file(context_.get(), (certificate + ".key").c_str(), SSL_FILETYPE_PEM), 1);
    begin(socket);
    agreed_ = SSL_accept(ssl_.get()) == 1;
  }
  // As client, trusting that authority alone.
  TlsPeer(int socket, const Authority& authority)
      : context_(SSL_CTX_new(TLS_client_method())), ssl_(nullptr, SSL_free) {
    EXPECT_EQ(SSL_CTX_load_verify_locations(context_.get(), authority.ca().c_str(), nullptr), 1);
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    begin(socket);
    agreed_ = SSL_connect(ssl_.get()) == 1;
  }
  [[nodiscard]] bool agreed() const { return agreed_; }
  // The host that the client asked for; empty: none.
  [[nodiscard]] std::string asked_for() const {
    const char* name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
    return name != nullptr ? name : "";
  }
  [[nodiscard]] std::string peer_name() const {
    const Certificate certificate(SSL_get1_peer_certificate(ssl_.get()));
    char name[80] = "";
    if (certificate) {
      X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, name, sizeof name);
    }
    return name;
  }
  void say(std::string_view bytes) { (void)SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())); }
  // Until `end` was heard or the peer has ended; well() says how.
  std::string hear(std::string_view end = {}) {
    std::string heard;
    char buffer[4096];
    while (end.empty() || heard.find(end) == heard.npos) {
      const int n = SSL_read(ssl_.get(), buffer, sizeof buffer);
      if (n <= 0) {
        farewell_ = SSL_get_error(ssl_.get(), n) == SSL_ERROR_ZERO_RETURN;
        break;
      }
      heard.append(buffer, static_cast<std::size_t>(n));
    }
    return heard;
  }
  // The peer ended with its close_notify.
  [[nodiscard]] bool farewell() const { return farewell_; }
  void say_farewell() { SSL_shutdown(ssl_.get()); }

 private:
  void begin(int socket) {
    timeval five{5, 0};
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &five, sizeof five);
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), socket);
  }
  TlsContext context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
  bool agreed_ = false;
  bool farewell_ = false;
};

}  // namespace joulebook::gateway
