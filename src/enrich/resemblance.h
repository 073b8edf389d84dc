// How much two texts have in common, by their sketches (mail/sketch.h makes them): for those who ask the store.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace rw {

inline constexpr std::size_t kSketchMinima = 64;    // standard error of resemblance is below 0.0625
inline constexpr std::size_t kSketchHexDigits = 8;  // of one minimum: 32 bits

// The share of shingles in common (Jaccard), estimated, 0 to 1; nothing where either is empty or no sketch.
std::optional<double> resemblance(std::string_view hex_a, std::string_view hex_b);

}  // namespace rw
