// docs/schema/card.schema.json: holds of every sort of card, and is closed.
#include <gtest/gtest.h>

#include <set>

#include "export/card/carbon.h"
#include "export/card/card_fixture.h"
#include "export/card/verify.h"
#include "fakes/closed_schema.h"

namespace joulebook::card {
namespace {

using fakes::Doc;
using fakes::Schema;

Doc doc_of(const Json& json) { return Doc::parse(json.dump()); }

Json full_card() {
  Statement stated = statement({"model", "month"});
  stated.since = "2026-10-01T00:00:00.000Z";
  stated.warnings = {"a warning"};
  stated.grid = stated_grid("DE", account::GridKind::lifecycle).value_or(Json());
  stated.facts = *parse_facts(
      "publisher = \"Lab\"\n[training]\nenergy_kwh = 10\nflops = 1e20\nsource = \"paper\"\n"
      "[hardware]\nembodied_kg_per_1000_requests = 0.3\nsource = \"theirs\"\n"
      "[scale]\nauthor = \"An Institute\"\ntitle = \"A scale\"\nper = \"per_request\"\n"
      "[[scale.class]]\nname = \"A\"\nmost = 12\n[[scale.class]]\nname = \"B\"\n",
      "f");
  return sample_card(8, stated);
}

// Every member but those that may be left out or are open by name, once by its place without numbers.
void walk(const Schema& schema, const Doc& whole, const Doc& here, const Doc::json_pointer& at,
          const std::string& place, std::set<std::string>& seen) {
  if (here.is_array()) {
    for (std::size_t i = 0; i < here.size(); ++i) walk(schema, whole, here[i], at / i, place, seen);
  }
  if (!here.is_object() || place.ends_with("/machine")) return;
  const bool quantity = here.contains("unit") && here.contains("value");
  const bool open = place.ends_with("/key");
  const std::string kind = place + (quantity && here["value"].is_null() ? "!" : "");
  if (seen.insert(kind).second) {
    Doc more = whole;
    more.at(at)["no_such_member"] = 1;
    EXPECT_FALSE(schema.accepts(more)) << place;
    for (const auto& [name, member] : here.items()) {
      if (open || (quantity && (name == "per" || name == "lo"))) continue;
      Doc less = whole;
      less.at(at).erase(name);
      EXPECT_FALSE(schema.accepts(less)) << place << " without " << name;
    }
  }
  for (const auto& [name, member] : here.items()) {
    walk(schema, whole, member, at / name, place + "/" + name, seen);
  }
}

TEST(CardSchema, HoldsOfEveryCard) {
  const Schema schema("card.schema.json");
  EXPECT_EQ(schema.explain(doc_of(full_card())), "");
  EXPECT_EQ(schema.explain(doc_of(sample_card(0))), "");
  EXPECT_EQ(schema.explain(doc_of(sample_card(3, statement({"tenant", "route"})))), "");
}

TEST(CardSchema, IsClosed) {
  const Schema schema("card.schema.json");
  fakes::expect_no_open_object(schema.raw(), "");
  const Doc whole = doc_of(full_card());
  std::set<std::string> seen;
  walk(schema, whole, whole, Doc::json_pointer(), "", seen);
  EXPECT_GT(seen.size(), 30U);
}

TEST(CardCheckSchema, HoldsAndIsClosed) {
  const Schema schema("card-check.schema.json");
  fakes::expect_no_open_object(schema.raw(), "");
  EXPECT_EQ(schema.explain(doc_of(verify_alone("{}").json())), "");
  EXPECT_EQ(schema.explain(doc_of(verify_bundle(sample_bundle(), {}, {}).json())), "");
  Doc whole = doc_of(verify_alone("{}").json());
  whole["signature"] = {{"good", true}, {"sentence", "it holds"}};
  std::set<std::string> seen;
  walk(schema, whole, whole, Doc::json_pointer(), "", seen);
  EXPECT_EQ(seen.size(), 3U);
}

}  // namespace
}  // namespace joulebook::card
