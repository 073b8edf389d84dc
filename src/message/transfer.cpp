// Transfer encodings, decoded with tables and within limits.
#include "message/transfer.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "message/utf8.h"

namespace rw {
namespace {

// Values of Base64's alphabet (RFC 2045 6.8), or what else a byte is.
constexpr std::uint8_t kPad = 0x40, kSpace = 0x41, kJunk = 0x80;
constexpr std::array<std::uint8_t, 256> kBase64 = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(kJunk);
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < kAlphabet.size(); ++i)
    table[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  for (const char c : std::string_view(" \t\r\n")) table[static_cast<unsigned char>(c)] = kSpace;
  table['='] = kPad;
  return table;
}();

// Reads Base64 character by character where groups of four do not lie in one piece. `emit` takes a byte, false stops.
class Base64State {
 public:
  // -1: nothing yet; else a byte is complete.
  int take(char c) {
    const std::uint8_t value = kBase64[static_cast<unsigned char>(c)];
    if (value < 64) {
      if (padded_) bad = true;  // RFC 2045 6.8: padding ends the data; readers disagree about what follows
      padded_ = false;
      bits_ = bits_ << 6 | value;
      count_ += 6;
      if (count_ < 8) return -1;
      count_ -= 8;
      return static_cast<int>(bits_ >> count_ & 0xFF);
    }
    if (value == kPad) {
      if (count_ == 6 || (count_ == 0 && !padded_)) bad = true;  // one character is no byte; nothing was open
      padded_ = true;
      count_ = 0;
    } else if (value == kJunk) {
      bad = true;
    }
    return -1;
  }
  bool aligned() const { return count_ == 0 && !padded_; }
  void end() {
    if (count_ != 0) bad = true;
  }
  bool bad = false;

 private:
  std::uint32_t bits_ = 0;
  unsigned count_ = 0;
  bool padded_ = false;
};

}  // namespace

TransferOutcome append_base64(std::string& out, std::string_view text, std::size_t limit) {
  TransferOutcome outcome;
  Base64State state;
  const std::size_t stop = out.size() + limit;
  out.reserve(out.size() + std::min(limit, text.size() / 4 * 3 + 3));
  std::size_t i = 0;
  while (i < text.size()) {
    while (state.aligned() && i + 4 <= text.size() && out.size() + 3 <= stop) {  // the common case, four at once
      const auto at = [&](std::size_t k) { return kBase64[static_cast<unsigned char>(text[i + k])]; };
      const unsigned a = at(0), b = at(1), c = at(2), d = at(3);
      if ((a | b | c | d) > 63) break;
      const unsigned bits = a << 18 | b << 12 | c << 6 | d;
      const char bytes[3] = {static_cast<char>(bits >> 16), static_cast<char>(bits >> 8), static_cast<char>(bits)};
      out.append(bytes, 3);
      i += 4;
    }
    if (i == text.size()) break;
    const int byte = state.take(text[i++]);
    if (byte < 0) continue;
    if (out.size() == stop) {
      outcome.cut = true;
      break;
    }
    out += static_cast<char>(byte);
  }
  if (!outcome.cut) state.end();
  outcome.bad = state.bad;
  return outcome;
}

bool base64_is_bad(std::string_view text) {
  Base64State state;
  std::size_t i = 0;
  while (i < text.size()) {
    while (state.aligned() && i + 4 <= text.size()) {
      const auto at = [&](std::size_t k) { return kBase64[static_cast<unsigned char>(text[i + k])]; };
      if ((at(0) | at(1) | at(2) | at(3)) > 63) break;
      i += 4;
    }
    if (i == text.size()) break;
    state.take(text[i++]);
    if (state.bad) return true;
  }
  state.end();
  return state.bad;
}

// RFC 2045 6.7. What is no escape stays as it is.
TransferOutcome append_quoted_printable(std::string& out, std::string_view text, std::size_t limit) {
  TransferOutcome outcome;
  const std::size_t stop = out.size() + limit;
  const auto put = [&](std::string_view piece) {
    const std::size_t room = stop - out.size();
    if (piece.size() > room) outcome.cut = true;
    out += piece.substr(0, room);
  };
  while (!text.empty() && !outcome.cut) {
    const std::size_t newline = text.find('\n');
    std::string_view line = text.substr(0, newline);
    text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
    std::string_view line_end = newline == std::string_view::npos ? "" : "\n";
    if (line.ends_with('\r') && !line_end.empty()) {
      line.remove_suffix(1);
      line_end = "\r\n";
    }
    while (!line.empty() && is_wsp(line.back())) line.remove_suffix(1);  // rule 3: space at the end is of transport
    while (!outcome.cut) {
      const std::size_t at = std::min(line.find('='), line.size());
      put(line.substr(0, at));
      line.remove_prefix(at);
      if (line.empty()) break;
      if (line.size() == 1) {  // a soft line break
        line_end = {};
        break;
      }
      const int high = hex_digit(line[1]), low = line.size() > 2 ? hex_digit(line[2]) : -1;
      if (high >= 0 && low >= 0) {
        const char byte = static_cast<char>(high << 4 | low);
        put({&byte, 1});
        line.remove_prefix(3);
      } else {
        outcome.bad = true;
        put(line.substr(0, 1));
        line.remove_prefix(1);
      }
    }
    put(line_end);
  }
  return outcome;
}

bool quoted_printable_is_bad(std::string_view text) {
  for (std::size_t at = text.find('='); at != std::string_view::npos; at = text.find('=', at + 1)) {
    std::size_t next = at + 1;
    if (next + 1 < text.size() && hex_digit(text[next]) >= 0 && hex_digit(text[next + 1]) >= 0) continue;
    while (next < text.size() && (is_wsp(text[next]) || text[next] == '\r')) ++next;
    if (next < text.size() && text[next] != '\n') return true;
  }
  return false;
}

void append_q_encoded(std::string& out, std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '_') {
      out += ' ';
    } else if (text[i] == '=' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) << 4 | hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
}

// POSIX uuencode: a length, then groups of four, six bits each from space on.
TransferOutcome append_uuencoded(std::string& out, std::string_view text, std::size_t limit) {
  TransferOutcome outcome;
  const std::size_t stop = out.size() + limit;
  bool begun = false;
  while (!text.empty()) {
    const std::size_t newline = text.find('\n');
    std::string_view line = text.substr(0, newline);
    text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!begun) {
      begun = line.starts_with("begin ");
      continue;
    }
    if (line.empty() || line == "end") break;
    const auto value = [&](std::size_t i) -> unsigned {
      if (i >= line.size()) return 0;
      if (line[i] < ' ' || line[i] > '`') outcome.bad = true;
      return static_cast<unsigned>(line[i] - ' ') & 0x3F;
    };
    const std::size_t length = value(0);
    for (std::size_t i = 0; i < length; ++i) {
      const std::size_t group = 1 + i / 3 * 4 + i % 3;
      if (group + 1 >= line.size() + 1) outcome.bad = true;
      if (out.size() == stop) {
        outcome.cut = true;
        return outcome;
      }
      const unsigned shift = 2 * static_cast<unsigned>(i % 3);
      out += static_cast<char>(value(group) << (2 + shift) | value(group + 1) >> (4 - shift));
    }
  }
  if (!begun) outcome.bad = true;
  return outcome;
}

}  // namespace rw
