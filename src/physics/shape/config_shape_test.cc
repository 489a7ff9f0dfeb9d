// config.json against published totals, against the catalogue's row of the same model, and against
// what cannot be.
#include "physics/shape/config_shape.h"

#include <gmock/gmock.h>

#include "physics/shape/catalogue.h"
#include "physics/shape/counts.h"

namespace joulebook::physics {
namespace {

using testing::HasSubstr;

struct Published {
  const char* name;       // of the catalogue; empty: not there
  double total;           // parameters, as published (safetensors index or paper)
  const char* config;
};

// Each as its repository has it, tokens and initialisers left out.
constexpr Published kPublished[] = {
    {"Llama-3.1-8B", 8030261248.0,
     R"({"model_type":"llama","hidden_size":4096,"num_hidden_layers":32,"num_attention_heads":32,
         "num_key_value_heads":8,"intermediate_size":14336,"vocab_size":128256,"attention_bias":false,
         "mlp_bias":false,"tie_word_embeddings":false,"max_position_embeddings":131072,
         "torch_dtype":"bfloat16"})"},
    {"Llama-3.2-1B", 1235814400.0,
     R"({"model_type":"llama","hidden_size":2048,"num_hidden_layers":16,"num_attention_heads":32,
         "num_key_value_heads":8,"head_dim":64,"intermediate_size":8192,"vocab_size":128256,
         "tie_word_embeddings":true})"},
    {"SmolLM2-135M", 134515008.0,
     R"({"architectures":["LlamaForCausalLM"],"hidden_size":576,"num_hidden_layers":30,
         "num_attention_heads":9,"num_key_value_heads":3,"intermediate_size":1536,
         "vocab_size":49152,"tie_word_embeddings":true})"},
    {"Mistral-7B-v0.1", 7241732096.0,
     R"({"model_type":"mistral","hidden_size":4096,"num_hidden_layers":32,"num_attention_heads":32,
         "num_key_value_heads":8,"intermediate_size":14336,"vocab_size":32000,
         "sliding_window":4096})"},
    {"Mixtral-8x7B-v0.1", 46702792704.0,
     R"({"model_type":"mixtral","hidden_size":4096,"num_hidden_layers":32,"num_attention_heads":32,
         "num_key_value_heads":8,"intermediate_size":14336,"vocab_size":32000,"num_local_experts":8,
         "num_experts_per_tok":2,"sliding_window":null})"},
    {"Qwen2.5-7B", 7615616512.0,
     R"({"model_type":"qwen2","hidden_size":3584,"num_hidden_layers":28,"num_attention_heads":28,
         "num_key_value_heads":4,"intermediate_size":18944,"vocab_size":152064,
         "sliding_window":131072,"use_sliding_window":false,"max_window_layers":28,
         "tie_word_embeddings":false})"},
    {"Qwen3-8B", 8190735360.0,
     R"({"model_type":"qwen3","hidden_size":4096,"num_hidden_layers":36,"num_attention_heads":32,
         "num_key_value_heads":8,"head_dim":128,"intermediate_size":12288,"vocab_size":151936,
         "tie_word_embeddings":false})"},
    {"Qwen3-30B-A3B", 30532122624.0,
     R"({"model_type":"qwen3_moe","hidden_size":2048,"num_hidden_layers":48,"num_attention_heads":32,
         "num_key_value_heads":4,"head_dim":128,"intermediate_size":6144,"moe_intermediate_size":768,
         "num_experts":128,"num_experts_per_tok":8,"decoder_sparse_step":1,"mlp_only_layers":[],
         "vocab_size":151936,"tie_word_embeddings":false})"},
    {"Qwen1.5-MoE-A2.7B", 14315784192.0,
     R"({"model_type":"qwen2_moe","hidden_size":2048,"num_hidden_layers":24,"num_attention_heads":16,
         "num_key_value_heads":16,"intermediate_size":5632,"moe_intermediate_size":1408,
         "shared_expert_intermediate_size":5632,"num_experts":60,"num_experts_per_tok":4,
         "decoder_sparse_step":1,"vocab_size":151936,"tie_word_embeddings":false})"},
    {"Gemma-2-2b", 2614341888.0,
     R"({"model_type":"gemma2","hidden_size":2304,"num_hidden_layers":26,"num_attention_heads":8,
         "num_key_value_heads":4,"head_dim":256,"intermediate_size":9216,"vocab_size":256000,
         "sliding_window":4096})"},
    {"Gemma-3-1b-it", 999885952.0,
     R"({"model_type":"gemma3_text","hidden_size":1152,"num_hidden_layers":26,
         "num_attention_heads":4,"num_key_value_heads":1,"head_dim":256,"intermediate_size":6912,
         "vocab_size":262144,"sliding_window":512,"sliding_window_pattern":6})"},
    {"phi-2", 2779683840.0,
     R"({"model_type":"phi","hidden_size":2560,"num_hidden_layers":32,"num_attention_heads":32,
         "num_key_value_heads":32,"intermediate_size":10240,"vocab_size":51200,
         "tie_word_embeddings":false})"},
    {"Phi-3-mini-4k-instruct", 3821079552.0,
     R"({"model_type":"phi3","hidden_size":3072,"num_hidden_layers":32,"num_attention_heads":32,
         "num_key_value_heads":32,"intermediate_size":8192,"vocab_size":32064,
         "sliding_window":2047,"tie_word_embeddings":false})"},
    {"DeepSeek-V2-Lite", 15706484224.0,
     R"({"model_type":"deepseek_v2","hidden_size":2048,"num_hidden_layers":27,
         "num_attention_heads":16,"num_key_value_heads":16,"intermediate_size":10944,
         "moe_intermediate_size":1408,"n_routed_experts":64,"n_shared_experts":2,
         "num_experts_per_tok":6,"first_k_dense_replace":1,"moe_layer_freq":1,"q_lora_rank":null,
         "kv_lora_rank":512,"qk_rope_head_dim":64,"qk_nope_head_dim":128,"v_head_dim":128,
         "vocab_size":102400,"tie_word_embeddings":false})"},
    {"DeepSeek-R1", 671026419200.0,
     R"({"model_type":"deepseek_v3","hidden_size":7168,"num_hidden_layers":61,
         "num_attention_heads":128,"num_key_value_heads":128,"intermediate_size":18432,
         "moe_intermediate_size":2048,"n_routed_experts":256,"n_shared_experts":1,
         "num_experts_per_tok":8,"first_k_dense_replace":3,"moe_layer_freq":1,"q_lora_rank":1536,
         "kv_lora_rank":512,"qk_rope_head_dim":64,"qk_nope_head_dim":128,"v_head_dim":128,
         "vocab_size":129280,"tie_word_embeddings":false,"torch_dtype":"bfloat16",
         "quantization_config":{"quant_method":"fp8","fmt":"e4m3","weight_block_size":[128,128]}})"},
    {"gpt-oss-20b", 20914757184.0,
     R"({"model_type":"gpt_oss","hidden_size":2880,"num_hidden_layers":24,"num_attention_heads":64,
         "num_key_value_heads":8,"head_dim":64,"intermediate_size":2880,"num_local_experts":32,
         "num_experts_per_tok":4,"vocab_size":201088,"sliding_window":128,"attention_bias":true,
         "tie_word_embeddings":false,"quantization_config":{"quant_method":"mxfp4",
         "modules_to_not_convert":["model.layers.*.self_attn","model.embed_tokens","lm_head"]}})"},
    {"Llama-4-Scout-17B-16E", 107.77e9,
     R"({"model_type":"llama4","text_config":{"model_type":"llama4_text","hidden_size":5120,
         "num_hidden_layers":48,"num_attention_heads":40,"num_key_value_heads":8,"head_dim":128,
         "intermediate_size":8192,"intermediate_size_mlp":16384,"num_local_experts":16,
         "num_experts_per_tok":1,"interleave_moe_layer_step":1,"attention_chunk_size":8192,
         "vocab_size":202048,"tie_word_embeddings":false},
         "vision_config":{"hidden_size":1408,"num_hidden_layers":34,"intermediate_size":5632}})"},
    {"falcon-7b", 6921720704.0,
     R"({"model_type":"falcon","hidden_size":4544,"num_hidden_layers":32,"num_attention_heads":71,
         "multi_query":true,"new_decoder_architecture":false,"parallel_attn":true,"bias":false,
         "vocab_size":65024})"},
    {"falcon-40b", 41303293952.0,
     R"({"model_type":"falcon","hidden_size":8192,"num_hidden_layers":60,"num_attention_heads":128,
         "num_kv_heads":8,"new_decoder_architecture":true,"bias":false,"vocab_size":65024})"},
    {"pythia-12b", 11846072320.0,
     R"({"model_type":"gpt_neox","hidden_size":5120,"num_hidden_layers":36,"num_attention_heads":40,
         "intermediate_size":20480,"vocab_size":50688,"tie_word_embeddings":false})"},
    {"OPT-1.3b", 1315758080.0,
     R"({"model_type":"opt","hidden_size":2048,"num_hidden_layers":24,"num_attention_heads":32,
         "ffn_dim":8192,"word_embed_proj_dim":2048,"max_position_embeddings":2048,
         "vocab_size":50272})"},
    {"GPT-2", 124439808.0,
     R"({"model_type":"gpt2","n_embd":768,"n_layer":12,"n_head":12,"n_positions":1024,"n_ctx":1024,
         "vocab_size":50257})"},
    {"BLOOM-560M", 559214592.0,
     R"({"model_type":"bloom","hidden_size":1024,"n_layer":24,"n_head":16,"vocab_size":250880})"},
    {"MPT-7B", 6649286656.0,
     R"({"model_type":"mpt","d_model":4096,"n_layers":32,"n_heads":32,"expansion_ratio":4,
         "no_bias":true,"max_seq_len":2048,"vocab_size":50432,"attn_config":{"attn_type":
         "multihead_attention"}})"},
    {"StarCoder2-3b", 3030371328.0,
     R"({"model_type":"starcoder2","hidden_size":3072,"num_hidden_layers":30,
         "num_attention_heads":24,"num_key_value_heads":2,"intermediate_size":12288,"use_bias":true,
         "vocab_size":49152,"sliding_window":4096})"},
    {"BERT-base", 109.5e6,
     R"({"model_type":"bert","architectures":["BertForMaskedLM"],"hidden_size":768,
         "num_hidden_layers":12,"num_attention_heads":12,"intermediate_size":3072,
         "max_position_embeddings":512,"type_vocab_size":2,"vocab_size":30522})"},
    {"flan-t5-xl", 2849757184.0,
     R"({"model_type":"t5","d_model":2048,"d_kv":64,"d_ff":5120,"num_layers":24,
         "num_decoder_layers":24,"num_heads":32,"feed_forward_proj":"gated-gelu",
         "tie_word_embeddings":false,"vocab_size":32128})"},
    {"mamba-2.8b", 2768345600.0,
     R"({"model_type":"mamba","hidden_size":2560,"intermediate_size":5120,"num_hidden_layers":64,
         "state_size":16,"conv_kernel":4,"time_step_rank":160,"vocab_size":50280})"},
    {"falcon-mamba-7b", 7272665088.0,
     R"({"model_type":"falcon_mamba","hidden_size":4096,"intermediate_size":8192,
         "num_hidden_layers":64,"state_size":16,"conv_kernel":4,"time_step_rank":256,
         "vocab_size":65024,"tie_word_embeddings":false})"},
    {"Jamba-v0.1", 51570323328.0,
     R"({"model_type":"jamba","hidden_size":4096,"num_hidden_layers":32,"num_attention_heads":32,
         "num_key_value_heads":8,"intermediate_size":14336,"num_experts":16,"num_experts_per_tok":2,
         "attn_layer_period":8,"attn_layer_offset":4,"expert_layer_period":2,"expert_layer_offset":1,
         "mamba_d_state":16,"mamba_d_conv":4,"mamba_expand":2,"mamba_dt_rank":256,
         "vocab_size":65536,"tie_word_embeddings":false})"},
    {"Nemotron-Nano-9B-v2", 8.89e9,
     R"({"model_type":"nemotron_h","hidden_size":4480,"num_hidden_layers":56,
         "hybrid_override_pattern":"M-M-M-MM-M-M-M*-M-M-M*-M-M-M-M*-M-M-M-M*-M-MM-M-M-M-M-M-",
         "num_attention_heads":40,"num_key_value_heads":8,"head_dim":128,"intermediate_size":15680,
         "mamba_num_heads":128,"mamba_head_dim":80,"ssm_state_size":128,"n_groups":8,"conv_kernel":4,
         "vocab_size":131072,"tie_word_embeddings":false})"},
    {"Qwen3-Next-80B-A3B", 79.7e9,
     R"({"model_type":"qwen3_next","hidden_size":2048,"num_hidden_layers":48,
         "num_attention_heads":16,"num_key_value_heads":2,"head_dim":256,"intermediate_size":5120,
         "full_attention_interval":4,"linear_num_value_heads":32,"linear_num_key_heads":16,
         "linear_key_head_dim":128,"linear_value_head_dim":128,"linear_conv_kernel_dim":4,
         "num_experts":512,"num_experts_per_tok":10,"moe_intermediate_size":512,
         "shared_expert_intermediate_size":512,"decoder_sparse_step":1,"vocab_size":151936,
         "tie_word_embeddings":false})"},
    {"LFM2-1.2B", 1170340608.0,
     R"({"model_type":"lfm2","hidden_size":2048,"num_hidden_layers":16,"num_attention_heads":32,
         "num_key_value_heads":8,"block_ff_dim":12288,"block_auto_adjust_ff_dim":true,
         "block_multiple_of":256,"conv_dim":2048,"conv_L_cache":3,
         "full_attn_idxs":[2,5,8,10,12,14],"vocab_size":65536})"},
};

TEST(ConfigShape, ComesToThePublishedTotals) {
  for (const auto& [name, total, config] : kPublished) {
    const auto shape = shape_from_config(config, name);
    ASSERT_TRUE(shape) << name << ": " << shape.error().message;
    EXPECT_NEAR(static_cast<double>(total_parameters(*shape)), total, 0.01 * total) << name;
  }
}

// The catalogue was written from other sources: the same work, whichever one asks.
TEST(ConfigShape, AgreesWithTheCatalogue) {
  for (const auto& [name, total, config] : kPublished) {
    const auto* row = find_model(name);
    ASSERT_NE(row, nullptr) << name;
    const auto shape = shape_from_config(config, name).value();
    EXPECT_EQ(shape.kind, row->shape.kind) << name;
    EXPECT_EQ(shape.layer_count(), row->shape.layer_count()) << name;
    const auto near = [&](double a, double b) { EXPECT_NEAR(a, b, 0.01 * b) << name; };
    near(static_cast<double>(active_parameters(shape)),
         static_cast<double>(active_parameters(row->shape)));
    EXPECT_EQ(kv_bytes_per_token(shape), kv_bytes_per_token(row->shape)) << name;
    near(state_bytes(shape), state_bytes(row->shape));
    near(attention_flops(shape, 1000), attention_flops(row->shape, 1000));
  }
}

std::string with(std::string config, std::string_view replaced, std::string_view by) {
  const auto at = config.find(replaced);
  EXPECT_NE(at, std::string::npos) << replaced;
  return config.replace(at, replaced.size(), by);
}

ModelShape read(std::string_view config) { return shape_from_config(config, "it").value(); }

TEST(ConfigShape, PrecisionIsWhatTheFileSays) {
  const std::string llama(kPublished[0].config);
  EXPECT_EQ(read(llama).precision, Precision{});
  EXPECT_EQ(read(with(llama, "bfloat16", "float32")).precision.mixer, 32);
  const auto stored = [&](std::string_view how) {
    return read(with(llama, "\"torch_dtype\":\"bfloat16\"",
                     std::string("\"quantization_config\":") + std::string(how)))
        .precision;
  };
  const auto awq = stored(R"({"quant_method":"awq","bits":4,"group_size":128})");
  EXPECT_DOUBLE_EQ(awq.mixer, 4 + 20.0 / 128);
  EXPECT_EQ(awq.head, 16);
  EXPECT_EQ(stored(R"({"quant_method":"fp8"})").feed_forward, 8);
  EXPECT_EQ(stored(R"({"quant_method":"fbgemm_fp8","modules_to_not_convert":["model.layers.0.self_attn.q_proj"]})").mixer, 16);
  EXPECT_EQ(stored(R"({"quant_method":"modelopt","quant_algo":"NVFP4"})").experts, 4.5);
  const auto compressed = stored(
      R"({"quant_method":"compressed-tensors","config_groups":{"group_0":{"weights":{"num_bits":8}}},
          "kv_cache_scheme":{"num_bits":8}})");
  EXPECT_EQ(compressed.mixer, 8);
  EXPECT_EQ(compressed.kv, 8);
  const auto gpt_oss = read(kPublished[15].config).precision;
  EXPECT_EQ(gpt_oss.experts, 4.25);
  EXPECT_EQ(gpt_oss.mixer, 16);
  EXPECT_EQ(read(kPublished[14].config).precision.experts, 8);
}

TEST(ConfigShape, WindowsFollowTheArchitectureOrTheList) {
  const auto windowed = [](const ModelShape& shape) {
    std::int64_t n = 0;
    for (const auto& g : shape.layers) n += g.attention.window > 0 ? g.count : 0;
    return n;
  };
  EXPECT_EQ(windowed(read(kPublished[3].config)), 32);  // Mistral 0.1: all
  EXPECT_EQ(windowed(read(kPublished[5].config)), 0);   // Qwen2.5: stated, not used
  EXPECT_EQ(windowed(read(kPublished[9].config)), 13);  // Gemma 2: every other
  EXPECT_EQ(windowed(read(kPublished[10].config)), 22);  // Gemma 3: five of six
  EXPECT_EQ(windowed(read(kPublished[16].config)), 36);  // Llama 4: three of four
  const auto listed = with(kPublished[1].config, "\"tie_word_embeddings\":true",
                           R"("sliding_window":99,"layer_types":["sliding_attention",
         "full_attention","full_attention","full_attention","full_attention","full_attention",
         "full_attention","full_attention","full_attention","full_attention","full_attention",
         "full_attention","full_attention","full_attention","full_attention","full_attention"])");
  EXPECT_EQ(windowed(read(listed)), 1);
}

TEST(ConfigShape, TowersStandBesideTheLanguageModel) {
  const auto shape = read(kPublished[16].config);
  ASSERT_EQ(shape.towers.size(), 1U);
  EXPECT_EQ(shape.towers[0].name, "vision");
  EXPECT_EQ(shape.towers[0].layers, 34);
  EXPECT_GT(shape.towers[0].parameters, 500'000'000);
}

Error refusal(std::string_view config) {
  const auto shape = shape_from_config(config, "it");
  if (shape) return {ErrorKind::input, "accepted", "accepted", ""};
  EXPECT_EQ(shape.error().kind, ErrorKind::input);
  EXPECT_FALSE(shape.error().cure.empty());
  return shape.error();
}

TEST(ConfigShape, WhatIsMissingOrCannotBeIsNamed) {
  EXPECT_EQ(refusal("{\"hidden_size\": 5").code, "json.syntax");
  EXPECT_THAT(refusal("{}").message, HasSubstr("neither model_type nor architectures"));
  const Error unknown = refusal(R"({"model_type":"qwen33","hidden_size":64})");
  EXPECT_EQ(unknown.code, "shape.architecture");
  EXPECT_THAT(unknown.message, HasSubstr("'qwen33' isn't known"));
  EXPECT_THAT(unknown.cure, HasSubstr("set model_type to qwen3"));
  const std::string llama(kPublished[0].config);
  const auto without = refusal(with(llama, "\"intermediate_size\"", "\"other\""));
  EXPECT_EQ(without.code, "shape.architecture");
  EXPECT_EQ(without.message, "intermediate_size is missing");
  EXPECT_EQ(refusal(with(llama, "\"num_key_value_heads\":8", "\"num_key_value_heads\":5")).message,
            "32 heads cannot share 5 KV heads");
  EXPECT_EQ(refusal(with(llama, ":4096", ":4100")).message, "32 heads cannot share a width of 4100");
  EXPECT_EQ(refusal(with(llama, ":14336", ":-1")).message, "intermediate_size is -1");
  EXPECT_EQ(refusal(with(llama, ":14336", ":\"wide\"")).message, "intermediate_size is \"wide\"");
  EXPECT_EQ(refusal(with(llama, "\"num_hidden_layers\":32", "\"num_hidden_layers\":0")).message,
            "0 layers");
  EXPECT_THAT(refusal(with(llama, "\"mlp_bias\":false", "\"layer_types\":[\"full_attention\"]")).message,
              HasSubstr("names 1 of 32 layers"));
  EXPECT_EQ(refusal(with(llama, "\"torch_dtype\":\"bfloat16\"",
                         R"("quantization_config":{"quant_method":"quip"})"))
                .code,
            "shape.precision");
  EXPECT_EQ(refusal(with(kPublished[7].config, "\"num_experts_per_tok\":8", "\"num_experts_per_tok\":200"))
                .message,
            "a token cannot choose 200 of 128 experts");
  EXPECT_THAT(refusal(with(kPublished[30].config, "M-M-M-MM", "M-M-MMM")).message,
              HasSubstr("55 of 56 layers"));
}

}  // namespace
}  // namespace joulebook::physics
