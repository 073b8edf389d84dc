// Text from the wire as safe ASCII: the one place where bytes from outside become text.
#pragma once

#include <string>
#include <string_view>

namespace rw {

// Printable ASCII stays, a backslash becomes "\\", every other byte becomes "\DDD" (RFC 1035 5.1, decimal). The result
// holds no control characters, so it is safe on a terminal, in JSON and in Parquet. Cut to `limit` characters of
// output.
std::string escape_text(std::string_view bytes, std::size_t limit = 4096);
// As above for one DNS label: a dot inside the label becomes "\.". Upper case becomes lower case.
void append_escaped_label(std::string& name, std::string_view label);
// Whether `text` is already escaped ASCII (nothing to do).
bool is_plain_ascii(std::string_view text);

}  // namespace rw
