#pragma once
// The work of a U-Net: a walk down its levels, through the middle and up again.
#include "physics/diffusion/work.h"

namespace joulebook::diffusion {

[[nodiscard]] Work unet_work(const Denoiser& shape, const Picture& picture);

// Attention kernels come for heads of 32, 64, 96, 128, 160, 192 and 256 numbers: how many times
// more work a head of `head` numbers is for being padded to the next.
[[nodiscard]] double padded_head(double head);

}  // namespace joulebook::diffusion
