// Transfer encodings of MIME bodies and words: Base64, quoted-printable, uuencode.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rw {

// Each appends at most `limit` bytes and tells what it met. Decoding goes on behind what is wrong, as mail readers do
// and as those who hide things count on.
struct TransferOutcome {
  bool cut = false;  // there was more than the limit
  bool bad = false;  // characters that do not belong there, data behind padding, an incomplete end
};
TransferOutcome append_base64(std::string& out, std::string_view text, std::size_t limit);
TransferOutcome append_quoted_printable(std::string& out, std::string_view text, std::size_t limit);
TransferOutcome append_uuencoded(std::string& out, std::string_view text, std::size_t limit);
// RFC 2047 4.2: like quoted-printable, with "_" for a space and without lines.
void append_q_encoded(std::string& out, std::string_view text);

// Whether Base64 or quoted-printable is wrong somewhere, without decoding it.
bool base64_is_bad(std::string_view text);
bool quoted_printable_is_bad(std::string_view text);

}  // namespace rw
