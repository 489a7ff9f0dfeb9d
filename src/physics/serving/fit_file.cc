#include "physics/serving/fit_file.h"

#include <fmt/format.h>

namespace joulebook {

std::string_view serving_fit_json();

}  // namespace joulebook

namespace joulebook::serving {
namespace {

constexpr std::string_view kSchema = "joulebook.serving-fit/1";

tl::unexpected<Error> bad(std::string message) {
  return fail(ErrorKind::input, "fit.syntax", std::move(message),
              "make the file again: joulebook predict --fit ROWS.csv --out FILE");
}

Json spread_json(const Spread& spread) {
  Json weights = Json::object();
  for (std::size_t i = 0; i < kFeatures; ++i) {
    weights.set(std::string(feature_names()[i]), spread.weights[i]);
  }
  return Json::object({{"level", spread.level}, {"low", spread.low}, {"high", spread.high},
                       {"log_scale", weights}});
}

Result<Spread> spread_from(const Json& json) {
  Spread spread;
  spread.level = json["level"].as_double(0.8);
  spread.low = json["low"].as_double();
  spread.high = json["high"].as_double();
  for (std::size_t i = 0; i < kFeatures; ++i) {
    const Json& w = json["log_scale"][feature_names()[i]];
    if (!w.is_number()) return bad(fmt::format("interval feature \"{}\" is missing", feature_names()[i]));
    spread.weights[i] = w.as_double();
  }
  return spread;
}

}  // namespace

Json to_json(const ServingFit& fit) {
  Json parameters = Json::object();
  const auto table = parameter_table();
  for (std::size_t i = 0; i < kParameters; ++i) {
    parameters.set(std::string(table[i].name),
                   Json::object({{"value", fit.parameters[i]}, {"unit", table[i].unit},
                                 {"neutral", table[i].neutral},
                                 {"bounds", Json::array({table[i].lo, table[i].hi})}}));
  }
  return Json::object({{"schema", kSchema},
                       {"date", fit.date},
                       {"source", fit.source},
                       {"rows", static_cast<std::int64_t>(fit.rows)},
                       {"architectures", static_cast<std::int64_t>(fit.architectures)},
                       {"left_out_median_error", fit.median_error},
                       {"parameters", parameters},
                       {"interval", spread_json(fit.spread)}});
}

Result<ServingFit> serving_fit_from_json(const Json& json) {
  if (json["schema"].as_string() != kSchema) return bad("this is no serving fit");
  ServingFit fit;
  fit.date = json["date"].as_string();
  fit.source = json["source"].as_string();
  fit.rows = static_cast<std::size_t>(json["rows"].as_int());
  fit.architectures = static_cast<std::size_t>(json["architectures"].as_int());
  fit.median_error = json["left_out_median_error"].as_double();
  const auto table = parameter_table();
  constexpr double kRounding = 1e-9;
  for (std::size_t i = 0; i < kParameters; ++i) {
    const Json& value = json["parameters"][table[i].name]["value"];
    fit.parameters[i] = value.as_double(-1);
    if (!(fit.parameters[i] >= table[i].lo * (1 - kRounding) &&
          fit.parameters[i] <= table[i].hi * (1 + kRounding))) {
      return bad(fmt::format("parameter \"{}\" is missing or out of its bounds", table[i].name));
    }
  }
  auto spread = spread_from(json["interval"]);
  if (!spread) return fail(spread.error());
  fit.spread = *spread;
  return fit;
}

const ServingFit& built_in_fit() {
  static const ServingFit fit = [] {
    const auto json = parse_json(serving_fit_json());
    if (json) {
      if (auto read = serving_fit_from_json(*json)) return *read;
    }
    ServingFit neutral;  // only while the file itself is being made
    neutral.parameters = neutral_parameters();
    return neutral;
  }();
  return fit;
}

}  // namespace joulebook::serving
