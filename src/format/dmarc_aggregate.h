// DMARC aggregate reports (RFC 7489 appendix C, RFC 9990, older drafts) as rows, for files and for attachments.
#pragma once

#include "format/report_rows.h"

namespace rw {

// Whether these first bytes begin a report: 0 no, else how sure.
int looks_like_dmarc_aggregate(Bytes head);
// Reads context.input to its end. kCorrupt where nothing behind a place can be read, kUnsupported where it is no
// report. `rows` is told how many the report had.
Result<void> decode_dmarc_aggregate(DecodeContext& context, const ReportOrigin& origin, std::uint64_t& rows);

}  // namespace rw
