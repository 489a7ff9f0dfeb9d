#pragma once
// What training took: measured once, kept beside what it made, and trained anew only where what went
// in or what came out is no longer what it was. Kept in WORK/NAME/trained.json (docs/formats/task.md).
//
// The joules are those of the training's time on the whole boundary, as of a trial.
#include <joulebook/quantity.h>
#include <joulebook/result.h>

#include <functional>
#include <string>
#include <vector>

#include "meter/meter.h"
#include "study/tasks/step.h"
#include "study/tasks/task.h"

namespace joulebook {

struct Trained {
  std::string arm;
  Quantity energy;     // J, gross, of all of the arm's trainings
  double seconds = 0;
  std::string at;      // ISO 8601: when it was measured
  bool stored = false;  // measured earlier, not in this run
};

struct TrainingContext {
  Meter& meter;  // started
  Clock& clock;
  std::string work;        // TaskPlaces::work
  bool anew = false;       // also where nothing has changed
  double seconds = 600;    // that are left for all of it
  const std::atomic<bool>* cancel = nullptr;
  std::function<void(std::string_view)> tell;  // what is being done; may be empty
};

struct TrainingOutcome {
  std::vector<Trained> trained;                        // by arm
  std::vector<std::pair<std::string, Error>> failed;  // arm and why; it can't run
};

// Trains what has to be. One arm's failure leaves the others alone.
[[nodiscard]] TrainingOutcome train(const TaskSpec& task, const TrainingContext& context);

}  // namespace joulebook
