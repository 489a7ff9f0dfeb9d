#include "gguf/gguf_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <filesystem>
#include <fstream>

#include "gguf/byte_source.h"
#include "fakes/tiny_gguf.h"

namespace joulebook {
namespace {

std::string code_of(const Result<GgufFile>& result) {
  return result.has_value() ? "" : result.error().code;
}

std::string temp(const std::string& name) { return testing::TempDir() + "/gguf_" + name; }

void append(std::string& out, std::uint64_t n, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(n >> (8 * i));
}

TEST(Gguf, DescribesTheGeneratedModel) {
  const auto file = parse_gguf(tiny_gguf(), "tiny");
  ASSERT_TRUE(file.has_value()) << file.error().message;
  EXPECT_EQ(file->architecture(), "llama");
  EXPECT_EQ(file->layers(), 2);
  EXPECT_EQ(file->trained_context(), 256);
  EXPECT_EQ(file->vocabulary(), kTinyVocabulary);
  // Per layer: q, o 32x32 each; k, v 32x16 each; three 32x64; two norms of 32.
  const std::int64_t layer = 2 * 32 * 32 + 2 * 32 * 16 + 3 * 32 * 64 + 2 * 32;
  EXPECT_EQ(file->parameters(), 2 * layer + 2 * 32 * kTinyVocabulary + 32);
  EXPECT_EQ(file->tensor_bytes(), 4 * file->parameters());
  // 2 layers x 1 KV head x (16 + 16) x 2 bytes.
  EXPECT_EQ(file->kv_bytes_per_token(), 128);
  const auto quant = file->quantisation();
  ASSERT_EQ(quant.size(), 1U);
  EXPECT_EQ(quant[0].type, "F32");
  EXPECT_EQ(quant[0].tensors, 2 * 9 + 3);
}

TEST(Gguf, CutAtAnyByteIsTruncatedNeverAccepted) {
  TinyModel small;
  small.layers = 1;
  const std::string whole = tiny_gguf(small);
  const auto header = parse_gguf(whole, "x")->data_offset;
  EXPECT_EQ(code_of(parse_gguf("", "x")), "model.empty");
  for (std::size_t n = 1; n < whole.size(); n += n < header ? 1 : 97) {
    ASSERT_EQ(code_of(parse_gguf(std::string_view(whole).substr(0, n), "x")), "model.truncated")
        << "at byte " << n;
  }
  EXPECT_EQ(code_of(parse_gguf(std::string_view(whole).substr(0, whole.size() - 1), "x")),
            "model.truncated");
}

TEST(Gguf, FileAndMemoryReadAlikeAndFilesAreJudgedByTheirKind) {
  const std::string path = write_tiny_gguf(temp("tiny.gguf"));
  const auto from_file = read_gguf(path);
  ASSERT_TRUE(from_file.has_value());
  EXPECT_EQ(from_file->parameters(), parse_gguf(tiny_gguf(), "x")->parameters());
  EXPECT_EQ(from_file->metadata.size(), parse_gguf(tiny_gguf(), "x")->metadata.size());
  EXPECT_EQ(code_of(read_gguf(temp("nowhere"))), "model.missing");
  EXPECT_EQ(code_of(read_gguf(testing::TempDir())), "model.directory");
  EXPECT_EQ(code_of(read_gguf("/dev/null")), "model.not_gguf");
  std::ofstream(temp("empty")).close();
  EXPECT_EQ(code_of(read_gguf(temp("empty"))), "model.empty");
  std::ofstream(temp("html")) << "<html>404</html>";
  EXPECT_EQ(code_of(read_gguf(temp("html"))), "model.not_gguf");
}

TEST(Gguf, RefusesHeadersThatMakeNoSense) {
  std::string version = tiny_gguf();
  version[4] = 9;
  EXPECT_EQ(code_of(parse_gguf(version, "x")), "model.not_gguf");
  std::string many_pairs = tiny_gguf();
  many_pairs[16 + 5] = 1;
  EXPECT_EQ(code_of(parse_gguf(many_pairs, "x")), "model.not_gguf");
  std::string many_tensors = tiny_gguf();
  many_tensors[8 + 5] = 1;
  EXPECT_EQ(code_of(parse_gguf(many_tensors, "x")), "model.truncated");
}

RC_GTEST_PROP(GgufFuzz, FlippedBytesNeverCrashAndKeepSumsInRange, ()) {
  static const std::string whole = tiny_gguf({.layers = 1});
  static const auto header = parse_gguf(whole, "x")->data_offset;
  std::string bytes = whole;
  const int flips = *rc::gen::inRange(1, 8);
  for (int i = 0; i < flips; ++i) {
    const auto at = *rc::gen::inRange<std::size_t>(0, header);
    bytes[at] = *rc::gen::arbitrary<char>();
  }
  const auto file = parse_gguf(bytes, "x");
  if (!file) {
    RC_ASSERT(file.error().code.starts_with("model."));
    RC_ASSERT(!file.error().cure.empty());
    return;
  }
  RC_ASSERT(file->parameters() >= 0);
  RC_ASSERT(file->kv_bytes_per_token() >= 0);
  RC_ASSERT(file->tensor_bytes() >= 0);
}

// Metadata only, to try the attention shapes of other architectures.
std::string attention(const std::vector<std::pair<std::string, std::uint32_t>>& numbers,
                      const std::vector<std::uint32_t>& heads_by_layer = {}) {
  std::string out = "GGUF";
  append(out, 3, 4);
  append(out, 0, 8);
  append(out, 1 + numbers.size() + (heads_by_layer.empty() ? 0 : 1), 8);
  const auto key = [&](const std::string& name, std::uint64_t type) {
    append(out, name.size(), 8);
    out += name;
    append(out, type, 4);
  };
  key("general.architecture", 8);
  append(out, 1, 8);
  out += "a";
  for (const auto& [name, n] : numbers) {
    key("a." + name, 4);
    append(out, n, 4);
  }
  if (!heads_by_layer.empty()) {
    key("a.attention.head_count_kv", 9);
    append(out, 4, 4);
    append(out, heads_by_layer.size(), 8);
    for (const auto n : heads_by_layer) append(out, n, 4);
  }
  return out;
}

TEST(Gguf, KvBytesFollowTheAttention) {
  const auto kv = [](const std::string& bytes) {
    return parse_gguf(bytes, "x").value().kv_bytes_per_token();
  };
  // Llama 3.1 8B: 32 layers, 8 KV heads of 128: 128 KiB a token.
  EXPECT_EQ(kv(attention({{"block_count", 32},
                          {"embedding_length", 4096},
                          {"attention.head_count", 32},
                          {"attention.head_count_kv", 8}})),
            131072);
  // Without grouping every query head has its own.
  EXPECT_EQ(kv(attention(
                {{"block_count", 32}, {"embedding_length", 4096}, {"attention.head_count", 32}})),
            524288);
  // DeepSeek V3: 61 layers of one latent of 512 + 64.
  EXPECT_EQ(kv(attention({{"block_count", 61},
                          {"attention.head_count", 128},
                          {"attention.head_count_kv", 1},
                          {"attention.key_length", 576},
                          {"attention.value_length", 512},
                          {"attention.key_length_mla", 192}})),
            61 * 576 * 2);
  // A hybrid: attention in two layers of four.
  EXPECT_EQ(kv(attention({{"block_count", 4},
                          {"attention.head_count", 8},
                          {"attention.key_length", 64},
                          {"attention.value_length", 64}},
                         {0, 2, 0, 2})),
            2 * 2 * 128 * 2);
  // A state-space model has none.
  EXPECT_EQ(kv(attention({{"block_count", 24}, {"embedding_length", 768}})), 0);
}

TEST(ByteSource, ReadsAcrossItsBufferAndStopsAtTheEnd) {
  const std::string path = temp("bytes");
  std::string content;
  for (int i = 0; i < 200000; ++i) content += static_cast<char>(i * 31);
  std::ofstream(path, std::ios::binary) << content;
  const auto file = std::unique_ptr<FILE, int (*)(FILE*)>(fopen(path.c_str(), "rb"), fclose);
  ByteSource source(fileno(file.get()), content.size());
  std::string got(65530, '\0');
  ASSERT_TRUE(source.read(got.data(), got.size()));
  std::string across(20, '\0');
  ASSERT_TRUE(source.read(across.data(), across.size()));
  EXPECT_EQ(across, content.substr(65530, 20));
  ASSERT_TRUE(source.skip(100000));
  std::string rest(source.remaining(), '\0');
  ASSERT_TRUE(source.read(rest.data(), rest.size()));
  EXPECT_EQ(rest, content.substr(165550));
  char more = 0;
  EXPECT_FALSE(source.number(more));
}

}  // namespace
}  // namespace joulebook
