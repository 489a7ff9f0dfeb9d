#pragma once
// A loaded model file: its weights, its vocabulary and its chat template.
#include <llama.h>

#include <memory>
#include <string>
#include <vector>

#include "engine/chat_template.h"
#include "engine/engine.h"
#include "gguf/gguf_file.h"

namespace joulebook {

// The prompt as the model sees it.
struct RenderedPrompt {
  std::vector<llama_token> tokens;
  bool thinking = false;  // it ends inside an open thinking block
  std::vector<std::string> warnings;
};

// Not thread-safe.
class LlamaModel {
 public:
  // Judges the file, compares what it needs with what there is, and loads it.
  // Errors as open_engine() says for files, and input "model.unusable" where libllama refuses it.
  [[nodiscard]] static Result<std::unique_ptr<LlamaModel>> load(const std::string& path,
                                                                const EngineOptions& options);

  [[nodiscard]] llama_model* get() const { return model_.get(); }
  [[nodiscard]] const llama_vocab* vocab() const { return llama_model_get_vocab(model_.get()); }
  [[nodiscard]] const GgufFile& file() const { return file_; }
  [[nodiscard]] int gpu_layers() const { return gpu_layers_; }
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }
  // "file", "file (as chatml)" or "none".
  [[nodiscard]] const std::string& chat_template() const { return template_name_; }

  [[nodiscard]] std::int64_t trained_context() const {
    return llama_model_n_ctx_train(model_.get());
  }
  [[nodiscard]] std::vector<llama_token> tokenize(std::string_view text, bool special) const;
  [[nodiscard]] RenderedPrompt render(const GenerateRequest& request) const;
  // A token's text, appended. Control tokens have none, but those that mark thinking.
  void append_text(llama_token token, std::string& out) const;

 private:
  struct Free {
    void operator()(llama_model* m) const { llama_model_free(m); }
  };
  LlamaModel() = default;
  [[nodiscard]] std::string apply(const char* chat_template, const GenerateRequest& request) const;
  void choose_template();
  [[nodiscard]] bool knows_chatml() const;

  std::unique_ptr<llama_model, Free> model_;
  GgufFile file_;
  int gpu_layers_ = 0;
  std::string template_;  // what libllama is given; empty: no template
  std::string template_name_ = "none";
  ThinkingTraits thinking_;
  std::vector<std::string> warnings_;
};

// Bytes of memory for the weights, `sequences` caches of `context` tokens and the work area
// (activations of one batch of 512 tokens and the logits; an estimate).
[[nodiscard]] std::uint64_t memory_needed(const GgufFile& file, std::int64_t context,
                                          int sequences);

}  // namespace joulebook
