#pragma once
// One generate() of the embedded engine: the decoding loop over the sequences of a context.
#include <llama.h>

#include <memory>
#include <vector>

#include "core/clock.h"
#include "engine/engine.h"
#include "engine/llama_model.h"
#include "engine/llama_sampling.h"
#include "engine/llama_slots.h"
#include "engine/recorder.h"

namespace joulebook {

// A batch of tokens for llama_decode, with its storage.
class TokenBatch {
 public:
  explicit TokenBatch(int capacity);
  ~TokenBatch() { llama_batch_free(batch_); }
  TokenBatch(const TokenBatch&) = delete;
  TokenBatch& operator=(const TokenBatch&) = delete;

  void clear() { batch_.n_tokens = 0; }
  // Returns the token's place in the batch. REQUIRES: room() > 0.
  int add(llama_token token, std::size_t position, int slot, bool wants_logits);
  [[nodiscard]] int room() const { return capacity_ - batch_.n_tokens; }
  [[nodiscard]] int size() const { return batch_.n_tokens; }
  [[nodiscard]] const llama_batch& get() const { return batch_; }

 private:
  llama_batch batch_;
  int capacity_;
};

// Not thread-safe; used once. All references must outlive it.
class LlamaRun {
 public:
  LlamaRun(const LlamaModel& model, LlamaSlots& slots, Clock& clock);

  // A request that fits; its place among the results is `place`.
  void add(const GenerateRequest& request, RenderedPrompt prompt, std::size_t place);
  // Runs all to their ends and puts each result in its place.
  void run(std::vector<Result<Generation>>& results);

 private:
  enum class State { prompt, output, done };
  struct Sequence {
    Sequence(const GenerateRequest& r, RenderedPrompt p, std::size_t place, SteadyTime start);
    const GenerateRequest& request;
    std::vector<llama_token> prompt;
    std::size_t place;
    Recorder recorder;
    TokenSampler sampler;
    State state = State::prompt;
    int slot = 0;
    std::size_t position = 0;  // tokens in the slot's cache
    llama_token next = 0;      // sampled, not yet decoded
    std::vector<llama_token> forced = {};  // to be written instead of what is sampled, last first
    bool closed = false;       // its thinking was ended for it
    int output_index = -1;     // where in the batch its logits are; -1: nowhere
    Finish finish = Finish::stop;
    SteadyTime ended;
    std::optional<Error> error;
  };

  void start();
  void fill_batch();
  void fill_output(Sequence& s);
  void fill_prompt(Sequence& s);
  [[nodiscard]] bool decode();
  void take_outputs();
  void take_token(Sequence& s);
  void keep_to_budget(Sequence& s);
  void end(Sequence& s, SteadyTime t, Finish finish);
  void end_cancelled();
  void fail_all(const Error& error);
  [[nodiscard]] bool running() const;

  const LlamaModel& model_;
  LlamaSlots& slots_;
  Clock& clock_;
  TokenBatch batch_;
  std::vector<std::unique_ptr<Sequence>> sequences_;
  SteadyTime start_;
  SteadyTime step_begin_;
  bool first_step_ = true;
  std::string text_;  // scratch
};

}  // namespace joulebook
