#pragma once
// Of a task: which arm is enough, and the arm that a route by task would send its items to. Each arm is
// judged on the items that it answered itself; two arms' joules are compared over those of both.
//
// *stable* and *cross_joules* are of 64 random halvings of the items (route.h says why): the arm is
// chosen on one half and its joules are read on the other, both ways round. Half as many items tell as much
// less: what is `least` sure of all has to be so at the same shares on a half, Phi(Phi^-1(least) / sqrt(2)).
//
// Pure; thread-safe.
#include "study/records.h"
#include "study/tasks/result.h"

namespace joulebook {

// `row`: with its arms' figures. `require`: "correct>=0.8"; `sure`: the confidence, 0..1, with which the arm
// that the route takes has to meet it. Fills row.enough, and of each arm
// `confidence` and `meets`. Without an arm that can be judged the reason stands in row.enough.absent.
void fill_enough(TaskResult& row, const StudyResult& study, const std::string& require, double sure,
                 std::uint64_t seed);

}  // namespace joulebook
