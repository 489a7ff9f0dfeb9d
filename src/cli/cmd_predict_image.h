#pragma once
// predict for images and video: `predict --image MODEL` and `predict --video MODEL`, and the rows
// of `predict --csv` whose header is of images and video. cmd_predict owns the command and its
// flags --gpu, --gpus, --batch, --csv and --out; these are the rest.
#include <string>

#include "cli/context.h"

namespace CLI {
class App;
}

namespace joulebook {

struct PredictImageOptions {
  std::string image, video;  // a model's name, one of both; empty: not asked for
  std::string gpu = "H100";
  double gpus = 1, batch = 1;
  double width = 0, height = 0;    // 0: 1024 x 1024, or 832 x 480 for video
  double frames = 0, steps = 25;   // frames 0: 1, or 81 for video
  double ulysses = 0, ring = 0;  // 0: all of the GPUs by Ulysses
  double params_b = 0;           // of the denoiser, where its name is unknown
  std::string precision = "bfloat16";
  std::string engine = "xdit";  // or diffusers

  [[nodiscard]] bool asked() const { return !image.empty() || !video.empty(); }
};

// --image, --video, --width, --height, --frames, --steps, --ulysses, --ring, --denoiser-params,
// --diffusion-engine, --image-precision.
void add_image_flags(CLI::App& command, PredictImageOptions& options);

// Prints a table, and writes schema "joulebook.predicted-image/1" where --json asks for it.
int predict_image(const Context& context, const PredictImageOptions& options);

// Whether this text is a table of images and video by its header.
[[nodiscard]] bool is_image_csv(std::string_view text);
// Predicts its rows to `out` (empty or "-": standard output). Refused rows are warned of; 3 where
// no row could be used.
int predict_image_rows(const Context& context, std::string_view text, const std::string& out);

}  // namespace joulebook
