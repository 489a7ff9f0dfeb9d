// Any bytes as a card's bundle, or as one of its parts behind sound headers and digests. Whatever they say,
// the check ends, needs no more memory than the bytes, and finds a fault unless they are the bundle that a
// maker writes.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "export/card/make.h"
#include "export/card/verify.h"

namespace joulebook::card {
namespace {

// The input between its zero bytes, as the parts of a bundle with digests that are right.
std::string framed(std::string_view bytes) {
  constexpr std::string_view kNames[] = {kCardPart, kStatementPart, "records/run-1.json", kWindowsPart, kRequestsPart};
  std::vector<Part> parts;
  for (const auto name : kNames) {
    const std::size_t end = std::min(bytes.find('\0'), bytes.size());
    parts.push_back({std::string(name), std::string(bytes.substr(0, end))});
    bytes.remove_prefix(std::min(bytes.size(), end + 1));
  }
  return pack(parts).value_or(std::string());
}

void check(std::string_view bundle) {
  const auto v = verify_bundle(bundle, {}, {});
  if (v.verdict == Verdict::failed && v.faults.empty()) std::abort();
  if (v.faults.size() > kMostFaults) std::abort();
  const auto parts = unpack(bundle);
  if (!parts) return;
  // What it takes is the one encoding of its parts.
  std::vector<Part> copies;
  for (const auto& part : *parts) {
    if (part.name != kSums) copies.push_back({std::string(part.name), std::string(part.bytes)});
  }
  const auto again = pack(copies);
  if (!again || (v.verdict == Verdict::verified && *again != bundle)) std::abort();
}

}  // namespace
}  // namespace joulebook::card

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 0) {
    joulebook::card::check(bytes);
  } else {
    joulebook::card::check(joulebook::card::framed(bytes));
  }
  if (joulebook::card::verify_alone(bytes).verdict == joulebook::card::Verdict::verified) std::abort();
  return 0;
}
