#include "export/card/forms.h"

#include <array>

#include "core/json_strings.h"
#include "core/text.h"
#include "export/card/form_fields.h"

namespace joulebook::card {
namespace {

// The date on which the texts were read; a form that has changed since says so by its own version.
constexpr std::string_view kSeen = "2026-11-27";

struct Form {
  std::string_view id;
  std::string_view title;
  std::string_view source;
  Json (*fields)(const FormInput&);
};

constexpr std::array kForms = {
    Form{"eu-ai-act",
         "Regulation (EU) 2024/1689 (AI Act), Annex XI, Section 1: technical documentation of "
         "general-purpose AI models, Article 53(1)(a)",
         "https://artificialintelligenceact.eu/annex/11", eu_fields},
    Form{"gpai-code",
         "General-Purpose AI Code of Practice, Transparency chapter, Model Documentation Form "
         "(10 July 2025)",
         "https://digital-strategy.ec.europa.eu/en/policies/contents-code-gpai (its items read in a "
         "summary of the form, not in the form itself)",
         code_fields},
    Form{"sci-ai", "Software Carbon Intensity for AI, Green Software Foundation",
         "https://github.com/Green-Software-Foundation/sci-ai, SPEC.md at 9b8c158", sci_fields},
    Form{"huggingface", "Hugging Face model card metadata, co2_eq_emissions",
         "https://github.com/huggingface/hub-docs, docs/hub/model-cards-co2.md at 3a34c0f", hub_fields},
    Form{"boamps", "BoAmps, Boavizta: report on the energy of an AI task",
         "https://github.com/Boavizta/BoAmps, model/*.json at 01f4c8e and an example report at 46c7700; "
         "its schema of measures was not at hand: members of `measures` are those of the example",
         boamps_fields},
};

}  // namespace

void FieldList::push(std::string_view field, std::string_view cites, std::string_view status,
                     Json value, Json quantity, std::string_view note) {
  list_.push(Json::object({{"field", field},
                           {"cites", cites},
                           {"status", status},
                           {"value", std::move(value)},
                           {"energy", std::move(quantity)},
                           {"note", text_or_null(note)}}));
}

FieldList& FieldList::value(std::string_view field, std::string_view cites, const Json& value,
                            std::string_view cure, std::string_view note) {
  if (value.is_null() || (value.is_string() && value.as_string().empty())) {
    return missing(field, cites, cure);
  }
  push(field, cites, "given", value, {}, note);
  return *this;
}

FieldList& FieldList::figure(std::string_view field, std::string_view cites, const Json& quantity,
                             std::string_view note) {
  if (!quantity["value"].is_null()) {
    push(field, cites, "given", {}, quantity, note);
    return *this;
  }
  const Json& reason = quantity["reason"];
  const std::string why = std::string(reason["message"].as_string("it is not known"));
  const auto cure = reason["cure"].as_string();
  return missing(field, cites, cure.empty() ? why : why + ": " + std::string(cure));
}

FieldList& FieldList::missing(std::string_view field, std::string_view cites, std::string_view cure) {
  push(field, cites, "missing", {}, {}, cure);
  return *this;
}

std::string hardware_text(const Json& subject) {
  std::string text = join(strings(subject["devices"]), "+");
  const auto cpu = subject["machine"]["cpu"].as_string();
  if (!cpu.empty()) text += (text.empty() ? "" : ", ") + std::string(cpu);
  return text;
}

const Json& first_figure(const Json& subject, std::string_view name) {
  return subject["energy"].at(0)[name];
}

Json forms_of(const Json& subject, const Json& facts, const Json& carbon) {
  const FormInput input{subject, facts, carbon};
  Json list = Json::array();
  for (const auto& form : kForms) {
    list.push(Json::object({{"id", form.id},
                            {"title", form.title},
                            {"source", form.source},
                            {"seen", kSeen},
                            {"fields", form.fields(input)}}));
  }
  return list;
}

}  // namespace joulebook::card
