// An encoder of random weights in the embedded engine: vectors are of the shape's width, finite, of
// length 1, the same for the same text; a document finds itself. That is all that random weights know,
// and all that the way from a text to a rank needs to be right.
#include "study/programs/encoder.h"

#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <numeric>

#include "core/file_tree.h"
#include "fakes/known_encoder.h"
#include "physics/synth/made_up.h"

namespace joulebook {
namespace {

std::string made(std::uint64_t seed) {
  const std::string path = testing::TempDir() + "/encoder_" + std::to_string(seed) + ".gguf";
  const auto file = synth::make_up(*synth::find_made_up("all-MiniLM-L6-v2"), {{}, "heron nests"});
  EXPECT_TRUE(synth::write_weights(*file, seed, path));
  return path;
}

double product(const std::vector<float>& a, const std::vector<float>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

TEST(TextEncoder, GivesFiniteVectorsOfLengthOne) {
  auto encoder = TextEncoder::open(made(1));
  ASSERT_TRUE(encoder) << encoder.error().message;
  EXPECT_EQ(encoder->width(), 384U);
  for (const std::string text : {"The heron nests in March.", "?", "", "Größe 7 \u4e2d"}) {
    const auto vector = encoder->vector(text);
    ASSERT_TRUE(vector) << text << ": " << vector.error().message;
    ASSERT_EQ(vector->size(), 384U);
    EXPECT_NEAR(product(*vector, *vector), 1, 1e-5) << text;
    EXPECT_EQ(*vector, *encoder->vector(text)) << text;
  }
}

TEST(TextEncoder, ATextFindsItselfAndOneOfOtherWordsIsFarther) {
  auto encoder = TextEncoder::open(made(2));
  ASSERT_TRUE(encoder);
  const std::vector<std::string> texts = {"Rye flour holds little gluten.",
                                          "The heron nests in March.",
                                          "A red lamp means that the door is locked."};
  std::vector<std::vector<float>> vectors;
  for (const auto& text : texts) vectors.push_back(*encoder->vector(text));
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto order = nearest_vectors(vectors, *encoder->vector(texts[i]), 3);
    EXPECT_EQ(order.front(), i);
    EXPECT_LT(product(vectors[i], vectors[(i + 1) % texts.size()]), 0.999);
  }
}

// One that was taught: the engine's scalar products are those of its groups of words, whatever the words.
TEST(TextEncoder, OfKnownWeightsHasTheVectorsThatTheyMean) {
  const fakes::WordGroups groups = {{"car", "automobile"}, {"doctor", "physician"}, {"repair", "mend"}, {"house"}};
  const std::string path = testing::TempDir() + "/encoder_known.gguf";
  ASSERT_TRUE(write_file(path, fakes::known_encoder(groups)));
  auto encoder = TextEncoder::open(path);
  ASSERT_TRUE(encoder) << encoder.error().message;
  const std::vector<std::string> texts = {"The car needs repair.", "Mend an automobile!", "A physician in a house",
                                          "doctor doctor car", "Nothing of it"};
  std::vector<std::vector<float>> vectors;
  std::vector<std::vector<double>> known;
  for (const auto& text : texts) {
    vectors.push_back(*encoder->vector(text));
    known.push_back(fakes::known_vector(groups, text));
  }
  for (std::size_t i = 0; i < texts.size(); ++i) {
    for (std::size_t j = 0; j < texts.size(); ++j) {
      const double meant = std::inner_product(known[i].begin(), known[i].end(), known[j].begin(), 0.0);
      EXPECT_NEAR(product(vectors[i], vectors[j]), meant, 1e-4) << texts[i] << " / " << texts[j];
    }
  }
}

TEST(TextEncoder, CutsATextThatIsLongerThanItsContext) {
  auto encoder = TextEncoder::open(made(1));
  ASSERT_TRUE(encoder);
  std::string text;
  for (int i = 0; i < 900; ++i) text += "heron ";
  EXPECT_TRUE(encoder->vector(text));
}

TEST(TextEncoder, RefusesWhatIsNoEncoder) {
  const auto none = TextEncoder::open("/nonexistent.gguf");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, "encoder.file");
  const std::string path = testing::TempDir() + "/encoder_text.gguf";
  std::ofstream(path) << "no model";
  EXPECT_EQ(TextEncoder::open(path).error().code, "encoder.file");
  const auto speaker = synth::make_up(*synth::find_made_up("pocket-tts"), {});
  ASSERT_TRUE(synth::write_weights(*speaker, 1, path));
  EXPECT_EQ(TextEncoder::open(path).error().code, "encoder.pooling");
}

TEST(NearestVectors, AreByProductAndThenByPlace) {
  const std::vector<std::vector<float>> vectors = {{0, 1}, {1, 0}, {0.6F, 0.8F}, {1, 0}};
  EXPECT_THAT(nearest_vectors(vectors, {1, 0}, 3), testing::ElementsAre(1, 3, 2));
  EXPECT_THAT(nearest_vectors(vectors, {0, 1}, 9), testing::ElementsAre(0, 2, 1, 3));
  EXPECT_THAT(nearest_vectors({}, {0, 1}, 9), testing::IsEmpty());
}

}  // namespace
}  // namespace joulebook
