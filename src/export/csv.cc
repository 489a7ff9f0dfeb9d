#include "export/csv.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "core/text.h"
#include "export/csv_row.h"
#include "export/study_words.h"

namespace joulebook {
namespace {

constexpr std::array kTrialColumns = {
    "study", "ordinal",  "arm",        "model",  "prompt",  "kind",  "round",       "seed",
    "begin", "begin_ns", "duration_s", "finish", "correct", "words", "cpu_seconds", "error"};
constexpr std::array kArmColumns = {"study", "arm", "model", "mode", "max_tokens"};

std::string trials_header() {
  CsvRow row;
  for (const char* name : kTrialColumns) row.text(name);
  for (const auto& m : trial_metrics()) row.header(m.type, m.id);
  return row.line();
}

// What is known of the answer itself; a failed trial has none of it.
void outcome(CsvRow& row, const TrialRecord& t) {
  if (t.error) {
    row.empty().empty().empty().empty().text(t.error->code);
    return;
  }
  row.text(study_format::word_of(t.finish));
  t.correct ? row.text(*t.correct ? "true" : "false") : row.empty();
  row.whole(t.words);
  t.cpu_seconds >= 0 ? row.number(t.cpu_seconds) : row.empty();
  row.empty();
}

std::string trial_line(const StudyResult& study, const TrialRecord& t) {
  const ArmSpec& arm = study.spec.arms[t.arm];
  const Prompt& prompt = study.spec.prompts[t.prompt];
  CsvRow row;
  row.text(study.id).whole(t.ordinal).text(arm.name).text(arm.model).text(prompt.id);
  row.text(prompt.kind).whole(t.round).whole(t.seed);
  row.text(iso8601(study.start.wall_ns + (t.begin - study.start.steady).count()));
  row.whole(t.begin.ns).number(t.duration().count());
  outcome(row, t);
  for (const auto& m : trial_metrics()) row.metric(m.type, m.of(t));
  return row.line();
}

std::string arms_header() {
  CsvRow row;
  for (const char* name : kArmColumns) row.text(name);
  for (const auto& m : arm_metrics()) {
    row.header(m.type, m.id);
    if (m.type == MetricType::quantity) {
      row.text(fmt::format("{}_alike_lo", m.id)).text(fmt::format("{}_alike_hi", m.id));
    }
  }
  return row.line();
}

std::string arm_line(const StudyResult& study, const ArmResult& arm) {
  CsvRow row;
  row.text(study.id).text(arm.spec.name).text(arm.spec.model);
  row.text(study_format::word_of(arm.spec.mode)).whole(arm.spec.max_tokens);
  for (const auto& m : arm_metrics()) {
    const Estimate e = m.of(arm);
    row.metric(m.type, e.these);
    if (m.type == MetricType::quantity) row.interval(e.alike);
  }
  return row.line();
}

}  // namespace

std::string csv_number(double value) {
  if (std::isnan(value)) return {};
  return fmt::format("{}", value);
}

CsvRow& CsvRow::text(std::string_view cell) {
  if (!std::exchange(first_, false)) line_ += ',';
  line_ += csv_field(cell);
  return *this;
}

CsvRow& CsvRow::interval(const std::optional<Interval>& i) {
  return i ? number(i->lo).number(i->hi) : empty().empty();
}

CsvRow& CsvRow::header(MetricType type, std::string_view id) {
  text(id);
  if (type == MetricType::quantity) {
    for (const char* suffix : {"lo", "hi", "level", "tier", "boundary"}) {
      text(fmt::format("{}_{}", id, suffix));
    }
  }
  return text(fmt::format("{}_reason", id));
}

CsvRow& CsvRow::metric(MetricType type, const Quantity& q) {
  q.present() ? number(*q.value) : empty();
  if (type == MetricType::quantity) {
    if (q.present()) {
      interval(q.interval()).number(q.level).text(to_string(q.tier)).text(q.boundary);
    } else {
      q.known_lo ? number(*q.known_lo) : empty();
      empty().empty().empty().empty();
    }
  }
  return q.present() || !q.reason ? empty() : text(q.reason->code);
}

std::string trials_csv(const StudyResult& study) {
  std::string out = trials_header();
  for (const auto& t : study.trials) out += trial_line(study, t);
  return out;
}

std::string arms_csv(const StudyResult& study) {
  std::string out = arms_header();
  for (const auto& arm : study.arms) out += arm_line(study, arm);
  return out;
}

}  // namespace joulebook
