// DMARC failure reports (RFC 6591, RFC 9991; ARF, RFC 5965) out of mail messages, and the plain texts that some send.
#pragma once

#include "format/report_rows.h"
#include "message/message.h"
#include "message/mime.h"

namespace rw {

// Whether the message is a failure report. Then `sample` is the index of the part in `tree` that holds the message it
// is about (-1: none); what hangs below it is not the reporter's, and must not be read as reports.
struct FailureReport {
  int feedback = -1;  // part of type message/feedback-report, or plain text of the same form
  int sample = -1;
  bool told_in_words = false;  // no such part: the text tells it
};
std::optional<FailureReport> find_failure_report(const MimeTree& tree);

// One row. False where the report tells too little to be one, which is weird.
bool decode_dmarc_failure(DecodeContext& context, const ReportOrigin& origin, const MimeTree& tree,
                          const FailureReport& found);

}  // namespace rw
