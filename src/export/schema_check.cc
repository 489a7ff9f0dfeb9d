// schema_check SCHEMA FILE...: 0 where every file obeys the schema, else 1 and why. For tests that
// run the program and look at what it wrote.
#include <cstdio>
#include <exception>
#include <fstream>

#include "fakes/json_schema.h"

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: schema_check SCHEMA FILE...\n");
    return 2;
  }
  try {
    const joulebook::fakes::JsonSchema schema(argv[1]);
    int bad = 0;
    for (int i = 2; i < argc; ++i) {
      std::ifstream in(argv[i]);
      const auto why = schema.explain(nlohmann::json::parse(in));
      if (why.empty()) continue;
      std::fprintf(stderr, "%s: %s\n", argv[i], why.c_str());
      bad = 1;
    }
    return bad;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "schema_check: %s\n", error.what());
    return 1;
  }
}
