// `joulebook audit` and `scenario` as a person meets them: claims from files, from flags and from answers to
// questions, what makes no sense with its cure, and what is printed, byte by byte.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "cli/process.h"
#include "core/text.h"
#include "fakes/closed_schema.h"
#include "fakes/golden.h"

namespace joulebook::fakes {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const std::string kSource = JOULEBOOK_SOURCE_DIR;
const std::string kGolden = kSource + "/tests/golden/account/";

std::string written(const std::string& folder, const std::string& name, const std::string& text) {
  std::ofstream(folder + "/" + name) << text;
  return folder + "/" + name;
}

// Three errors in one: the value, the energy of eight devices for one, and a PUE.
constexpr const char* kWrong =
    "[claim]\ntext = \"A picture, by a node of eight\"\nvalue = \"2.9 kWh/image\"\nboundary = \"gpu\"\n"
    "[inputs]\ngpu = \"A100\"\ngpus = \"1\"\ngpus_counted = \"8\"\nduration = \"5 s\"\nmean_power = \"2100 W\"\n";

TEST(AuditProgram, AClaimThatIsWrongOnPurpose) {
  const std::string dir = fresh_folder("audit-wrong");
  // The golden has the file's own name in it, not its folder's.
  const Outcome o = joulebook({"audit", written(dir, "picture.toml", kWrong), "--explain", "--html", dir + "/page.html"});
  EXPECT_EQ(o.code, 1) << o.err;
  EXPECT_THAT(o.out, AllOf(HasSubstr("inconsistent"), HasSubstr("8 devices are counted where 1 worked"), HasSubstr("a thousand too many")));
  expect_golden(kGolden + "audit-wrong.txt", o.out);
  EXPECT_THAT(*read_file(dir + "/page.html"), HasSubstr("A picture, by a node of eight"));
}

TEST(AuditProgram, AValueNeedsNoFile) {
  const std::vector<std::string> said{"audit", "--value", "17800 J/response", "--model", "DeepSeek-R1-Distill-Llama-70B", "--gpu", "H100", "--gpus", "1", "--tokens", "1333"};
  const Outcome o = joulebook(said);
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_THAT(o.out, AllOf(HasSubstr("not checkable"), HasSubstr("batch?")));
  expect_golden(kGolden + "audit-value.txt", o.out);
  auto json = said;
  json.insert(json.end(), {"--json", "-"});
  const Doc doc = Doc::parse(joulebook(json).out);
  EXPECT_EQ(Schema("audit.schema.json").explain(doc), "");
  EXPECT_EQ(doc["audits"][0]["verdict"], "not checkable");
}

Outcome asked(const std::string& answers, const std::string& more) {
  return run_process({"/bin/sh", "-c", "printf '" + answers + "' | " + JOULEBOOK_PROGRAM + " audit new " + more});
}

// Answers may come from a pipe; what is no amount is asked for again.
TEST(AuditProgram, NewAsksAndWritesAClaimThatIsAudited) {
  const std::string file = fresh_folder("audit-new") + "/kettle.toml";
  const Outcome o = asked("much\\n0.3 Wh/query\\nA kettle\\nThe Daily Figure\\n2026-03-01\\na page\\nserver\\nbatch=thirty\\nmodel=Llama-3.1-70B\\ngpu=H100\\ngpus=4\\nbatch=32\\noutput_tokens=400 tokens\\n\\n", "--out " + file);
  ASSERT_EQ(o.code, 0) << o.err;
  EXPECT_THAT(o.err, HasSubstr("What was said, number and unit"));
  const std::string claim = *read_file(file);
  EXPECT_THAT(claim, AllOf(HasSubstr("value = \"0.3 Wh/query\""), HasSubstr("The Daily Figure"), HasSubstr("batch = \"32\"")));
  EXPECT_EQ(claim.find("thirty"), std::string::npos);
  const Outcome again = joulebook({"audit", file});
  EXPECT_TRUE(again.code == 0 || again.code == 1) << again.err;
  EXPECT_THAT(again.out, HasSubstr("A kettle"));
  const Outcome silent = asked("", "");
  EXPECT_EQ(silent.code, 2);
  EXPECT_THAT(silent.err, HasSubstr("--value"));
}

struct Bad {
  std::string file;
  std::string says, cure;
};
TEST(AuditProgram, WhatMakesNoSenseIsRefusedWithItsCure) {
  const std::string claim = "[claim]\nvalue = \"5 J/response\"\n";
  const std::string dir = fresh_folder("audit-bad");
  for (const Bad& bad : {Bad{claim + "[inputs]\npue = \"-1.2\"\n", "pue", "at least 1"}, Bad{claim + "[inputs]\npue = \"0.5\"\n", "pue", "at least 1"},
                         Bad{claim + "[inputs]\ncarbon = \"552 t\"\n", "'t' is a mass of what", "t CO2e"}, Bad{claim + "[inputs]\ngrid = \"Germoney\"\n", "Germoney", "did you mean 'germany'?"},
                         Bad{"[claim]\nvalue = \"5 J/response\"\nwhen = \"2026-02-31\"\n", "claim.when", "February 2026 has 28 days"}, Bad{"[claim]\nvalue = \"5 joulez\"\n", "joulez", ""},
                         Bad{claim + "[inputs]\nbatsh = \"3\"\n", "batsh", "batch"}, Bad{claim + "[recipe]\nvalue = \"1 + \"\n", "", ""}, Bad{"", "claim", "value"}}) {
    const Outcome o = joulebook({"audit", written(dir, "bad.toml", bad.file)});
    EXPECT_EQ(o.code, 3) << bad.file << o.out << o.err;
    EXPECT_THAT(o.err, AllOf(HasSubstr(bad.says), HasSubstr(bad.cure))) << bad.file;
    EXPECT_TRUE(o.out.empty()) << o.out;
  }
  EXPECT_EQ(joulebook({"audit"}).code, 2);
  EXPECT_EQ(joulebook({"audit", dir + "/none.toml"}).code, 3);
  EXPECT_EQ(joulebook({"audit", "--value", "much"}).code, 3);
  EXPECT_EQ(joulebook({"audit", "--value", "5 J/response", "--input", "batsh=3"}).code, 2);
}

// One file that cannot be read keeps nobody from the others' verdicts; the exit status says that there was one.
TEST(AuditProgram, AFileThatIsWrongKeepsNoOtherFromItsVerdict) {
  const std::string dir = fresh_folder("audit-some-bad");
  (void)written(dir, "a.toml", "[claim]\nvalue = \"0,3 Wh\"\n");
  (void)written(dir, "b.toml", kWrong);
  (void)written(dir, "c.toml", "[claim]\nvalue = \"5 J/response\"\n[recipe]\nvalue = \"1 + \"\n");
  const std::string good = written(dir, "d.toml", "[claim]\nvalue = \"3 J\"\n[inputs]\na = \"3 J\"\n[recipe]\nvalue = \"a\"\n");
  const Outcome o = joulebook({"audit", dir});
  EXPECT_EQ(o.code, 3);
  EXPECT_THAT(o.err, AllOf(HasSubstr("a.toml"), HasSubstr("'0.3 Wh'"), HasSubstr("c.toml")));
  EXPECT_THAT(o.out, AllOf(HasSubstr("devices.counted"), HasSubstr("reproduced"), HasSubstr("2 claims: 1 reproduced, 0 consistent, 1 inconsistent"), HasSubstr("2 files could not be audited")));
  const Doc doc = Doc::parse(joulebook({"audit", dir + "/a.toml", good, "--json", "-"}).out);
  EXPECT_EQ(Schema("audit.schema.json").explain(doc), "");
  EXPECT_EQ(doc["audits"].size(), 1U);
  EXPECT_EQ(doc["refused"][0]["code"], "measure.number");
  EXPECT_THAT(doc["refused"][0]["file"].get<std::string>(), HasSubstr("a.toml"));
}

TEST(ScenarioProgram, IsPrintedAsItIsKept) {
  const Outcome o = joulebook({"scenario", kSource + "/examples/scenarios/assistants.toml"});
  ASSERT_EQ(o.code, 0) << o.err;
  expect_golden(kGolden + "scenario.txt", o.out);
}

TEST(ScenarioProgram, WhatMakesNoSenseIsRefusedWithItsCure) {
  const std::string good = *read_file(kSource + "/examples/scenarios/assistants.toml");
  const std::string dir = fresh_folder("scenario-bad");
  const auto with = [&](const std::string& line) { return joulebook({"scenario", written(dir, "bad.toml", line)}); };
  const std::string least = "name = \"x\"\nstart = 2026\nend = 2030\n[demand]\nanswers = \"1e9 response/year\"\n[efficiency]\n";
  EXPECT_EQ(with(least + "answer = \"1 J/response\"\n").code, 0);
  for (const auto& [line, says] : std::vector<std::pair<std::string, std::string>>{
           {"answer = \"discrete(1:0.5, 2:0.4) J/response\"\n", "sum to 0.9"},
           {"answer = \"normal(1, -2) J/response\"\n", "answer"},
           {"answer = \"1 kg/response\"\n", "answer"},
           {"answer = \"1 J/response\"\n[grid]\nintensity = \"0.8 lb/kWh\"\n", "lb"},
           {"answer = \"1 J/response\"\n[gird]\nintensity = \"300 gCO2e/kWh\"\n", "grid"}}) {
    const Outcome o = with(least + line);
    EXPECT_EQ(o.code, 3) << line << o.out;
    EXPECT_THAT(o.err, HasSubstr(says)) << line;
  }
  EXPECT_EQ(joulebook({"scenario"}).code, 2);
}

}  // namespace
}  // namespace joulebook::fakes
