// Files of shapes that are no language models: as large as the published models, the same bytes for
// the same seed, and read back. What the engine makes of them: made_up_engine_test.cc.
#include "physics/synth/made_up.h"

#include <gmock/gmock.h>

#include <cstring>
#include <filesystem>
#include <map>

#include "core/file_tree.h"
#include "gguf/gguf_file.h"

namespace joulebook::synth {
namespace {

using testing::HasSubstr;

std::string path_of(std::string_view name) {
  return testing::TempDir() + "/made_up_" + std::string(name);
}

std::string written(std::string_view name, std::uint64_t seed, const MadeUpOptions& options = {}) {
  const std::string path = path_of(name);
  const auto file = make_up(*find_made_up(name), options);
  EXPECT_EQ(*write_weights(*file, seed, path), file->bytes());
  auto bytes = *read_file(path);
  EXPECT_EQ(bytes.size(), file->bytes());
  return bytes;
}

// Millions of parameters as published: the model cards of sentence-transformers (22.7, with a
// pooling layer of 0.15 that BERT brings and a mean needs not), SmolVLM (93), Whisper (37.76: its
// word table counts once), Pocket TTS ("100M parameters"; its Mimi has 19 of them), and Stable Diffusion 1.5
// (859.52 of its U-Net, 123.06 of its text encoder, 49.49 of its decoder, as diffusers counts them).
TEST(MadeUp, IsAsLargeAsThePublishedModel) {
  const std::map<std::string_view, double> published = {{"all-MiniLM-L6-v2", 22.57},
                                                        {"SmolVLM-256M", 134.6},
                                                        {"SmolVLM-256M-mmproj", 93.5},
                                                        {"whisper-tiny.en", 37.76},
                                                        {"pocket-tts", 79.6},
                                                        {"pocket-tts-mmproj", 29.9},
                                                        {"stable-diffusion-v1-5", 1032.07}};
  ASSERT_EQ(made_up_shapes().size(), published.size());
  for (const auto& shape : made_up_shapes()) {
    const auto file = make_up(shape, {});
    ASSERT_TRUE(file) << shape.name;
    EXPECT_NEAR(static_cast<double>(file->parameters()) * 1e-6, published.at(shape.name), 0.1)
        << shape.name;
  }
}

TEST(MadeUp, OfOneSeedIsTheSameBytes) {
  for (const std::string_view name : {"all-MiniLM-L6-v2", "whisper-tiny.en"}) {
    const std::string once = written(name, 3);
    EXPECT_EQ(once, written(name, 3)) << name;
    EXPECT_NE(once, written(name, 4)) << name;
  }
}

// Of a file of gigabytes the head alone is written, and the rest is a hole.
void write_head(const MadeUpShape& shape) {
  const auto file = make_up(shape, {});
  ASSERT_TRUE(write_file(path_of(shape.name), file->header));
  std::filesystem::resize_file(path_of(shape.name), file->bytes());
}

TEST(MadeUp, IsReadBackAsItsTensors) {
  for (const auto& shape : made_up_shapes()) {
    if (shape.name.starts_with("whisper")) continue;
    constexpr std::uint64_t kGigabyte = 1'000'000'000;
    if (make_up(shape, {})->bytes() > kGigabyte) {
      write_head(shape);
    } else {
      written(shape.name, 1);
    }
    const auto read = read_gguf(path_of(shape.name));
    ASSERT_TRUE(read) << shape.name << ": " << read.error().message;
    EXPECT_EQ(read->tensors.size(), make_up(shape, {})->tensors.size()) << shape.name;
  }
}

// Whisper's format: numbers at the start, then tensors that name themselves to the file's end.
TEST(MadeUp, WhispersTensorsFillTheirFile) {
  const std::string bytes = written("whisper-tiny.en", 1);
  const auto file = make_up(*find_made_up("whisper-tiny.en"), {});
  const auto number = [&](std::size_t at) {
    std::int32_t n = 0;
    std::memcpy(&n, bytes.data() + at, sizeof n);
    return n;
  };
  EXPECT_EQ(number(0), 0x67676d6c);
  EXPECT_EQ(number(4), 51864);
  std::size_t at = file->header.size();
  for (const auto& tensor : file->tensors) {
    ASSERT_EQ(number(at), std::ssize(tensor.spec.shape));
    const auto length = static_cast<std::size_t>(number(at + 4));
    at += 12 + 4 * tensor.spec.shape.size();
    ASSERT_EQ(bytes.substr(at, length), tensor.spec.name);
    at += length + tensor.spec.bytes();
  }
  EXPECT_EQ(at, bytes.size());
}

// The row of the word that ends a text is zero, its neighbours are not.
TEST(MadeUp, TheWordThatEndsATextNeverWins) {
  const std::string bytes = written("whisper-tiny.en", 1);
  constexpr std::size_t kRow = 384 * 2, kEnd = 50256;
  const std::string name = "decoder.token_embedding.weight";
  const std::size_t table = bytes.find(name) + name.size();
  const auto row = [&](std::size_t i) { return bytes.substr(table + i * kRow, kRow); };
  EXPECT_EQ(row(kEnd), std::string(kRow, '\0'));
  for (const std::size_t i : {std::size_t{0}, kEnd - 1, kEnd + 1, std::size_t{51863}}) {
    EXPECT_NE(row(i), std::string(kRow, '\0')) << i;
  }
}

TEST(MadeUp, AnEncoderKnowsTheWordsItWasTold) {
  const auto shape = *find_made_up("all-minilm-l6-v2");
  EXPECT_THAT(make_up(shape, {{}, "The Heron's nest"})->header, HasSubstr("\u2581heron"));
  EXPECT_THAT(make_up(shape, {})->header, testing::Not(HasSubstr("\u2581heron")));
}

TEST(MadeUp, RefusesAnUnknownTypeAndNamesTheKnown) {
  const auto file = make_up(*find_made_up("pocket-tts"), {"q9", {}});
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, "synth.weights");
  EXPECT_THAT(file.error().cure, HasSubstr("q8_0"));
  EXPECT_EQ(find_made_up("pocket"), nullptr);
}

}  // namespace
}  // namespace joulebook::synth
