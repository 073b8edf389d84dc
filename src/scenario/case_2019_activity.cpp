// Case 2019, section 1: the volume grows in steps, to four times the daily mean of 2017 by 2019.
#include <array>

#include "scenario/case_2019.h"

namespace rw::scenario::case_2019 {

namespace {
// The study compares 2017 with 2019 and lets 2018 lie between; the steps between are ours.
constexpr std::array<Level, 5> kLevels{{
    {{2017, 4, 1}, 1.0},
    {{2018, 1, 1}, 1.8},
    {{2018, 9, 1}, 2.8},
    {{2019, 1, 1}, 4.0},
    {{2019, 11, 1}, 0},
}};
}  // namespace

std::span<const Level> levels() { return kLevels; }

double day_noise(std::uint64_t seed, std::int64_t local_day) {
  Rng rng(seed * 0x9E3779B97F4A7C15ULL + static_cast<std::uint64_t>(local_day));
  return 0.85 + 0.30 * rng.unit();
}

}  // namespace rw::scenario::case_2019
