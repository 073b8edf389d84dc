// Case 2019, section 4: from evenings and weekends in 2017 to working hours in 2018, flatter in 2019.
#include <array>

#include "scenario/case_2019.h"

namespace rw::scenario::case_2019 {

namespace {

using Hours = std::array<double, 24>;
struct Rhythm {
  Hours weekday;
  Hours weekend;
};

// Leisure: low in the morning, up from 15, highest in the evening; weekends above weekdays all day.
constexpr Rhythm kLeisure{
    {30, 22, 18, 16, 16, 18, 24, 34, 46, 56, 60, 62, 66, 68, 76, 96, 116, 124, 120, 126, 132, 124, 88, 52},
    {48, 34, 26, 22, 22, 24, 32, 50, 72, 96, 112, 120, 124, 128, 138, 156, 168, 170, 164, 168, 172, 158, 116, 74}};
// Work: weekday hours 9 to 18 stand out, with a dent at noon; weekends and evenings are low.
constexpr Rhythm kWork{
    {22, 18, 15, 14, 15, 20, 32, 58, 104, 148, 164, 160, 132, 146, 162, 160, 150, 128, 84, 66, 60, 52, 38, 28},
    {22, 18, 15, 14, 15, 18, 26, 40, 58, 72, 78, 78, 72, 74, 76, 76, 74, 68, 58, 52, 48, 44, 34, 26}};
// Work goes on, but peaks and valleys are flatter.
constexpr Rhythm kFlat{
    {70, 66, 63, 62, 63, 67, 76, 92, 112, 130, 136, 134, 122, 128, 135, 134, 130, 120, 104, 97, 94, 90, 82, 75},
    {66, 62, 60, 59, 60, 62, 68, 78, 88, 97, 100, 100, 96, 98, 100, 100, 98, 94, 88, 85, 82, 79, 74, 69}};

constexpr std::int64_t kWorkFrom = 17'532;  // 2018-01-01
constexpr std::int64_t kFlatFrom = 17'897;  // 2019-01-01

}  // namespace

double hour_weight(LocalTime local) {
  const Rhythm& rhythm = local.day < kWorkFrom ? kLeisure : local.day < kFlatFrom ? kWork : kFlat;
  const Hours& hours = local.weekday < 5 ? rhythm.weekday : rhythm.weekend;
  return hours[static_cast<std::size_t>(local.hour)];
}

}  // namespace rw::scenario::case_2019
