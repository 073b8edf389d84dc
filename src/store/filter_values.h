// What a single value of a filter may look like; filter.cpp says which is wanted where, and what is wrong with another.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "store/query.h"

namespace rw::filter {

// Both ends are inside.
struct NumberRange {
  std::int64_t first;
  std::int64_t last;
};
// "443", "6881-6889"; the ends as they are written, even if they run backwards.
std::optional<NumberRange> port_range(std::string_view text);
// "1500", "1.5M", "1k-2k"; never backwards.
std::optional<NumberRange> number_range(std::string_view text);
// The value lies in one of the ranges, of which there is at least one.
ExprPtr in_ranges(const ExprPtr& value, const std::vector<NumberRange>& ranges);

// Whether it can only be meant as an address or a network, right or wrong.
bool looks_like_address(std::string_view text);
// "255.255.255.0" -> 24
std::optional<int> mask_length(std::string_view text);

const std::vector<std::string_view>& direction_names();
std::optional<std::uint8_t> direction_number(std::string_view name);

bool has_wildcard(std::string_view text);
std::string_view without_final_dot(std::string_view name);

}  // namespace rw::filter
