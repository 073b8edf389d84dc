// Named characters of HTML ("&amp;").
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rw {

inline constexpr std::size_t kMaxEntityName = 32;  // the longest name has 31 letters

std::uint32_t named_character(std::string_view name);  // without "&" and ";"; case counts; 0 where there is none
// Length of the name that begins the text and counts without a semicolon (HTML 2 to 4's Latin 1), 0 without.
std::size_t legacy_name_length(std::string_view text);

}  // namespace rw
