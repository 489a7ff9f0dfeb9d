#pragma once
// What discovery says of GPUs once every vendor's library was asked.
#include <vector>

#include "core/file_tree.h"
#include "sensor/sensor.h"

namespace joulebook {

// Makes the findings of probe_amd_gpu or probe_level_zero agree with the cards that the kernel
// shows: a library that is missing, or has no driver, is a problem where a card of its vendor is
// here, and is not mentioned where none is.
void reconcile_amd(Discovery& amd, const FileTree& files);
void reconcile_intel(Discovery& intel, const FileTree& files);

// Two sensors that name one domain see one card (hwmon beside a vendor's library): the first keeps
// it, later ones take a suffix and mirror it, so that nothing is counted twice. Idempotent; call
// before relate().
void mirror_twins(std::vector<std::unique_ptr<Sensor>>& sensors);

}  // namespace joulebook
