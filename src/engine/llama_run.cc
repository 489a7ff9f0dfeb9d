#include "engine/llama_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/llama_log.h"

namespace joulebook {

TokenBatch::TokenBatch(int capacity)
    : batch_(llama_batch_init(capacity, 0, 1)), capacity_(capacity) {}

int TokenBatch::add(llama_token token, std::size_t position, int slot, bool wants_logits) {
  const int i = batch_.n_tokens++;
  batch_.token[i] = token;
  batch_.pos[i] = static_cast<llama_pos>(position);
  batch_.n_seq_id[i] = 1;
  batch_.seq_id[i][0] = slot;
  batch_.logits[i] = wants_logits ? 1 : 0;
  return i;
}

LlamaRun::Sequence::Sequence(const GenerateRequest& r, RenderedPrompt p, std::size_t at,
                             SteadyTime start)
    : request(r),
      prompt(std::move(p.tokens)),
      place(at),
      recorder(r, p.thinking, start),
      sampler(r.temperature, r.seed) {
  for (auto& warning : p.warnings) recorder.warn(std::move(warning));
}

LlamaRun::LlamaRun(const LlamaModel& model, LlamaSlots& slots, Clock& clock)
    : model_(model),
      slots_(slots),
      clock_(clock),
      batch_(slots.batch_tokens()),
      start_(clock.now()) {}

void LlamaRun::add(const GenerateRequest& request, RenderedPrompt prompt, std::size_t place) {
  sequences_.push_back(std::make_unique<Sequence>(request, std::move(prompt), place, start_));
}

void LlamaRun::start() {
  slots_.abort_when.clear();
  bool keep = false;
  for (const auto& s : sequences_) {
    keep = keep || s->request.keep_cache;
    if (s->request.cancel != nullptr) slots_.abort_when.push_back(s->request.cancel);
  }
  if (slots_.abort_when.size() != sequences_.size()) slots_.abort_when.clear();
  if (!keep) slots_.clear();
  for (auto& s : sequences_) {
    const auto claim = slots_.claim(s->prompt, s->request.keep_cache);
    s->slot = claim.slot;
    s->position = claim.held;
    const Tokens all{static_cast<std::int64_t>(s->prompt.size())};
    s->recorder.prompt(all, {static_cast<std::int64_t>(claim.held)});
  }
}

bool LlamaRun::running() const {
  return std::any_of(sequences_.begin(), sequences_.end(),
                     [](const auto& s) { return s->state != State::done; });
}

void LlamaRun::run(std::vector<Result<Generation>>& results) {
  start();
  while (running()) {
    end_cancelled();
    fill_batch();
    if (batch_.size() == 0) break;
    if (decode()) take_outputs();
  }
  slots_.release_all();
  slots_.abort_when.clear();
  for (auto& s : sequences_) {
    if (s->error) {
      results[s->place] = fail(*s->error);
    } else {
      results[s->place] = s->recorder.finish(s->ended, s->finish, "engine");
    }
  }
}

// One token of every running sequence first, then as many prompt tokens as fit.
void LlamaRun::fill_batch() {
  batch_.clear();
  step_begin_ = clock_.now();
  for (auto& s : sequences_) {
    s->output_index = -1;
    if (s->state == State::output) fill_output(*s);
  }
  for (auto& s : sequences_) {
    if (s->state == State::prompt && batch_.room() > 0) fill_prompt(*s);
  }
}

void LlamaRun::fill_output(Sequence& s) {
  s.output_index = batch_.add(s.next, s.position++, s.slot, true);
  slots_.remember(s.slot, s.next);
}

void LlamaRun::fill_prompt(Sequence& s) {
  const auto held = static_cast<std::size_t>(s.recorder.so_far().cached_tokens.count);
  if (s.position == held && !first_step_) s.recorder.queued_until(step_begin_);
  while (s.position < s.prompt.size() && batch_.room() > 0) {
    const llama_token token = s.prompt[s.position];
    const bool last = s.position + 1 == s.prompt.size();
    const int at = batch_.add(token, s.position++, s.slot, last);
    slots_.remember(s.slot, token);
    if (last) s.output_index = at;
  }
}

bool LlamaRun::decode() {
  const int status = llama_decode(slots_.get(), batch_.get());
  first_step_ = false;
  if (status == 0) return true;
  if (status == 2) {  // aborted: all are cancelled
    for (auto& s : sequences_) {
      if (s->state != State::done) end(*s, clock_.now(), Finish::cancelled);
      slots_.forget(s->slot);
    }
    return false;
  }
  if (status == 1) {
    fail_all({ErrorKind::resource, "engine.memory", "the context has no room for the next token",
              "raise --context or lower the number of sequences"});
  } else {
    fail_all({ErrorKind::engine, "engine.failed",
              fmt::format("decoding failed ({}): {}", status, llama_complaints()),
              "try fewer sequences or a smaller context"});
  }
  slots_.clear();
  return false;
}

void LlamaRun::take_outputs() {
  for (auto& s : sequences_) {
    if (s->output_index >= 0) take_token(*s);
  }
}

// Once thinking has taken its tokens, the marker that ends it is written.
void LlamaRun::keep_to_budget(Sequence& s) {
  const Generation& so_far = s.recorder.so_far();
  const bool thinking = so_far.phases.back().phase == Phase::reason;
  if (s.request.think_budget && !s.closed && thinking &&
      so_far.reasoning_tokens.count >= *s.request.think_budget) {
    s.closed = true;
    s.forced = model_.tokenize("</think>\n\n", true);
    std::ranges::reverse(s.forced);
  }
  if (s.forced.empty()) return;
  s.next = s.forced.back();
  s.forced.pop_back();
}

void LlamaRun::take_token(Sequence& s) {
  if (s.request.max_tokens <= 0) return end(s, clock_.now(), Finish::length);
  s.next = s.sampler.sample(slots_.get(), model_.vocab(), s.output_index);
  keep_to_budget(s);
  s.state = State::output;
  const bool stop = llama_vocab_is_eog(model_.vocab(), s.next);
  text_.clear();
  if (!stop) model_.append_text(s.next, text_);
  const SteadyTime now = clock_.now();
  s.recorder.output(now, text_, {1});
  if (stop) return end(s, now, Finish::stop);
  if (s.recorder.counted() >= s.request.max_tokens) return end(s, now, Finish::length);
  if (std::cmp_greater_equal(s.position, slots_.context())) {
    s.recorder.warn("the context is full: the answer was cut");
    end(s, now, Finish::length);
  }
}

void LlamaRun::end(Sequence& s, SteadyTime t, Finish finish) {
  s.recorder.end_of_output();
  s.state = State::done;
  s.finish = finish;
  s.ended = t;
}

void LlamaRun::end_cancelled() {
  for (auto& s : sequences_) {
    const auto* cancel = s->request.cancel;
    if (s->state == State::done || cancel == nullptr || !cancel->load()) continue;
    end(*s, clock_.now(), Finish::cancelled);
  }
}

void LlamaRun::fail_all(const Error& error) {
  for (auto& s : sequences_) {
    if (s->state == State::done) continue;
    s->state = State::done;
    s->error = error;
  }
}

}  // namespace joulebook
