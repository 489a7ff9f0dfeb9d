#include "fakes/sysfs_tree.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <charconv>
#include <cstdio>
#include <filesystem>

#include "core/text.h"
#include "fakes/power_plant.h"

namespace joulebook::fakes {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void give_up(std::string_view what, std::string_view line) {
  std::fprintf(stderr, "sysfs tree: %.*s: %.*s\n", static_cast<int>(what.size()), what.data(),
               static_cast<int>(line.size()), line.data());
  std::abort();
}

std::string unescape(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      plain += text[i];
      continue;
    }
    const char next = ++i < text.size() ? text[i] : '\0';
    if (next == 'c' && i + 1 == text.size()) return plain;
    if (next != 'n' && next != 't' && next != '\\') give_up("unknown escape", text);
    plain += next == 'n' ? '\n' : next == 't' ? '\t' : '\\';
  }
  return plain + "\n";
}

mode_t parse_mode(std::string_view text) {
  unsigned mode = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  if (error != std::errc{} || end != text.data() + text.size()) give_up("not a mode", text);
  return static_cast<mode_t>(mode);
}

tl::unexpected<Error> denied(const std::string& path) {
  return fail(ErrorKind::no_reading, "file.permission", path + ": Permission denied");
}

}  // namespace

std::string GuardedTree::real_path(const std::string& path) const {
  return fs::weakly_canonical(root() + path);
}

bool GuardedTree::forbidden(const std::string& path) const {
  return !forbidden_.empty() && forbidden_.contains(real_path(path));
}

Result<std::string> GuardedTree::read(const std::string& path) const {
  if (forbidden(path)) return denied(path);
  return files_->read(path);
}

Result<std::vector<std::string>> GuardedTree::list(const std::string& path) const {
  if (forbidden(path)) return denied(path);
  return files_->list(path);
}

Result<std::string> GuardedTree::link(const std::string& path) const { return files_->link(path); }

bool GuardedTree::exists(const std::string& path) const { return files_->exists(path); }

Result<std::unique_ptr<KeptFile>> GuardedTree::keep(const std::string& path) const {
  if (forbidden(path)) return denied(path);
  return files_->keep(path);
}

SysfsTree::SysfsTree() {
  std::string name = fs::temp_directory_path() / "joulebook_tree_XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) give_up("no folder for it", name);
  root_ = name;
}

SysfsTree::SysfsTree(std::string_view name) : SysfsTree() {
  const auto text = read_file(sample_machine(name));
  if (!text) {
    fs::remove(root_);
    give_up("no such machine", text.error().message);
  }
  unpack(*text);
}

SysfsTree::~SysfsTree() { fs::remove_all(root_); }

void SysfsTree::unpack(std::string_view manifest) {
  for (const std::string_view line : split(manifest, '\n')) {
    if (!trim(line).empty() && !line.starts_with('#')) entry(line);
  }
}

void SysfsTree::entry(std::string_view line) {
  const auto fields = split(line, '\t');
  const std::string path(fields[0]);
  if (!path.starts_with('/') || fields.size() > 3) give_up("no entry", line);
  if (fields.size() == 1) {
    if (!path.ends_with('/')) give_up("neither folder nor content", line);
    return folder(path);
  }
  if (fields[1].starts_with("-> ")) return link(path, std::string(fields[1].substr(3)));
  put(path, unescape(fields[1]));
  if (fields.size() < 3) return;
  const mode_t mode = parse_mode(fields[2]);
  ::chmod(full(path).c_str(), mode);
  if ((mode & S_IROTH) == 0) private_.insert(path);
}

void SysfsTree::put(const std::string& path, std::string_view content) {
  private_.erase(path);
  put_file(full(path), std::string(content));
}

void SysfsTree::link(const std::string& path, const std::string& target) {
  fs::create_directories(fs::path(full(path)).parent_path());
  fs::remove(full(path));
  fs::create_symlink(target, full(path));
}

void SysfsTree::folder(const std::string& path) { fs::create_directories(full(path)); }

void SysfsTree::remove(const std::string& path) { fs::remove_all(full(path)); }

std::shared_ptr<const FileTree> SysfsTree::files() const { return real_files(root_); }

std::shared_ptr<GuardedTree> SysfsTree::as_user() const {
  auto files = std::make_shared<GuardedTree>(root_);
  for (const std::string& path : private_) files->forbid(path);
  return files;
}

std::string sample_machine(std::string_view name) {
  return std::string(SENSOR_SAMPLES) + "/" + std::string(name) + ".tree";
}

}  // namespace joulebook::fakes
