// The embedded engine on the default model, SmolLM2-135M-Instruct.
#include <gmock/gmock.h>

#include <cstdlib>

#include "engine/engine.h"
#include "gguf/gguf_file.h"

namespace joulebook {
namespace {

std::string model_path() {
  const char* path = std::getenv("JOULEBOOK_TEST_MODEL");
  return path == nullptr ? std::string() : std::string(path);
}

TEST(RealModel, IsDescribedFromItsFile) {
  const auto file = read_gguf(model_path());
  ASSERT_TRUE(file.has_value()) << file.error().message;
  EXPECT_EQ(file->architecture(), "llama");
  EXPECT_EQ(file->layers(), 30);
  EXPECT_EQ(file->trained_context(), 8192);
  EXPECT_EQ(file->vocabulary(), 49152);
  EXPECT_NEAR(static_cast<double>(file->parameters()), 134.5e6, 1e6);
  // 30 layers x 3 KV heads x (64 + 64) x 2 bytes.
  EXPECT_EQ(file->kv_bytes_per_token(), 23040);
  EXPECT_EQ(file->quantisation().front().type, "Q4_1");
}

TEST(RealModel, AnswersThroughItsOwnTemplate) {
  auto engine = open_engine(model_path(), {});
  ASSERT_TRUE(engine.has_value()) << engine.error().message;
  EXPECT_EQ((*engine)->info().chat_template, "file");
  GenerateRequest request;
  request.user = "What is the capital of France?";
  request.max_tokens = 40;
  std::string heard;
  request.on_token = [&](const TokenEvent& e) { heard += e.text; };
  const auto out = (*engine)->generate_one(request);
  ASSERT_TRUE(out.has_value()) << out.error().message;
  EXPECT_THAT(out->answer, testing::HasSubstr("Paris"));
  EXPECT_EQ(heard, out->answer);
  EXPECT_EQ(out->reasoning_tokens, Tokens{0});
  EXPECT_EQ(out->finish, Finish::stop);
  request.on_token = nullptr;
  EXPECT_EQ((*engine)->generate_one(request)->answer, out->answer);
}

TEST(RealModel, AnswersManyAtOnce) {
  auto engine = open_engine(model_path(), {.sequences = 8});
  ASSERT_TRUE(engine.has_value()) << engine.error().message;
  GenerateRequest request;
  request.user = "What is the capital of France?";
  request.max_tokens = 24;
  const std::vector<GenerateRequest> requests(8, request);
  for (const auto& out : (*engine)->generate(requests)) {
    ASSERT_TRUE(out.has_value());
    EXPECT_THAT(out->answer, testing::HasSubstr("Paris"));
  }
}

}  // namespace
}  // namespace joulebook
