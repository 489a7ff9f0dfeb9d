// What a gateway wrote, as a person reads it: list, show, export, ledger verify and compact.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/process.h"
#include "core/file_tree.h"
#include "core/text.h"
#include "ledger/serve_fixture.h"

namespace joulebook::fakes {
namespace {

using testing::HasSubstr;

// Five hours of a gateway.
std::string metered_ledger() {
  const std::string path = fresh_folder("metered") + "/ledger.db";
  auto writer = serving(path, without_fsync());
  const auto batches = traffic(30, 600);
  for (const auto& batch : batches) EXPECT_TRUE(writer->settle(batch));
  EXPECT_TRUE(writer->end(anchor_at(30 * 600 * kSecond),
                          Json::object({{"total", to_json(joules(1234))}}), true));
  return path;
}

Outcome on(const std::string& ledger, std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--ledger", ledger});
  return joulebook(std::move(arguments));
}

TEST(Metered, ListShowAndExport) {
  const std::string ledger = metered_ledger();
  const Outcome list = on(ledger, {"list"});
  EXPECT_EQ(list.code, 0) << list.err;
  EXPECT_THAT(list.out, HasSubstr("serve-2027"));
  EXPECT_THAT(list.out, HasSubstr("1.23 kJ"));

  const Outcome run = on(ledger, {"show", "last"});
  EXPECT_EQ(run.code, 0) << run.err;
  for (const char* word : {"1.23 kJ", "idle.resident", "unattributed", "red", "small",
                           "/v1/chat/completions"}) {
    EXPECT_THAT(run.out, HasSubstr(word));
  }
  const Outcome request = on(ledger, {"show", fmt_id(3)});
  EXPECT_EQ(request.code, 0) << request.err;
  for (const char* word : {"final", "fair", "served", "marginal", "prefill", "apportioned",
                           "shape:Qwen3-0.6B"}) {
    EXPECT_THAT(request.out, HasSubstr(word));
  }
  const auto json = parse_json(on(ledger, {"show", fmt_id(3), "--json", "-"}).out);
  ASSERT_TRUE(json);
  EXPECT_EQ((*json)["status"].as_string(), "final");
  EXPECT_EQ((*json)["fair"]["value"].as_double(), 1);
  EXPECT_EQ(on(ledger, {"show", "req-none"}).code, 3);

  const Outcome csv = on(ledger, {"export", "last", "--format", "csv"});
  EXPECT_EQ(csv.code, 0) << csv.err;
  EXPECT_EQ(split(csv.out, '\n').size(), 1U + 30U + 1U);
  const std::string file = ledger + ".csv";
  EXPECT_EQ(on(ledger, {"export", "last", "--format", "csv", "-o", file}).code, 0);
  EXPECT_EQ(read_file(file).value_or(""), csv.out);
}

TEST(Metered, CompactAndVerify) {
  const std::string ledger = metered_ledger();
  const Outcome never = on(ledger, {"ledger", "compact", "--older-than", "soon"});
  EXPECT_EQ(never.code, 2);
  EXPECT_THAT(never.err, HasSubstr("soon"));
  const Outcome before = on(ledger, {"show", "last"});
  EXPECT_EQ(on(ledger, {"ledger", "verify"}).code, 0);
  // The traffic lies ahead of this machine's clock or behind it; all of it is rolled up here.
  const std::string sound = "every settled window sums to its meter";
  ASSERT_TRUE(compact_ledger(ledger, anchor_at(100'000 * kSecond).wall_ns, anchor_at(0)));
  const Outcome verify = on(ledger, {"ledger", "verify"});
  EXPECT_EQ(verify.code, 0) << verify.out;
  EXPECT_THAT(verify.out, HasSubstr(sound));
  EXPECT_EQ(on(ledger, {"show", "last"}).out, before.out);
  EXPECT_EQ(on(ledger, {"show", fmt_id(3)}).code, 3);
  const Outcome again = on(ledger, {"ledger", "compact", "--json", "-"});
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(parse_json(again.out).value_or(Json())["settlements"].as_int(-1), 0);
}

}  // namespace
}  // namespace joulebook::fakes
