// The sweep page: every figure of every prediction, nothing from outside, names that cannot break out.
#include "report/html_sweep.h"

#include <gmock/gmock.h>

#include "core/modelled.h"
#include "report/web_assets.h"

namespace joulebook {
namespace {

using testing::HasSubstr;
using testing::Not;

Json prediction(const std::string& model, const std::string& batch, double joules, bool fits) {
  const ModelledBy by{"gpu", "planted <model>"};
  const Json energy = to_json(modelled(joules, {0.9 * joules, 1.1 * joules}, "J", "output token", by));
  Json p = Json::object({{"model", model}, {"gpu", "H100"}, {"gpus", 1}, {"batch", 8}, {"prompt_tokens", 250},
                         {"output_tokens", 500}, {"per_token", energy}, {"per_request", energy}, {"power", energy},
                         {"step_s", 0.01}});
  p.set("memory", Json::object({{"weights_bytes", 1e9}, {"cache_bytes", 1e9}, {"fits", fits}}));
  if (!batch.empty()) p.set("at", Json::array({Json::object({{"key", "batch"}, {"value", batch}})}));
  return p;
}

Json document(std::initializer_list<Json> predictions) {
  return Json::object({{"schema", "joulebook.predictions/1"}, {"predictions", Json::array(predictions)}});
}

TEST(SweepPage, SaysLeastAndMostOfWhatFits) {
  const std::string page = sweep_page(document({prediction("a", "1", 3, true), prediction("a", "8", 2, true),
                                                prediction("a", "64", 1, false)}));
  EXPECT_THAT(page, HasSubstr("a on 1 × H100 by batch"));
  EXPECT_THAT(page, HasSubstr("least: batch 8"));
  EXPECT_THAT(page, HasSubstr("most: batch 1"));
  EXPECT_THAT(page, HasSubstr("does not fit"));
  for (const char* path : {"predictions.0.per_token", "predictions.1.per_request", "predictions.2.power"}) {
    EXPECT_THAT(page, HasSubstr(std::string("data-path=\"") + path + "\"")) << path;
  }
}

TEST(SweepPage, AllowsOneScriptAndNoConnection) {
  const std::string page = sweep_page(document({prediction("<script>alert(1)</script>", "", 3, false)}));
  EXPECT_THAT(page, HasSubstr("script-src 'sha256-" + std::string(report_script_sha256()) + "'"));
  EXPECT_THAT(page, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(page, HasSubstr("planted &lt;model&gt;"));
  EXPECT_THAT(page, HasSubstr("None of these fits in memory."));
  EXPECT_THAT(page, HasSubstr("id=\"predictions\""));
}

}  // namespace
}  // namespace joulebook
