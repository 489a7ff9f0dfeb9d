#include "export/sql.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "core/text.h"
#include "export/csv.h"
#include "export/request_export.h"
#include "fakes/sample_study.h"

namespace joulebook {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Sql, WritesATableAndItsRows) {
  EXPECT_EQ(csv_as_sql("requests", "id,stream,posted_uj,fair,fair_hi,fair_tier\n"
                                   "r'1,true,12,0.5,inf,measured\n"
                                   "\"a,\nb\",false,,,,\n"),
            "BEGIN TRANSACTION;\n"
            "CREATE TABLE IF NOT EXISTS \"requests\" (\n"
            "  \"id\" TEXT,\n  \"stream\" BOOLEAN,\n  \"posted_uj\" BIGINT,\n  \"fair\" DOUBLE,\n"
            "  \"fair_hi\" DOUBLE,\n  \"fair_tier\" TEXT\n);\n"
            "INSERT INTO \"requests\" VALUES\n"
            "('r''1',TRUE,12,0.5,NULL,'measured'),\n"
            "('a,\nb',FALSE,NULL,NULL,NULL,NULL);\n"
            "COMMIT;\n");
}

TEST(Sql, EveryColumnOfOursHasItsType) {
  const StudyResult study = fakes::sample_study();
  const std::string trials = csv_as_sql("trials", trials_csv(study));
  EXPECT_THAT(trials, HasSubstr("\"prompt_tokens\" BIGINT"));
  EXPECT_THAT(trials, HasSubstr("\"correct\" BOOLEAN"));
  const std::string arms = csv_as_sql("arms", arms_csv(study));
  EXPECT_THAT(arms, HasSubstr("\"output_tokens\" DOUBLE"));
  EXPECT_THAT(arms, HasSubstr("\"max_tokens\" BIGINT"));
  SqlTable requests("requests", requests_csv_head());
  for (const char* column : {"\"phase_answer_tokens\" BIGINT", "\"unattributed\" DOUBLE", "\"fair_reason\" TEXT",
                             "\"first_token_s\" DOUBLE", "\"arrived\" TEXT", "\"stream\" BOOLEAN"}) {
    EXPECT_THAT(requests.begin(), HasSubstr(column));
  }
}

// Whatever a text holds, it ends where it should: quotes are doubled, and nothing else ends a literal.
RC_GTEST_PROP(Sql, NoTextLeavesItsQuotes, (const std::string& text)) {
  std::string cell = text;
  std::erase_if(cell, [](char c) { return c == '\r' || c == '\n'; });
  const std::string sql = csv_as_sql("t", "name\n" + csv_field(cell) + "\n");
  const auto at = sql.find("VALUES");
  if (cell.empty()) return;
  bool inside = false;
  for (std::size_t i = at; i < sql.size(); ++i) {
    if (sql[i] == '\'') inside = !inside;
    if (!inside && sql[i] == ';') {
      RC_ASSERT(sql.substr(i) == ";\nCOMMIT;\n");
      break;
    }
    RC_ASSERT(sql[i] != '\0');
  }
}

TEST(Sql, InsertsAreCutIntoPortions) {
  SqlTable table("t", "fair");
  std::string out;
  for (int i = 0; i < 250; ++i) out += table.add("1");
  EXPECT_EQ(split(out, ';').size(), 3U);
  EXPECT_THAT(table.end(), HasSubstr("INSERT"));
  EXPECT_EQ(table.end(), "COMMIT;\n");
}

}  // namespace
}  // namespace joulebook
