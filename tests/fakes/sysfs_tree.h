#pragma once
// A machine's kernel files, rebuilt under a folder of the test from one small text: the manifest.
//
// One entry a line, fields separated by one tab:
//   # comment                    and empty lines: left out
//   /path<TAB>content            a file; a newline is added at its end, as the kernel's files have
//   /path<TAB>content<TAB>0400   the same with a mode (octal): see as_user()
//   /path<TAB>-> target          a symbolic link
//   /path/                       a folder
// Content writes \n for a newline, \t for a tab, \\ for a backslash, and ends with \c where no
// newline is to follow (an empty file is "\c"). A later line for the same path replaces the earlier.
//
// Manifests live in tests/data/sensors/<floor>/NAME.tree, named "<floor>/NAME"; the first comment
// says where the tree comes from (captured, or rebuilt after which public source).
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "core/file_tree.h"

namespace joulebook::fakes {

// Real files under `root`, of which some may not be read by this user: the tests' root reads
// whatever its mode says, so the refusal is played. Not thread-safe.
class GuardedTree final : public FileTree {
 public:
  explicit GuardedTree(std::string root) : files_(real_files(std::move(root))) {}
  // From now on reading, listing and keeping `path`, by whichever link, fails with
  // file.permission; `allow` undoes it.
  void forbid(const std::string& path) { forbidden_.insert(real_path(path)); }
  void allow(const std::string& path) { forbidden_.erase(real_path(path)); }

  [[nodiscard]] Result<std::string> read(const std::string& path) const override;
  [[nodiscard]] Result<std::vector<std::string>> list(const std::string& path) const override;
  [[nodiscard]] Result<std::string> link(const std::string& path) const override;
  [[nodiscard]] bool exists(const std::string& path) const override;
  [[nodiscard]] Result<std::unique_ptr<KeptFile>> keep(const std::string& path) const override;
  [[nodiscard]] std::string root() const override { return files_->root(); }

 private:
  [[nodiscard]] std::string real_path(const std::string& path) const;
  [[nodiscard]] bool forbidden(const std::string& path) const;

  std::unique_ptr<FileTree> files_;
  std::set<std::string> forbidden_;  // links resolved
};

// A folder of this test's own, removed at the end. Aborts the test program where it cannot write,
// or where a manifest is malformed (it says which line).
class SysfsTree {
 public:
  SysfsTree();  // empty
  // The machine of that name: SysfsTree machine("cpu/intel-client").
  explicit SysfsTree(std::string_view name);
  ~SysfsTree();
  SysfsTree(const SysfsTree&) = delete;
  SysfsTree& operator=(const SysfsTree&) = delete;

  // Adds what a manifest's text says.
  void unpack(std::string_view manifest);
  // One file, link or folder; paths as on the machine.
  void put(const std::string& path, std::string_view content);
  void link(const std::string& path, const std::string& target);
  void folder(const std::string& path);
  void remove(const std::string& path);  // and all below it

  [[nodiscard]] const std::string& root() const { return root_; }
  [[nodiscard]] std::string full(const std::string& path) const { return root_ + path; }
  // As root sees it: every file.
  [[nodiscard]] std::shared_ptr<const FileTree> files() const;
  // As an ordinary user sees it: files whose mode in the manifest withholds reading from others
  // are refused. A view of now; later unpacks do not change it.
  [[nodiscard]] std::shared_ptr<GuardedTree> as_user() const;

 private:
  void entry(std::string_view line);

  std::string root_;
  std::set<std::string> private_;  // paths that others may not read
};

// Where manifests are kept: full path of "<floor>/NAME" plus ".tree".
[[nodiscard]] std::string sample_machine(std::string_view name);

}  // namespace joulebook::fakes
