// What careless readers could take for an address in any text.
#pragma once

#include <string_view>
#include <vector>

#include "message/address.h"

namespace rw {

// Appends everything of the form local@domain with a valid domain, each once, until `limit` are there. Linear.
void collect_addresses(std::string_view text, std::vector<MailAddress>& out, std::size_t limit = kMaxAddresses);

}  // namespace rw
