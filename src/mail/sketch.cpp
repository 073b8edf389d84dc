// MinHash of word shingles (Broder 1997), and the part of a text that its author wrote.
#include "mail/sketch.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <bit>
#include <unordered_set>
#include <vector>

namespace rw {
namespace {

constexpr std::size_t kMaxWords = 16'384;  // of a text: a mail beyond 100 kB of text is known by its beginning

constexpr std::uint64_t mixed(std::uint64_t x) {  // splitmix64's finaliser
  x ^= x >> 30, x *= 0xBF58476D1CE4E5B9ULL;
  x ^= x >> 27, x *= 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

// Fixed for good: rows that were written by one version are compared with those of another.
constexpr std::array<std::uint64_t, kSketchMinima> multipliers() {
  std::array<std::uint64_t, kSketchMinima> out{};
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = mixed(0x9E3779B97F4A7C15ULL * (i + 1)) | 1;
  return out;
}
constexpr auto kMultipliers = multipliers();

// Scripts that are written without spaces: every character is a word.
bool stands_alone(utf8proc_int32_t c) {
  return (c >= 0x3040 && c <= 0x30FF) || (c >= 0x3400 && c <= 0x9FFF) || (c >= 0xF900 && c <= 0xFAFF) ||
         (c >= 0x20000 && c <= 0x3FFFF) || (c >= 0x0E00 && c <= 0x0EFF);
}

bool is_word_character(utf8proc_int32_t c) {
  switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ND: return true;
    default: return false;
  }
}

constexpr std::uint64_t kNoWord = 0xCBF29CE484222325ULL;  // FNV-1a's offset
constexpr std::uint64_t extended(std::uint64_t hash, std::uint32_t c) { return (hash ^ c) * 0x100000001B3ULL; }

std::vector<std::uint64_t> word_hashes(std::string_view text) {
  std::vector<std::uint64_t> words;
  std::uint64_t word = kNoWord;
  const auto end_word = [&] {
    if (word != kNoWord) words.push_back(mixed(word));
    word = kNoWord;
  };
  while (!text.empty() && words.size() < kMaxWords) {
    const auto byte = static_cast<unsigned char>(text.front());
    if (byte < 0x80) {
      const bool upper = byte >= 'A' && byte <= 'Z';
      if (upper || (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9'))
        word = extended(word, upper ? byte + 32U : byte);
      else if (byte != '\'')
        end_word();
      text.remove_prefix(1);
      continue;
    }
    utf8proc_int32_t c = 0;
    auto taken = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                  static_cast<utf8proc_ssize_t>(text.size()), &c);
    if (taken <= 0) {
      end_word(), taken = 1;
    } else if (stands_alone(c)) {
      end_word();
      word = extended(word, static_cast<std::uint32_t>(c));
      end_word();
    } else if (is_word_character(c)) {
      word = extended(word, static_cast<std::uint32_t>(utf8proc_tolower(c)));
    } else if (c != 0x2019) {  // the typographic apostrophe, dropped as the plain one is
      end_word();
    }
    text.remove_prefix(static_cast<std::size_t>(taken));
  }
  end_word();
  return words;
}

std::string_view trimmed(std::string_view line) {
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
  while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
  return line;
}

// "On 3 May 2024, Jane Roe wrote:" and its like: what follows is not the author's.
bool introduces_quote(std::string_view line) {
  if (line.size() > 200 || line.empty() || line.back() != ':') return false;
  static constexpr std::string_view kVerbs[] = {"wrote:",   "schrieb:", "a écrit :", "escribió:", "ha scritto:",
                                                "napisał:", "писал:",   "のメール:", "写道:",     "님이 작성:"};
  return std::any_of(std::begin(kVerbs), std::end(kVerbs), [&](std::string_view verb) { return line.ends_with(verb); });
}

bool begins_original(std::string_view line) {
  return line.starts_with("-----Original Message") || line.starts_with("---------- Forwarded message") ||
         line.starts_with("________________________________") || line.starts_with("-----Ursprüngliche Nachricht");
}

}  // namespace

TextSketch sketch_of(std::string_view utf8) {
  TextSketch sketch;
  const std::vector<std::uint64_t> words = word_hashes(utf8);
  if (words.size() < kShingleWords) return sketch;
  std::vector<std::uint64_t> shingles;
  shingles.reserve(words.size());
  for (std::size_t i = 0; i + kShingleWords <= words.size(); ++i) {
    std::uint64_t hash = 0;
    for (std::size_t k = 0; k < kShingleWords; ++k) hash = mixed(hash * 31 + words[i + k]);
    shingles.push_back(hash);
  }
  std::sort(shingles.begin(), shingles.end());
  shingles.erase(std::unique(shingles.begin(), shingles.end()), shingles.end());
  sketch.shingles = shingles.size();
  if (shingles.size() < kLeastShingles) return sketch;
  std::array<std::uint32_t, kSketchMinima> minima;
  minima.fill(0xFFFFFFFFU);
  for (const std::uint64_t hash : shingles)
    for (std::size_t i = 0; i < kSketchMinima; ++i)
      minima[i] = std::min(minima[i], static_cast<std::uint32_t>((hash * kMultipliers[i]) >> 32));
  static constexpr char kHex[] = "0123456789abcdef";
  sketch.hex.reserve(kSketchMinima * kSketchHexDigits);
  for (const std::uint32_t minimum : minima)
    for (int shift = 28; shift >= 0; shift -= 4) sketch.hex += kHex[(minimum >> shift) & 15];
  return sketch;
}

std::string authored_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1);
    const std::string_view raw = text.substr(0, end + 1);
    const std::string_view line = trimmed(raw.substr(0, raw.size() - (raw.back() == '\n' ? 1 : 0)));
    text.remove_prefix(raw.size());
    if (line.starts_with('>')) continue;
    if (begins_original(line)) break;
    if (line == "--") break;  // the signature (RFC 3676 4.3); its space is often lost
    if (introduces_quote(line)) {
      // Only where a quotation follows: "As Jane wrote:" may begin the author's own words.
      const std::size_t next = text.find_first_not_of(" \t\r\n");
      if (next != std::string_view::npos && text[next] == '>') continue;
      if (line.starts_with("On ") || line.starts_with("Am ") || line.starts_with("Le ")) break;
    }
    out += raw;
  }
  return out;
}

}  // namespace rw
