// Experts, replicas that step together, links and images against arithmetic done by hand.
#include "physics/serving/experts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "physics/serving/fit_file.h"

namespace joulebook::serving {
namespace {

Workload served(std::string_view model, std::string_view device, double devices, double batch) {
  Workload w;
  w.shape = *find_shape(model);
  w.device = *find_device(device);
  w.task = Task::lm_arena;
  w.devices = devices;
  w.batch = batch;
  w.output = 400;
  return w;
}

double seconds(const Prediction& r, Cause cause) { return r.seconds[static_cast<std::size_t>(cause)]; }

double poisson(double mean, int k) { return std::exp(k * std::log(mean) - mean - std::lgamma(k + 1)); }

// The mean of the larger of two, by its definition.
double larger_of_two(double mean) {
  double sum = 0;
  for (int a = 0; a < 60; ++a) {
    for (int b = 0; b < 60; ++b) sum += std::max(a, b) * poisson(mean, a) * poisson(mean, b);
  }
  return sum;
}

TEST(Fullest, IsTheMeanOfTheLargest) {
  for (const double mean : {0.01, 0.3, 1.0, 4.0, 9.0}) {
    EXPECT_NEAR(fullest(2 * mean, 2), larger_of_two(mean), 1e-6);
    EXPECT_NEAR(fullest(mean, 1), mean, 1e-6);
  }
}

TEST(Fullest, LiesBetweenAnEvenShareAndAll) {
  for (const double n : {1.0, 2.0, 4.0, 8.0, 64.0}) {
    double before = 0;
    for (double sum = 1e-3; sum < 1e6; sum *= 1.7) {
      const double most = fullest(sum, n);
      EXPECT_GE(most, sum / n * (1 - 1e-9));
      EXPECT_LE(most, sum * (1 + 1e-9));
      EXPECT_GT(most, before);
      before = most;
    }
  }
  EXPECT_NEAR(fullest(8 * 300.001, 8), fullest(8 * 299.999, 8), 0.01);  // no step where the rule changes
}

TEST(Experts, ReadWhatIsTouchedAndMoveWhatIsRouted) {
  Parameters p = neutral_parameters();
  p[routing_spread] = 1;
  const Workload w = served("Qwen3-30B-A3B", "H100", 1, 16);
  const Grouped g = grouped(w, p, 16);
  const double touched = 128 * (1 - std::pow(1 - 8.0 / 128, 16));
  EXPECT_NEAR(g.touched, touched, 1e-9);
  const double expert = 3.0 * 2048 * 768;
  EXPECT_NEAR(g.bytes, 48 * touched * expert * 2, 1e-6 * g.bytes);
  EXPECT_NEAR(g.flops, 16.0 * 48 * 8 * 2 * expert, 1e-6 * g.flops);
  EXPECT_NEAR(g.routed, 2.0 * 16 * 48 * 8 * (2 * 2048 + 6 * 768), 1e-6 * g.routed);
  EXPECT_GT(g.time.seconds, (g.bytes + g.routed) / w.device.bandwidth);
}

// Where experts are split every device holds all rows; where they are sliced, a slice of them.
TEST(Experts, SlicedRowsMoveLess) {
  const Parameters p = neutral_parameters();
  Workload w = served("Qwen3-30B-A3B", "H100", 4, 64);
  const double sliced = grouped(w, p, 64).routed;
  w.expert_parallel = 4;
  EXPECT_NEAR(grouped(w, p, 64).routed / sliced, (2.0 * 2048 + 6 * 768) / (2 * 2048 + 6 * 768 / 4.0), 1e-9);
}

// A prompt beside few decoded tokens touches experts that they do not: their weights are read for it.
TEST(Experts, APromptReadsTheOnesThatDecodingDoesNot) {
  const Parameters p = neutral_parameters();
  Workload w = served("Qwen3-30B-A3B", "H100", 1, 4);
  w.input = 1000;
  const Prediction r = predict(w, p);
  const double share = 1 - std::exp(-w.batch / w.output);
  const double others = 48 * (128 - r.experts_touched) * 3.0 * 2048 * 768 * 2;
  EXPECT_GT(seconds(r, Cause::prefill), 0.95 * share * others / w.device.bandwidth);
}

TEST(Replicas, ThatShareExpertsPayForTheFullest) {
  const Parameters& p = built_in_fit().parameters;
  Workload w = served("Qwen3-Coder-480B-A35B-Instruct", "B200", 8, 64);
  w.expert_parallel = 8;
  w.input = 2000;
  const Prediction split = predict(w, p);
  w.data_parallel = 8;
  EXPECT_TRUE(steps_together(w));
  const Prediction together = predict(w, p);
  // One prompt in eight replicas makes eight read as many tokens.
  const double alone = 64.0 / 400;
  EXPECT_NEAR((together.flops - split.flops) / (2 * 2000 * w.shape.active_params()),
              8 * fullest(alone, 8) - alone, 0.15 * 8 * fullest(alone, 8));
  EXPECT_GT(together.j_per_token, 1.5 * split.j_per_token);
}

TEST(Replicas, OfADenseModelDoNotTalk) {
  Workload w = served("Llama-3.1-8B", "H100", 4, 64);
  EXPECT_GT(seconds(predict(w, neutral_parameters()), Cause::communication), 0);
  w.data_parallel = 4;
  EXPECT_FALSE(steps_together(w));
  EXPECT_EQ(seconds(predict(w, neutral_parameters()), Cause::communication), 0);
}

TEST(Links, ASwitchThatAddsMakesNoRounds) {
  const Parameters p = neutral_parameters();
  const auto linked = [&](std::string_view device, double devices) {
    return seconds(predict(served("Llama-3.1-70B", device, devices, 64), p), Cause::communication);
  };
  EXPECT_NEAR(linked("H100", 8), linked("H100", 2), 1e-9);
  EXPECT_GT(linked("A100 80GB", 8), 1.5 * linked("A100 80GB", 2));
}

TEST(Images, CostTheHostWhatTheyTakeInAPrompt) {
  const Parameters& p = built_in_fit().parameters;
  Workload w = served("gemma-3-12b-it", "B200", 1, 64);
  w.task = Task::image_chat;
  const Prediction small = predict(w, p);
  EXPECT_EQ(small.input, 256 + 50);
  w.shape.image_tokens = 0;  // depends on the picture
  const Prediction usual = predict(w, p);
  EXPECT_EQ(usual.input, p[input_image_chat]);
  EXPECT_LT(seconds(small, Cause::host), seconds(usual, Cause::host));
}

}  // namespace
}  // namespace joulebook::serving
