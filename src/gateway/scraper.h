#pragma once
// Reads upstreams' metrics pages each second, on a thread of its own: what the engine itself says of
// requests and tokens. An upstream without a page is asked less and less often.
#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "attribution/traffic.h"
#include "core/clock.h"

namespace joulebook::gateway {

class Scraper {
 public:
  // nullopt: that upstream has no page that is understood (now).
  using Tell = std::function<void(std::size_t upstream, const std::optional<attribution::EngineReading>&)>;

  // `tell` is called from the thread. `born`: the first thing on it.
  Scraper(std::vector<std::string> upstreams, std::string ca_file, Tell tell, std::function<void()> born);
  ~Scraper();
  Scraper(const Scraper&) = delete;
  Scraper& operator=(const Scraper&) = delete;

 private:
  void loop();
  void look(std::size_t upstream);
  struct Place {
    std::string url;
    SteadyTime next;
    Nanos wait{0};
  };
  std::vector<Place> places_;
  std::string ca_file_;
  Tell tell_;
  std::function<void()> born_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace joulebook::gateway
