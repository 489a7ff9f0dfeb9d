#pragma once
// Checks of a bundle's rows and records against themselves. Inside of the card floor.
#include <functional>
#include <string>

#include "core/json.h"

namespace joulebook::card {

// Told of each fault: where in the part, and what.
using Tell = std::function<void(const std::string& at, const std::string& what)>;

// Every quantity in it: well formed, its value inside its interval, and its interval the one that its own
// and shared parts make. Returns how many have a value.
std::int64_t check_quantities(const Json& json, const std::string& at, const Tell& tell);

// A request's phases sum to its fair share, and so does what was posted to it.
void check_request(const Json& row, const std::string& at, const Tell& tell);

// Each trial's phases sum to its energy. Returns how many trials there are.
std::int64_t check_trials(const Json& document, const Tell& tell);

}  // namespace joulebook::card
