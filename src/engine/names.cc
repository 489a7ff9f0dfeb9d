#include "engine/engine.h"

namespace joulebook {

std::string_view to_string(Phase phase) {
  switch (phase) {
    case Phase::queue:
      return "queue";
    case Phase::prefill:
      return "prefill";
    case Phase::cached:
      return "cached";
    case Phase::reason:
      return "reason";
    case Phase::answer:
      return "answer";
    case Phase::wasted:
      return "wasted";
  }
  return "answer";
}

std::string_view to_string(Finish finish) {
  switch (finish) {
    case Finish::stop:
      return "stop";
    case Finish::length:
      return "length";
    case Finish::cancelled:
      return "cancelled";
  }
  return "stop";
}

}  // namespace joulebook
