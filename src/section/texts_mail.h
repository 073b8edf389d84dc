// The table of what a mail report can say; texts.cpp looks into it after its own.
#pragma once

#include <span>
#include <string_view>

namespace rw {

// One sentence or word in every language. Japanese is empty where nothing that is written in it says so.
struct TextLine {
  std::string_view id;
  std::string_view english;
  std::string_view japanese = {};
};
std::span<const TextLine> mail_texts();  // in the order of id

}  // namespace rw
