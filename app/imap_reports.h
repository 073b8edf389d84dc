// Fetching reports from a mailbox on a server into the lake: rows are durable before anything changes there.
#pragma once

#include "command.h"
#include "console.h"
#include "lake/lake.h"

namespace rw {

namespace flags {
extern const Flag kImap;          // --imap URL
extern const Flag kPasswordFile;  // --password-file FILE
extern const Flag kCaFile;        // --ca-file FILE
extern const Flag kMoveTo;        // --move-to FOLDER
extern const Flag kMarkSeen;      // --mark-seen
}  // namespace flags

// What can be checked of them before anything is done.
Result<void> check_imap_flags(const Arguments& args);
// Messages that carry a report and were committed are filed as asked. Where neither filing is asked for, the mailbox is
// opened for reading only, and the lake remembers how far it was read.
Result<void> fetch_reports(const Arguments& args, Lake& lake, Console& console);

}  // namespace rw
