// Escaping of bytes from the wire.
#include "model/escape.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace rw {
namespace {

void append_decimal(std::string& out, unsigned char byte) {
  out += '\\';
  out += static_cast<char>('0' + byte / 100);
  out += static_cast<char>('0' + byte / 10 % 10);
  out += static_cast<char>('0' + byte % 10);
}

}  // namespace

bool is_plain_ascii(std::string_view text) {
  // Eight bytes at a time; most text from the wire is plain, so this is all that most text costs.
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHigh = 0x8080808080808080;
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + i, 8);
    const std::uint64_t control = (word - kOnes * 0x20) & ~word;
    const std::uint64_t deleted = ((word ^ kOnes * 0x7F) - kOnes) & ~(word ^ kOnes * 0x7F);
    const std::uint64_t backslash = ((word ^ kOnes * '\\') - kOnes) & ~(word ^ kOnes * '\\');
    if (((word | control | deleted | backslash) & kHigh) != 0) return false;
  }
  return std::all_of(text.begin() + static_cast<std::ptrdiff_t>(i), text.end(),
                     [](char c) { return c >= 0x20 && c < 0x7F && c != '\\'; });
}

std::string escape_text(std::string_view bytes, std::size_t limit) {
  std::string out;
  out.reserve(std::min(bytes.size(), limit));
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    const std::size_t before = out.size();
    if (c == '\\')
      out += "\\\\";
    else if (byte >= 0x20 && byte < 0x7F)
      out += c;
    else
      append_decimal(out, byte);
    if (out.size() > limit) {
      out.resize(before);
      break;
    }
  }
  return out;
}

void append_escaped_label(std::string& name, std::string_view label) {
  for (const char c : label) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\\' || c == '.')
      (name += '\\') += c;
    else if (c >= 'A' && c <= 'Z')
      name += static_cast<char>(c + 32);
    else if (byte > 0x20 && byte < 0x7F)
      name += c;
    else
      append_decimal(name, byte);
  }
}

}  // namespace rw
