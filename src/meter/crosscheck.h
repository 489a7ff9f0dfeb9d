#pragma once
// Two sensors of the same energy must agree within what each of them claims.
#include <span>
#include <string>
#include <vector>

#include "meter/window.h"

namespace joulebook {

// Sets `crosscheck` of each domain that mirrors another one present, and adds a warning with both
// numbers where their full intervals do not meet. Pure.
void cross_check(std::span<DomainEnergy> domains, std::vector<std::string>& warnings);

}  // namespace joulebook
