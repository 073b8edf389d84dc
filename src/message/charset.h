// Text in the charsets that mail names (RFC 2978), as UTF-8. The one place that calls iconv.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rw {

// Names in any case, and the aliases that mail uses. Only charsets of a list of ours are handed to iconv: its own names
// reach modules that nobody needs here and that have had their flaws.
bool known_charset(std::string_view name);

// Appends `bytes` as UTF-8, at most about `limit` bytes of it (the last character is whole). What is no character is
// U+FFFD. False, and nothing appended, where the charset is unknown. As browsers do, ISO-8859-1 and US-ASCII with high
// bytes are read as Windows-1252, GB2312 as GB18030, EUC-KR and Shift_JIS with the extensions of Windows. Descriptors
// are kept for each thread.
bool append_as_utf8(std::string& out, std::string_view charset, std::string_view bytes, std::size_t limit);

}  // namespace rw
