// A sketch of a text, by which reuse of text is found without keeping the text: minima of hashed word shingles.
//
//   const TextSketch a = sketch_of(text);
//   resemblance(a.hex, b.hex)   // estimated share of shingles in common (Jaccard), 0 to 1
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "enrich/resemblance.h"

namespace rw {

inline constexpr std::size_t kShingleWords = 3;   // short mails must have some; 4 and more miss small changes
inline constexpr std::size_t kLeastShingles = 8;  // of a text with fewer nothing can be said: "Thanks, see you then"

struct TextSketch {
  std::string hex;           // kSketchMinima × 8 hexadecimal digits; "" for too short a text
  std::size_t shingles = 0;  // different ones
};
// Case folded, white space and punctuation dropped; text without spaces (Chinese, Japanese) by characters.
TextSketch sketch_of(std::string_view utf8);

// What the author wrote: quoted lines, "On … wrote:", the original below an Outlook separator and the signature behind
// "-- " are left out.
std::string authored_text(std::string_view text);

}  // namespace rw
