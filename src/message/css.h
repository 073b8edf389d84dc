// What an inline style says about whether text can be seen.
#pragma once

#include <cstdint>
#include <string_view>

namespace rw {

inline constexpr std::int32_t kNoColour = -1;       // says nothing
inline constexpr std::int32_t kUnknownColour = -2;  // a picture, a gradient, a name that is not known here

struct Visibility {
  bool hidden = false;      // not to be undone by what is inside: display, opacity, no room, off the page
  bool tiny = false;        // font size of at most a pixel
  bool sized = false;       // a font size is given
  bool invisible = false;   // visibility: hidden
  bool visibility = false;  // a visibility is given
  bool transparent = false;
  std::int32_t colour = kNoColour, background = kNoColour;  // 0xRRGGBB
};
Visibility read_style(std::string_view css);
std::int32_t read_colour(std::string_view text);  // "#fff", "#ffffff", "rgb(255, 255, 255)", "white"

}  // namespace rw
