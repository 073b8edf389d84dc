// The MIME structure of a message (RFC 2045 to 2049, 2183, 2231): a flat list of parts with where they hang, bounded.
//
//   for (const MimePart& part : parse_mime(message).parts)
//     if (part.type == "application/zip") … part.decoded(kLimit) …
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "message/message.h"

namespace rw {

// Bounds: what lies beyond is not looked at, and told. A message with more is hostile or broken.
inline constexpr std::size_t kMaxMimeParts = 2000;
inline constexpr std::size_t kMaxMimeDepth = 16;
inline constexpr std::size_t kMaxParameters = 200;  // of one field, RFC 2231 sections counted
inline constexpr std::size_t kMaxFileName = 1024;   // bytes; no file system takes over 255

enum class MimeDefect : std::uint8_t {
  kNoBoundary,  // multipart without a boundary, or one that never comes
  kUnclosed,    // the closing boundary is missing: the message may be cut
  kTooManyParts,
  kTooDeep,
  kBadEncoding,  // Base64 or quoted-printable that is none: decoded as far as certain
  kUnknownEncoding,
  kUnknownCharset,
  kSeveralTypes,      // more than one Content-Type or Content-Transfer-Encoding field in one part: readers disagree
  kPartAfterClose,    // a boundary behind the closing one: some readers go on, so its part is listed
  kBoundaryPrefix,    // a line that begins like a boundary and goes on: some readers take it for one
  kEncodedContainer,  // a multipart or message in an encoding that RFC 2045 6.4 forbids: some readers look inside
  kBadParameter       // a parameter that is cut, repeated or contradicts its other form (name and name*)
};
std::string_view to_string(MimeDefect defect);

struct MimePart {
  int parent = -1;  // index of the multipart or message/rfc822 it stands in
  unsigned depth = 0;
  std::string type;     // "text/plain", lower case; the default where none or a broken one is given
  std::string charset;  // lower case, "" without
  std::string name;     // file name, decoded UTF-8, from Content-Disposition, else Content-Type; "" without
  std::string boundary;
  std::string protocol_or_report;  // report-type of multipart/report, protocol of multipart/signed; lower case
  std::string encoding;            // "7bit", "base64", …
  bool attachment = false;         // Content-Disposition says so, or a name is given for something that is not text
  std::string_view header;         // of the part
  std::string_view body;           // as on the wire

  bool is_multipart() const { return type.starts_with("multipart/"); }
  // Content after the transfer encoding, at most `limit` bytes; `cut` says that there was more.
  std::string decoded(std::size_t limit, bool* cut = nullptr) const;
  // Text parts: as UTF-8, in addition.
  std::string text(std::size_t limit, bool* cut = nullptr) const;
};

struct MimeTree {
  std::vector<MimePart> parts;      // in order of appearance; the root first; message/rfc822 parts are opened too
  std::vector<MimeDefect> defects;  // each at most once
  bool has(MimeDefect defect) const;
};
// Views point into the message's bytes.
MimeTree parse_mime(const Message& message);

// A structured field "value; name=value; …" with comments, quoting, RFC 2231 continuations and charsets resolved.
struct ParameterisedValue {
  std::string value;                                            // lower case
  std::vector<std::pair<std::string, std::string>> parameters;  // names lower case, values decoded UTF-8
  bool broken = false;
  std::string_view get(std::string_view name) const;  // "" without
};
ParameterisedValue parse_parameters(std::string_view body);

}  // namespace rw
