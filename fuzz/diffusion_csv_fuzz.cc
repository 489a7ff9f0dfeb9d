// Any bytes as a CSV of images and video: every row has sensible joules or a reason, and what comes
// out can be read again with as many rows. Any bytes as parameters or as a catalogue: read or
// refused. It found a layer count of 5e120 that was cast to int before it was judged.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "physics/diffusion/catalogue.h"
#include "physics/diffusion/predict_csv.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace joulebook::diffusion;
  if (size > 2000) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  (void)parse_parameters(bytes);
  (void)parse_catalogue(bytes);
  const auto out = predict_csv(
      "model,task,gpu,num_gpus,batch_size,width,height,steps,frames,denoiser_params_b\n"
      "flux.1,text-to-image,H100,1,1,512,512,20,1,12\nx,text-to-video,B200,1,1,512,512,20,16,2\n" +
      bytes);
  if (!out) return 0;
  for (const auto& row : out->rows) {
    require(row.prediction.has_value() != row.refusal.has_value());
    if (!row.prediction) continue;
    const Prediction& p = *row.prediction;
    require(p.lo > 0 && p.lo <= p.j_per_item && p.j_per_item <= p.hi && std::isfinite(p.hi));
    require(p.batch_latency_s > 0 && std::isfinite(p.power_w));
  }
  const auto again = predict_csv(out->csv);
  require(again && again->rows.size() == out->rows.size());
  return 0;
}
