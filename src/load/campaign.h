#pragma once
// A load test as a person asks for it: one load or a sweep of them, each repeated, rounds
// interleaved so that a drift of the machine falls on all loads alike.
#include <joulebook/result.h>

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "load/load_result.h"
#include "load/request_body.h"
#include "load/request_energy.h"
#include "load/transport.h"

namespace joulebook::load {

struct Campaign {
  std::vector<LoadPlan> plans;  // one a point; not empty
  int repeats = 1;
  Workload work;
  BodyRule body;
  std::string address;
  bool keep_text = false;
};

struct CampaignHooks {
  // Energy of a span whose end is settled first; null: there is no meter, and `unmetered` says why.
  EnergyOf meter;
  std::optional<Reason> unmetered;
  AskGateway gateway;                           // may be null
  std::function<void(const RequestRecord&, int point, int repeat, int window)>
      record;                                   // may be null
  std::function<void(const std::string&)> say;  // progress
  const std::atomic<bool>* cancel = nullptr;
};

// Asks once or twice before it begins: whether it is answered, and how the endpoint counts a
// made-up prompt. Fills points and warnings of the result. Errors: as Driver::run.
[[nodiscard]] Result<LoadResult> run_campaign(Campaign campaign, Transport& transport,
                                              const CampaignHooks& hooks);

}  // namespace joulebook::load
