#include "physics/diffusion/unet_work.h"

#include <algorithm>

namespace joulebook::diffusion {
namespace {

class Walk {
 public:
  Walk(const Denoiser& shape, const Picture& picture)
      : d_(shape),
        frames_(picture.frames),
        x_(std::max(1.0, picture.width / compression_of(shape.vae).space)),
        y_(std::max(1.0, picture.height / compression_of(shape.vae).space)) {
    w_.tokens = w_.image_tokens = x_ * y_ * frames_;
    w_.width = d_.channels[0];
    w_.attentions = 1;
  }

  Work whole() {
    const std::size_t levels = d_.channels.size();
    double in = d_.channels[0];
    w_.convolution += 2 * at() * 9 * 4 * in;
    skips_.push_back(in);
    for (std::size_t i = 0; i < levels; ++i) in = down(i, in);
    if (d_.mid_depth >= 0) {
      resnet(in, in);
      transformer(in, d_.mid_depth);
      resnet(in, in);
    }
    for (std::size_t i = levels; i-- > 0;) in = up(i, in);
    return w_;
  }

 private:
  double at() const { return x_ * y_ * frames_; }
  bool resnets_resize() const { return d_.style == Style::kandinsky2; }

  double down(std::size_t level, double in) {
    const double out = d_.channels[level];
    for (int j = 0; j < d_.level_layers; ++j) {
      resnet(in, out);
      transformer(out, d_.depth[level]);
      in = out;
      skips_.push_back(out);
    }
    if (level + 1 == d_.channels.size()) return out;
    x_ = std::max(1.0, x_ / 2);
    y_ = std::max(1.0, y_ / 2);
    // A resizing resnet convolves once before and once after.
    resize(out, resnets_resize() ? 5 : 1);
    skips_.push_back(out);
    return out;
  }

  double up(std::size_t level, double in) {
    const double out = d_.channels[level];
    for (int j = 0; j <= d_.level_layers; ++j) {
      const double skip = skips_.back();
      skips_.pop_back();
      resnet(in + skip, out);
      transformer(out, d_.up_depth[level]);
      in = out;
    }
    if (level == 0) return out;
    x_ *= 2;
    y_ *= 2;
    resize(out, resnets_resize() ? 2 : 1);
    return out;
  }

  void resize(double channels, double times) {
    w_.convolution += 2 * at() * 9 * channels * channels * times;
    w_.weights += 9 * channels * channels * (times > 1 ? 2 : 1);
    w_.kernels += 1;
  }

  void resnet(double in, double out) {
    double macs = 9 * in * out + 9 * out * out + (in != out ? in * out : 0);
    if (d_.style == Style::kandinsky3) {  // 1x1, 3x3, 3x3, 1x1 at half the width, twice
      const double half = std::max(in, out) / 2;
      macs = (in + out) * half + 18 * half * half + 2 * out * (out / 2) + 18 * out * out / 4;
    }
    w_.convolution += 2 * at() * macs;
    w_.elements += at() * (4 * in + 8 * out);
    w_.kernels += 12;
    w_.weights += macs + 1280 * out;
    if (d_.temporal == Temporal::conv4) in_time(4, 16, out);
    if (d_.temporal == Temporal::spatio) in_time(2, 10, out);
  }

  // Convolutions of 3 points along the frames.
  void in_time(double convolutions, double passes, double c) {
    w_.convolution += 2 * at() * convolutions * 3 * c * c;
    w_.elements += at() * passes * c;
    w_.kernels += 4 * convolutions;
    w_.weights += convolutions * 3 * c * c;
  }

  void transformer(double c, double depth) {
    if (depth > 0) in_space(c, depth);
    const bool in_frames = d_.temporal == Temporal::motion ||
                           (d_.temporal != Temporal::none && depth > 0);
    if (in_frames) between_frames(c);
  }

  void in_space(double c, double depth) {
    // Projections of attention to itself and to the text, and the MLP, in squares of the width.
    double squares = 6 + 12;
    double mlp_passes = 24;
    if (d_.style == Style::kandinsky2) squares = 4, mlp_passes = 0;
    if (d_.style == Style::kandinsky3) squares = 2 + 8, mlp_passes = 12;
    const double n = x_ * y_;
    w_.linear += frames_ * 2 * (n * (depth * squares + 2) * c * c +
                                d_.text_tokens * depth * 2 * d_.cross_dim * c);
    const double keys = (d_.style == Style::kandinsky3 ? 0 : n) + d_.text_tokens;
    const double attention = frames_ * depth * 4 * c * n * keys;
    w_.attention += attention;
    w_.attention_padded += attention * padded_head(d_.head_dim > 0 ? d_.head_dim : c / 8);
    w_.elements += at() * (depth * (18 + mlp_passes) * c + 4 * c);
    w_.kernels += depth * 38 + 6;
    w_.weights += depth * (squares * c * c + 2 * d_.cross_dim * c) + 2 * c * c;
  }

  // Two attentions along the frames at each place and an MLP (two for `spatio`).
  void between_frames(double c) {
    const double squares = d_.temporal == Temporal::spatio ? 34 : 22;
    w_.linear += 2 * at() * squares * c * c;
    w_.attention += 8 * c * at() * frames_;
    w_.attention_padded += 8 * c * at() * frames_;
    w_.elements += at() * (d_.temporal == Temporal::spatio ? 70 : 46) * c;
    w_.kernels += 44;
    w_.weights += squares * c * c;
  }

  const Denoiser& d_;
  double frames_, x_, y_;
  std::vector<double> skips_;
  Work w_;
};

}  // namespace

Work unet_work(const Denoiser& shape, const Picture& picture) {
  return Walk(shape, picture).whole();
}

}  // namespace joulebook::diffusion
