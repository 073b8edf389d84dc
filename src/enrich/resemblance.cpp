// Compares sketches of texts.
#include "enrich/resemblance.h"

#include <algorithm>

namespace rw {
namespace {

bool is_sketch(std::string_view hex) {
  return hex.size() == kSketchMinima * kSketchHexDigits &&
         std::all_of(hex.begin(), hex.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

std::optional<double> resemblance(std::string_view hex_a, std::string_view hex_b) {
  if (!is_sketch(hex_a) || !is_sketch(hex_b)) return std::nullopt;
  std::size_t same = 0;
  for (std::size_t at = 0; at < hex_a.size(); at += kSketchHexDigits)
    same += hex_a.substr(at, kSketchHexDigits) == hex_b.substr(at, kSketchHexDigits) ? 1 : 0;
  return static_cast<double>(same) / static_cast<double>(kSketchMinima);
}

}  // namespace rw
