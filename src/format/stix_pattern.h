// The part of the STIX patterning language (STIX 2.1, section 9) that lists of indicators use.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "format/indicator_rows.h"

namespace rw {

struct StixComparison {
  IndicatorRows::Kind kind;
  std::string value;
};

enum class StixPattern { kValues, kOther, kBad };
inline constexpr std::size_t kMaxStixValues = 10'000;    // of one pattern
inline constexpr std::size_t kMaxStixPattern = 1 << 20;  // bytes

// kValues: any one of `values` alone is what the pattern looks for. kOther: a pattern that needs several conditions, or
// compares something else. kBad: no pattern.
//   "[domain-name:value = 'a.example' OR domain-name:value = 'b.example']"
StixPattern read_stix_pattern(std::string_view pattern, std::vector<StixComparison>& values);

}  // namespace rw
