#pragma once
// A small study on fakes, for the tests of this room: two arms, some prompts, a scripted engine and
// a meter over closed-form power, all on one fake clock.
#include <atomic>
#include <memory>
#include <string>

#include "export/study_json.h"
#include "fakes/fake_engine.h"
#include "fakes/fake_meter.h"
#include "fakes/memory_ledger.h"
#include "study/runner.h"
#include "study/spec.h"

namespace joulebook {

inline StudyFormat json_format() {
  return {[](const StudySpec& s) { return to_json(s); },
          [](const Json& j) { return study_spec_from_json(j); },
          [](const TrialRecord& t) { return to_json(t); },
          [](const Json& j) { return trial_from_json(j); },
          [](const StudyResult& r) { return to_json(r); }};
}

inline StudySpec small_spec(std::size_t prompts = 6) {
  StudySpec spec = forty_study("smol.gguf");
  spec.prompts.resize(prompts);
  spec.stopping = {2, 2, 0.02, 1e6};
  spec.baseline_seconds = 1;
  return spec;
}

// Raises the flag once so many trials ended.
class Interrupter final : public Progress {
 public:
  Interrupter(std::atomic<bool>& flag, std::int64_t after) : flag_(flag), after_(after) {}
  void on_trial(const TrialRecord&, std::int64_t, std::int64_t, std::optional<double>) override {
    if (--after_ == 0) flag_ = true;
  }

 private:
  std::atomic<bool>& flag_;
  std::int64_t after_;
};

struct StudyBench {
  FakeClock clock;
  fakes::FakeMeter meter{
      clock, {fakes::swinging_domain("package:0", 30, 10, 20), fakes::constant_domain("dram:0", 3)}};
  fakes::MemoryLedger ledger;
  std::atomic<bool> cancel{false};
  int loads = 0;
  std::function<void(FakeEngine&)> script = [](FakeEngine& engine) {
    engine.otherwise({.reasoning = "first one then two", .answer = "the answer is 56"});
  };
  EngineInfo info = FakeEngine::fake_info();
  StudyContext context{.meter = meter, .clock = clock, .open_engine = {}};

  StudyBench() {
    context.ledger = &ledger;
    context.format = json_format();
    context.cancel = &cancel;
    context.open_engine = [this](const std::string&,
                                 const EngineOptions&) -> Result<std::unique_ptr<Engine>> {
      ++loads;
      clock.advance(std::chrono::milliseconds(200));
      auto engine = std::make_unique<FakeEngine>(clock, info);
      script(*engine);
      return engine;
    };
  }

  Result<StudyResult> run(const StudySpec& spec) { return run_study(spec, context); }
};

}  // namespace joulebook
