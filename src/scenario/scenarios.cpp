// The list of synthetic worlds: one line each.
#include <array>

#include "scenario/scenario.h"

namespace rw {

extern constinit const Scenario kCase2019Scenario;

namespace {
constexpr std::array<const Scenario*, 1> kScenarios{&kCase2019Scenario};
}  // namespace

std::span<const Scenario* const> scenarios() { return kScenarios; }

const Scenario* find_scenario(std::string_view name) {
  for (const Scenario* scenario : scenarios())
    if (scenario->name == name) return scenario;
  return nullptr;
}

}  // namespace rw
