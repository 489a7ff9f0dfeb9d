// predict --image and --video and rows of them, through the functions that the command calls.
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

#include "cli/cmd_predict_image.h"
#include "core/file_tree.h"

namespace joulebook {
namespace {

struct Ran {
  int code = 0;
  Json document;
};

Ran run(const PredictImageOptions& options) {
  Context context;
  context.json = testing::TempDir() + "predicted.json";
  context.quiet = true;
  Ran ran;
  ran.code = predict_image(context, options);
  if (ran.code == 0) ran.document = parse_json(read_file(context.json).value()).value();
  return ran;
}

TEST(PredictImage, EnergyIsAQuantityWithItsParts) {
  PredictImageOptions o;
  o.image = "black-forest-labs/FLUX.1-dev";
  o.steps = 28;
  const Ran ran = run(o);
  ASSERT_EQ(ran.code, 0);
  const Json& energy = ran.document["energy"];
  EXPECT_EQ(energy["unit"].as_string(), "J");
  EXPECT_EQ(energy["per"].as_string(), "image");
  EXPECT_EQ(energy["tier"].as_string(), "modelled");
  EXPECT_EQ(energy["boundary"].as_string(), "gpu");
  EXPECT_EQ(energy["level"].as_double(), 0.8);
  double sum = 0;
  for (const char* part : {"static", "denoiser", "decoder", "text_encoder"})
    sum += ran.document["parts"][part]["value"].as_double();
  EXPECT_NEAR(sum, energy["value"].as_double(), 1e-6 * sum);
}

TEST(PredictImage, BadRequestsAreBadInput) {
  PredictImageOptions o;
  o.image = "nobody/nothing";
  EXPECT_EQ(run(o).code, 3);
  o.params_b = 3;
  EXPECT_EQ(run(o).code, 0);
  o.gpu = "Voodoo";
  EXPECT_EQ(run(o).code, 3);
  o.gpu = "B200";
  o.width = -5;
  EXPECT_EQ(run(o).code, 3);
}

TEST(PredictImage, FlagsFillTheOptions) {
  PredictImageOptions o;
  CLI::App app;
  add_image_flags(app, o);
  app.parse("--video Wan-AI/Wan2.1-T2V-14B --frames 33 --ring 2 --ulysses 4");
  EXPECT_TRUE(o.asked());
  o.gpus = 8;
  const Ran ran = run(o);
  ASSERT_EQ(ran.code, 0);
  EXPECT_EQ(ran.document["energy"]["per"].as_string(), "video");
  EXPECT_EQ(ran.document["width"].as_double(), 832);
  EXPECT_EQ(ran.document["architecture"].as_string(), "wan-14b");
}

TEST(PredictImage, RowsKeepTheirColumnsAndGainSix) {
  const std::string rows =
      "model,task,gpu,num_gpus,batch_size,width,height,frames,steps\n"
      "stabilityai/sdxl-turbo,text-to-image,A100,1,4,512,512,1,1\n"
      "nobody,text-to-image,A100,1,4,512,512,1,1\n";
  EXPECT_TRUE(is_image_csv(rows));
  EXPECT_FALSE(is_image_csv("model,gpu,max_num_seqs\n"));
  Context context;
  context.quiet = true;
  const std::string out = testing::TempDir() + "predicted.csv";
  EXPECT_EQ(predict_image_rows(context, rows, out), 0);
  const std::string text = read_file(out).value();
  EXPECT_NE(text.find("steps,pred_j_per_item,pred_lo,pred_hi"), std::string::npos);
  EXPECT_NE(text.find(",1,1,,,,,,"), std::string::npos);
  EXPECT_EQ(predict_image_rows(context, rows.substr(0, rows.find('\n') + 1) + "nobody,,,,,,,,\n",
                               out),
            3);
}

}  // namespace
}  // namespace joulebook
