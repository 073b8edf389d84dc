// Others' opinions on attachments: clamd over its socket, and YARA rules in this process. Both only when configured.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "mail/attachments.h"

namespace rw {

// `address`: the path of a Unix socket, or ADDRESS:PORT ("[::1]:3310" for IPv6; no names, so that nothing is looked
// up). Content goes by INSTREAM; every call opens a connection of its own. kUsage for an address that is none; whether
// clamd is there shows when it is asked.
Result<ContentScanner> make_clamd_scanner(const std::string& address, Duration timeout = Duration::seconds(20));

// Compiles the rules once. kUnsupported: libyara is not there (the message says which package brings it); kUsage with
// FILE:LINE for rules that are wrong, kNotFound for files that are not there. Names of rules that match are the
// verdict.
Result<ContentScanner> make_yara_scanner(const std::vector<std::string>& rule_files,
                                         Duration timeout = Duration::seconds(10));

}  // namespace rw
