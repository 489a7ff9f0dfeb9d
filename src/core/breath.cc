#include "core/breath.h"

#include <utility>

namespace joulebook {
namespace {

thread_local Breath* t_breath = nullptr;

}  // namespace

void breathe() {
  Breath* const breath = t_breath;
  if (breath == nullptr || breath->clock_.now() - breath->since_ < breath->work_) return;
  breath->rest_();
  breath->since_ = breath->clock_.now();
}

Breath::Breath(const Clock& clock, Nanos work, std::function<void()> rest)
    : clock_(clock), work_(work), rest_(std::move(rest)), since_(clock.now()) {
  t_breath = this;
}

Breath::~Breath() { t_breath = nullptr; }

}  // namespace joulebook
