#include "study/programs/encoder.h"

#include <fmt/format.h>
#include <llama.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/llama_log.h"

namespace joulebook {
namespace {

constexpr std::uint32_t kMostTokens = 2048;

struct FreeModel {
  void operator()(llama_model* model) const { llama_model_free(model); }
};
struct FreeContext {
  void operator()(llama_context* context) const { llama_free(context); }
};

// One sequence in one batch; the engine cuts nothing by itself.
llama_context_params settings(const llama_model* model) {
  const auto trained = static_cast<std::uint32_t>(std::max(1, llama_model_n_ctx_train(model)));
  llama_context_params params = llama_context_default_params();
  params.n_ctx = params.n_batch = params.n_ubatch = std::min(trained, kMostTokens);
  params.n_seq_max = 1;
  params.embeddings = true;
  params.no_perf = true;
  return params;
}

Status scaled_to_one(std::vector<float>& vector) {
  double squares = 0;
  for (const float x : vector) squares += static_cast<double>(x) * x;
  if (!std::isfinite(squares)) {
    return fail(ErrorKind::engine, "encoder.not_finite", "the model gave no finite numbers",
                "the file may be damaged: fetch it, or make it, anew");
  }
  const double length = std::sqrt(squares);
  if (length == 0) return {};
  for (float& x : vector) x = static_cast<float>(x / length);
  return {};
}

}  // namespace

struct TextEncoder::Engine {
  std::unique_ptr<llama_model, FreeModel> model;
  std::unique_ptr<llama_context, FreeContext> context;
};

TextEncoder::TextEncoder(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}
TextEncoder::TextEncoder(TextEncoder&&) noexcept = default;
TextEncoder& TextEncoder::operator=(TextEncoder&&) noexcept = default;
TextEncoder::~TextEncoder() = default;

Result<TextEncoder> TextEncoder::open(const std::string& path) {
  quiet_llama_log();
  clear_llama_log();
  llama_backend_init();
  auto engine = std::make_unique<Engine>();
  engine->model.reset(llama_model_load_from_file(path.c_str(), llama_model_default_params()));
  if (!engine->model) {
    return fail(ErrorKind::input, "encoder.file",
                fmt::format("{} is no model that can be loaded: {}", path, llama_complaints()),
                "name an encoder's GGUF file; `joulebook synth all-MiniLM-L6-v2` makes one");
  }
  engine->context.reset(llama_init_from_model(engine->model.get(), settings(engine->model.get())));
  if (!engine->context) {
    return fail(ErrorKind::resource, "encoder.context",
                fmt::format("{} could not be started: {}", path, llama_complaints()),
                "free memory, or name a smaller encoder");
  }
  const auto pooling = llama_pooling_type(engine->context.get());
  if (pooling == LLAMA_POOLING_TYPE_NONE || pooling == LLAMA_POOLING_TYPE_RANK) {
    return fail(ErrorKind::input, "encoder.pooling",
                path + " doesn't say how a text becomes one vector: it is no encoder of texts",
                "name the GGUF file of an embedding model");
  }
  return TextEncoder(std::move(engine));
}

std::size_t TextEncoder::width() const {
  return static_cast<std::size_t>(llama_model_n_embd_out(engine_->model.get()));
}

Result<std::vector<float>> TextEncoder::vector(std::string_view text) {
  const llama_vocab* vocabulary = llama_model_get_vocab(engine_->model.get());
  llama_context* context = engine_->context.get();
  std::vector<llama_token> tokens(text.size() + 8);
  const auto size = [](const auto& x) { return static_cast<std::int32_t>(x.size()); };
  const std::int32_t n = llama_tokenize(vocabulary, text.data(), size(text), tokens.data(),
                                        size(tokens), true, false);
  const auto most = static_cast<std::int32_t>(llama_n_ctx(context));
  if (n > 0) {
    // What ends a text stays at its end when the text is cut.
    const llama_token last = tokens[static_cast<std::size_t>(n) - 1];
    tokens.resize(static_cast<std::size_t>(std::min(n, most)));
    tokens.back() = last;
  }
  if (auto* memory = llama_get_memory(context)) llama_memory_clear(memory, true);
  if (n <= 0 || llama_decode(context, llama_batch_get_one(tokens.data(), size(tokens))) != 0) {
    return fail(ErrorKind::engine, "encoder.failed",
                fmt::format("a text of {} bytes could not be encoded: {}", text.size(),
                            llama_complaints()),
                "look at the text, or name another encoder");
  }
  const float* first = llama_get_embeddings_seq(context, 0);
  if (first == nullptr) {
    return fail(ErrorKind::engine, "encoder.failed", "the model gave no vector",
                "name the GGUF file of an embedding model");
  }
  std::vector<float> out(first, first + width());
  if (auto ok = scaled_to_one(out); !ok) return fail(std::move(ok.error()));
  return out;
}

std::vector<std::size_t> nearest_vectors(const std::vector<std::vector<float>>& vectors,
                                         const std::vector<float>& query, std::size_t limit) {
  std::vector<double> score;
  for (const auto& vector : vectors) {
    score.push_back(std::inner_product(vector.begin(), vector.end(), query.begin(), 0.0));
  }
  std::vector<std::size_t> order(vectors.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](auto a, auto b) { return score[a] > score[b]; });
  order.resize(std::min(limit, order.size()));
  return order;
}

}  // namespace joulebook
