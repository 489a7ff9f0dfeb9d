// Any bytes as a file of account or scenario: a series of intensities, a bill, a model's life, a pair, a
// scenario. Read or refused with a cure; what is read gives figures whose value lies in its interval, and sums
// that tile. Shown to find a planted fault: without the bound on a service's years, answers that grow for a
// thousand of them are without number, and where each takes nothing their joules are none.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "account/compare/compare.h"
#include "account/footprint/series.h"
#include "account/life/life.h"
#include "account/scenario/scenario.h"
#include "account/usage/bill.h"

namespace {

using namespace joulebook;
using namespace joulebook::account;

void require(bool holds) {
  if (!holds) std::abort();
}

template <class T>
bool was_read(const Result<T>& result) {
  if (!result) require(!result.error().code.empty());
  return result.has_value();
}

void require_sound(const Quantity& q) {
  if (!q.present()) return require(q.reason.has_value());
  require(!std::isnan(*q.value) && q.own.lo <= *q.value && *q.value <= q.own.hi);
}

void series(const std::string& text) {
  const auto s = parse_series(text, "x.csv", 0);
  if (!was_read(s)) return;
  const std::int64_t middle = s->begin_ns + (s->end_ns() - s->begin_ns) / 2;
  const double whole = integral(*s, s->begin_ns, s->end_ns()).value();
  const double parts = integral(*s, s->begin_ns, middle).value() + integral(*s, middle, s->end_ns()).value();
  require(std::abs(whole - parts) <= 1e-9 * std::abs(whole) + 1e-200 || !std::isfinite(whole));
}

void bill(const std::string& text) {
  const auto rows = parse_bill(text, "x.csv");
  if (!was_read(rows)) return;
  require(!rows->empty());
  for (const auto& row : *rows) require(row.input >= 0 && row.output >= 0 && row.month.month >= 1 && row.month.month <= 12);
}

void life(const std::string& text) {
  const auto file = parse_life(text, "x.toml");
  if (!was_read(file)) return;
  const auto result = life_of(file->model, file->service.value_or(Service{}), file->model, {1, 100});
  if (!was_read(result)) return;
  for (const Quantity* q : {&result->whole, &result->answers, &result->per_answer, &result->parity, &result->break_even}) require_sound(*q);
  for (const auto& phase : result->phases) require_sound(phase.energy), require_sound(phase.share);
}

void scenario(const std::string& text) {
  auto s = parse_scenario(text, "x.toml");
  if (!was_read(s)) return;
  s->draws.count = 100;
  const auto outcome = simulate(*s);
  if (!was_read(outcome)) return;
  for (const auto& y : outcome->years) require_sound(y.energy.whole), require_sound(y.carbon.whole), require_sound(y.answers.whole);
  for (const auto& d : outcome->drivers) require_sound(d.factor);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 || size > 4000) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  constexpr std::uint8_t kKinds = 5;
  switch (data[0] % kKinds) {
    case 0:
      series("time,gCO2e/kWh\n2026-01-01T00:00Z,1\n" + text);
      break;
    case 1:
      bill("month,provider,model,region,input_tokens,output_tokens,requests\n" + text);
      break;
    case 2:
      life("answer = '0 J/response'\n" + text);
      break;
    case 3:
      (void)was_read(parse_choice(text, "x.toml"));
      break;
    default:
      scenario("start = 2020\nend = 2024\n" + text);
  }
  return 0;
}
