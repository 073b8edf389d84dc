// Tokens of XML as mail reporters write it, which is not always XML: what is certain is read, what is not is told.
//
//   XmlScanner scanner(input);
//   for (auto token = scanner.next(); token != XmlToken::kEnd; token = scanner.next()) …
//
// No tree, no namespaces (a prefix is cut off), attributes are passed over. Declarations of a document type or entities
// end the reading: no report needs any, and they are how readers of XML are attacked. A "<" that begins no tag is text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/stream.h"

namespace rw {

enum class XmlToken : std::uint8_t { kOpen, kClose, kText, kEnd };

class XmlScanner {
 public:
  // A tag, comment, processing instruction or text is at most this long: no report has more than some hundred bytes.
  static constexpr std::size_t kMaxToken = std::size_t{1} << 18;

  explicit XmlScanner(StreamReader& input) : input_(input) {}

  // kEnd at the end of the input and after a failure, which status() tells.
  XmlToken next();
  // Of kOpen and kClose: the local name. Valid until the next call.
  std::string_view name() const { return name_; }
  // "<name/>": no kClose follows.
  bool empty_element() const { return empty_element_; }
  // Of kText: entities and CDATA decoded, UTF-8 where the document is. Valid until the next call.
  std::string_view text() const { return text_; }
  // Where the token begins, from the start of the input.
  std::uint64_t offset() const { return input_.offset() + token_; }
  // The text of this token held something that is not XML: "<" or "&" as themselves, unknown entities.
  bool stray_markup() const { return stray_; }
  // Something was wrong with the document: input ended inside a token; bytes that no XML may hold.
  bool cut() const { return cut_; }
  const Result<void>& status() const { return status_; }

 private:
  bool more();
  XmlToken fail(const char* why);
  std::size_t find(char c, std::size_t from);
  std::size_t find_text(std::string_view what, std::size_t from);
  enum class Tag : std::uint8_t { kTag, kText, kCut };
  Tag read_tag(std::size_t from, std::size_t& end);
  XmlToken read_text();
  bool read_declaration(std::size_t end);
  void decode_into(std::string_view raw);

  StreamReader& input_;
  std::string_view view_;
  std::size_t at_ = 0;               // next byte to read
  std::size_t token_ = 0;            // first byte of the token that was returned
  std::size_t tag_behind_text_ = 0;  // length of the tag that ended the text which was returned; 0: not known
  bool ended_ = false;
  bool closing_ = false;
  bool empty_element_ = false;
  bool stray_ = false;
  bool cut_ = false;
  bool latin1_ = false;
  std::string_view name_;
  std::string_view text_;
  std::string decoded_;
  Result<void> status_;
};

}  // namespace rw
