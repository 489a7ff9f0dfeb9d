#include "physics/shape/shape_source.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "core/file_tree.h"
#include "fakes/tiny_gguf.h"
#include "physics/shape/counts.h"

namespace joulebook::physics {
namespace {

constexpr std::string_view kConfig =
    R"({"model_type":"llama","hidden_size":2048,"num_hidden_layers":16,"num_attention_heads":32,
        "num_key_value_heads":8,"head_dim":64,"intermediate_size":8192,"vocab_size":128256,
        "tie_word_embeddings":true})";

std::string folder(const std::string& name) {
  const std::string path = testing::TempDir() + "/" + name;
  std::filesystem::create_directories(path);
  return path;
}

TEST(ShapeSource, FilesFoldersAndNamesAreModels) {
  const std::string at = folder("Llama-3.2-1B");
  ASSERT_TRUE(write_file(at + "/config.json", kConfig));
  const std::string gguf = write_tiny_gguf(at + "/tiny.gguf");
  for (const auto& model : {at, at + "/config.json", std::string("meta-llama/Llama-3.2-1B")}) {
    const auto shape = read_shape(model);
    ASSERT_TRUE(shape) << shape.error().message;
    EXPECT_NEAR(static_cast<double>(total_parameters(*shape)), 1235814400, 1e-3 * 1235814400) << model;
    EXPECT_EQ(shape->name, "Llama-3.2-1B");
  }
  EXPECT_EQ(read_shape(gguf)->layer_count(), 2);
  // Whatever it is called.
  ASSERT_TRUE(write_file(at + "/shape", kConfig));
  EXPECT_EQ(read_shape(at + "/shape")->hidden, 2048);
  EXPECT_TRUE(read_shape("someone/Unheard-Of-9B")->synthesised);
  EXPECT_EQ(read_shape("Qwen/Qwen3-8B-FP8")->precision.mixer, 8);
}

TEST(ShapeSource, WhatIsNoModelSaysWhy) {
  const auto code = [](const std::string& model) {
    const auto shape = read_shape(model);
    if (!shape) EXPECT_FALSE(shape.error().cure.empty());
    return shape ? "none" : shape.error().code;
  };
  const std::string at = folder("nothing");
  EXPECT_EQ(code("./none.gguf"), "model.missing");
  EXPECT_EQ(code("/none/config.json"), "model.missing");
  EXPECT_EQ(code("Unheard-Of"), "shape.unknown");
  EXPECT_EQ(code("Lama-3.1-8B"), "shape.unknown");  // a slip, not a model of that size
  ASSERT_TRUE(write_file(at + "/text", "hello"));
  EXPECT_EQ(code(at + "/text"), "model.not_gguf");
  ASSERT_TRUE(write_file(at + "/broken.json", "{\"model_type\": "));
  EXPECT_EQ(code(at + "/broken.json"), "json.syntax");
}

}  // namespace
}  // namespace joulebook::physics
