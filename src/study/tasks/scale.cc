#include "study/tasks/scale.h"

#include <fmt/format.h>

#include "core/modelled.h"
#include "physics/diffusion/predict.h"

namespace joulebook {
namespace {

diffusion::Request request_of(const TaskScale& scale, const TaskPicture& picture) {
  diffusion::Request request;
  request.model = scale.image;
  request.task = "text-to-image";
  request.gpu = scale.gpu;
  request.width = picture.width;
  request.height = picture.height;
  request.steps = picture.steps;
  return request;
}

Result<double> flops_of(const TaskScale& scale, const TaskPicture& picture) {
  const auto job = diffusion::job_of(request_of(scale, picture));
  if (!job) return fail(job.error());
  const double text = 2 * job->text_encoder_b * 1e9 * job->text_tokens;  // once a pass of one step
  return job->passes * (job->steps * job->pass.flops() + text) + job->decoder.flops;
}

std::string picture_text(const TaskPicture& p) {
  return fmt::format("{} x {} in {} step{}", p.width, p.height, p.steps, p.steps == 1 ? "" : "s");
}

}  // namespace

Result<double> work_ratio(const TaskScale& scale) {
  const auto ran = flops_of(scale, scale.ran);
  if (!ran) return fail(ran.error());
  const auto full = flops_of(scale, scale.full);
  if (!full) return fail(full.error());
  return *full / *ran;
}

Result<TaskScaled> scale_up(const TaskScale& scale, const Quantity& energy) {
  const auto work = work_ratio(scale);
  if (!work) return fail(work.error());
  const auto there = diffusion::predict(request_of(scale, scale.full));
  if (!there) return fail(there.error());
  TaskScaled out{scale, *work, energy, {}};
  const auto per = [](double joules) { return joules * kPerItems; };
  out.there = modelled(per(there->j_per_item), {per(there->lo), per(there->hi)}, "J",
                       std::string(kPerItemsName), {"gpu", method_of(*there), diffusion::kLevel});
  if (!energy.present()) return out;
  out.here = scaled(energy, *work, std::string(kPerItemsName));
  out.here.tier = weakest(energy.tier, Tier::modelled);
  out.here.shared.push_back({"pictures by their FLOPs", kScaleError.lo, kScaleError.hi});
  out.here.method += fmt::format("; {:.3g} times a picture of {}, by FLOPs counted from the shape of {}", *work,
                                 picture_text(scale.ran), scale.image);
  return out;
}

}  // namespace joulebook
