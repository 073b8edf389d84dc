// Amounts as people write and read them: "1.5M", "10s", and back: "1.2 GB", "3 min".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace rw {

// A number from 0 with an optional factor: k M G T P (decimal, upper or lower case), Ki Mi Gi Ti (binary), and an
// optional final B. "1.5M" is 1,500,000. Nothing for anything else or beyond 2^63.
std::optional<std::int64_t> parse_count(std::string_view text);
// "500ms", "10s", "5m" or "5min", "2h", "1d", "1w"; fractions allowed; a bare number is seconds. Up to 1000 years.
std::optional<Duration> parse_duration(std::string_view text);

std::string group_thousands(std::int64_t value);  // 1,204
std::string human_count(double value);            // 950, 1.2 k, 3.4 M
std::string human_bytes(double bytes);            // 950 B, 1.2 GB (decimal)
std::string human_rate(double bits_per_second);   // 1.5 Gbit/s
std::string human_duration(double seconds);       // 0.25 s, 3.0 min, 2.5 h, 4.1 d

}  // namespace rw
