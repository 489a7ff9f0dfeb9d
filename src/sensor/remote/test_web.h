#pragma once
// What tests of meters over HTTP share: where a scripted server is, and a sink that keeps what it is given.
#include <map>
#include <vector>

#include "fakes/scripted_endpoint.h"
#include "sensor/remote/web.h"

namespace joulebook::test {

class Outcomes final : public ReadingSink {
 public:
  void reading(std::size_t channel, const RawReading& reading) override {
    readings[channel].push_back(reading);
  }
  void absence(std::size_t channel, const Error& error) override { absences[channel].push_back(error); }
  std::map<std::size_t, std::vector<RawReading>> readings;
  std::map<std::size_t, std::vector<Error>> absences;
};

inline WebPlace place_of(const ScriptedEndpoint& server) {
  WebPlace place;
  place.base = server.address();
  place.name = "the meter";
  return place;
}

}  // namespace joulebook::test
