// Whether readers agree on a domain that is written in Unicode.
#pragma once

#include <string_view>

namespace rw {

// IDNA 2008 as it stands (RFC 6532 addresses are to be so), the mapping of UTS 46 and the older rules of IDNA 2003 give
// one and the same name. ASCII always does.
bool domain_reads_one_way(std::string_view text);

}  // namespace rw
