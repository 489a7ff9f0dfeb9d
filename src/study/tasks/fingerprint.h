#pragma once
// Whether files are still what they were: FNV-1a (64 bit; Fowler, Noll, Vo) over names and contents,
// as 16 hexadecimal digits. It tells a change apart, not an attack. Reads files; thread-safe.
#include <set>
#include <string>
#include <vector>

namespace joulebook {

// Of words, of files, and of all that lies in folders but for `without` (whole paths). What is not
// there counts as such; the paths' own names count, too.
[[nodiscard]] std::string fingerprint(const std::vector<std::string>& words,
                                      const std::vector<std::string>& paths,
                                      const std::set<std::string>& without);

}  // namespace joulebook
