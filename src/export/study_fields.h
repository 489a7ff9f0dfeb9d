#pragma once
// The fields of every record of a study, each listed once, in the order of the file. Inside of
// study_json.cc (see study_archive.h).
#include "export/study_archive.h"
#include "export/study_json.h"

namespace joulebook::study_format {

template <class Ar>
void fields(Ar& ar, Of<Ar, Anchor>& r) {
  ar.derived("utc", iso8601(r.wall_ns));
  ar("steady_ns", r.steady);
  ar("boot_ns", r.boot_ns);
  ar("wall_ns", r.wall_ns);
}

template <class Ar>
void fields(Ar& ar, Of<Ar, Error>& r) {
  ar("kind", r.kind);
  ar("code", r.code);
  ar("message", r.message);
  ar("cure", r.cure);
}

template <class Ar>
void fields(Ar& ar, Of<Ar, Window>& r) {
  ar("name", r.name);
  ar("begin_ns", r.begin);
  ar("end_ns", r.end);
  ar.derived("duration_s", r.duration().count());
}

template <class Ar>
void fields(Ar& ar, Of<Ar, CommandOptions>& r) {
  ar("argv", r.argv);
  ar("input", r.input);
  ar("ready", r.ready);
  ar("timeout_s", r.time_limit_s);
  ar("output_limit", r.most_output);
  ar("directory", r.directory);
}

template <class Ar>
void fields(Ar& ar, Of<Ar, EngineOptions>& r) {
  ar("threads", r.threads);
  ar("context", r.context);
  ar("batch", r.batch);
  ar("sequences", r.sequences);
  ar("gpu_layers", r.gpu_layers);
  ar("api_key_env", r.api_key_env);
  ar("model_name", r.model_name);
  ar("command", r.command);
}

template <class Ar>
void fields(Ar& ar, Of<Ar, QuantShare>& r) {
  ar("type", r.type);
  ar("tensors", r.tensors);
  ar("parameters", r.parameters);
  ar("bytes", r.bytes);
}

template <class Ar>
void fields(Ar& ar, Of<Ar, EngineInfo>& r) {
  ar("kind", r.kind);
  ar("model", r.model);
  ar("path", r.path);
  ar("version", r.version);
  ar("architecture", r.architecture);
  ar("parameters", r.parameters);
  ar("file_bytes", r.file_bytes);
  ar("layers", r.layers);
  ar("context", r.context);
  ar("trained_context", r.trained_context);
  ar("kv_bytes_per_token", r.kv_bytes_per_token);
  ar("quantisation", r.quantisation);
  ar("chat_template", r.chat_template);
  ar("threads", r.threads);
  ar("gpu_layers", r.gpu_layers);
  ar("peak_memory_bytes", r.peak_memory_bytes);
  ar("local", r.local);
  ar("pids", r.pids);
  ar("warnings", r.warnings);
}

template <class Ar>
void fields(Ar& ar, Of<Ar, Checker>& r) {
  ar("kind", r.kind);
  ar("expected", r.expected);
  ar("tolerance", r.tolerance);
  ar("relative", r.relative);
  ar("limit", r.limit);
  ar("labels", r.labels);
  ar("within", r.within);
  ar("among", r.among);
}

template <class Ar>
void fields(Ar& ar, Of<Ar, Prompt>& r) {
  ar("id", r.id);
  ar("kind", r.kind);
  ar("text", r.text);
  ar("checker", r.checker);
  ar("file", r.file);
}

template <class Ar>
void fields(Ar& ar, Of<Ar, ArmSpec>& r) {
  ar("name", r.name);
  ar("model", r.model);
  ar("mode", r.mode);
  ar("system", r.system);
  ar("reasoning", r.reasoning);
  ar("temperature", r.temperature);
  ar("max_tokens", r.max_tokens);
  ar("seed", r.seed);
  ar("engine", r.engine);
  ar("fixed", r.fixed);
  ar("effort", r.effort);
  ar("think_budget", r.think_budget);
  ar("answers", r.answers);
  ar("pick", r.pick);
}

template <class Ar>
void fields(Ar& ar, Of<Ar, StoppingSpec>& r) {
  ar("min_rounds", r.min_rounds);
  ar("max_rounds", r.max_rounds);
  ar("target", r.target);
  ar("max_seconds", r.max_seconds);
}

template <class Ar>
void fields(Ar& ar, Of<Ar, StudySpec>& r) {
  ar("name", r.name);
  ar("prompts_source", r.prompts_source);
  ar("seed", r.seed);
  ar("stopping", r.stopping);
  ar("baseline_seconds", r.baseline_seconds);
  ar("warmups", r.warmups);
  ar("keep_cache", r.keep_cache);
  ar("keep_text", r.keep_text);
  ar("require", r.require);
  ar("arms", r.arms);
  ar("prompts", r.prompts);
}

template <class Ar>
void fields(Ar& ar, Of<Ar, PhaseRecord>& r) {
  ar("phase", r.span.phase);
  ar("begin_ns", r.span.begin);
  ar("end_ns", r.span.end);
  ar("tokens", r.span.tokens);
  ar("energy", r.energy);
}

template <class Ar>
void fields(Ar& ar, Of<Ar, TrialRecord>& r) {
  ar("ordinal", r.ordinal);
  ar("arm", r.arm);
  ar("prompt", r.prompt);
  ar("round", r.round);
  ar("seed", r.seed);
  ar("begin_ns", r.begin);
  ar("end_ns", r.end);
  ar.derived("duration_s", r.duration().count());
  ar("energy", r.energy);
  ar("active", r.active);
  ar("phases", r.phases);
  ar("prompt_tokens", r.prompt_tokens);
  ar("cached_tokens", r.cached_tokens);
  ar("reasoning_tokens", r.reasoning_tokens);
  ar("answer_tokens", r.answer_tokens);
  ar("reasoning_marked", r.reasoning_marked);
  ar("words", r.words);
  ar("finish", r.finish);
  ar("correct", r.correct);
  ar("score", r.score);
  ar("well_formed", r.well_formed);
  ar("right", r.right);
  ar("answer", r.answer);
  ar("reasoning", r.reasoning);
  ar("error", r.error);
  ar("cpu_seconds", r.cpu_seconds);
}

template <class Ar>
void fields(Ar& ar, Of<Ar, Baseline>& r) {
  ar("what", r.what);
  ar("window", r.window);
  ar("power", r.power);
}

template <class Ar>
void fields(Ar& ar, Of<Ar, LoadRecord>& r) {
  ar("arm", r.arm);
  ar("window", r.window);
  ar("energy", r.energy);
}

template <class Ar>
void fields(Ar& ar, Of<Ar, Estimate>& r) {
  ar("these", r.these);
  ar("alike", r.alike);
}

template <class Ar>
void fields(Ar& ar, Of<Ar, Split>& r) {
  ar("energy", r.energy);
  ar("longer", r.longer);
  ar("dearer", r.dearer);
}

template <class Ar>
void fields(Ar& ar, Of<Ar, ArmResult>& r) {
  ar("spec", r.spec);
  ar("engine", r.engine);
  ar("trials", r.trials);
  ar("failed", r.failed);
  ar("censored", r.censored);
  ar("checkable", r.checkable);
  ar("correct", r.correct);
  ar("score", r.score);
  ar("j_per_response", r.j_per_response);
  ar("j_per_output_token", r.j_per_output_token);
  ar("j_per_total_token", r.j_per_total_token);
  ar("j_per_word", r.j_per_word);
  ar("j_per_correct", r.j_per_correct);
  ar("active_per_response", r.active_per_response);
  ar("phase_energy", r.phase_energy);
  ar("output_tokens", r.output_tokens);
  ar("reasoning_tokens", r.reasoning_tokens);
  ar("answer_tokens", r.answer_tokens);
  ar("prompt_tokens", r.prompt_tokens);
  ar("words", r.words);
  ar("reasoning_marked", r.reasoning_marked);
  ar("seconds", r.seconds);
  ar("tokens_per_second", r.tokens_per_second);
  ar("mean_power", r.mean_power);
  ar("load", r.load);
  ar("loaded_silent", r.loaded_silent);
}

template <class Ar>
void fields(Ar& ar, Of<Ar, KindResult>& r) {
  ar("kind", r.kind);
  ar("prompts", r.prompts);
  ar("split", r.split);
  ar("extra_correct", r.extra_correct);
  ar("j_per_extra_correct", r.j_per_extra_correct);
}

template <class Ar>
void fields(Ar& ar, Of<Ar, Comparison>& r) {
  ar("a", r.a);
  ar("b", r.b);
  ar("prompts", r.prompts);
  ar("split", r.split);
  ar("kinds", r.kinds);
  ar("extra_correct", r.extra_correct);
  ar("j_per_extra_correct", r.j_per_extra_correct);
  ar("censored", r.censored);
  ar("sentence", r.sentence);
}

template <class Ar>
void fields(Ar& ar, Of<Ar, Look>& r) {
  ar("rounds", r.rounds);
  ar("half_width", r.half_width);
  ar("elapsed_s", r.elapsed_s);
  ar("verdict", r.verdict);
}

template <class Ar>
void fields(Ar& ar, Of<Ar, SensorInfo>& r) {
  ar("id", r.id);
  ar("domain", r.domain);
  ar("name", r.name);
  ar("device", r.device);
  ar("kind", r.kind);
  ar("scale", r.scale);
  ar("range", r.range);
  ar("resolution", r.resolution);
  ar("tick_ns", r.tick);
  ar("averaging_ns", r.averaging);
  ar("duty", r.duty);
  ar("accuracy", r.accuracy);
  ar("max_watts", r.max_watts);
  ar("tier", r.tier);
  ar("method", r.method);
  ar("contains", r.contains);
  ar("mirrors", r.mirrors);
  ar("may_contain", r.may_contain);
}

template <class Ar>
void fields(Ar& ar, Of<Ar, PowerPoint>& r) {
  ar("begin_ns", r.begin);
  ar("end_ns", r.end);
  ar("power_w", r.power);
}

template <class Ar>
void fields(Ar& ar, Of<Ar, DomainEnergy>& r) {
  ar("domain", r.domain);
  ar("name", r.name);
  ar("sensor", r.sensor);
  ar("energy", r.energy);
  ar("mean_power", r.mean_power);
  ar("peak_power", r.peak_power);
  ar("contains", r.contains);
  ar("mirrors", r.mirrors);
  ar("may_contain", r.may_contain);
  ar("top_level", r.top_level);
  ar("settled_uj", r.settled);
}

template <class Ar>
void fields(Ar& ar, Of<Ar, CpuShare>& r) {
  ar("capacity_s", r.capacity);
  ar("machine_s", r.machine);
  ar("tree_s", r.tree);
  ar("self_s", r.self);
}

template <class Ar>
void fields(Ar& ar, Of<Ar, WindowEnergy>& r) {
  ar("window", r.window);
  ar("domains", r.domains);
  ar("total", r.total);
  ar("self", r.self);
  ar("tree", r.tree);
  ar("cpu", r.cpu);
  ar("devices", r.devices);
  ar("warnings", r.warnings);
}

// The program that wrote the file; a view of two members of StudyResult.
template <class Text>
struct Program {
  Text& version;
  Text& commit;
};

template <class Ar, class Text>
void fields(Ar& ar, const Program<Text>& r) {
  ar("version", r.version);
  ar("commit", r.commit);
}

template <class Ar>
void fields(Ar& ar, Of<Ar, StudyResult>& r) {
  ar("id", r.id);
  ar.nested("joulebook", Program{r.version, r.commit});
  ar("machine", r.machine);
  ar("start", r.start);
  ar("end", r.end);
  ar("complete", r.complete);
  ar("sentence", r.sentence);
  ar("warnings", r.warnings);
  ar("spec", r.spec);
  ar("arms", r.arms);
  ar("comparisons", r.comparisons);
  ar("baselines", r.baselines);
  ar("drift", r.drift);
  ar("censored_limit", r.censored_limit);
  ar("looks", r.looks);
  ar("sensors", r.sensors);
  ar("whole", r.whole);
  ar("sizing", r.sizing);
  ar("ladder", r.ladder);
  ar("trials", r.trials);
  ar("trace", r.trace);
}

}  // namespace joulebook::study_format
