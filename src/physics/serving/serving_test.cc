// The step model against arithmetic done by hand, the published rows, and rows made up to mislead.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <numeric>
#include <sstream>

#include "core/text.h"
#include "physics/serving/evaluate.h"
#include "physics/serving/least_squares.h"
#include "physics/serving/predict_csv.h"
#include "physics/shape/catalogue.h"
#include "physics/shape/counts.h"

namespace joulebook::serving {
namespace {

constexpr std::string_view kHeader =
    "source,task,model,total_params_b,active_params_b,arch,weight_precision,gpu,num_gpus,tp,pp,dp,ep,"
    "max_num_seqs,avg_batch,avg_input_tokens,avg_output_tokens,j_per_request,j_per_output_token,"
    "tpot_stat\n";

std::string published_rows() {
  std::ifstream file(JOULEBOOK_DATA_DIR "/ml_energy.csv");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

Workload chat(std::string_view model, double devices, double batch) {
  Workload w;
  w.shape = *find_shape(model);
  w.device = *find_device("H100");
  w.task = Task::lm_arena;
  w.devices = devices;
  w.batch = batch;
  w.output = 400;
  return w;
}

std::vector<std::string> cells_of(const PredictedCsv& csv, std::size_t row) {
  return parse_csv_line(csv_records(csv.text)[row]);
}

TEST(Shapes, CountsAgreeWithPublishedTotals) {
  const auto near = [](std::string_view model, double total, double active) {
    const auto s = find_shape(model);
    ASSERT_TRUE(s) << model;
    EXPECT_NEAR(s->total_params() / 1e9, total, 0.01 * total) << model;
    EXPECT_NEAR(s->active_params() / 1e9, active, 0.02 * active) << model;
  };
  near("meta-llama/Llama-3.1-8B-Instruct", 8.03, 7.50);
  near("meta-llama/Llama-3.1-405B-Instruct-FP8", 405.8, 403.7);
  near("Qwen/Qwen3-30B-A3B-Thinking-2507", 30.5, 3.04);
  near("Qwen/Qwen3-235B-A22B", 235.1, 21.6);
  near("deepseek-ai/DeepSeek-R1", 671.0, 36.6);
  near("deepseek-ai/DeepSeek-V2-Lite", 15.7, 2.45);
  near("openai/gpt-oss-120b", 116.8, 5.13);
  near("meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8", 400.7, 16.15);
  near("nvidia/NVIDIA-Nemotron-Nano-12B-v2", 12.31, 11.64);
  EXPECT_EQ(find_shape("deepseek-ai/DeepSeek-V3")->kv_bytes, 70272);
  EXPECT_EQ(find_shape("Llama-3.1-8B")->kv_bytes, 131072);
  EXPECT_FALSE(find_shape("nobody/Unheard-Of-9B"));
}

TEST(Shapes, SynthesisedOnesHaveTheSizesAskedFor) {
  for (const auto& [total, active, arch] :
       {std::tuple{8.0, 8.0, "Dense Transformer"}, {400.0, 17.0, "MoE"}, {12.0, 12.0, "Mamba-Transformer Hybrid"}}) {
    const auto s = synthesise_shape(total, active, arch);
    ASSERT_TRUE(s);
    EXPECT_NEAR(s->total_params() / 1e9, total, 0.15 * total) << arch;
    EXPECT_NEAR(s->active_params() / 1e9, active, 0.15 * active) << arch;
  }
  EXPECT_EQ(synthesise_shape(7, 70, "MoE").error().code, "shape.size");
  EXPECT_EQ(synthesise_shape(-1, -1, "").error().code, "shape.size");
}

TEST(Shapes, AreTheCountsOfTheCatalogue) {
  std::size_t hybrids = 0;
  for (const auto& model : physics::model_catalogue()) {
    const Shape s = serving_shape(model.shape);
    const auto total = static_cast<double>(physics::total_parameters(model.shape));
    EXPECT_NEAR(s.total_params(), total, 1e-9 * total) << s.name;
    const auto active = static_cast<double>(physics::matmul_parameters(model.shape));
    EXPECT_NEAR(s.active_params(), active, 1e-9 * active) << s.name;
    EXPECT_EQ(s.kv_bytes * s.kv_held, physics::kv_bytes_per_token(model.shape)) << s.name;
    const double read = s.kv_bytes * context_seen(s, 3000);
    EXPECT_NEAR(read, physics::kv_bytes_read(model.shape, 3000), 1e-9 * read) << s.name;
    EXPECT_GE(s.other_params, 0) << s.name;
    hybrids += s.family == Family::hybrid ? 1 : 0;
  }
  EXPECT_GT(hybrids, 10U);
  EXPECT_FALSE(serving_shape(physics::find_model("bert-base-uncased")->shape).generates);
  EXPECT_GT(find_shape("flan-t5-xl")->encoder_params, 1e9);
}

TEST(Shapes, EveryModelOfTheDataIsKnown) {
  const auto examples = read_examples(published_rows());
  ASSERT_TRUE(examples);
  for (const Example& e : *examples) EXPECT_FALSE(e.row.work.shape.synthesised) << e.row.model;
}

// What a file stores is what a step reads.
TEST(Shapes, TrueBitsBecomeBytes) {
  physics::ModelShape model = physics::find_model("gpt-oss-20b")->shape;
  model.precision.mixer = model.precision.feed_forward = 8.5;
  model.precision.head = 6.5625;
  model.precision.kv = 8;
  Workload w;
  w.shape = serving_shape(model);
  set_precision(w, "");
  EXPECT_EQ(w.expert_bytes, 4.25 / 8);
  EXPECT_EQ(w.weight_bytes, 8.5 / 8);
  EXPECT_EQ(w.head_bytes, 6.5625 / 8);
  EXPECT_EQ(w.kv_scale, 0.5);
  EXPECT_EQ(w.weights, Weights::fp4);
  set_precision(w, "bfloat16");
  EXPECT_EQ(w.weights, Weights::bits16);
  EXPECT_EQ(w.expert_bytes, 2);
  EXPECT_EQ(w.kv_scale, 1);
}

TEST(Machines, AreFoundByEverySpellingOfTheData) {
  for (const auto& [spelling, name] :
       {std::pair{"H100 80GB HBM3", "H100 SXM5 80GB"}, {"H100", "H100 SXM5 80GB"},
        {"A100-SXM4-40GB", "A100 SXM4 40GB"}, {"NVIDIA A100-SXM4-80GB", "A100 SXM4 80GB"},
        {"B200", "B200 HGX 180GB"}, {"A40", "A40"}, {"V100", "V100 SXM2 16/32GB"},
        {"NVIDIA GeForce RTX 4090", "RTX 4090"}, {"H200", "H200 SXM 141GB"}}) {
    const auto d = find_device(spelling);
    ASSERT_TRUE(d) << spelling;
    EXPECT_EQ(d->name, name) << spelling;
  }
  for (const auto& [name, kind, fitted] :
       {std::tuple{"B200", Kind::b200, true}, {"H100", Kind::h100, true}, {"H100 PCIe", Kind::h100, false},
        {"A100-SXM4-40GB", Kind::a100, true}, {"A100 80GB", Kind::a100, false}, {"A40", Kind::a40, true},
        {"L40S", Kind::a40, false}, {"A10", Kind::a40, false}, {"T4", Kind::v100, false},
        {"V100", Kind::v100, true}, {"MI300X", Kind::h100, false}, {"B300", Kind::b200, false}}) {
    const auto d = find_device(name);
    ASSERT_TRUE(d) << name;
    EXPECT_EQ(d->kind, kind) << name;
    EXPECT_EQ(d->fitted, fitted) << name;
  }
  EXPECT_EQ(find_device("Abacus").error().code, "hardware.unknown");
  EXPECT_EQ(find_device("Apple M3").error().code, "hardware.sheet");
  EXPECT_NE(find_device("RTX 4091").error().message.find("RTX 4090"), std::string::npos);
}

// Only bandwidth bounds it: weights once, KV once a sequence.
TEST(StepModel, ReadsWhatArithmeticSays) {
  const Workload w = chat("Llama-3.1-8B", 1, 8);
  const Prediction r = predict(w, neutral_parameters());
  const double weights = (7.5036e9) * 2;
  EXPECT_NEAR(r.weight_bytes_read, weights, 1e-3 * weights);
  const double kv = 8 * 131072 * (r.input + 200);
  EXPECT_NEAR(r.kv_bytes_read, kv, 1e-9 * kv);
  EXPECT_GT(r.step_s, weights / w.device.bandwidth);
}

TEST(StepModel, TouchesExpertsByTheUniformFormula) {
  Parameters p = neutral_parameters();
  p[routing_spread] = 1;
  const Prediction r = predict(chat("Qwen3-30B-A3B", 1, 16), p);
  EXPECT_NEAR(r.experts_touched, 128 * (1 - std::pow(1 - 8.0 / 128, 16)), 1e-9);
}

TEST(StepModel, CausesAddUpAndNoneIsNegative) {
  for (const char* model : {"Llama-3.1-70B", "Qwen3-30B-A3B", "Nemotron-Nano-9B-v2", "gpt-oss-120b"}) {
    for (const Engine engine : {Engine::v1, Engine::v2, Engine::v3}) {
      for (const double batch : {1.0, 64.0, 2048.0}) {
        Workload w = chat(model, 4, batch);
        w.engine = engine;
        const Prediction r = predict(w, built_in_fit().parameters);
        EXPECT_NEAR(std::accumulate(r.seconds.begin(), r.seconds.end(), 0.0), r.step_s, 1e-9 * r.step_s);
        EXPECT_NEAR(std::accumulate(r.joules.begin(), r.joules.end(), 0.0), r.j_per_token * batch,
                    1e-9 * r.j_per_token * batch);
        for (const double s : r.seconds) EXPECT_GE(s, -1e-12);
        for (const double j : r.joules) EXPECT_GE(j, 0);
        EXPECT_LE(r.power_w, 4 * w.device.power_limit);
      }
    }
  }
}

// Two models of one shape cost the same per token: what differs is the length of their answers.
TEST(StepModel, FineTunesOfOneShapeCostTheSame) {
  const auto one = predict(chat("Llama-3.3-70B-Instruct", 2, 1), built_in_fit().parameters);
  const auto two = predict(chat("DeepSeek-R1-Distill-Llama-70B", 2, 1), built_in_fit().parameters);
  EXPECT_EQ(one.j_per_token, two.j_per_token);
}

TEST(StepModel, SaysWhatFits) {
  const Memory small = memory_of(chat("Llama-3.1-8B", 1, 8), 1000);
  EXPECT_TRUE(small.fits());
  EXPECT_NEAR(small.weights, 16.06e9, 0.02e9);
  EXPECT_FALSE(memory_of(chat("Llama-3.1-405B", 8, 1), 1000).fits());
  EXPECT_EQ(fitting_batch(chat("Llama-3.1-8B", 1, 1), 1000, 64), 64);
  EXPECT_LT(fitting_batch(chat("Llama-3.1-8B", 1, 1), 1000, 1e6), 500);
}

TEST(Csv, MeasuredColumnsHaveNoInfluence) {
  const std::string text = published_rows();
  const auto records = csv_records(text);
  const auto header = parse_csv_line(records[0]);
  std::string scrambled = std::string(records[0]) + "\n";
  const std::vector<std::string_view> read{"avg_batch", "avg_input_tokens", "avg_output_tokens", "tpot_stat"};
  for (std::size_t r = 1; r < records.size(); ++r) {
    auto cells = parse_csv_line(records[r]);
    for (std::size_t c = 14; c < cells.size(); ++c) {
      if (std::ranges::find(read, header[c]) == read.end()) cells[c] = c % 2 ? "nonsense" : "-1e300";
      cells[c] = csv_field(cells[c]);
    }
    scrambled += join(cells, ",") + "\n";
  }
  const auto a = predict_csv(text, built_in_fit()), b = predict_csv(scrambled, built_in_fit());
  ASSERT_TRUE(a && b);
  EXPECT_EQ(a->rows, 1038U);
  EXPECT_EQ(a->refused, 0U);
  for (std::size_t r = 0; r <= a->rows; ++r) {
    const auto x = cells_of(*a, r), y = cells_of(*b, r);
    ASSERT_EQ(x.size(), header.size() + 6);
    for (std::size_t c = header.size(); c < x.size(); ++c) ASSERT_EQ(x[c], y[c]) << r;
  }
}

TEST(Csv, RowsInTheDataAreExplained) {
  const auto examples = read_examples(published_rows());
  ASSERT_TRUE(examples);
  std::vector<std::pair<double, double>> errors;
  for (const Example& e : *examples) {
    if (e.row.work.engine != Engine::v3 || is_visual(e.row.work.task)) continue;
    const Prediction r = predict(e.row.work, built_in_fit().parameters);
    errors.emplace_back(std::abs(std::log(r.j_per_token / e.j_per_token)), 1);
  }
  EXPECT_LT(weighted_quantile(errors, 0.5), 0.08);
  EXPECT_LT(weighted_quantile(errors, 0.9), 0.25);
}

TEST(Csv, UnknownModelsGetAWiderIntervalAndBadRowsAReason) {
  const std::string text = std::string(kHeader) +
      "v3,lm-arena-chat,Qwen/Qwen3-8B,8,8,Dense Transformer,bfloat16,H100,1,1,1,1,1,64,63,,600,1,1,median_itl\n"
      "v3,lm-arena-chat,who/Knows,8,8,Dense Transformer,bfloat16,H100,1,1,1,1,1,64,63,,600,1,1,median_itl\n"
      "v3,lm-arena-chat,who/Knows,8,8,Dense Transformer,bfloat16,Abacus,1,1,1,1,1,64,63,,600,1,1,median_itl\n"
      "v3,lm-arena-chat,who/Knows,minus,8,Dense Transformer,bfloat16,H100,1,1,1,1,1,64,63,,600,1,1,median_itl\n"
      "v3,lm-arena-chat,\"a, \"\"b\"\"\",8,8,Dense Transformer,bfloat16,H100,1,1,1,1,1,64,,,,,,\n"
      "v3,lm-arena-chat\n";
  const auto csv = predict_csv(text, built_in_fit());
  ASSERT_TRUE(csv);
  EXPECT_EQ(csv->rows, 6U);
  EXPECT_EQ(csv->refused, 3U);
  EXPECT_EQ(csv->guessed, 2U);
  const auto width = [&](std::size_t row) {
    const auto c = cells_of(*csv, row);
    return *parse_double(c[22]) / *parse_double(c[21]);
  };
  EXPECT_GT(width(2), width(1));
  EXPECT_TRUE(cells_of(*csv, 1)[25].empty());
  EXPECT_NE(cells_of(*csv, 3)[25].find("hardware.unknown"), std::string::npos);
  EXPECT_NE(cells_of(*csv, 4)[25].find("row.number"), std::string::npos);
  EXPECT_TRUE(cells_of(*csv, 4)[20].empty());
  EXPECT_FALSE(cells_of(*csv, 5)[20].empty());  // no batch, no length: estimated
}

// What was there comes out as it was; what is appended stands under its names.
TEST(Csv, LineEndsAndShortRowsAreKept) {
  std::string header(kHeader);
  header.insert(header.size() - 1, "\r");
  const std::string row = "v3,gpqa,Qwen/Qwen3-8B,8,8,Dense Transformer,bfloat16,H100,1,1,1,1,1,64\r\n";
  const auto csv = predict_csv("\xEF\xBB\xBF" + header + row + row, built_in_fit());
  ASSERT_TRUE(csv);
  EXPECT_EQ(csv->rows, 2U);
  EXPECT_EQ(csv->refused, 0U);
  EXPECT_EQ(std::ranges::count(csv->text, '\r'), 3);
  EXPECT_TRUE(csv->text.ends_with("\r\n"));
  const auto cells = cells_of(*csv, 1);
  EXPECT_EQ(cells.size(), cells_of(*csv, 0).size());
  EXPECT_TRUE(cells[19].empty());
  EXPECT_GT(*parse_double(cells[20]), 0);
}

TEST(Csv, AMissingColumnIsNamed) {
  std::string text(kHeader);
  text.erase(text.find("max_num_seqs,"), 13);
  const auto csv = predict_csv(text, built_in_fit());
  ASSERT_FALSE(csv);
  EXPECT_EQ(csv.error().code, "csv.column");
  EXPECT_NE(csv.error().message.find("max_num_seqs"), std::string::npos);
  EXPECT_EQ(predict_csv("", built_in_fit()).error().code, "csv.empty");
  EXPECT_EQ(predict_csv(std::string(kHeader) + "v3,\"open\n", built_in_fit()).error().code, "csv.quote");
}

TEST(Fit, RecoversWhatMadeTheRows) {
  Parameters truth = neutral_parameters();
  truth[bandwidth_h100] = 0.9;
  truth[step_v3_h100] = 3000;
  truth[idle_h100] = 0.12;
  std::vector<Example> examples;
  for (const char* model : {"Llama-3.1-8B", "Qwen3-14B", "Qwen3-32B", "Llama-3.1-70B"}) {
    for (double batch = 1; batch < 600; batch *= 2) {
      Example e;
      e.row.work = chat(model, 1, batch);
      e.row.source = "v3";
      e.row.median = true;
      const Prediction r = predict(e.row.work, truth);
      e.j_per_token = r.j_per_token;
      e.tpot_s = r.tpot_median_s;
      e.step_s = r.step_s;
      e.fold = model;
      examples.push_back(e);
    }
  }
  const auto found = fit(examples, {.prior = 0.02});
  ASSERT_TRUE(found);
  for (const Example& e : examples) {
    const Prediction r = predict(e.row.work, found->parameters);
    EXPECT_NEAR(r.j_per_token, e.j_per_token, 0.01 * e.j_per_token);
  }
  EXPECT_NEAR(found->parameters[bandwidth_h100], 0.9, 0.03);
}

TEST(Fit, FileReadsBackAndRefusesValuesOutOfBounds) {
  const ServingFit& fit = built_in_fit();
  EXPECT_GT(fit.rows, 1000U);
  const auto again = serving_fit_from_json(to_json(fit));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->parameters, fit.parameters);
  EXPECT_EQ(again->spread.weights, fit.spread.weights);
  Json broken = to_json(fit);
  Json parameters = broken["parameters"];
  parameters.set("idle_h100", Json::object({{"value", 2.0}}));
  broken.set("parameters", parameters);
  EXPECT_EQ(serving_fit_from_json(broken).error().code, "fit.syntax");
}

// Errors drawn from a known spread: the interval holds as often as it says.
TEST(Interval, CoversWhatItPromises) {
  std::vector<Workload> works(400, chat("Llama-3.1-8B", 1, 64));
  std::vector<Residual> residuals;
  for (std::size_t i = 0; i < works.size(); ++i) {
    works[i].engine = i % 2 ? Engine::v2 : Engine::v3;
    const double u = -1 + 2 * (static_cast<double>(i / 2) + 0.5) / 200;
    residuals.push_back({&works[i], u * (i % 2 ? 0.4 : 0.1), 1});
  }
  const Spread spread = calibrate(residuals);
  int inside = 0;
  for (const Residual& r : residuals) {
    const Factors f = factors(spread, *r.work);
    inside += f.lo <= std::exp(r.log_error) && std::exp(r.log_error) <= f.hi ? 1 : 0;
  }
  EXPECT_NEAR(inside / 400.0, 0.8, 0.03);
  const Factors wide = factors(spread, works[1]), narrow = factors(spread, works[0]);
  EXPECT_GT(std::log(wide.hi) / std::log(narrow.hi), 2);  // of 4, less for a residual near 0
}

TEST(LeastSquares, SolvesRosenbrockAndALine) {
  const auto valley = minimise(
      [](std::span<const double> x, std::span<double> out) {
        out[0] = 1 - x[0];
        out[1] = 10 * (x[1] - x[0] * x[0]);
      },
      {-1.2, 1}, 2, 200, 1e-10);
  ASSERT_TRUE(valley);
  EXPECT_NEAR(valley->x[0], 1, 1e-6);
  EXPECT_NEAR(valley->x[1], 1, 1e-6);
  const std::vector<std::vector<double>> rows{{1, 0}, {1, 1}, {1, 2}};
  const auto w = ridge_regression(rows, std::vector<double>{1, 3, 5}, std::vector<double>{1, 1, 1}, 0);
  EXPECT_NEAR(w[0], 1, 1e-6);
  EXPECT_NEAR(w[1], 2, 1e-6);
}

}  // namespace
}  // namespace joulebook::serving
