#include "export/card/record_subjects.h"

#include "core/clock.h"
#include "core/json_strings.h"
#include "export/study_json.h"
#include "export/study_words.h"

namespace joulebook::card {
namespace {

tl::unexpected<Error> unfit(const std::string& id, std::string why) {
  return fail(ErrorKind::input, "card.record", id + " " + std::move(why),
              "name finished runs, questions, studies or gateways of the ledger: joulebook list");
}

std::vector<Basis> study_bases() {
  return {{"gross", "all that the meter saw while the answer was made, idle power included"},
          {"active", "what stands above the power at rest with the model loaded"}};
}

std::string base_name(std::string_view path) {
  if (path.starts_with("http://") || path.starts_with("https://")) return std::string(path);
  const auto slash = path.rfind('/');
  return std::string(slash == path.npos ? path : path.substr(slash + 1));
}

Answer answer_of(const TrialRecord& t) {
  Answer a;
  a.energies = {t.energy, t.active};
  a.prompt_tokens = static_cast<double>(t.prompt_tokens.count);
  a.cached_tokens = static_cast<double>(t.cached_tokens.count);
  a.reasoning_tokens = static_cast<double>(t.reasoning_tokens.count);
  a.answer_tokens = static_cast<double>(t.answer_tokens.count);
  for (const auto& p : t.phases) {
    a.phases.push_back({std::string(study_format::word_of(p.span.phase)), p.span.tokens.count,
                        static_cast<double>((p.span.end - p.span.begin).count()) * 1e-9, p.energy});
  }
  return a;
}

// The trials of one arm, added in the order of execution.
void add_trials(Subject& subject, const std::vector<TrialRecord>& trials, std::size_t arm) {
  std::pair<double, double> checked{0, 0};
  for (const auto& t : trials) {
    if (t.arm != arm) continue;
    if (t.error) {
      ++subject.apart["failed: " + t.error->code];
      continue;
    }
    subject.add(answer_of(t));
    if (!t.correct) continue;
    checked.second += 1;
    if (*t.correct) checked.first += 1;
  }
  if (checked.second > 0) subject.correct = checked;
  subject.batch = {1, 1, "one question at a time"};
}

Subject arm_subject(const Record& record, const StudyResult& study, std::size_t i) {
  const ArmResult& arm = study.arms[i];
  const std::string model = base_name(arm.engine.model.empty() ? arm.spec.model : arm.engine.model);
  Subject s("study", model, study_bases());
  s.key = Json::object({{"arm", arm.spec.name}, {"mode", study_format::word_of(arm.spec.mode)}});
  s.records = {record.id};
  s.from = iso8601(study.start.wall_ns);
  s.to = iso8601(study.end.wall_ns);
  s.engine = arm.engine.version.empty() ? arm.engine.kind : arm.engine.kind + " " + arm.engine.version;
  s.parameters = static_cast<double>(arm.engine.parameters);
  for (const auto& q : arm.engine.quantisation) {
    s.quantisation += (s.quantisation.empty() ? "" : ", ") + q.type;
  }
  s.devices = strings(study.whole.devices);
  s.machine = study.machine;
  add_trials(s, study.trials, i);
  return s;
}

Result<std::vector<Subject>> of_study(const Record& record) {
  const auto study = study_from_json(record.document);
  if (!study) return fail(study.error());
  std::vector<Subject> subjects;
  for (std::size_t i = 0; i < study->arms.size(); ++i) {
    subjects.push_back(arm_subject(record, *study, i));
  }
  return subjects;
}

Result<std::vector<Subject>> of_question(const Record& record) {
  const Json& d = record.document;
  std::vector<TrialRecord> trials;
  for (const auto& item : d["trials"].items()) {
    auto trial = trial_from_json(item);
    if (!trial) return fail(trial.error());
    trials.push_back(std::move(*trial));
  }
  Subject s("ask", base_name(d["model"].as_string()), study_bases());
  s.key = Json::object();
  s.records = {record.id};
  s.from = record.started;
  s.engine = d["engine"].as_string();
  s.devices = d["devices"];
  s.machine = d["machine"];
  add_trials(s, trials, 0);
  std::vector<Subject> one;
  one.push_back(std::move(s));
  return one;
}

Quantity figure(const Json& json) {
  if (auto q = quantity_from_json(json)) return *q;
  return Quantity::absent("J", {"metric.unknown", "the run does not say", ""});
}

Result<std::vector<Subject>> of_run(const Record& record, const StatedServing& stated) {
  const Json& d = record.document;
  Subject s("run", record.title,
            {{"gross", "all that the meter saw during the run, idle power included"},
             {"above_idle", "what stands above the power at rest"},
             {"tree", "the share of the measured processes, by CPU time"}});
  s.key = Json::object();
  s.records = {record.id};
  s.from = record.started;
  s.devices = d["devices"];
  s.machine = d["machine"];
  s.batch = {stated.batch, std::nullopt,
             stated.batch ? "stated by the publisher" : "a run does not say how many answers ran at once"};
  Answer whole;
  whole.energies = {figure(d["total"]), figure(d["above_idle"]), figure(d["tree"])};
  whole.answers = stated.requests.value_or(0);
  whole.prompt_tokens = stated.prompt_tokens;
  whole.answer_tokens = stated.output_tokens;
  whole.lengths = false;
  s.add(whole);
  std::vector<Subject> one;
  one.push_back(std::move(s));
  return one;
}

void empty_text(Json& object, std::string_view key) {
  if (object[key].is_string()) object.set(std::string(key), "");
}

// Each item of a list, changed.
template <class F>
void each(Json& object, const std::string& key, const F& change) {
  if (!object[key].is_array()) return;
  Json list = Json::array();
  for (Json item : object[key].items()) {
    change(item);
    list.push(std::move(item));
  }
  object.set(key, std::move(list));
}

// A member that is an object, changed.
template <class F>
void within(Json& object, const std::string& key, const F& change) {
  Json member = object[key];
  if (!member.is_object()) return;
  change(member);
  object.set(key, std::move(member));
}

void name_only(Json& object, const std::string& key) {
  if (object[key].is_string()) object.set(key, base_name(object[key].as_string()));
}

void strip_arm(Json& arm) {
  empty_text(arm, "system");
  name_only(arm, "model");
}

void strip_trial(Json& trial) {
  empty_text(trial, "answer");
  empty_text(trial, "reasoning");
}

}  // namespace

Json Record::json() const {
  return Json::object({{"id", id},
                       {"kind", kind},
                       {"title", title},
                       {"started", started},
                       {"document", document}});
}

Result<Record> Record::from_json(const Json& json) {
  for (const char* key : {"id", "kind", "title", "started"}) {
    if (!json[key].is_string()) return unfit("a record", std::string("lacks its ") + key);
  }
  if (!json["document"].is_object()) return unfit("a record", "lacks its document");
  return Record{std::string(json["id"].as_string()), std::string(json["kind"].as_string()),
                std::string(json["title"].as_string()), std::string(json["started"].as_string()),
                json["document"]};
}

Json without_text(Json d) {
  if (d["command"].is_array()) {
    Json program = Json::array();
    if (!d["command"].items().empty()) program.push(base_name(d["command"].at(0).as_string()));
    d.set("command", std::move(program));
  }
  name_only(d, "model");
  each(d, "trials", strip_trial);
  each(d, "arms", [](Json& arm) {
    within(arm, "spec", strip_arm);
    within(arm, "engine", [](Json& engine) { name_only(engine, "path"); });
  });
  within(d, "mean", strip_trial);
  within(d, "spec", [](Json& spec) {
    each(spec, "arms", strip_arm);
    each(spec, "prompts", [](Json& prompt) {
      empty_text(prompt, "text");
      within(prompt, "checker", [](Json& checker) { empty_text(checker, "expected"); });
    });
    name_only(spec, "prompts_source");
  });
  return d;
}

Result<std::vector<Subject>> subjects_of(const Record& record, const StatedServing& stated) {
  const auto schema = record.document["schema"].as_string();
  if (schema == kStudySchema) return of_study(record);
  if (schema.starts_with("joulebook.ask/")) return of_question(record);
  if (schema.starts_with("joulebook.run/")) return of_run(record, stated);
  return unfit(record.id, "is no finished run, question or study");
}

}  // namespace joulebook::card
