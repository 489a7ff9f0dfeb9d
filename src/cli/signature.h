#pragma once
// Signatures of files by the user's own key: `ssh-keygen -Y` or minisign, run as programs of their own.
// Joulebook holds no key and reads none.
#include <joulebook/result.h>

#include <string>

namespace joulebook {

// The namespace of ssh signatures (ssh-keygen's -n): a signature made for something else is none here.
inline constexpr const char* kSignatureNamespace = "joulebook";

// Signs `file` with the private key in `key`, asking for its passphrase where it has one. Returns the
// signature's file: `file`.sig (ssh) or `file`.minisig. Errors: usage "signature.key" (a key of neither
// sort), "signature.exists"; engine "signature.program" (not installed, or it refused).
[[nodiscard]] Result<std::string> sign_file(const std::string& file, const std::string& key);

struct SignedFile {
  std::string file, signature, signers, identity;
};
struct SignatureCheck {
  bool good = false;
  std::string sentence;  // what the program said
};
// Errors: usage "signature.signers", "signature.identity" (not named); input "signature.format";
// engine "signature.program". A signature that does not hold is no error.
[[nodiscard]] Result<SignatureCheck> check_signature(const SignedFile& what);

}  // namespace joulebook
