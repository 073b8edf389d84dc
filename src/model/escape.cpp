// Escaping of bytes from the wire.
#include "model/escape.h"

#include <algorithm>

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
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F && c != '\\'; });
}

std::string escape_text(std::string_view bytes, std::size_t limit) {
  std::string out;
  out.reserve(std::min(bytes.size(), limit));
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    const std::size_t before = out.size();
    if (c == '\\') out += "\\\\";
    else if (byte >= 0x20 && byte < 0x7F) out += c;
    else append_decimal(out, byte);
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
    if (c == '\\' || c == '.') (name += '\\') += c;
    else if (c >= 'A' && c <= 'Z') name += static_cast<char>(c + 32);
    else if (byte > 0x20 && byte < 0x7F) name += c;
    else append_decimal(name, byte);
  }
}

}  // namespace rw
