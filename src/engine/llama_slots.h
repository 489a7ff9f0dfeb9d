#pragma once
// The context of a loaded model and its slots: one cache a sequence, each remembering the tokens
// it holds, so that a request that keeps the cache computes only what is new.
#include <llama.h>

#include <atomic>
#include <memory>
#include <vector>

#include "engine/engine.h"
#include "engine/llama_model.h"

namespace joulebook {

// Not thread-safe. The model must outlive it.
class LlamaSlots {
 public:
  // `threads` and `options.sequences` must be at least 1.
  LlamaSlots(const LlamaModel& model, const EngineOptions& options, int threads);

  // Makes the context, or a larger one (which empties the caches), so that each slot holds `need`
  // tokens, as far as context_limit() allows. Errors: resource "engine.memory".
  [[nodiscard]] Status make_room(std::int64_t need);
  // Most tokens a slot can ever hold: the wish of the options, else what the model was trained for.
  [[nodiscard]] std::int64_t context_limit() const;
  // Tokens a slot holds now; 0 before the first make_room().
  [[nodiscard]] std::int64_t context() const { return context_size_; }

  // A free slot for a prompt: with `keep` the one that shares its longest start, and that start
  // stays; else an emptied one. Returns the slot and how many tokens of the prompt it holds; at
  // least one is left to compute.
  struct Claim {
    int slot = 0;
    std::size_t held = 0;
  };
  [[nodiscard]] Claim claim(const std::vector<llama_token>& prompt, bool keep);
  void release_all();
  // Forgets everything.
  void clear();

  // Tokens that were decoded into a slot since.
  void remember(int slot, llama_token token) { at(slot).tokens.push_back(token); }
  void forget(int slot);

  [[nodiscard]] llama_context* get() const { return context_.get(); }
  [[nodiscard]] int batch_tokens() const { return static_cast<int>(llama_n_batch(get())); }

  // Decoding stops half-way once all of these are true (and there is one).
  std::vector<const std::atomic<bool>*> abort_when;

 private:
  struct Slot {
    std::vector<llama_token> tokens;
    bool taken = false;
  };
  struct Free {
    void operator()(llama_context* c) const { llama_free(c); }
  };
  Slot& at(int slot) { return slots_[static_cast<std::size_t>(slot)]; }
  [[nodiscard]] llama_memory_t memory() const { return llama_get_memory(context_.get()); }

  const LlamaModel& model_;
  EngineOptions options_;
  int threads_;
  std::unique_ptr<llama_context, Free> context_;
  std::int64_t context_size_ = 0;
  std::vector<Slot> slots_;
};

}  // namespace joulebook
