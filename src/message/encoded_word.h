// Encoded words in header fields (RFC 2047 and RFC 2231 5): "=?utf-8?q?caf=C3=A9?=".
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace rw {

struct EncodedWord {
  std::string_view charset;  // as written, without a language
  char encoding = 'q';       // 'q' or 'b'
  std::string_view text;     // still encoded
  std::size_t size = 0;      // of all of it
};
// The word that begins the text. Longer than RFC 2047 2 allows (75 bytes) is taken, as readers do, up to 2,048 bytes.
std::optional<EncodedWord> encoded_word_at(std::string_view text);
std::string encoded_word_bytes(const EncodedWord& word);

// Decodes the words of a field without folding; appends valid UTF-8, about `limit` bytes of it. Space between two
// words is dropped (RFC 2047 6.2), and neighbours of one charset are put together before they are converted: senders
// split characters. A word of an unknown charset stays, or is read as Latin 1 where a disguise is looked for. Tells
// whether any word was decoded.
enum class UnknownCharset : unsigned char { kKeep, kLatin };
bool append_decoded_words(std::string& out, std::string_view text, std::size_t limit,
                          UnknownCharset unknown = UnknownCharset::kKeep);

}  // namespace rw
