#pragma once
// How one form is written down: inside of the card floor.
#include <string>
#include <string_view>

#include "core/json.h"

namespace joulebook::card {

// What fields are filled from.
struct FormInput {
  const Json& subject;
  const Json& facts;
  const Json& carbon;
};

class FieldList {
 public:
  // A value that is there, or null: then missing, and `cure` says what would supply it.
  FieldList& value(std::string_view field, std::string_view cites, const Json& value,
                   std::string_view cure, std::string_view note = {});
  // A figure: present, or an absence whose reason is the note.
  FieldList& figure(std::string_view field, std::string_view cites, const Json& quantity,
                    std::string_view note = {});
  FieldList& missing(std::string_view field, std::string_view cites, std::string_view cure);
  [[nodiscard]] Json take() { return std::move(list_); }

 private:
  void push(std::string_view field, std::string_view cites, std::string_view status, Json value,
            Json quantity, std::string_view note);
  Json list_ = Json::array();
};

[[nodiscard]] Json eu_fields(const FormInput& in);      // Regulation (EU) 2024/1689, Annex XI
[[nodiscard]] Json code_fields(const FormInput& in);    // GPAI Code of Practice, form
[[nodiscard]] Json sci_fields(const FormInput& in);     // SCI for AI
[[nodiscard]] Json hub_fields(const FormInput& in);     // Hugging Face, co2_eq_emissions
[[nodiscard]] Json boamps_fields(const FormInput& in);  // Boavizta, BoAmps

// "2 answers at once on cpu, AMD EPYC": what the answers ran on. Empty where nothing is known.
[[nodiscard]] std::string hardware_text(const Json& subject);
// The first basis's figure of that name ("per_1000_requests").
[[nodiscard]] const Json& first_figure(const Json& subject, std::string_view name);

}  // namespace joulebook::card
