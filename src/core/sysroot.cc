#include "core/sysroot.h"

#include <sys/stat.h>

namespace joulebook {

Status check_sysroot(const std::string& root) {
  struct stat there{};
  if (root.empty() || (::stat(root.c_str(), &there) == 0 && S_ISDIR(there.st_mode))) return {};
  return fail(ErrorKind::usage, "sysroot.missing", "the sysroot " + root + " is no folder that can be seen from here",
              "name the folder in which the machine's sys, proc and dev are: --sysroot, JOULEBOOK_SYSROOT");
}

}  // namespace joulebook
