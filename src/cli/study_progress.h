#pragma once
// Draws a study's progress on standard error: a bar that redraws itself on a terminal, a line a
// round elsewhere.
#include <string>

#include "core/clock.h"
#include "study/progress.h"

namespace joulebook {

class StudyProgress final : public Progress {
 public:
  // `arms` and `prompts` name what a trial ran; `quiet` draws nothing.
  StudyProgress(const StudySpec& spec, bool quiet);
  ~StudyProgress() override;
  void on_phase(std::string_view what) override;
  void on_trial(const TrialRecord& trial, std::int64_t done, std::int64_t total,
                std::optional<double> eta_s) override;
  void on_warning(std::string_view text) override;

 private:
  void clear_line();
  [[nodiscard]] double elapsed_s() const;

  const StudySpec& spec_;
  bool quiet_;
  bool terminal_;
  bool drawn_ = false;
  SteadyTime start_;
  std::int64_t last_tenth_ = -1;
};

}  // namespace joulebook
