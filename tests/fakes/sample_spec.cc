#include "fakes/sample_spec.h"

namespace joulebook::fakes {

StudySpec sample_spec() {
  StudySpec spec;
  spec.prompts_source = "built in";
  spec.seed = 42;
  spec.stopping.max_rounds = 4;
  spec.keep_text = true;
  for (const auto& p : kPrompts) {
    spec.prompts.push_back({p.id, p.kind, p.text, {p.checker, p.expected, 0.5}});
  }
  for (std::size_t a = 0; a < kArms.size(); ++a) {
    ArmSpec arm;
    arm.name = kArms[a];
    arm.model = "models/SmolLM2-135M-Instruct.Q4_1.gguf";
    arm.mode = a == 0 ? Mode::direct : Mode::reason;
    arm.system = a == 0 ? "Answer at once." : "Think step by step, then answer.";
    arm.max_tokens = 512;
    arm.engine.threads = 2;
    arm.engine.context = 2048;
    spec.arms.push_back(arm);
  }
  return spec;
}

EngineInfo sample_engine() {
  EngineInfo info;
  info.kind = "llama.cpp";
  info.model = "SmolLM2-135M-Instruct.Q4_1.gguf";
  info.path = "models/SmolLM2-135M-Instruct.Q4_1.gguf";
  info.version = "b7000";
  info.architecture = "llama";
  info.parameters = 134'515'008;
  info.file_bytes = 98'000'000;
  info.layers = 30;
  info.context = 2048;
  info.trained_context = 8192;
  info.kv_bytes_per_token = 23'040;
  info.quantisation = {{"Q4_1", 180, 106'000'000, 66'250'000}, {"F32", 61, 35'000, 140'000}};
  info.chat_template = "file";
  info.threads = 2;
  info.peak_memory_bytes = 412'000'000;
  info.pids = {4242};
  return info;
}

}  // namespace joulebook::fakes
