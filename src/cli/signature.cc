#include "cli/signature.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "core/file_tree.h"
#include "core/text.h"

namespace joulebook {
namespace {

struct Ended {
  int code = -1;
  std::string said;  // standard output and standard error
};

// Runs a program of the PATH. `input`: its standard input; empty: this process's own.
Result<Ended> run_program(const std::vector<std::string>& words, const std::string& input) {
  std::array<int, 2> pipe{};
  if (pipe2(pipe.data(), O_CLOEXEC) != 0) {
    return fail(ErrorKind::resource, "signature.program", std::strerror(errno), "close some files");
  }
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  if (!input.empty()) posix_spawn_file_actions_addopen(&files, 0, input.c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, pipe[1], 1);
  posix_spawn_file_actions_adddup2(&files, pipe[1], 2);
  std::vector<std::string> copies = words;
  std::vector<char*> argv;
  for (auto& word : copies) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t pid = 0;
  const int failed = posix_spawnp(&pid, argv[0], &files, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  close(pipe[1]);
  Ended ended;
  std::array<char, 4096> buffer{};
  for (ssize_t n = 0; failed == 0 && (n = read(pipe[0], buffer.data(), buffer.size())) != 0;) {
    if (n < 0 && errno != EINTR) break;
    if (n > 0 && ended.said.size() < 65536) ended.said.append(buffer.data(), static_cast<std::size_t>(n));
  }
  close(pipe[0]);
  if (failed != 0) {
    return fail(ErrorKind::engine, "signature.program", words[0] + ": " + std::strerror(failed),
                "install " + words[0] + " (ssh-keygen comes with OpenSSH)");
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  ended.said = std::string(trim(ended.said));
  return ended;
}

enum class Sort { ssh, minisign };

// A minisign key or signature begins with a comment that says so; every ssh one has a header line.
Result<Sort> sort_of(const std::string& path, const char* code, const char* what) {
  const auto text = read_file(path);
  if (!text) return fail(text.error());
  if (text->starts_with("untrusted comment:")) return Sort::minisign;
  if (text->find("-----BEGIN ") != std::string::npos) return Sort::ssh;
  return fail(code == std::string_view("signature.key") ? ErrorKind::usage : ErrorKind::input, code,
              path + " is no " + what + " of ssh-keygen or minisign",
              "ssh-keygen -t ed25519 -f KEY makes a key, joulebook card sign FILE --key KEY a signature");
}

bool exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

}  // namespace

Result<std::string> sign_file(const std::string& file, const std::string& key) {
  const auto sort = sort_of(key, "signature.key", "private key");
  if (!sort) return fail(sort.error());
  if (const auto readable = read_file(file); !readable) return fail(readable.error());
  const std::string signature = file + (*sort == Sort::ssh ? ".sig" : ".minisig");
  if (exists(signature)) {
    return fail(ErrorKind::usage, "signature.exists", signature + " is there already",
                "remove it, or keep it: it is not written over");
  }
  const std::vector<std::string> words =
      *sort == Sort::ssh
          ? std::vector<std::string>{"ssh-keygen", "-Y", "sign", "-f", key, "-n", kSignatureNamespace, file}
          : std::vector<std::string>{"minisign", "-S", "-s", key, "-m", file, "-x", signature};
  const auto ended = run_program(words, "");
  if (!ended) return fail(ended.error());
  if (ended->code != 0 || !exists(signature)) {
    return fail(ErrorKind::engine, "signature.program", words[0] + " did not sign: " + ended->said,
                "name a private key of your own, and give its passphrase");
  }
  return signature;
}

Result<SignatureCheck> check_signature(const SignedFile& what) {
  const auto sort = sort_of(what.signature, "signature.format", "signature");
  if (!sort) return fail(sort.error());
  if (what.signers.empty()) {
    return fail(ErrorKind::usage, "signature.signers", "it is not said whose signature would do",
                "--signers FILE: allowed_signers of ssh, or the public key of minisign");
  }
  if (const auto signers = read_file(what.signers); !signers) return fail(signers.error());
  if (*sort == Sort::ssh && what.identity.empty()) {
    return fail(ErrorKind::usage, "signature.identity", "it is not said who must have signed",
                "--identity NAME, as in the first column of the allowed_signers file");
  }
  const bool ssh = *sort == Sort::ssh;
  const std::vector<std::string> words =
      ssh ? std::vector<std::string>{"ssh-keygen", "-Y", "verify", "-f", what.signers, "-I", what.identity,
                                     "-n", kSignatureNamespace, "-s", what.signature}
          : std::vector<std::string>{"minisign", "-V", "-p", what.signers, "-m", what.file, "-x", what.signature};
  const auto ended = run_program(words, ssh ? what.file : "");
  if (!ended) return fail(ended.error());
  const std::string said = ended->said.empty() ? words[0] + " says no" : ended->said;
  return SignatureCheck{ended->code == 0, said};
}

}  // namespace joulebook
