// Encoded words: found, taken apart, put together again; and text fields for people, which are made of them.
#include "message/encoded_word.h"

#include <algorithm>

#include "message/charset.h"
#include "message/message.h"
#include "message/transfer.h"
#include "message/utf8.h"

namespace rw {
namespace {

constexpr std::size_t kMaxWordText = 2048;  // bounds the search for the end of each thing that begins like a word
constexpr std::size_t kMaxCharset = 64;

}  // namespace

std::optional<EncodedWord> encoded_word_at(std::string_view text) {
  if (!text.starts_with("=?")) return std::nullopt;
  const std::size_t charset_end = text.substr(0, kMaxCharset + 2).find('?', 2);
  if (charset_end == std::string_view::npos || charset_end == 2 || charset_end + 2 >= text.size()) return std::nullopt;
  const char encoding = lower(text[charset_end + 1]);
  if ((encoding != 'q' && encoding != 'b') || text[charset_end + 2] != '?') return std::nullopt;
  const std::size_t begin = charset_end + 3;
  const std::size_t end = text.substr(0, begin + kMaxWordText).find("?=", begin);
  if (end == std::string_view::npos) return std::nullopt;
  EncodedWord word;
  word.charset = text.substr(2, charset_end - 2);
  word.charset = word.charset.substr(0, word.charset.find('*'));  // RFC 2231 5: a language
  word.encoding = encoding;
  word.text = text.substr(begin, end - begin);
  word.size = end + 2;
  return word;
}

std::string encoded_word_bytes(const EncodedWord& word) {
  std::string out;
  if (word.encoding == 'b')
    append_base64(out, word.text, word.text.size());
  else
    append_q_encoded(out, word.text);
  return out;
}

bool append_decoded_words(std::string& out, std::string_view text, std::size_t limit, UnknownCharset unknown) {
  const std::size_t stop = out.size() + limit;
  std::string pending;  // bytes of neighbouring words of one charset
  std::string_view charset;
  bool behind_word = false, any = false;
  const auto flush = [&] {
    if (!charset.empty()) append_as_utf8(out, charset, pending, stop - std::min(stop, out.size()));
    pending.clear();
    charset = {};
  };
  while (!text.empty() && out.size() + pending.size() / 4 < stop) {
    const std::size_t at = text.find("=?");
    auto word = at == std::string_view::npos ? std::nullopt : encoded_word_at(text.substr(at));
    if (word && unknown == UnknownCharset::kLatin && !known_charset(word->charset)) word->charset = "iso-8859-1";
    if (!word || !known_charset(word->charset)) {
      const std::size_t literal = word ? at + word->size : at == std::string_view::npos ? text.size() : at + 2;
      flush();
      append_scrubbed(out, text.substr(0, std::min(literal, limit + 4)));
      text.remove_prefix(literal);
      behind_word = false;
      continue;
    }
    const std::string_view between = text.substr(0, at);
    if (!behind_word || !trimmed(between).empty()) {
      flush();
      append_scrubbed(out, between.substr(0, limit + 4));
    }
    if (!same_folded(charset, word->charset)) {
      flush();
      charset = word->charset;
    }
    pending += encoded_word_bytes(*word);
    text.remove_prefix(at + word->size);
    behind_word = any = true;
  }
  flush();
  cut_utf8(out, stop);
  return any;
}

std::string decoded_text(std::string_view body, std::size_t limit) {
  std::string out;
  append_decoded_words(out, unfolded(body), limit);
  return out;
}

}  // namespace rw
