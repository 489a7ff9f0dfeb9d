#include "study/tasks/fingerprint.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>

#include "core/fnv1a.h"

namespace joulebook {
namespace {

namespace fs = std::filesystem;

class Hash {
 public:
  void add(std::string_view text) { hash_ = fnv1a_text(text, hash_); }
  void add_file(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return add("absent");
    char buffer[1 << 16];
    std::uint64_t size = 0;
    while (file.read(buffer, sizeof buffer) || file.gcount() > 0) {
      const auto n = static_cast<std::size_t>(file.gcount());
      hash_ = fnv1a({buffer, n}, hash_);
      size += n;
    }
    add(fmt::format("{}", size));
  }
  [[nodiscard]] std::string text() const { return fmt::format("{:016x}", hash_); }

 private:
  std::uint64_t hash_ = kFnvBasis;
};

// Files of a folder, all levels, in order.
std::vector<std::string> files_of(const std::string& folder) {
  std::vector<std::string> out;
  std::error_code ec;
  for (fs::recursive_directory_iterator it(folder, ec), end; !ec && it != end; it.increment(ec)) {
    std::error_code ignored;
    if (it->is_regular_file(ignored)) out.push_back(it->path().lexically_normal().string());
  }
  std::ranges::sort(out);
  return out;
}

}  // namespace

std::string fingerprint(const std::vector<std::string>& words,
                        const std::vector<std::string>& paths,
                        const std::set<std::string>& without) {
  Hash hash;
  for (const auto& word : words) hash.add(word);
  for (const auto& path : paths) {
    hash.add(path);
    std::error_code ignored;
    const bool folder = fs::is_directory(path, ignored);
    for (const auto& file : folder ? files_of(path) : std::vector<std::string>{path}) {
      if (folder && without.contains(file)) continue;
      hash.add(file);
      hash.add_file(file);
    }
  }
  return hash.text();
}

}  // namespace joulebook
