// A mail message as bytes: its header fields in order, and its body (RFC 5322). Nothing is decoded here.
//
//   const Message message = parse_message(bytes);
//   for (const HeaderField& field : message.fields) …
//   if (message.count("from") != 1) …            // RFC 5322 3.6: exactly one
//
// Hostile input is the rule: nothing fails, what is wrong is told in `defects`, and what a reader could take in two
// ways is never decided silently.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rw {

// One header field. All views point into the message's bytes.
struct HeaderField {
  std::string_view name;  // as written, without the colon and without white space before it (RFC 5322 4.5 allowed it)
  std::string_view body;  // behind the colon, still folded, without the last line end
  std::string_view raw;   // the whole field with all its line ends, as DKIM signs it
};

// Bounds. A header beyond them is cut there, which is a defect, and the rest is neither header nor body.
inline constexpr std::size_t kMaxHeaderBytes = std::size_t{1}
                                               << 20;  // no provider takes over 1 MB (most: 64 to 256 kB)
inline constexpr std::size_t kMaxHeaderFields = 2000;  // Postfix keeps 1,000 lines of a bounce

enum class MessageDefect : std::uint8_t {
  kNoHeader,          // the first line is no header field
  kNoBlankLine,       // a line that is neither field nor continuation ended the header: the body begins with it
  kHeaderTooLarge,    // kMaxHeaderBytes or kMaxHeaderFields
  kNul,               // a NUL byte in the header
  kBareCr,            // a CR without LF in the header: readers disagree whether it ends a line
  kMixedLineEnds,     // both CRLF and LF: readers disagree about where signatures apply
  kEightBit,          // bytes above 127 in the header that are not UTF-8 (RFC 6532)
  kLineTooLong,       // over 998 bytes (RFC 5322 2.1.1)
  kSpaceBeforeColon,  // RFC 5322 4.5.8: some readers do not see such a field
  kBlankFold          // a continuation of white space alone (RFC 5322 4.2): some readers end the header there
};
std::string_view to_string(MessageDefect defect);  // "no-blank-line"

struct Message {
  std::vector<HeaderField> fields;     // in order of appearance: the topmost first
  std::string_view header;             // all of it, the blank line not included
  std::string_view body;               // behind the blank line
  std::vector<MessageDefect> defects;  // each at most once

  // Names are compared without regard to case. The first one, or null.
  const HeaderField* find(std::string_view name) const;
  std::size_t count(std::string_view name) const;
  bool has(MessageDefect defect) const;
};

// For parts of MIME, whose bodies were looked at with the whole: like parse_message, without looking into the body.
Message parse_header(std::string_view bytes);
// `bytes` must outlive the result. CRLF and LF both end a line. A leading mbox "From " line is not part of a message:
// take it off before.
Message parse_message(std::string_view bytes);

// Names, lower case, of fields that RFC 5322 3.6 and RFC 2045 allow once and that appear more often: readers pick
// different ones, and a signature covers the undermost only.
std::vector<std::string_view> repeated_fields(const Message& message);

// A field's body without folding: each line end before white space is removed (RFC 5322 2.2.3), outer space trimmed.
std::string unfolded(std::string_view body);
// Unstructured text for people: unfolded, encoded words decoded (RFC 2047; UTF-8, ISO-8859-*, Windows-125*,
// ISO-2022-JP, Shift_JIS, EUC-JP, EUC-KR, GB18030, Big5 …), result valid UTF-8, at most `limit` bytes. An unknown
// charset stays as it is.
std::string decoded_text(std::string_view body, std::size_t limit = 4096);
// "Tue, 1 Jul 2003 10:52:37 +0200" and the obsolete forms as microseconds since 1970 UTC; false where it is none.
bool parse_mail_date(std::string_view body, std::int64_t& us);

}  // namespace rw
