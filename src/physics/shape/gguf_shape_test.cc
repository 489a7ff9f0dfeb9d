// Headers of GGUF files, made as llama.cpp's converter names them, against published totals.
#include "physics/shape/gguf_shape.h"

#include <gmock/gmock.h>

#include "fakes/tiny_gguf.h"
#include "gguf/gguf_types.h"
#include "physics/shape/catalogue.h"
#include "physics/shape/counts.h"

namespace joulebook::physics {
namespace {

using testing::HasSubstr;

constexpr std::uint32_t kF32 = 0, kQ8 = 8, kQ4K = 12, kQ6K = 14, kMxfp4 = 39;

class Header {
 public:
  explicit Header(std::string architecture) : arch_(std::move(architecture)) {
    file_.metadata["general.architecture"] = arch_;
  }
  Header& set(const std::string& key, std::int64_t n) {
    file_.metadata[arch_ + "." + key] = n;
    return *this;
  }
  Header& add(std::string name, std::uint32_t type, std::vector<std::uint64_t> shape) {
    GgufTensor t{std::move(name), type, std::move(shape), 0, 1, 0};
    for (const auto n : t.shape) t.parameters *= n;
    const auto* known = gguf_type(type);
    t.bytes = t.parameters / known->block * known->bytes;
    file_.tensors.push_back(std::move(t));
    return *this;
  }
  [[nodiscard]] const GgufFile& file() const { return file_; }

 private:
  std::string arch_;
  GgufFile file_;
};

// Llama-3.1-8B in Q4_K, its head in Q6_K.
Header llama() {
  Header h("llama");
  h.set("embedding_length", 4096).set("attention.head_count", 32).set("attention.head_count_kv", 8);
  h.set("block_count", 32).set("context_length", 131072);
  h.add("token_embd.weight", kQ4K, {4096, 128256}).add("output.weight", kQ6K, {4096, 128256});
  h.add("output_norm.weight", kF32, {4096});
  for (int i = 0; i < 32; ++i) {
    const auto p = "blk." + std::to_string(i) + ".";
    h.add(p + "attn_norm.weight", kF32, {4096}).add(p + "ffn_norm.weight", kF32, {4096});
    h.add(p + "attn_q.weight", kQ4K, {4096, 4096}).add(p + "attn_output.weight", kQ4K, {4096, 4096});
    h.add(p + "attn_k.weight", kQ4K, {4096, 1024}).add(p + "attn_v.weight", kQ6K, {4096, 1024});
    h.add(p + "ffn_gate.weight", kQ4K, {4096, 14336}).add(p + "ffn_up.weight", kQ4K, {4096, 14336});
    h.add(p + "ffn_down.weight", kQ6K, {14336, 4096});
  }
  return h;
}

TEST(GgufShape, ADenseModelIsExactAndItsBitsAreTheTensors) {
  const auto header = llama();
  const auto shape = shape_from_gguf(header.file(), "it");
  ASSERT_TRUE(shape) << shape.error().message;
  EXPECT_EQ(total_parameters(*shape), 8030261248);
  EXPECT_EQ(kv_bytes_per_token(*shape), 131072);
  EXPECT_EQ(shape->trained_context, 131072);
  EXPECT_DOUBLE_EQ(shape->precision.embedding, 4.5);
  EXPECT_DOUBLE_EQ(shape->precision.head, 6.5625);
  EXPECT_DOUBLE_EQ(shape->precision.feed_forward, (2 * 4.5 + 6.5625) / 3);
  EXPECT_NEAR(weight_bytes_stored(*shape) / static_cast<double>(header.file().tensor_bytes()), 1, 1e-3);
}

// gpt-oss-20b: its experts in MXFP4, the rest in 8 bits.
TEST(GgufShape, ExpertsAreCountedFromTheirTensors) {
  Header h("gpt-oss");
  h.set("embedding_length", 2880).set("attention.head_count", 64).set("attention.head_count_kv", 8);
  h.set("attention.key_length", 64).set("attention.value_length", 64);
  h.set("attention.sliding_window", 128).set("expert_used_count", 4);
  h.add("token_embd.weight", kQ8, {2880, 201088}).add("output.weight", kQ8, {2880, 201088});
  for (int i = 0; i < 24; ++i) {
    const auto p = "blk." + std::to_string(i) + ".";
    h.add(p + "attn_norm.weight", kF32, {2880}).add(p + "post_attention_norm.weight", kF32, {2880});
    h.add(p + "attn_q.weight", kQ8, {2880, 4096}).add(p + "attn_output.weight", kQ8, {4096, 2880});
    h.add(p + "attn_k.weight", kQ8, {2880, 512}).add(p + "attn_v.weight", kQ8, {2880, 512});
    h.add(p + "ffn_gate_inp.weight", kF32, {2880, 32});
    for (const auto* part : {"ffn_gate_exps.weight", "ffn_up_exps.weight", "ffn_down_exps.weight"}) {
      h.add(p + part, kMxfp4, {2880, 2880, 32});
    }
  }
  const auto shape = shape_from_gguf(h.file(), "it");
  ASSERT_TRUE(shape) << shape.error().message;
  EXPECT_NEAR(static_cast<double>(total_parameters(*shape)), 20.91e9, 0.01 * 20.91e9);
  const auto& row = find_model("gpt-oss-20b")->shape;
  EXPECT_EQ(kv_bytes_read(*shape, 5000), kv_bytes_read(row, 5000));
  EXPECT_EQ(count_parameters(*shape).experts, count_parameters(row).experts);
  EXPECT_DOUBLE_EQ(shape->precision.experts, 4.25);
  EXPECT_DOUBLE_EQ(shape->precision.mixer, 8.5);
}

TEST(GgufShape, ContradictionsAndUnknownTensorsAreNamed) {
  Header wide = llama();
  wide.set("attention.head_count_kv", 16);  // what the tensors don't hold
  const auto contradiction = shape_from_gguf(wide.file(), "it");
  ASSERT_FALSE(contradiction);
  EXPECT_EQ(contradiction.error().code, "shape.contradiction");
  EXPECT_THAT(contradiction.error().message, HasSubstr("disagree"));
  Header other("mystery");
  other.set("embedding_length", 8).add("token_embd.weight", kF32, {8, 16});
  other.add("blk.0.swirl.weight", kF32, {8, 8});
  const auto unknown = shape_from_gguf(other.file(), "it");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, "shape.architecture");
  EXPECT_THAT(unknown.error().message, HasSubstr("'mystery' has no tensor that is known"));
}

TEST(GgufShape, AFileOnDiskReadsAlike) {
  const auto file = parse_gguf(tiny_gguf(), "tiny");
  ASSERT_TRUE(file);
  const auto shape = shape_from_gguf(*file, "tiny");
  ASSERT_TRUE(shape) << shape.error().message;
  EXPECT_EQ(total_parameters(*shape), file->parameters());
  EXPECT_EQ(kv_bytes_per_token(*shape), file->kv_bytes_per_token());
  EXPECT_EQ(shape->precision.mixer, 32);
}

}  // namespace
}  // namespace joulebook::physics
