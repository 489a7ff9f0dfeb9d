#include "export/card/bundle.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "export/card/sha256.h"

namespace joulebook::card {
namespace {

std::vector<Part> parts_of(const std::vector<std::string>& contents) {
  std::vector<Part> parts;
  for (std::size_t i = 0; i < contents.size(); ++i) {
    parts.push_back({"part-" + std::to_string(i) + ".json", contents[i]});
  }
  return parts;
}

// Whether it reads, and each part has the digest that is listed.
bool sound(std::string_view bytes) {
  const auto parts = unpack(bytes);
  if (!parts) return false;
  std::string sums;
  for (const auto& part : *parts) {
    if (part.name != kSums) sums += sha256_hex(part.bytes) + "  " + std::string(part.name) + "\n";
  }
  return sums == parts->front().bytes;
}

TEST(Sha256, IsTheOneOfTheStandard) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Sha256 pieces;
  pieces.add("a");
  pieces.add("bc");
  EXPECT_EQ(pieces.hex(), sha256_hex("abc"));
}

RC_GTEST_PROP(Bundle, ReadsBackWhatWasPacked, (const std::vector<std::string>& contents)) {
  const auto parts = parts_of(contents);
  const auto bytes = pack(parts);
  RC_ASSERT(bytes.has_value());
  RC_ASSERT(*bytes == *pack(parts));
  const auto again = unpack(*bytes);
  RC_ASSERT(again.has_value());
  RC_ASSERT(again->size() == parts.size() + 1);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    RC_ASSERT((*again)[i + 1].name == parts[i].name);
    RC_ASSERT((*again)[i + 1].bytes == parts[i].bytes);
  }
  RC_ASSERT(sound(*bytes));
}

RC_GTEST_PROP(Bundle, AnyAlteredByteIsSeen, (const std::vector<std::string>& contents)) {
  auto bytes = *pack(parts_of(contents));
  const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
  const auto change = *rc::gen::inRange(1, 256);
  bytes[at] = static_cast<char>(static_cast<unsigned char>(bytes[at]) ^ static_cast<unsigned char>(change));
  RC_ASSERT(!sound(bytes));
}

RC_GTEST_PROP(Bundle, AnyCutIsSeen, (const std::vector<std::string>& contents)) {
  const auto bytes = *pack(parts_of(contents));
  const auto size = *rc::gen::inRange<std::size_t>(0, bytes.size());
  RC_ASSERT(!unpack(std::string_view(bytes).substr(0, size)).has_value());
  RC_ASSERT(!unpack(bytes + "x").has_value());
}

TEST(Bundle, NamesAreCheckedBothWays) {
  for (const char* name : {"", "/etc/passwd", "../x", ".x", "a b", "a\n", "SHA256SUMS"}) {
    EXPECT_EQ(pack(std::vector<Part>{{name, ""}}).error().code, "bundle.name") << name;
  }
  const std::vector<Part> twice = {{"a", ""}, {"a", ""}};
  EXPECT_EQ(pack(twice).error().code, "bundle.name");
  EXPECT_EQ(unpack("").error().code, "bundle.not_a_bundle");
  EXPECT_EQ(unpack("{}").error().code, "bundle.not_a_bundle");
  EXPECT_FALSE(unpack(std::string(10'240, '\0')).has_value());
}

// A size that the file does not hold makes no allocation and no read behind its end.
TEST(Bundle, ALyingSizeIsNoMemory) {
  std::string bytes = *pack(std::vector<Part>{{"a", "x"}});
  const std::size_t header = 2 * 512;  // behind SHA256SUMS
  bytes.replace(header + 124, 11, "77777777777");
  const auto read = unpack(bytes);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, "bundle.header");
}

}  // namespace
}  // namespace joulebook::card
