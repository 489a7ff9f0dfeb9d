#include "engine/llama_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <mutex>

#include "core/file_tree.h"
#include "core/text.h"
#include "engine/llama_log.h"
#include "engine/machine_limits.h"
#include "engine/think_splitter.h"

namespace joulebook {
namespace {

constexpr double kBatchTokens = 512;
constexpr double kBytesPerActivation = 4;
constexpr std::int64_t kUsualContext = 2048;  // what the first requests are expected to need

Status enough_memory(const GgufFile& file, const std::string& path, const EngineOptions& options) {
  const std::int64_t context = options.context > 0 ? options.context : kUsualContext;
  const auto need = memory_needed(file, context, options.sequences);
  const auto files = real_files();
  auto have = available_memory(*files);
  const auto room = address_space_left(*files);
  if (room && (!have || *room < *have)) have = room;
  if (!have || need <= *have) return {};
  return fail(ErrorKind::resource, "model.memory",
              fmt::format("{} needs about {:.1f} GB of memory and {:.1f} GB can be had", path,
                          static_cast<double>(need) / 1e9, static_cast<double>(*have) / 1e9),
              "choose a smaller model or a smaller quantisation, lower --context or the number of "
              "sequences, or free memory");
}

Error refused(const std::string& path, const GgufFile& file) {
  const std::string said = llama_complaints();
  if (said.find("unknown model architecture") != said.npos || file.architecture().empty()) {
    const std::string name(file.architecture().empty() ? "(none named)" : file.architecture());
    return {ErrorKind::input, "model.architecture",
            fmt::format("{} is of an architecture that this engine does not know: {}", path, name),
            "serve it with an engine that knows it and name that server's http address, or choose "
            "another model"};
  }
  return {ErrorKind::input, "model.unusable",
          fmt::format("{} could not be loaded: {}", path, said.empty() ? "no reason given" : said),
          "download the model again; a model newer than the engine needs a newer engine"};
}

void start_backend() {
  static std::once_flag once;
  std::call_once(once, [] { llama_backend_init(); });
  quiet_llama_log();
}

}  // namespace

std::uint64_t memory_needed(const GgufFile& file, std::int64_t context, int sequences) {
  const std::int64_t trained = file.trained_context();
  const auto each = static_cast<double>(trained > 0 ? std::min(context, trained) : context);
  const auto width = static_cast<double>(file.integer_of("embedding_length").value_or(0));
  const auto inner = static_cast<double>(file.integer_of("feed_forward_length").value_or(0));
  const double logits = static_cast<double>(file.vocabulary()) * sequences;
  const double work = kBytesPerActivation * (kBatchTokens * (8 * width + 2 * inner) + logits);
  return static_cast<std::uint64_t>(static_cast<double>(file.tensor_bytes()) +
                                    file.kv_bytes_per_token() * each * sequences + work);
}

Result<std::unique_ptr<LlamaModel>> LlamaModel::load(const std::string& path,
                                                     const EngineOptions& options) {
  start_backend();
  auto file = read_gguf(path);
  if (!file) return fail(file.error());
  const bool gpu = llama_supports_gpu_offload() && options.gpu_layers != 0;
  if (!gpu) {
    if (const auto enough = enough_memory(*file, path, options); !enough) {
      return fail(enough.error());
    }
  }
  auto params = llama_model_default_params();
  params.n_gpu_layers = gpu ? options.gpu_layers : 0;
  clear_llama_log();
  std::unique_ptr<LlamaModel> out(new LlamaModel);
  out->model_.reset(llama_model_load_from_file(path.c_str(), params));
  if (!out->model_) return fail(refused(path, *file));
  if (!llama_model_has_decoder(out->model_.get()) || out->vocab() == nullptr ||
      llama_vocab_type(out->vocab()) == LLAMA_VOCAB_TYPE_NONE) {
    return fail(ErrorKind::input, "model.unusable", fmt::format("{} does not generate text", path),
                "choose an instruct model");
  }
  const int layers = llama_model_n_layer(out->model_.get()) + 1;
  out->gpu_layers_ = !gpu                     ? 0
                     : options.gpu_layers < 0 ? layers
                                              : std::min(options.gpu_layers, layers);
  out->file_ = std::move(*file);
  out->choose_template();
  return out;
}

void LlamaModel::choose_template() {
  const char* own = llama_model_chat_template(model_.get(), nullptr);
  GenerateRequest probe;
  probe.user = "x";
  if (own != nullptr && !apply(own, probe).empty()) {
    template_ = own;
    template_name_ = "file";
    thinking_ = thinking_traits(own);
    return;
  }
  if (knows_chatml()) {
    template_ = "chatml";
    template_name_ = "file (as chatml)";
    thinking_ = thinking_traits(own == nullptr ? "" : own);
    warnings_.emplace_back(
        "the file's chat template is not one that this engine can render; ChatML is used, whose "
        "tokens the vocabulary has. For the exact template serve the file with "
        "`llama-server --jinja` and name its address");
    return;
  }
  warnings_.emplace_back(
      own == nullptr
          ? "the file has no chat template: prompts are passed on as plain text; choose an "
            "instruct model for questions"
          : "the file's chat template is not one that this engine can render: prompts are passed "
            "on as plain text. Serve the file with `llama-server --jinja` and name its address");
}

bool LlamaModel::knows_chatml() const {
  constexpr std::string_view kMark = "<|im_start|>";
  llama_token token = 0;
  return llama_tokenize(vocab(), kMark.data(), static_cast<int32_t>(kMark.size()), &token, 1, false,
                        true) == 1;
}

std::string LlamaModel::apply(const char* chat_template, const GenerateRequest& request) const {
  const std::string system = valid_utf8(request.system);
  const std::string user = valid_utf8(request.user);
  std::vector<llama_chat_message> messages;
  if (!system.empty()) messages.push_back({"system", system.c_str()});
  messages.push_back({"user", user.c_str()});
  std::string out(2 * (system.size() + user.size()) + 256, '\0');
  for (int round = 0; round < 2; ++round) {
    const int n = llama_chat_apply_template(chat_template, messages.data(), messages.size(), true,
                                            out.data(), static_cast<int32_t>(out.size()));
    if (n < 0) return {};
    const bool fits = static_cast<std::size_t>(n) <= out.size();
    out.resize(static_cast<std::size_t>(n));
    if (fits) return out;
  }
  return {};
}

std::vector<llama_token> LlamaModel::tokenize(std::string_view text, bool special) const {
  std::vector<llama_token> out(text.size() + 8);
  const auto length = static_cast<int32_t>(text.size());
  for (int round = 0; round < 2; ++round) {
    const int n = llama_tokenize(vocab(), text.data(), length, out.data(),
                                 static_cast<int32_t>(out.size()), special, special);
    out.resize(static_cast<std::size_t>(std::abs(n)));
    if (n >= 0) return out;
  }
  return {};
}

RenderedPrompt LlamaModel::render(const GenerateRequest& request) const {
  RenderedPrompt out;
  const auto opening = open_answer(thinking_, request.reasoning);
  std::string text;
  if (template_.empty()) {
    text = request.system.empty() ? request.user : request.system + "\n\n" + request.user;
    text = valid_utf8(text);
  } else {
    text = apply(template_.c_str(), request) + opening.text;
    out.thinking = opening.thinking;
  }
  if (!opening.warning.empty()) out.warnings.push_back(opening.warning);
  if (!is_valid_utf8(request.user) || !is_valid_utf8(request.system)) {
    out.warnings.emplace_back("the prompt was not valid UTF-8: wrong bytes were replaced");
  }
  out.tokens = tokenize(text, true);
  // A template may write the token that the tokeniser puts first anyway.
  const llama_token first = llama_vocab_bos(vocab());
  if (out.tokens.size() > 1 && out.tokens[0] == first && out.tokens[1] == first) {
    out.tokens.erase(out.tokens.begin());
  }
  return out;
}

void LlamaModel::append_text(llama_token token, std::string& out) const {
  std::array<char, 256> buffer;
  const bool control = llama_vocab_is_control(vocab(), token);
  const int n = llama_token_to_piece(vocab(), token, buffer.data(),
                                     static_cast<int32_t>(buffer.size()), 0, control);
  if (n < 0) {  // longer than any usual piece
    std::string large(static_cast<std::size_t>(-n), '\0');
    llama_token_to_piece(vocab(), token, large.data(), -n, 0, control);
    if (!control) out += large;
    return;
  }
  const std::string_view text(buffer.data(), static_cast<std::size_t>(n));
  if (!control || ThinkSplitter::is_marker(text)) out += text;
}

}  // namespace joulebook
