// Counts against published figures, the shape of the model's answers, and the built-in fit's error
// on the data that it was fitted to.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "core/file_tree.h"
#include "core/text.h"
#include "physics/diffusion/catalogue.h"
#include "physics/diffusion/evaluation.h"
#include "physics/diffusion/predict_csv.h"

namespace joulebook::diffusion {
namespace {

const Denoiser& named(std::string_view name) {
  const Denoiser* found = find_denoiser(name);
  EXPECT_NE(found, nullptr) << name;
  static const Denoiser kNone;
  return found != nullptr ? *found : kNone;
}

// 1e9 multiply-adds of layers with weights, as the usual counters give them (attention left out).
double weighted_gmac(std::string_view name, double pixels) {
  const Work w = denoiser_work(named(name), {pixels, pixels, 1});
  return (w.linear + w.convolution) / 2e9;
}

Request h100(std::string model, double pixels, double steps) {
  Request r{.model = std::move(model), .task = "text-to-image", .gpu = "H100"};
  r.width = r.height = pixels;
  r.steps = steps;
  return r;
}

std::string data(const std::string& name) {
  return read_file(std::string(PROJECT_ROOT) + "/data/" + name).value();
}

// Peebles and Xie 2023, table 4: DiT-XL/2 needs 118.6 Gflops (multiply-adds) at 256 pixels and
// 524.6 at 512.
TEST(DiffusionWork, IsAsPublishedForDiTXl) {
  Denoiser d;
  d.single_layers = 28;
  d.hidden = 1152;
  d.mlp_hidden = 4608;
  d.head_dim = 72;
  d.text_tokens = 0;
  EXPECT_NEAR(denoiser_work(d, {256, 256, 1}).flops() / 2e9, 118.6, 1.2);
  EXPECT_NEAR(denoiser_work(d, {512, 512, 1}).flops() / 2e9, 524.6, 5.2);
}

// BK-SDM (Kim et al. 2023): Stable Diffusion 1.4 needs 339 GMAC, its tiny student 205.
TEST(DiffusionWork, IsAsPublishedForUNets) {
  EXPECT_NEAR(weighted_gmac("CompVis/stable-diffusion-v1-4", 512), 339, 7);
  EXPECT_NEAR(weighted_gmac("nota-ai/bk-sdm-tiny", 512), 205, 10);
}

// The decoder of Stable Diffusion at 512 pixels: 1,240 GMAC by common counters.
TEST(DiffusionWork, DecoderIsAsPublished) {
  EXPECT_NEAR(decoder_work("kl8", {512, 512, 1}).flops / 2e9, 1240, 37);
}

TEST(DiffusionWork, WeightsAreThePublishedParameters) {
  for (const Denoiser& d : catalogue()) {
    if (d.architecture == "mochi") continue;  // its text stream is counted too wide
    const double video = d.temporal != Temporal::none ? 16 : 1;
    const double counted = denoiser_work(d, {512, 512, video}).weights / 1e9;
    EXPECT_NEAR(counted / d.params_b, 1, 0.16) << d.architecture << " " << counted;
  }
  EXPECT_EQ(catalogue().size(), 41U);
}

TEST(DiffusionWork, TokensFollowCompressionAndPatches) {
  const auto tokens = [](std::string_view name, double w, double h, double frames) {
    return denoiser_work(named(name), {w, h, frames}).image_tokens;
  };
  EXPECT_EQ(tokens("Wan-AI/Wan2.1-T2V-1.3B", 832, 480, 81), 21 * 30 * 52);
  EXPECT_EQ(tokens("tencent/HunyuanVideo", 1280, 720, 129), 33 * 45 * 80);
  EXPECT_EQ(tokens("zai-org/CogVideoX1.5-5B", 1360, 768, 81), 11 * 48 * 85);
  EXPECT_EQ(tokens("black-forest-labs/FLUX.1-dev", 1024, 1024, 1), 4096);
  EXPECT_EQ(tokens("SANA1.5_1.6B", 1024, 1024, 1), 1024);
}

TEST(DiffusionCatalogue, SpecificNamesWinAndUnknownOnesAreNull) {
  EXPECT_EQ(named("stabilityai/sdxl-turbo").guidance, 1);
  EXPECT_EQ(named("stabilityai/stable-diffusion-xl-base-1.0").guidance, 2);
  EXPECT_EQ(named("zai-org/CogVideoX-5b").patch_t, 1);
  EXPECT_EQ(named("stabilityai/stable-video-diffusion-img2vid-xt").architecture, "svd");
  EXPECT_EQ(find_denoiser("nobody/nothing"), nullptr);
  EXPECT_FALSE(parse_catalogue("architecture,match,kind\nx,y,zebra\n"));
  EXPECT_FALSE(parse_catalogue("architecture,match,kind,hidden\nx,y,joint,0\n"));
}

TEST(DiffusionCatalogue, AGuessedShapeHasItsParameters) {
  for (const double params : {0.6, 2.0, 13.0})
    for (const bool video : {false, true}) {
      const Denoiser d = synthesised(params, video, false);
      EXPECT_NEAR(denoiser_work(d, {1024, 1024, 1}).weights / 1e9 / params, 1, 0.25) << params;
    }
  for (const bool video : {false, true}) {
    const Denoiser d = synthesised(2, video, true);
    EXPECT_NEAR(denoiser_work(d, {512, 512, 8}).weights / 1e9 / 2, 1, 0.1);
  }
}

TEST(DiffusionModel, StepsBatchAndPassesScaleAsTheyMust) {
  const auto one = predict(h100("stable-diffusion-3.5-large", 1024, 28)).value();
  const auto two = predict(h100("stable-diffusion-3.5-large", 1024, 56)).value();
  EXPECT_NEAR(two.j_per_item / one.j_per_item, 2, 0.15);
  EXPECT_LT(two.j_per_item, 2 * one.j_per_item);  // text and decoder once
  const auto turbo = predict(h100("stable-diffusion-3.5-large-turbo", 1024, 28)).value();
  EXPECT_NEAR(one.j_per_item / turbo.j_per_item, 2, 0.3);
  Request batch = h100("prompthero/openjourney-v4", 512, 25);
  const auto alone = predict(batch).value();
  batch.batch = 32;
  EXPECT_LT(predict(batch)->j_per_item, alone.j_per_item);
  EXPECT_EQ(two.flops_per_item, 2 * one.flops_per_item);
  // One pass for the four steps it was made for; the pipeline's guidance beyond.
  const auto four = predict(h100("stabilityai/sdxl-turbo", 512, 4)).value();
  const auto many = predict(h100("stabilityai/sdxl-turbo", 512, 8)).value();
  EXPECT_EQ(many.flops_per_item, 4 * four.flops_per_item);
}

TEST(DiffusionModel, PartsAddUpAndPowerIsPossible) {
  for (const Denoiser& d : catalogue())
    for (const char* gpu : {"A100-SXM4-40GB", "H100 80GB HBM3", "B200", "L40S", "H200"}) {
      Request r{.model = d.match[0], .gpu = gpu};
      r.width = r.height = 512;
      r.frames = d.vae.ends_with("3d") || d.temporal != Temporal::none ? 17 : 1;
      r.steps = 25;
      r.batch = 8;
      const auto p = predict(r);
      ASSERT_TRUE(p) << d.match[0];
      const Cost& c = p->cost;
      EXPECT_NEAR(c.static_j + c.denoiser_j + c.decoder_j + c.text_j, c.joules, 1e-9 * c.joules);
      EXPECT_LE(c.linear_s + c.attention_s + c.convolution_s + c.traffic_s, c.seconds);
      EXPECT_LT(p->lo, p->j_per_item);
      EXPECT_GT(p->hi, p->j_per_item);
      const double tdp = find_device(gpu)->tdp;
      EXPECT_GT(p->power_w, 0.1 * tdp) << d.match[0] << gpu;
      EXPECT_LT(p->power_w, 1.15 * tdp) << d.match[0] << gpu;
    }
}

TEST(DiffusionModel, BadRequestsSayWhat) {
  const auto code = [](const Request& r) {
    const auto p = predict(r);
    return p ? std::string("none") : p.error().code;
  };
  Request r = h100("FLUX.1-dev", 1024, 28);
  EXPECT_EQ(code(r), "none");
  r.gpu = "H1000x";
  r.gpu = "Voodoo 2";
  EXPECT_EQ(code(r), "hardware.unknown");
  r = h100("FLUX.1-dev", -1, 28);
  EXPECT_EQ(code(r), "diffusion.size");
  r = h100("FLUX.1-dev", 1024, std::nan(""));
  EXPECT_EQ(code(r), "diffusion.size");
  r = h100("FLUX.1-dev", 1024, 28);
  r.gpus = 8;
  r.ulysses = 3;
  EXPECT_EQ(code(r), "diffusion.size");
  r = h100("nobody/nothing", 1024, 28);
  EXPECT_EQ(code(r), "diffusion.shape");
  r.denoiser_params_b = 2;
  EXPECT_EQ(code(r), "none");
  EXPECT_FALSE(predict(r)->shape_known);
}

TEST(DiffusionCsv, EveryMeasuredRowIsPredictedCloseEnough) {
  const auto table = predict_csv(data("ml_energy_diffusion.csv"));
  ASSERT_TRUE(table);
  const auto samples = read_samples(data("ml_energy_diffusion.csv")).value();
  ASSERT_EQ(table->rows.size(), samples.size());
  std::map<std::string, std::vector<double>> errors;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    ASSERT_TRUE(table->rows[i].prediction);
    errors[samples[i].architecture].push_back(
        std::abs(table->rows[i].prediction->j_per_item / samples[i].j_per_item - 1));
  }
  double sum = 0;
  for (auto& [name, own] : errors) {
    std::ranges::nth_element(own, own.begin() + static_cast<long>(own.size() / 2));
    sum += own[own.size() / 2];
  }
  EXPECT_LT(sum / static_cast<double>(errors.size()), 0.08);
}

TEST(DiffusionCsv, ColumnsBehindStepsChangeNothing) {
  const std::string text = data("ml_energy_diffusion.csv");
  std::string scrambled;
  for (const auto line : split(text, '\n')) {
    if (line.empty()) continue;
    auto cells = parse_csv_line(line);
    for (std::size_t i = 16; i < cells.size() && !scrambled.empty(); ++i)
      cells[i] = fmt::format("\"{}, or\nnot\"", i * scrambled.size());
    scrambled += join(cells, ",") + "\n";
  }
  const auto a = predict_csv(text).value();
  const auto b = predict_csv(scrambled).value();
  ASSERT_EQ(a.rows.size(), b.rows.size());
  for (std::size_t i = 0; i < a.rows.size(); ++i)
    ASSERT_EQ(a.rows[i].prediction->j_per_item, b.rows[i].prediction->j_per_item);
}

TEST(DiffusionCsv, KeepsRowsAndGivesReasons) {
  const auto t = predict_csv(
      "steps,model,task,gpu,num_gpus,batch_size,width,height,extra\r\n"
      "28,FLUX.1-dev,text-to-image,H100,1,1,1024,1024,kept\r\n"
      ",FLUX.1-dev,text-to-image,H100,1,1,1024,1024,kept\n"
      "28,FLUX.1-dev,text-to-image,Voodoo,1,1,1024\n");
  ASSERT_TRUE(t);
  const auto lines = split(t->csv, '\n');
  EXPECT_TRUE(lines[0].starts_with("steps,model"));
  EXPECT_NE(lines[0].find("extra,pred_j_per_item,pred_lo,pred_hi"), std::string::npos);
  EXPECT_TRUE(lines[1].ends_with("\r"));
  EXPECT_NE(lines[2].find("kept,,,,,,"), std::string::npos);
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_EQ(parse_csv_line(trim(lines[i])).size(), 15U) << lines[i];
  EXPECT_TRUE(t->rows[1].refusal && t->rows[2].refusal);
  EXPECT_EQ(predict_csv("steps,model\n").error().code, "csv.column");
  EXPECT_EQ(predict_csv("").error().code, "csv.empty");
  EXPECT_EQ(predict_csv("steps,\"model\n").error().code, "csv.quote");
}

TEST(DiffusionFit, TheFileIsReadAndWrittenWithoutLoss) {
  const auto file = parse_parameters(data("diffusion_parameters.csv"));
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(to_csv(*file), data("diffusion_parameters.csv"));
  EXPECT_EQ(file->rows, 737U);
  EXPECT_LT(file->error, 0.15);
  EXPECT_EQ(fitted().values, file->values);
  EXPECT_FALSE(parse_parameters("name,value\n"));
}

// Times and joules made by the model itself, with one parameter off its prior, lead back to it.
TEST(DiffusionFit, FindsAPlantedParameter) {
  auto samples = read_samples(data("ml_energy_diffusion.csv")).value();
  Parameters truth = fitted();
  truth.values[kEnergyPerFlop + 1] = 0.8e-12;
  std::vector<const Sample*> some;
  for (std::size_t i = 0; i < samples.size(); i += 6) {
    const Cost c = cost_of(samples[i].job, truth);
    samples[i].j_per_item = c.joules / samples[i].job.batch;
    samples[i].seconds = c.seconds;
    some.push_back(&samples[i]);
  }
  const auto found = fit(some);
  ASSERT_TRUE(found);
  for (const Sample* s : some)
    EXPECT_NEAR(cost_of(s->job, *found).joules / s->job.batch / s->j_per_item, 1, 0.06);
  EXPECT_EQ(fit({}).error().code, "diffusion.fit");
}

}  // namespace
}  // namespace joulebook::diffusion
