#include "gateway/wire/identity.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "core/file_tree.h"
#include "core/text.h"
#include "gateway/wire/fields.h"
#include "http/message_parser.h"

namespace joulebook::gateway {
namespace {

void append_hex(std::string& out, const unsigned char* bytes, std::size_t count) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (std::size_t i = 0; i < count; ++i) {
    out += kDigits[bytes[i] >> 4];
    out += kDigits[bytes[i] & 15];
  }
}

template <std::size_t N>
std::array<unsigned char, N> random_bytes() {
  std::array<unsigned char, N> bytes{};
  std::size_t got = 0;
  while (got < N) {
    const auto n = ::getrandom(bytes.data() + got, N - got, 0);
    if (n > 0) got += static_cast<std::size_t>(n);
  }
  return bytes;
}

// A few hundred requests' worth is asked of the kernel at once; none is used twice.
std::array<unsigned char, 10> request_bits() {
  constexpr std::size_t kStock = 4000;
  thread_local std::array<unsigned char, kStock> stock;
  thread_local std::size_t used = kStock;
  std::array<unsigned char, 10> bits{};
  if (used + bits.size() > kStock) {
    stock = random_bytes<kStock>();
    used = 0;
  }
  std::copy_n(stock.begin() + static_cast<std::ptrdiff_t>(used), bits.size(), bits.begin());
  used += bits.size();
  return bits;
}

bool is_hex(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789abcdef") == text.npos;
}

std::string_view key_of(const RequestHead& head) {
  for (const auto& field : head.fields) {
    if (http::same_name(field.name, "authorization")) {
      if (const auto token = bearer_token(field.value)) return *token;
    }
    if (http::same_name(field.name, "x-api-key") || http::same_name(field.name, "api-key")) {
      return field.value;
    }
  }
  return {};
}

}  // namespace

std::string new_request_id(std::int64_t wall_ns) {
  const auto ms = static_cast<std::uint64_t>(wall_ns / 1'000'000);
  std::array<unsigned char, 6> time{};
  for (std::size_t i = 0; i < time.size(); ++i) time[i] = static_cast<unsigned char>(ms >> (40 - 8 * i));
  const auto bits = request_bits();
  std::string id = "jb-";
  id.reserve(3 + 2 * (time.size() + bits.size()));
  append_hex(id, time.data(), time.size());
  append_hex(id, bits.data(), bits.size());
  return id;
}

TraceParent trace_parent(std::string_view value) {
  // version "-" trace-id "-" parent-id "-" flags; later versions may go on after another "-".
  if (value.size() < 55 || value[2] != '-' || value[35] != '-' || value[52] != '-') return {};
  const std::string_view version = value.substr(0, 2);
  const std::string_view trace = value.substr(3, 32);
  const std::string_view span = value.substr(36, 16);
  if (!is_hex(version) || version == "ff" || !is_hex(trace) || !is_hex(span)) return {};
  if (value.size() > 55 && (version == "00" || value[55] != '-')) return {};
  if (trace.find_first_not_of('0') == trace.npos || span.find_first_not_of('0') == span.npos) return {};
  return {std::string(trace), std::string(span)};
}

std::string Tenants::hash(std::string_view salt, std::string_view key) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  HMAC(EVP_sha256(), salt.data(), static_cast<int>(salt.size()),
       reinterpret_cast<const unsigned char*>(key.data()), key.size(), digest.data(), &size);
  std::string out;
  append_hex(out, digest.data(), 8);
  return out;
}

Result<Tenants> Tenants::from(const TomlDocument& file, std::string salt) {
  Tenants out;
  out.salt_ = std::move(salt);
  for (const auto& [key, name] : file.root["tenants"].members()) {
    if (!name.is_string() || name.as_string().empty()) {
      return toml_error(file, "tenants." + key, "a tenant's name must be a text", "write hash = \"name\"");
    }
    if (key.size() != 16 || !is_hex(key)) {
      return toml_error(file, "tenants." + key, "'" + key + "' is no hash of a key",
                        "`joulebook serve --hash-key` prints it: 16 hex digits");
    }
    out.names_[key] = name.as_string();
  }
  return out;
}

std::string Tenants::of(const RequestHead& head) const {
  const std::string_view key = key_of(head);
  if (key.empty()) return {};
  std::string hashed = hash(salt_, key);
  const auto it = names_.find(hashed);
  return it == names_.end() ? hashed : it->second;
}

Result<std::string> tenant_salt(const std::string& path) {
  constexpr std::size_t kBytes = 32;
  if (auto kept = read_file(path); kept && kept->size() >= kBytes) return kept->substr(0, kBytes);
  std::error_code ec;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ec);
  const auto bytes = random_bytes<kBytes>();
  const std::string salt(bytes.begin(), bytes.end());
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  const bool written = fd >= 0 && ::write(fd, salt.data(), salt.size()) == static_cast<ssize_t>(kBytes);
  if (fd >= 0) ::close(fd);
  if (written) return salt;
  // Another gateway may have made it meanwhile.
  if (auto kept = read_file(path); kept && kept->size() >= kBytes) return kept->substr(0, kBytes);
  return fail(ErrorKind::input, "file.unwritable", "the salt of tenants' hashes cannot be kept in " + path,
              "make its folder writable");
}

}  // namespace joulebook::gateway
