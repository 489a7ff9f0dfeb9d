#include "engine/llama_slots.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/file_tree.h"
#include "engine/llama_log.h"
#include "engine/machine_limits.h"

namespace joulebook {
namespace {

constexpr std::int64_t kStep = 512;  // contexts grow in steps, so that few are made

// Called between the nodes of the graph while it is computed.
bool all_cancelled(void* data) {
  const auto& flags = static_cast<const LlamaSlots*>(data)->abort_when;
  return !flags.empty() && std::all_of(flags.begin(), flags.end(), [](const auto* flag) {
    return flag->load(std::memory_order_relaxed);
  });
}

}  // namespace

LlamaSlots::LlamaSlots(const LlamaModel& model, const EngineOptions& options, int threads)
    : model_(model),
      options_(options),
      threads_(threads),
      slots_(static_cast<std::size_t>(options.sequences)) {}

std::int64_t LlamaSlots::context_limit() const {
  return options_.context > 0 ? options_.context : model_.trained_context();
}

Status LlamaSlots::make_room(std::int64_t need) {
  const std::int64_t limit = context_limit();
  std::int64_t size = std::min((need + kStep - 1) / kStep * kStep, limit);
  if (options_.context > 0) size = options_.context;
  if (context_ && context_size_ >= size) return {};
  context_.reset();
  clear();
  auto params = llama_context_default_params();
  params.n_ctx = static_cast<uint32_t>(size * options_.sequences);
  params.n_seq_max = static_cast<uint32_t>(options_.sequences);
  params.n_outputs_max = params.n_seq_max;
  if (options_.batch > 0) {
    params.n_batch = static_cast<uint32_t>(options_.batch);
    params.n_ubatch = std::min(params.n_ubatch, params.n_batch);
  }
  params.n_batch = std::max(params.n_batch, params.n_seq_max);
  params.n_threads = params.n_threads_batch = threads_;
  params.abort_callback = all_cancelled;
  params.abort_callback_data = this;
  params.no_perf = true;
  clear_llama_log();
  const auto available = available_memory(*real_files());
  const double cache =
      model_.file().kv_bytes_per_token() * static_cast<double>(size * options_.sequences);
  const bool fits =
      model_.gpu_layers() > 0 || !available || cache < static_cast<double>(*available);
  if (fits) context_.reset(llama_init_from_model(model_.get(), params));
  if (!context_) {
    context_size_ = 0;
    return fail(ErrorKind::resource, "engine.memory",
                fmt::format("no memory for {} x {} tokens of context ({:.1f} GB): {}",
                            options_.sequences, size, cache / 1e9, llama_complaints()),
                "lower --context, --max-tokens or the number of sequences");
  }
  context_size_ = std::min<std::int64_t>(llama_n_ctx_seq(context_.get()), limit);
  return {};
}

LlamaSlots::Claim LlamaSlots::claim(const std::vector<llama_token>& prompt, bool keep) {
  Claim best{-1, 0};
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].taken) continue;
    const auto& held = slots_[i].tokens;
    const auto common = static_cast<std::size_t>(
        std::mismatch(held.begin(), held.end(), prompt.begin(), prompt.end()).first - held.begin());
    if (best.slot < 0 || (keep && common > best.held)) {
      best = {static_cast<int>(i), keep ? common : 0};
    }
  }
  auto& slot = at(best.slot);
  slot.taken = true;
  best.held = std::min(best.held, prompt.size() - 1);
  // Models with a running state (Mamba and its kin) can only be emptied as a whole.
  if (best.held > 0 &&
      !llama_memory_seq_rm(memory(), best.slot, static_cast<llama_pos>(best.held), -1)) {
    best.held = 0;
  }
  if (best.held == 0) forget(best.slot);
  slot.tokens.resize(best.held);
  return best;
}

void LlamaSlots::forget(int slot) {
  llama_memory_seq_rm(memory(), slot, -1, -1);
  at(slot).tokens.clear();
}

void LlamaSlots::release_all() {
  for (auto& slot : slots_) slot.taken = false;
}

void LlamaSlots::clear() {
  if (context_) llama_memory_clear(memory(), false);
  for (auto& slot : slots_) slot = {};
}

}  // namespace joulebook
