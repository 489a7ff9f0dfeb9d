#pragma once
// What the fit may choose: one list of parameters, each of a kind of hardware, an engine or a
// kind of layer, each with a meaning and bounds. The chosen values are in
// data/diffusion_parameters.csv.
#include <joulebook/result.h>

#include <array>
#include <span>
#include <string>
#include <string_view>

namespace joulebook::diffusion {

enum class Generation { ampere, hopper, blackwell };  // kinds of hardware that were measured
inline constexpr std::size_t kGenerations = 3;
enum class Engine { diffusers, xdit };  // diffusers 0.29.2; xDiT 0.4.5

// Each row of the table of parameters.cc, in its order. A block of three is one a generation.
enum Parameter : std::size_t {
  kLinearRate = 0,        // share of peak: dense layers
  kAttentionRate = 3,     // share of peak: attention, heads of 128
  kConvolutionRate = 6,   // share of peak: convolutions of the denoiser
  kDecoderRate = 9,       // share of peak: convolutions of the decoder
  kStaticPower = 12,      // W a device, drawn whenever a job holds it
  kEnergyPerFlop = 15,    // J a FLOP of dense layers, 16 bit
  kEnergyPerByte = 18,    // J a byte of memory traffic
  kPowerCap = 21,         // share of TDP at which clocks give way
  kHeadExponent = 24,     // attention rate ~ (head / 128)^this below 128
  kAttentionEnergy,       // energy a FLOP of attention over that of dense layers
  kConvolutionEnergy,     // the same for convolutions
  kTrafficPerElement,     // how often a counted read or write goes to memory
  kHalfTokens,            // tokens a device for half of the rate, at 1 PFLOP/s of peak
  kLaunchDiffusers,       // s a kernel
  kLaunchXdit,            // s a kernel
  kOnceDiffusers,         // s a batch outside of the steps
  kOnceXdit,              // s a batch outside of the steps
  kUlyssesRate,           // share of link bandwidth in all-to-all exchange
  kRingRate,              // share of link bandwidth in ring exchange
  kCollective,            // s a collective operation
  kRingPenalty,           // attention is slower by this a further ring member
  kSerialShare,           // share of full activity of the other devices while one decodes
  kParameterCount
};

struct ParameterRow {
  std::string_view name;
  double start, low, high;  // prior value and bounds
  double spread;            // of the prior, in natural logarithms
  std::string_view unit;
  std::string_view meaning;
};
[[nodiscard]] std::span<const ParameterRow, kParameterCount> parameter_table();
enum Width : std::size_t { kOne, kSeveral, kGuessed };

struct Parameters {
  std::array<double, kParameterCount> values{};
  // Half widths of the 80 % interval in natural logarithms, from architectures left out: of rows
  // on one device, on several, and where the shape had to be guessed.
  std::array<double, 3> half_width{};
  std::array<double, 3> half_width_time{};
  std::string date;      // of the fit
  std::size_t rows = 0;  // it was fitted to
  double error = 0;      // median error of J per item, architectures left out

  [[nodiscard]] double of(Parameter p) const { return values[p]; }
  [[nodiscard]] double of(Parameter p, Generation g) const {
    return values[p + static_cast<std::size_t>(g)];
  }
};

// The built-in ones, read once. Any thread.
[[nodiscard]] const Parameters& fitted();
// Reads and writes such a file. Error: input "diffusion.parameters".
[[nodiscard]] Result<Parameters> parse_parameters(std::string_view csv);
[[nodiscard]] std::string to_csv(const Parameters& parameters);

}  // namespace joulebook::diffusion
