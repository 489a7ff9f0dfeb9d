#include "report/html_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "export/study_json.h"
#include "fakes/sample_study.h"
#include "report/html.h"
#include "report/web_assets.h"

namespace joulebook {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string sample_page() {
  const auto page = html_page(to_json(fakes::sample_study()));
  return page ? *page : page.error().message;
}

std::string between(const std::string& text, std::string_view begin, std::string_view end) {
  const auto from = text.find(begin);
  if (from == std::string::npos) return {};
  const auto at = from + begin.size();
  return text.substr(at, text.find(end, at) - at);
}

TEST(HtmlPage, CarriesTheWholeStudyUnchanged) {
  const Json study = to_json(fakes::sample_study());
  const std::string page = *html_page(study);
  const auto inside = parse_json(between(page, "id=\"study\">", "</script>"));
  ASSERT_TRUE(inside.has_value());
  EXPECT_EQ(inside->dump(), study.dump());
}

// Every figure that names its place has the value that the JSON has there.
TEST(HtmlPage, FiguresEqualTheJson) {
  const Json study = to_json(fakes::sample_study());
  const std::string page = *html_page(study);
  const std::string mark = "data-path=\"";
  std::size_t checked = 0;
  std::size_t stop = page.find("<script type=\"application/json\"");
  for (auto at = page.find(mark); at < stop; at = page.find(mark, at + 1)) {
    const std::string path = between(page.substr(at, 300), mark, "\"");
    const std::string tag = between(page.substr(at, 600), mark, ">");
    const Json& place = json_at(study, path);
    ASSERT_FALSE(place.is_null()) << path;
    const Json& value = place.is_object() ? place["value"] : place;
    if (value.is_number()) {
      EXPECT_THAT(tag, HasSubstr("data-value=\"" + value.dump() + "\"")) << path;
    } else if (place.is_object()) {
      EXPECT_THAT(tag, HasSubstr("data-reason")) << path;
    }
    ++checked;
  }
  EXPECT_GT(checked, 80U);
}

TEST(HtmlPage, NoArmMetricIsLost) {
  const std::string page = sample_page();
  for (const char* path :
       {"arms.0.j_per_response.these", "arms.1.j_per_correct.these", "arms.1.phase_energy.reason",
        "arms.0.load.energy", "arms.0.loaded_silent.power", "comparisons.0.split.energy.these",
        "comparisons.0.split.energy.alike", "comparisons.0.kinds.7.split.longer",
        "baselines.0.power", "whole.self", "drift"}) {
    EXPECT_THAT(page, HasSubstr(std::string("data-path=\"") + path)) << path;
  }
  EXPECT_THAT(page, HasSubstr("may not be read"));
  EXPECT_THAT(page, HasSubstr("were cut at 512 tokens"));
}

TEST(HtmlPage, AllowsItsOwnScriptOnlyAndNoConnection) {
  const std::string page = sample_page();
  EXPECT_THAT(page, HasSubstr("default-src 'none'; script-src 'sha256-" +
                              std::string(report_script_sha256()) + "'"));
  const std::string before_scripts = page.substr(0, page.find("<script"));
  for (const char* call : {"src=\"", "http://", "https://", "url(", "@import"}) {
    EXPECT_THAT(before_scripts, Not(HasSubstr(call))) << call;
  }
}

TEST(HtmlPage, TextFromOutsideCannotBecomeMarkup) {
  StudyResult study = fakes::sample_study();
  const std::string evil = "</script><img src=x onerror=alert(1)>\"'&";
  study.sentence = evil;
  study.arms[0].spec.name = study.spec.arms[0].name = evil;
  study.spec.prompts[0].text = evil;
  study.warnings = {evil};
  const std::string page = *html_page(to_json(study));
  EXPECT_EQ(page.substr(0, page.find("<script>")).find("<img"), std::string::npos);
}

TEST(HtmlPage, HasOneStyle) {
  StudyResult study = fakes::sample_study();
  study.spec.require = "correct>=0.5";
  const std::string page = *html_page(to_json(study));
  EXPECT_THAT(page, HasSubstr("id=\"route\""));
  EXPECT_THAT(page, HasSubstr(".strip-track"));
  EXPECT_EQ(page.find("<style>", page.find("<style>") + 1), std::string::npos);
}

TEST(HtmlPage, RefusesWhatIsNoStudy) {
  const auto page = html_page(Json::object({{"schema", "other/1"}}));
  ASSERT_FALSE(page.has_value());
  EXPECT_EQ(page.error().code, "study.version");
}

RC_GTEST_PROP(JsonForScript, ReadsBackAndNeverEndsTheElement, (std::string text)) {
  const Json json = Json::object({{"a", text}, {"b", "</ScRiPt><!--" + text}});
  const std::string written = json_for_script(json);
  RC_ASSERT(written.find('<') == std::string::npos);
  RC_ASSERT(parse_json(written)->dump() == json.dump());
}

}  // namespace
}  // namespace joulebook
