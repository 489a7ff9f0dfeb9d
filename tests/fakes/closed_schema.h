#pragma once
// Whether a schema under docs/schema is closed and every required member of it counts: a document
// that lacks one, or holds one of another type, or one too many, must be refused. For tests.
#include <string>

#include "fakes/json_schema.h"

namespace joulebook::fakes {

class Schema : public JsonSchema {
 public:
  explicit Schema(const std::string& name);  // of a file in docs/schema
};

// `good` obeys and holds an instance of every definition. Each fault is put to the rule of the object
// that has it, above which all rules must hold, so that what this refuses the whole refuses; one fault
// in each object is put to the whole as well.
void expect_closed(const Schema& schema, const Doc& good);

// Every rule for an object says what else it may hold; required members are among the known ones.
void expect_no_open_object(const Doc& rule, const std::string& at);

}  // namespace joulebook::fakes
