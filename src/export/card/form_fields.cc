#include "export/card/form_fields.h"

#include <fmt/format.h>

#include <algorithm>

namespace joulebook::card {
namespace {

constexpr std::string_view kFacts = "state it in the facts file";

bool there(const Json& quantity) { return quantity["value"].is_number(); }

// The same figure in another unit, exact.
Json in_unit(const Json& quantity, double factor, const std::string& unit) {
  auto q = quantity_from_json(quantity);
  if (!q) return quantity;
  Quantity out = scaled(*q, factor);
  out.unit = unit;
  return to_json(out);
}

// "joulebook 0.1.0: measured, package+dram; RAPL ..."
std::string method_text(const Json& quantity) {
  return fmt::format("{}, boundary {}: {}", quantity["tier"].as_string(),
                     quantity["boundary"].as_string(), quantity["method"].as_string());
}

std::string model_name(const FormInput& in) {
  const auto stated = in.facts["model"]["name"].as_string();
  return std::string(stated.empty() ? in.subject["name"].as_string() : stated);
}

const Json& parameters(const FormInput& in) {
  const Json& stated = in.facts["model"]["parameters"];
  return stated.is_null() ? in.subject["parameters"] : stated;
}

}  // namespace

Json eu_fields(const FormInput& in) {
  const Json& training = in.facts["training"];
  const Json& per_request = first_figure(in.subject, "per_request");
  FieldList list;
  list.value("computational resources used to train the model (floating point operations)",
             "Annex XI, Section 1, point 2(d)", training["flops"],
             "state [training] flops and source in the facts file");
  list.value("training time", "Annex XI, Section 1, point 2(d)",
             training["hours"].is_null() ? Json() : Json(fmt::format("{} h", training["hours"].as_double())),
             "state [training] hours and source in the facts file");
  const bool whole = there(training["energy"]) && there(per_request);
  list.figure("known or estimated energy consumption of the model: training",
              whole ? "Annex XI, Section 1, point 2(e)"
                    : "Annex XI, Section 1, point 2(e); where it is unknown it may be based on the "
                      "computational resources used",
              training["energy"]);
  list.figure("known or estimated energy consumption of the model: use",
              "Annex XI, Section 1, point 2(e)", per_request,
              whole ? "" : "measured use alone does not stand for the model's whole consumption");
  return list.take();
}

Json code_fields(const FormInput& in) {
  constexpr std::string_view kEnergy = "Model Documentation Form, section Energy consumption";
  constexpr std::string_view kCompute = "Model Documentation Form, section Computational resources";
  const Json& training = in.facts["training"];
  const Json& inference = in.facts["inference"];
  FieldList list;
  list.value("training time", kCompute,
             training["hours"].is_null() ? Json() : Json(fmt::format("{:.3g} days", training["hours"].as_double() / 24)),
             "state [training] hours in the facts file");
  list.value("amount of computation used for training (floating point operations)", kCompute,
             training["flops"], "state [training] flops in the facts file");
  list.figure("amount of energy used for training (MWh)", kEnergy,
              in_unit(training["energy"], 1 / 3.6e9, "MWh"));
  list.value("measurement methodology of the training energy", kEnergy, training["method"],
             "state [training] method in the facts file");
  const Json& flops = inference["flops_per_output_token"];
  list.value("benchmarked amount of computation used for inference (floating point operations, for 100000 "
             "tokens generated)",
             kEnergy, flops.is_null() ? Json() : Json(flops.as_double() * 1e5),
             "state [inference] flops_per_output_token and source in the facts file; the form asks for "
             "computation here, not for joules");
  const std::string hardware = hardware_text(in.subject);
  list.value("measurement methodology of that computation: task and hardware", kEnergy,
             flops.is_null() || hardware.empty()
                 ? Json()
                 : Json(fmt::format("100000 tokens generated; {}; {}", hardware, inference["source"].as_string())),
             "it goes with the amount of computation");
  return list.take();
}

Json sci_fields(const FormInput& in) {
  FieldList list;
  const Json& tokens = in.subject["tokens"];
  const bool counted = tokens["output"].is_number() && tokens["prompt"].is_number();
  list.value("consumer functional unit R: tokens processed", "SCI for AI, 8.1 and 9.1.1 step 4",
             counted ? Json(tokens["output"].as_double() + tokens["prompt"].as_double()) : Json(),
             "the answers do not all say their tokens");
  list.figure("operational energy E of the consumer boundary", "SCI for AI, 6.1 and 7.5; ISO/IEC 21031:2024",
              first_figure(in.subject, "total"),
              "of the boundary named beside it; gateways, storage and clients are not in it");
  list.figure("operational carbon O = E x I", "SCI for AI, 9.1.1 step 1", in.carbon["operational"]);
  list.figure("embodied carbon M of the hardware", "SCI for AI, 9.1.1 step 2", in.carbon["embodied"]);
  list.figure("consumer SCI = C / R, per token", "SCI for AI, 9.1.1 step 5", in.carbon["sci_consumer"]);
  const Json& training = in.facts["training"];
  list.value("provider functional unit R (parameters or training FLOP)", "SCI for AI, 8.2",
             training["flops"].is_null() ? parameters(in) : training["flops"],
             "state [model] parameters or [training] flops in the facts file");
  list.missing("provider SCI = C / R", "SCI for AI, 7.1 to 7.6 and 9.1.2",
               "it asks for preparation, data engineering, training, integration and end of life; of these "
               "no sample here holds any, and at most training is stated");
  return list.take();
}

Json hub_fields(const FormInput& in) {
  constexpr std::string_view kCites = "hub-docs, model-cards-co2.md, Carbon footprint metadata";
  const Json& t = in.facts["training"];
  FieldList list;
  list.value("co2_eq_emissions.emissions (grams of CO2eq, of training)", kCites,
             t["co2_kg"].is_null() ? Json() : Json(t["co2_kg"].as_double() * 1000),
             "state [training] co2_kg and source in the facts file; the field is about training, what use "
             "emits does not belong there");
  list.value("co2_eq_emissions.source", kCites, t["source"], kFacts);
  list.value("co2_eq_emissions.training_type", kCites, t["type"],
             "state [training] type: pre-training or fine-tuning");
  list.value("co2_eq_emissions.geographical_location", kCites, t["location"],
             "state [training] location in the facts file");
  list.value("co2_eq_emissions.hardware_used", kCites, t["hardware"],
             "state [training] hardware in the facts file");
  return list.take();
}

namespace {

// BoAmps asks for a word: high within 10 %, medium within 25 %, low within 50 %.
Json quality_of(const Json& quantity) {
  const double value = quantity["value"].as_double();
  if (!there(quantity) || value <= 0 || !quantity["hi"].is_number()) return {};
  const double off = std::max(quantity["hi"].as_double() - value, value - quantity["lo"].as_double()) / value;
  if (off <= 0.10) return "high";
  if (off <= 0.25) return "medium";
  return off <= 0.50 ? Json("low") : Json();
}

void boamps_task(FieldList& list, const FormInput& in) {
  constexpr std::string_view kTask = "report_schema.json, task";
  const Json& s = in.subject;
  list.value("task.taskStage", kTask, "inference", "");
  list.value("task.taskFamily", kTask, in.facts["model"]["task"],
             "state [model] task in the facts file: chatbot, image generation, ...");
  list.value("task.nbRequest", kTask, s["answers"], "it is not known how many answers there were");
  list.value("task.algorithms[].foundationModelName", "algorithm_schema.json", model_name(in),
             "state [model] name in the facts file");
  const Json& n = parameters(in);
  list.value("task.algorithms[].parametersNumber (billions)", "algorithm_schema.json",
             n.is_number() ? Json(n.as_double() * 1e-9) : Json(),
             "state [model] parameters in the facts file");
  list.value("task.algorithms[].framework", "algorithm_schema.json", s["engine"], "the engine is not known");
  list.value("task.algorithms[].quantization", "algorithm_schema.json", s["quantisation"],
             "the model's file is not known here");
  list.value("task.dataset[input].dataQuantity (tokens)", "dataset_schema.json", s["tokens"]["prompt"],
             "the prompts' tokens are not known");
  list.value("task.dataset[output].dataQuantity (tokens)", "dataset_schema.json", s["tokens"]["output"],
             "the answers' tokens are not known");
  const Json& checked = s["checked"];
  list.value("task.measuredAccuracy", kTask,
             checked.is_object() ? Json(checked["correct"].as_double() / checked["checkable"].as_double())
                                 : Json(),
             "no answer was checked");
}

}  // namespace

Json boamps_fields(const FormInput& in) {
  const Json& s = in.subject;
  const Json& total = first_figure(s, "total");
  FieldList list;
  list.value("header.publisher.name", "report_schema.json, header", in.facts["publisher"],
             "state publisher in the facts file");
  boamps_task(list, in);
  list.value("measures[].measurementMethod", "energy-report-llm-inference.json, measures",
             there(total) ? Json("joulebook: " + method_text(total)) : Json(), "there is no figure");
  list.figure("measures[].powerConsumption (kWh, an energy for all its name)",
              "energy-report-llm-inference.json, measures", in_unit(total, 1 / 3.6e6, "kWh"));
  list.value("system.os", "report_schema.json, system", s["machine"]["os"],
             "the machine is not described in the record");
  list.value("infrastructure.infraType", "report_schema.json, infrastructure",
             in.facts["place"]["infrastructure"],
             "state [place] infrastructure: publicCloud, privateCloud, onPremise or other");
  list.value("infrastructure.components", "hardware_schema.json", hardware_text(s),
             "the hardware is not described in the record");
  list.value("environment.country", "report_schema.json, environment", in.facts["place"]["country"],
             "state [place] country in the facts file");
  list.value("environment.location", "report_schema.json, environment", in.facts["place"]["location"],
             "state [place] location in the facts file");
  list.figure("environment.powerSourceCarbonIntensity (gCO2eq/kWh)", "report_schema.json, environment",
              in.carbon["intensity"]);
  list.value("quality", "report_schema.json, quality", quality_of(total),
             "the interval is wider than 50 %, or unbounded: none of its three words holds");
  return list.take();
}

}  // namespace joulebook::card
