#pragma once
// Which shape a model's name means, and a plausible one where the name says nothing.
#include <joulebook/result.h>

#include <span>

#include "physics/diffusion/denoiser.h"

namespace joulebook::diffusion {

// The rows of data/diffusion_catalogue.csv, read once. Any thread.
[[nodiscard]] std::span<const Denoiser> catalogue();
// Reads such a file. Error: input "diffusion.catalogue" with the line.
[[nodiscard]] Result<std::vector<Denoiser>> parse_catalogue(std::string_view csv);

// The first row that has a part of `name` (any case); null where none has.
[[nodiscard]] const Denoiser* find_denoiser(std::string_view name);

// A denoiser of `params_b` x 1e9 parameters as most of its time are built: for diffusers 0.29
// (`unet` set) the U-Net of Stable Diffusion 2 widened or narrowed, with temporal layers for
// video; else one sequence of text and image tokens in layers 64 times as wide as they are many,
// with weights of its own for the text in image models from 2e9 parameters on.
[[nodiscard]] Denoiser synthesised(double params_b, bool video, bool unet);

}  // namespace joulebook::diffusion
