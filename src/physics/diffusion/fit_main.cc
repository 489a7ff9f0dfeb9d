// diffusion_fit DATA REPORT DATE: fits the model of images and video to
// DATA/ml_energy_diffusion.csv, writes DATA/diffusion_parameters.csv, and the REPORT of its errors
// on architectures left out.
#include <fmt/format.h>

#include <cstdio>

#include "core/file_tree.h"
#include "physics/diffusion/evaluation.h"

namespace joulebook::diffusion {
namespace {

Status run(const std::string& data, const std::string& page, const std::string& date) {
  const auto csv = read_file(data + "/ml_energy_diffusion.csv");
  if (!csv) return fail(csv.error());
  const auto samples = read_samples(*csv);
  if (!samples) return fail(samples.error());
  const auto evaluation = evaluate(*samples, date);
  if (!evaluation) return fail(evaluation.error());
  const auto hungry = read_file(data + "/power_hungry_images.csv");
  if (!hungry) return fail(hungry.error());
  const auto checks = power_hungry_check(*hungry, evaluation->all);
  if (!checks) return fail(checks.error());
  if (auto ok = write_file(data + "/diffusion_parameters.csv", to_csv(evaluation->all)); !ok) return ok;
  return write_file(page, report(*evaluation, *checks));
}

}  // namespace
}  // namespace joulebook::diffusion

int main(int argc, char** argv) {
  if (argc != 4) {
    fmt::print(stderr, "usage: diffusion_fit DATA REPORT DATE\n");
    return 2;
  }
  const auto done = joulebook::diffusion::run(argv[1], argv[2], argv[3]);
  if (done) return 0;
  fmt::print(stderr, "diffusion_fit: {}: {}\n", done.error().message, done.error().cure);
  return joulebook::exit_code(done.error().kind);
}
